#!/usr/bin/env python3
"""Replay synthetic sessions under four policies, and print what each costs and how often it picks too small a model.

Sessions are made of the labelled prompts in `classifier_model/prompts.jsonl`, with follow-ups, tool results and pauses
between them, and are decided by the real classifier, eligibility and session code; prices are LiteLLM's. The classifier
was trained on these prompts, which flatters all four policies alike. No model is called.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from router_plugin.ask import Kind, read_ask
from router_plugin.build import build_router
from router_plugin.complexity import Tier
from router_plugin.config import load
from router_plugin.conversation import Conversation, Surface
from router_plugin.decision import Decision
from router_plugin.paths import model_dir
from router_plugin.pipeline import Router
from router_plugin.privacy import Judgement, Verdict
from router_plugin.session import ANSWER_TOKENS, CHARACTERS_PER_TOKEN, WARM_SECONDS, Note, Rate
from router_plugin.steering import Steering

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")
GO_ON = ("yes", "yes, do it", "continue", "ok go on", "sure, please proceed")
WORK = "    result = process(batch)\n    if result.failed:\n        retry(result)\n"
TIERS = {"fast": Tier.LOW, "default": Tier.MEDIUM, "code": Tier.LOW, "premium": Tier.HIGH}


@dataclass(frozen=True)
class Step:
    """One request of a session: what it shows, the tier that it needs, and seconds since the one before."""

    messages: list[dict[str, Any]]
    needed: Tier
    pause: float

    @property
    def tokens(self) -> int:
        """Of all that is shown, roughly."""
        return sum(len(str(m["content"] or "")) for m in self.messages) // CHARACTERS_PER_TOKEN


@dataclass
class Tally:
    """What a policy came to."""

    dollars: float = 0.0
    wait: float = 0.0
    cold: int = 0
    regret: float = 0.0
    switches: int = 0
    turns: int = 0


@dataclass
class Caches:
    """When each group last read the conversation, and how many tokens of it."""

    seen: dict[str, tuple[float, int]] = field(default_factory=dict)

    def read(self, group: str, now: float, tokens: int) -> int:
        """Tokens that come from the cache; the rest is read afresh."""
        at, had = self.seen.get(group, (float("-inf"), 0))
        self.seen[group] = (now, tokens)
        return min(had, tokens) if now - at < WARM_SECONDS else 0


class Open:
    """A detector that finds nothing: these prompts are public, and privacy isn't what is measured."""

    def scan(self, _: Conversation) -> Verdict:
        return Verdict(Judgement.PUBLIC)


def make_session(rows: list[Mapping[str, Any]], chance: random.Random) -> Iterator[Step]:
    """A chat of two to five tasks, or as often a coding agent's session of four to eight with a long system prompt."""
    agent = chance.random() < 0.5
    talk: list[dict[str, Any]] = [{"role": "system", "content": "Use the tools. " * 2_500}] if agent else []
    for row in chance.sample(rows, chance.randint(4, 8) if agent else chance.randint(2, 5)):
        needed = Tier(row["tier"])
        talk.append({"role": "user", "content": row["text"]})
        yield Step([*talk], needed, chance.choice((20.0, 60.0, 60.0, 900.0)))
        for _ in range(chance.choice((2, 4, 8, 12)) if agent else 0):
            call = {"id": "call_1", "type": "function", "function": {"name": "read_file", "arguments": "{}"}}
            talk.append({"role": "assistant", "content": None, "tool_calls": [call]})
            talk.append({"role": "tool", "tool_call_id": "call_1", "content": WORK * chance.randint(5, 120)})
            yield Step([*talk], needed, chance.uniform(2, 15))
        talk.append({"role": "assistant", "content": "Here is the first part. Shall I go on with the rest?"})
        for _ in range(chance.choice((0, 1, 2))):
            talk.append({"role": "user", "content": chance.choice(GO_ON)})
            yield Step([*talk], needed, chance.uniform(10, 90))
            talk.append({"role": "assistant", "content": "Done with that part. Shall I go on?"})


def decide(router: Router, step: Step, note: Note | None) -> tuple[Decision, Conversation]:
    """The real decision about a step."""
    body = {"messages": step.messages}
    conversation = router.read(body, Surface.CHAT)
    return router.decide(body, Surface.CHAT, Steering(), note=note, conversation=conversation)[0], conversation


def tier_of(router: Router, group: str) -> Tier:
    """What a group's models are good for, in the pack's own terms."""
    first = router.config.inventory.of_group(group)[0]
    return Tier.LOW if first.local else TIERS[first.role]


class Policy:
    """Which group takes each step of one session."""

    def __init__(self, router: Router, name: str) -> None:
        self.router, self.name = router, name
        self.pin = ""
        self.note: Note | None = None

    def choose(self, step: Step, now: float) -> str:
        """The group that the policy picks."""
        if self.name == "ours":
            note = replace(self.note, warm=now - self.note.at < WARM_SECONDS) if self.note is not None else None
            decision, _ = decide(self.router, step, note)
            turns = note.turns + 1 if note is not None else 1
            tier = decision.routed or decision.tier
            evidence = decision.held.evidence if decision.held is not None else None
            self.note = Note(False, tier, decision.score, decision.code, decision.chain[0], now, turns, evidence)
            return decision.chain[0]
        decision, conversation = decide(self.router, step, None)
        out = {item.deployment for item in decision.left_out}
        stays = bool(self.pin) and any(d.id not in out for d in self.router.config.inventory.of_group(self.pin))
        kind = read_ask(conversation).kind
        keep = {"none": False, "forever": True, "litellm": kind in (Kind.TOOL, Kind.NOTE)}[self.name]
        self.pin = self.pin if keep and stays else decision.chain[0]
        return self.pin


