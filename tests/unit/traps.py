"""Conversations in the shapes that clients send, each ending in a turn that says little about the work under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from router_plugin.complexity import Tier
from router_plugin.conversation import Surface

# Work, and the tier that it needs.
MICRO = (
    "Analyze the trade-offs between microservices and monolithic architecture for a startup with 5 engineers building "
    "a fintech product, and propose a migration plan with risks and rollback."
)
LIMITER = (
    "Design a distributed rate limiter for a multi-region API: consistency model, clock skew, failure modes, and a "
    "proof that no client exceeds its quota by more than a stated bound."
)
CONSENSUS = (
    "Our consensus implementation loses committed entries after a leader change under partition. Find the flaw in the "
    "election and log-matching logic, prove the fix correct, and redesign the snapshot protocol."
)
TASKS: list[tuple[str, Tier]] = [
    ("What is the capital of Portugal?", Tier.LOW),
    ("Translate 'good morning, how are you?' into Spanish.", Tier.LOW),
    ("hey, what does HTTP 404 mean?", Tier.LOW),
    ("Write a Python function that merges two sorted lists, with tests for empty input and duplicates.", Tier.MEDIUM),
    ("Compare REST and gRPC for a small internal API and recommend one, with a short table.", Tier.MEDIUM),
    ("Write a SQL query for monthly active users by country over the last year, and explain each step.", Tier.MEDIUM),
    (MICRO, Tier.HIGH),
    (LIMITER, Tier.HIGH),
    (CONSENSUS, Tier.HIGH),
]
OFFER = "I have read the request and started. Shall I go on with the full version?"
OUTPUT = "ok\n12 files read, no errors\n"
REMINDER = "<system-reminder>\nThe todo list is empty. Don't mention this to the user.\n</system-reminder>"
# The last turn, and whether the work under way is what it asks for.
ENDS: dict[str, bool] = {"yes": True, "continue": True, "reminder": True, "tool": True, "thanks": False}
WORDS = {"yes": "yes, do it", "continue": "continue", "reminder": REMINDER, "thanks": "thanks!"}
SHAPES = (Surface.CHAT, Surface.MESSAGES, Surface.RESPONSES)


@dataclass(frozen=True)
class Trap:
    """A conversation: the body of the request that asked for the work, the last one's, and the tier that that needs."""

    name: str
    surface: Surface
    first: dict[str, Any]
    last: dict[str, Any]
    needed: Tier


def user(text: str) -> dict[str, Any]:
    """A user's message; it has this form in all three shapes."""
    return {"role": "user", "content": text}


def call(surface: Surface, number: int) -> list[dict[str, Any]]:
    """An agent's tool call and its result, as each API has them."""
    identity = f"call_{number}"
    if surface is Surface.CHAT:
        made = {"id": identity, "type": "function", "function": {"name": "read", "arguments": '{"path": "a.py"}'}}
        answer = {"role": "tool", "tool_call_id": identity, "content": OUTPUT}
        return [{"role": "assistant", "content": None, "tool_calls": [made]}, answer]
    if surface is Surface.MESSAGES:
        use = {"type": "tool_use", "id": identity, "name": "read", "input": {"path": "a.py"}}
        result = {"type": "tool_result", "tool_use_id": identity, "content": OUTPUT}
        return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    made = {"type": "function_call", "call_id": identity, "name": "read", "arguments": '{"path": "a.py"}'}
    return [made, {"type": "function_call_output", "call_id": identity, "output": OUTPUT}]


def body(surface: Surface, turns: list[dict[str, Any]]) -> dict[str, Any]:
    """A request body of a shape."""
    if surface is Surface.RESPONSES:
        return {"instructions": "You are a careful assistant.", "input": turns}
    if surface is Surface.MESSAGES:
        return {"system": "You are a careful assistant.", "messages": turns, "max_tokens": 1000}
    return {"messages": [{"role": "system", "content": "You are a careful assistant."}, *turns]}


def traps() -> list[Trap]:
    """Each task with each ending: short ones in one shape each, and agents' sessions of 34 turns in all three."""
    made: list[Trap] = []
    for number, (task, tier) in enumerate(TASKS):
        for place, (end, same) in enumerate(ENDS.items()):
            for surface in SHAPES:
                long = tier is not Tier.LOW and end != "thanks"
                if not long and surface is not SHAPES[(number + place) % 3]:
                    continue
                start = [user("hi"), {"role": "assistant", "content": "Hello! What can I do?"}, user(task)]
                turns = [*start]
                for index in range(15 if long else 1):
                    turns += call(surface, index)
                if end != "tool":
                    turns += [{"role": "assistant", "content": OFFER}, user(WORDS[end])]
                needed = tier if same else Tier.LOW
                name = f"{surface.value}-{tier.value}{number}-{end}-{len(turns)}"
                made.append(Trap(name, surface, body(surface, start), body(surface, turns), needed))
    return made
