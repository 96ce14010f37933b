"""Who can take a request, before who should: what it needs, held against what each deployment can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router_plugin.conversation import Conversation, Surface
from router_plugin.deployments import Deployment
from router_plugin.errors import ContextTooLong, NotCapable, RequestRefused
from router_plugin.pinned import pinned_elsewhere, readers, stuck

DEFAULT_ANSWER = 256  # tokens kept free for an answer where the request names no limit
TURN_TOKENS = 8  # of a message's frame; OpenAI counts 3 or 4, chat templates of local models up to 8
IMAGE_TOKENS = 1600  # a full-size image, by Anthropic's vision guide; OpenAI's highest detail costs less
ANSWER_FIELDS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
# LiteLLM leaves these out where a model doesn't know them, so that they only put a deployment at the end.
SOFT = frozenset({"reasoning"})
_OPAQUE = {"image": "vision", "video": "vision", "audio": "audio", "document": "pdf", "file": "pdf"}

Counter = Callable[[str], int]


@dataclass(frozen=True)
class LeftOut:
    """A deployment that can't take the request, and why: ``vision``, ``window:16384``, ``output:4096``."""

    deployment: str
    reason: str


@dataclass(frozen=True)
class Needs:
    """What a request needs. `bound` is above the prompt's tokens: each token stands for a byte or more."""

    flags: frozenset[str] = frozenset()
    answer: int = DEFAULT_ANSWER
    bound: int = 0
    tokens: Callable[[], int] = field(default=lambda: 0, repr=False)  # counted; slower
    pins: frozenset[str] = frozenset()  # parts that only their maker can read
    maker: str = ""  # the provider that answered the conversation's last turn, where known
    only_maker: str = ""  # the provider that answered all of its turns, where there is one and it is known