def run(router: Router, sessions: list[list[Step]], name: str) -> Tally:
    """All sessions under one policy."""
    tally = Tally()
    for steps in sessions:
        policy, caches, now, before = Policy(router, name), Caches(), 0.0, ""
        for step in steps:
            now += step.pause
            group = policy.choose(step, now)
            rate = router.rates.of(group) if router.rates is not None else None
            if rate is None:
                raise click.ClickException(f"LiteLLM's price list has no price for {group}.")
            tokens = step.tokens
            cached = caches.read(group, now, tokens)
            dollars, wait = turn_cost(rate, tokens, cached)
            tally.dollars += dollars
            tally.wait += wait
            tally.cold += bool(before) and not cached
            tally.switches += bool(before) and group != before
            tally.regret += max(0, step.needed.rank - tier_of(router, group).rank)
            tally.turns += 1
            before = group
    return tally


def turn_cost(rate: Rate, tokens: int, cached: int) -> tuple[float, float]:
    """Dollars of one request, and seconds until a local model has read it."""
    wait = (tokens - cached) / rate.prefill_per_second if rate.prefill_per_second else 0.0
    return rate.price.cost(tokens, ANSWER_TOKENS, cached), wait


def least(router: Router, steps: list[Step], second: float) -> float:
    """The lowest cost of a session without a model that is too small, for someone who knows all that comes.

    By dynamic programming over when each of `CHOICES` last read the conversation; dollars and waiting together.
    """
    rates = [router.rates.of(group) if router.rates is not None else None for group in CHOICES]
    tiers = [tier_of(router, group).rank for group in CHOICES]
    times, now = [], 0.0
    for step in steps:
        now += step.pause
        times.append(now)
    states: dict[tuple[int | None, ...], float] = {(None,) * len(CHOICES): 0.0}
    for number, step in enumerate(steps):
        after: dict[tuple[int | None, ...], float] = {}
        for last, so_far in states.items():
            warm = tuple(u if u is not None and times[number] - times[u] < WARM_SECONDS else None for u in last)
            for place, (rate, tier) in enumerate(zip(rates, tiers, strict=True)):
                if rate is None or tier < step.needed.rank:
                    continue
                used = warm[place]
                cached = min(steps[used].tokens, step.tokens) if used is not None else 0
                dollars, wait = turn_cost(rate, step.tokens, cached)
                key = (*warm[:place], number, *warm[place + 1 :])
                after[key] = min(after.get(key, float("inf")), so_far + dollars + wait * second)
        states = after
    return min(states.values())


CHOICES = ("ollama-default", "azure-default", "anthropic-premium")  # what the pack's chains begin with, a tier each
POLICIES: Mapping[str, str] = {
    "none": "no stickiness",
    "forever": "sticky forever (LiteLLM's session_affinity)",
    "litellm": "LiteLLM's rule: keep on tool traffic (user_turn)",
    "ours": "ours",
}
Print = Callable[[str], None]


def show(tallies: Mapping[str, Tally], second: float, echo: Print) -> None:
    """One line a policy; cost is dollars and waiting together, beside that of no stickiness."""
    base = tallies["none"].dollars + tallies["none"].wait * second
    echo(f"{'policy':<50}{'dollars':>9}{'wait s':>9}{'cost':>8}{'of none':>9}{'cold':>6}{'regret':>8}{'switches':>10}")
    for name, tally in tallies.items():
        cost = tally.dollars + tally.wait * second
        echo(
            f"{POLICIES[name]:<50}{tally.dollars:>9.2f}{tally.wait:>9.0f}{cost:>8.2f}{cost / base:>9.2f}{tally.cold:>6}"
            f"{tally.regret / tally.turns:>8.3f}{tally.switches:>10}"
        )


@click.command()
@click.option("--sessions", default=200, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True)
@click.option("--config", type=click.Path(exists=True, path_type=Path), default=Path("litellm_config.yaml"))
def main(sessions: int, seed: int, config: Path) -> None:
    """Print cost, cold re-reads, tier regret and switches of four policies on the same sessions.

    Regret: how many tiers too low a turn's model was, on average.
    """
    router = build_router(load(config, {**os.environ, **dict.fromkeys(KEYS, "https://invented.example")}))
    router = replace(router, detector=Open())  # type: ignore[arg-type]
    lines = (model_dir() / "prompts.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if "text" in row and "tier" in row]
    chance = random.Random(seed)  # the same sessions each time
    made = [list(make_session(rows, chance)) for _ in range(sessions)]
    click.echo(f"{sessions} sessions, {sum(map(len, made))} requests")
    second = router.config.settings.sessions.dollars_per_second
    tallies = {name: run(router, made, name) for name in POLICIES}
    show(tallies, second, click.echo)
    bound = sum(least(router, steps, second) for steps in made)
    none = tallies["none"].dollars + tallies["none"].wait * second
    click.echo(f"{'the least possible, with all that comes known':<50}{bound:>26.2f}{bound / none:>9.2f}")


if __name__ == "__main__":
    main()
