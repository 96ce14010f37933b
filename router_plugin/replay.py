"""What other thresholds, chains or prices would have decided about requests that were logged, and what it had cost."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router_plugin.complexity import Complexity, Thresholds, Tier
from router_plugin.config import RouterConfig
from router_plugin.errors import RouterPluginError
from router_plugin.plan import make_plan
from router_plugin.policy import choose
from router_plugin.prices import Price, prices
from router_plugin.privacy import Finding, Judgement, Verdict
from router_plugin.request import Surface
from router_plugin.settings import SHADOW, Strategy
from router_plugin.steering import Steering

EMBEDDINGS = Surface.EMBEDDINGS.value
PINNED = ("asked.model", "asked.provider")
# What makes records of a log alike, beside the score's place: columns, and fields of the record itself.
ALIKE = ("model_group", "deployment", "tier", "strategy", "private")
IN_RECORD = ("mode", "served_group", "surface", "abstained", "code_work", "reasons")
_FIELDS = ", ".join(f"'$.{name}'" for name in IN_RECORD)
ROWS = (
    "SELECT score, cost, prompt_tokens, completion_tokens, cached_tokens, "  # noqa: S608 - names of ours
    f"json_extract(record, {_FIELDS}), {', '.join(ALIKE)} FROM decisions"
)
_PUBLIC = Verdict(Judgement.PUBLIC)
_PRIVATE = Verdict(Judgement.PRIVATE, (Finding("replayed", ""),))


@dataclass
class Replay:
    """Sums over the replayed requests. Costs are dollars; `unpriced` requests are in neither sum."""

    requests: int = 0
    moved: int = 0  # to another model group
    kept: int = 0  # pinned by the caller, embeddings, or without a score: as they were
    refused: int = 0  # nothing could have taken them
    unpriced: int = 0
    cost_then: float = 0.0
    cost_now: float = 0.0
    tiers_then: Counter[str] = field(default_factory=Counter)
    tiers_now: Counter[str] = field(default_factory=Counter)
    groups_then: Counter[str] = field(default_factory=Counter)
    groups_now: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        return {
            "requests": self.requests,
            "moved": self.moved,
            "kept": self.kept,
            "refused": self.refused,
            "unpriced": self.unpriced,
            "cost_then": round(self.cost_then, 6),
            "cost_now": round(self.cost_now, 6),
            "tiers": {"then": dict(self.tiers_then), "now": dict(self.tiers_now)},
            "groups": {"then": dict(self.groups_then), "now": dict(self.groups_now)},
        }


class Replayer:
    """Decides anew about records, under a config. Memory is bounded: equal decisions are worked out once."""

    def __init__(self, config: RouterConfig) -> None:
        self._config = config
        self._thresholds = Thresholds(config.settings.routing.thresholds.low, config.settings.routing.thresholds.high)
        self._groups: dict[tuple[Any, ...], str | None] = {}
        self._first = {group: config.inventory.of_group(group)[0].id for group in config.inventory.groups}
        self._prices: Mapping[str, Price | None] = prices(config.inventory.deployments)

    def run(self, records: Iterable[Mapping[str, Any]]) -> Replay:
        """Replay records of the decision log."""
        result = Replay()
        for record in records:
            self.add(result, record)
        return result

    def run_log(self, log: sqlite3.Connection) -> Replay:
        """Replay a log in SQLite: records that would be decided alike are summed up first, and decided once."""
        routing = self._config.settings.routing
        edges = sorted((self._thresholds.low, self._thresholds.high, routing.fast_below, routing.premium_from))
        groups: dict[tuple[Any, ...], list[Any]] = {}
        for score, cost, prompt, completion, cached, *alike in log.execute(ROWS):
            place = None if score is None else bisect_right(edges, score)  # how many of them it has reached
            sums = groups.setdefault((place, cost is None, *alike), [score, 0, 0.0, 0, 0, 0])
            sums[1] += 1
            sums[2] += cost or 0.0
            sums[3] += prompt or 0
            sums[4] += completion or 0
            sums[5] += min(cached or 0, prompt or 0)
        result = Replay()
        for (_, unpriced, fields, *alike), (score, count, cost, prompt, completion, cached) in groups.items():
            record = {**dict(zip(IN_RECORD, json.loads(fields), strict=True)), **dict(zip(ALIKE, alike, strict=True))}
            record |= {"score": score, "cost": None if unpriced else cost}
            record |= {"prompt_tokens": prompt, "completion_tokens": completion, "cached_tokens": cached}
            self.add(result, record, count)
        return result

    def add(self, result: Replay, record: Mapping[str, Any], count: int = 1) -> None:
        """Count one record, or `count` that are alike, with the sums of their tokens and costs.

        In one of shadow mode, `then` is where LiteLLM sent it.
        """
        result.requests += count
        shadow = record.get("mode") == SHADOW  # what happened stands apart from what was decided
        then = str(record.get("served_group" if shadow else "model_group") or "none")
        tier_then = str(record.get("tier") or "none")
        score = record.get("score")
        now: str | None = then
        tier_now = tier_then
        if not isinstance(score, (int, float)) or _is_kept(record):
            result.kept += count
        else:
            tier = self._thresholds.tier(score)
            now, tier_now = self._group(record, score, tier), tier.value
        result.tiers_then[tier_then] += count
        result.tiers_now[tier_now] += count
        result.groups_then[then] += count
        result.groups_now[now or "refused"] += count
        result.refused += count * (now is None)
        result.moved += count * (now != then)
        self._add_costs(result, record, now, count)

    def _add_costs(self, result: Replay, record: Mapping[str, Any], now: str | None, count: int) -> None:
        tokens = (
            int(record.get("prompt_tokens") or 0),
            int(record.get("completion_tokens") or 0),
            int(record.get("cached_tokens") or 0),
        )
        served = str(record.get("deployment"))
        price = self._prices.get(served)
        cost = record.get("cost")
        then = float(cost) if isinstance(cost, (int, float)) else price.cost(*tokens) if price else None
        if record.get("deployment") is None:
            then = 0.0  # nothing answered
        then_group = record.get("served_group" if record.get("mode") == SHADOW else "model_group")
        if now == then_group or now is None:
            later = then if now is not None else 0.0
        else:
            next_price = self._prices.get(self._first.get(now, ""))
            # another model has none of this conversation in its cache
            later = next_price.cost(tokens[0], tokens[1]) if next_price else None
        if then is None or later is None:
            result.unpriced += count
            return
        result.cost_then += then
        result.cost_now += later

    def _group(self, record: Mapping[str, Any], score: float, tier: Tier) -> str | None:
        """The group that comes first now; None where the request is refused."""
        routing = self._config.settings.routing
        unsure, code = bool(record.get("abstained")), bool(record.get("code_work"))
        private, strategy = bool(record.get("private")), str(record.get("strategy"))
        key = (tier, unsure, code, score < routing.fast_below, score >= routing.premium_from, private, strategy)
        if key not in self._groups:
            complexity = Complexity(score, tier, 0.0, 0.0, unsure, code, "")  # of a choice, only these matter
            self._groups[key] = self._decide(complexity, private, strategy)
        return self._groups[key]

    def _decide(self, complexity: Complexity, private: bool, strategy: str) -> str | None:
        steering = Steering(strategy=Strategy(strategy) if strategy in {s.value for s in Strategy} else None)
        settings, inventory = self._config.settings, self._config.inventory
        try:
            policy = choose(_PRIVATE if private else _PUBLIC, complexity, steering, settings, inventory)
            return make_plan(policy, complexity, Surface.CHAT, settings.routing, inventory).groups[0]
        except RouterPluginError:
            return None


def _is_kept(record: Mapping[str, Any]) -> bool:
    """Whether another config would leave this request where it was: the caller chose, or it is an embedding."""
    if record.get("surface") == EMBEDDINGS:
        return True
    return any(str(reason).startswith(PINNED) for reason in record.get("reasons") or ())