@dataclass(frozen=True)
class Fit:
    """`able` can take the request, `unsure` may; `last`: ids of those that lack something that can be left out.

    `room`: deployment id -> tokens that are left for an answer there, where it must be shorter than was asked.
    """

    able: tuple[Deployment, ...]
    unsure: tuple[Deployment, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    last: frozenset[str] = frozenset()
    room: Mapping[str, int] = field(default_factory=dict)


def estimate(text: str) -> int:
    """Tokens of a text without a tokenizer: more than English or code has, about what other scripts have."""
    return len(text.encode("utf-8", "replace")) * 2 // 5


def read_needs(body: Mapping[str, Any], conversation: Conversation, count: Counter = estimate) -> Needs:
    """What a body asks of the deployment that takes it."""
    opaque = [part.kind for part in conversation.opaque]
    flags = {_OPAQUE[kind] for kind in opaque if kind in _OPAQUE}
    if not _ASKED_IN.isdisjoint(body):
        flags |= {name for name, asks in _ASKS.items() if asks(body)}
    asked = [body[name] for name in ANSWER_FIELDS if _is_number(body.get(name))]
    extra = TURN_TOKENS * (len(conversation.turns) + 1) + IMAGE_TOKENS * opaque.count("image")
    segments = conversation.segments
    known: list[int] = []

    def tokens() -> int:
        if not known:
            known.append(sum(count(segment.text) for segment in segments) + extra)
        return known[0]

    size = sum(len(s.text) if s.text.isascii() else len(s.text.encode("utf-8", "replace")) for s in segments)
    return Needs(frozenset(flags), max(asked, default=DEFAULT_ANSWER), size + extra, tokens)


def sieve(deployments: Iterable[Deployment], needs: Needs, surface: Surface, *, lower: bool = False) -> Fit:
    """Each deployment's place. A fact that no one states makes it unsure.

    `lower`: a longer answer than there is room for is cut to the room, where at least DEFAULT_ANSWER fit.
    """
    if surface is Surface.EMBEDDINGS:
        return Fit(tuple(deployments))
    able: list[Deployment] = []
    unsure: list[Deployment] = []
    left_out: list[LeftOut] = []
    room: dict[str, int] = {}
    hard = sorted(needs.flags - SOFT)
    for deployment in deployments:
        facts = deployment.capabilities
        missing = next((name for name in hard if facts.can(name) is False), None)
        pinned = pinned_elsewhere(deployment, needs.pins, surface, needs.maker)
        reason = pinned or missing or _size_problem(deployment, needs, lower, room)
        if reason:
            left_out.append(LeftOut(deployment.id, reason))
        elif all(facts.can(name) for name in hard):
            able.append(deployment)
        else:
            unsure.append(deployment)
    soft = needs.flags & SOFT
    last = {d.id for d in (*able, *unsure) if any(d.capabilities.can(name) is False for name in soft)}
    return Fit(tuple(able), tuple(unsure), tuple(left_out), frozenset(last), room)


def _size_problem(deployment: Deployment, needs: Needs, lower: bool, room: dict[str, int]) -> str:
    facts = deployment.capabilities
    if facts.output is not None and needs.answer > facts.output and not lower:
        return f"output:{facts.output}"
    if facts.window is None or needs.bound + needs.answer <= facts.window:
        return ""
    left = facts.window - needs.tokens()
    if left >= needs.answer:
        return ""
    if lower and left >= DEFAULT_ANSWER:
        room[deployment.id] = left
        return ""
    return f"window:{facts.window}"


def refusal(left_out: Iterable[LeftOut], needs: Needs, surface: Surface, *, local_only: bool) -> RequestRefused:
    """The error for a request that nothing can take: which limit, and the cure."""
    reasons = sorted({item.reason for item in left_out})
    stays = "This request must stay local, and no local deployment" if local_only else "No deployment of its chain"
    readable = [reason for reason in reasons if not reason.startswith("pinned.")]
    refused = _over_limit(readable, needs, stays) if readable else NotCapable(f"{stays} can take it.")
    if len(readable) < len(reasons):
        wait = "" if local_only else "is back and in its chain"
        refused.message += f" {stuck(needs.pins, readers(needs.pins, surface, needs.maker), wait)}"
    return refused


def _over_limit(reasons: list[str], needs: Needs, stays: str) -> RequestRefused:
    sizes = {kind: [int(r.split(":")[1]) for r in reasons if r.startswith(kind)] for kind in ("window:", "output:")}
    missing = [reason for reason in reasons if ":" not in reason]
    if missing:
        return NotCapable(
            f"{stays} can take it: it needs {', '.join(missing)}. Leave that out, or have the operator add a model "
            "that can, or correct model_info.router.capabilities of one."
        )
    if sizes["window:"]:
        return ContextTooLong(
            f"{stays} can take its {needs.tokens():,} tokens and the {needs.answer:,} it asks for; "
            f"the largest context window is {max(sizes['window:']):,}. Send less, or have the operator raise it: "
            "`num_ctx` in litellm_params for Ollama, else model_info.router.capabilities.context_window."
        )
    return NotCapable(
        f"{stays} can take it: it asks for {needs.answer:,} tokens of answer, and the most is "
        f"{max(sizes['output:'], default=0):,}. Ask for fewer."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def wanted_format(body: Mapping[str, Any]) -> str:
    """The kind of format that an answer must have, in Chat, Responses or Messages form."""
    for holder in (body, body.get("text"), body.get("output_config")):
        if not holder or not isinstance(holder, Mapping):
            continue
        for key in ("response_format", "format", "output_format"):
            found = holder.get(key)
            if found and isinstance(found, Mapping):
                return str(found.get("type"))
    return ""


def _reasons(body: Mapping[str, Any]) -> bool:
    thinking, reasoning = body.get("thinking"), body.get("reasoning")
    effort = body.get("reasoning_effort")
    return (
        (bool(thinking) and isinstance(thinking, Mapping) and thinking.get("type") != "disabled")
        or (bool(reasoning) and isinstance(reasoning, Mapping) and reasoning.get("effort") not in (None, "none"))
        or effort not in (None, "none")
    )


# The fields that any of these looks at.
_ASKED_IN = frozenset(
    {
        *("tools", "functions", "response_format", "format", "output_format", "text", "output_config", "thinking"),
        *("reasoning", "reasoning_effort", "n", "logprobs", "top_logprobs", "stream"),
    }
)
_ASKS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "tools": lambda body: bool(body.get("tools") or body.get("functions")),
    "parallel_tools": lambda body: body.get("parallel_tool_calls") is True and bool(body.get("tools")),
    "json_mode": lambda body: wanted_format(body) == "json_object",
    "json_schema": lambda body: wanted_format(body) == "json_schema",
    "reasoning": _reasons,
    "n": lambda body: _is_number(body.get("n")) and body["n"] > 1,
    "logprobs": lambda body: bool(body.get("logprobs")) or _is_number(body.get("top_logprobs")),
    "streaming": lambda body: body.get("stream") is True,
}
