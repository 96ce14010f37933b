"""What a conversation remembers: that it was private, the tier of the work under way, and which model is warm."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from router_plugin.ask import Kind
from router_plugin.complexity import Complexity, Thresholds, Tier
from router_plugin.prices import FREE, Price

CHARACTERS_PER_TOKEN = 4  # of English and code, roughly; only sums of money depend on it
ANSWER_TOKENS = 400  # a usual answer
MAX_TURNS_AHEAD = 8
WARM_SECONDS = 300.0  # providers and Ollama keep a prompt about five minutes after its last use
TOOL_WEIGHT = 0.3  # of one tool result's score in what is held for the work's own
TOOL_MARGIN = 0.05  # by which it must lie below a threshold before the tier falls
UNDER_WAY = (Kind.GO_ON, Kind.TOOL, Kind.NOTE)  # the last turn says nothing about the work
THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class Note:
    """What is kept about a conversation between two of its requests. It holds no text."""

    private: bool = False
    tier: Tier = Tier.LOW
    score: float = 0.0
    code: bool = False
    group: str = ""  # the model group that was tried first
    at: float = 0.0  # seconds, wall clock
    turns: int = 0  # requests so far
    evidence: float | None = None  # the score as an agent's tool results have shifted it
    before: tuple[str, ...] = ()  # the groups of earlier turns; one without a name: no one remembers
    warm: bool = False  # the model still has the conversation in its cache; worked out when the note is recalled

    def to_bytes(self) -> bytes:
        """For a store."""
        kept = (self.private, self.tier.value, self.score, self.code, self.group, self.at, self.turns, self.evidence)
        return json.dumps([*kept, self.before]).encode()

    @classmethod
    def from_bytes(cls, value: bytes | None) -> Note | None:
        """What `to_bytes` made; None for anything else."""
        try:
            private, tier, score, code, group, at, turns, evidence, before = json.loads(value or b"")
            work = (bool(private), Tier(tier), float(score), bool(code), str(group), float(at), int(turns))
            return cls(*work, None if evidence is None else float(evidence), tuple(str(name) for name in before))
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True)
class Rate:
    """What a model's tokens cost, in dollars, and how fast a local one reads a prompt (0: no wait worth counting)."""

    price: Price = FREE
    prefill_per_second: float = 0.0


@dataclass(frozen=True)
class Switch:
    """What going to another model is expected to save and to cost over the turns ahead, in dollars."""

    saving: float
    cost: float

    @property
    def pays(self) -> bool:
        """Whether the saving covers the cost."""
        return self.saving >= self.cost


def switch(
    stay: Rate, go: Rate, *, context: int, new: int, turns: int, warm: bool, second: float = 0.0, back: float = 0.5
) -> Switch:
    """What it is worth to go from the model in use to a cheaper one.

    `context`: tokens of the conversation so far, `new`: tokens that a turn adds, `turns`: turns that are expected to
    come, this one included. `warm`: the model in use still has the conversation in its prompt cache. `second`: dollars
    that a second of waiting is worth. `back`: how likely the work gets hard again, so that the model in use now must
    read it all afresh.

    A turn costs the context at the cache's price, the new tokens at the prompt's, and the answer. The saving is the
    difference of a turn's cost times the turns. The cost is reading the context once without a cache: in dollars at
    the provider that is gone to, in seconds at a local model; and, as likely as `back`, at the one that is left. A
    model that is no longer warm must read the context afresh in either case, so that staying costs that too.
    """

    def turn(rate: Rate) -> float:
        return context * rate.price.cached + new * rate.price.prompt + ANSWER_TOKENS * rate.price.completion

    def cold(rate: Rate) -> float:
        wait = context / rate.prefill_per_second if rate.prefill_per_second else 0.0
        return context * (rate.price.prompt - rate.price.cached) + wait * second

    saving = turns * (turn(stay) - turn(go)) + (0.0 if warm else cold(stay))
    return Switch(saving, cold(go) + back * (cold(stay) if warm else 0.0))


@dataclass(frozen=True)
class Held:
    """Why a conversation's tier isn't the last turn's own: ``under_way``, or ``switch_costs`` with the sums."""

    why: str
    scored: Tier
    switch: Switch | None = None
    evidence: float | None = None  # what the note keeps for its next tool result

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form; `saving` and `cost` in dollars."""
        sums = (
            {} if self.switch is None else {"saving": round(self.switch.saving, 5), "cost": round(self.switch.cost, 5)}
        )
        return {"why": self.why, "scored": self.scored.value, **sums}


def hold(
    kind: Kind,
    scored: Complexity,
    note: Note | None,
    weigh: Callable[[], Switch | None],
    thresholds: Thresholds = THRESHOLDS,
) -> tuple[Complexity, Held | None]:
    """The complexity to route by: the last turn's, or that of the work under way.

    It rises at once. While the last turn says nothing about the work, it stays; only a "yes" to small talk may accept
    an offer of more. A tool's result says a little: the work's score moves towards its score by TOOL_WEIGHT, and may
    fall so, not rise. Else it falls where `weigh` says that this pays, which it can't say where a price isn't known; an
    unsure score is no reason to fall, but thanks ask for nothing, however unsure the score of no words is.
    """
    if kind is Kind.THANKS:
        scored = replace(scored, abstained=False)
    if note is None or (scored.tier is note.tier and not scored.abstained):
        return scored, None
    accepts = kind is Kind.GO_ON and note.tier is Tier.LOW
    if scored.tier.rank > note.tier.rank and (kind not in UNDER_WAY or accepts):
        return scored, None
    kept = replace(scored, tier=note.tier, score=note.score, abstained=False, code=note.code)
    if kind is Kind.TOOL and not scored.abstained:
        before = note.score if note.evidence is None else note.evidence
        evidence = min(before + TOOL_WEIGHT * (scored.score - before), note.score)
        scored = replace(scored, score=evidence, tier=thresholds.tier(evidence + TOOL_MARGIN))
        if scored.tier.rank >= note.tier.rank:
            return kept, Held("under_way", scored.tier, evidence=evidence)
    elif kind in UNDER_WAY or scored.abstained:
        return kept, Held("under_way", scored.tier)
    weighed = weigh()
    return (
        (scored, None) if weighed is not None and weighed.pays else (kept, Held("switch_costs", scored.tier, weighed))
    )


def turns_ahead(note: Note) -> int:
    """As many as there were: a conversation's age is the best guess at its rest. At least two, at most a few."""
    return max(2, min(note.turns, MAX_TURNS_AHEAD))
