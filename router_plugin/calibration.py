"""Thresholds for a wanted share of strong calls, or for a cost, on unlabelled traffic.

Only requests that are known to be public and have a score count: the others go where they go whatever the thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from router_plugin.complexity import Tier
from router_plugin.config import RouterConfig
from router_plugin.errors import RouterPluginError
from router_plugin.replay import Replayer
from router_plugin.settings import ThresholdSettings

MIN_REQUESTS = 50
STEPS = 60  # thresholds that are tried for a cost
TOP = 0.999  # a threshold is below 1
BOTTOM = 0.001
FAR = 0.02  # a share that is further from the wanted one is a miss


class CalibrationError(RouterPluginError):
    """The traffic is too little, or no thresholds can reach what is wanted."""


@dataclass(frozen=True)
class Miss:
    """A wanted share that no threshold gives, the share that results, and why."""

    tier: str
    wanted: float
    share: float
    reason: str


@dataclass(frozen=True)
class Calibrated:
    """Thresholds, and the shares and cost that they give on the same traffic. `cost` is dollars per 1,000 requests.

    `left_aside` of the traffic's requests have no score or aren't known to be public, and are in no other number.
    """

    low: float
    high: float
    shares: Mapping[str, float]
    cost: float | None
    requests: int
    left_aside: int = 0
    misses: tuple[Miss, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        return {
            "thresholds": {"low": self.low, "high": self.high},
            "shares": dict(self.shares),
            "cost_per_1000": self.cost,
            "requests": self.requests,
            "left_aside": self.left_aside,
            "missed": [asdict(miss) for miss in self.misses],
        }


def for_shares(
    records: Sequence[Mapping[str, Any]], config: RouterConfig, *, high: float, low: float | None
) -> Calibrated:
    """Thresholds that send the share `high` of requests to the high tier, and `low` of them to the low one.

    `low` None keeps the share that the config's own threshold gives, as far as `high` leaves room for it.

    Errors: CalibrationError.
    """
    traffic = _scored(records)
    scores = _scores(traffic)
    wanted = {Tier.HIGH: high} if low is None else {Tier.HIGH: high, Tier.LOW: low}
    if low is None:
        own = config.settings.routing.thresholds.low
        low = min(sum(score < own for score in scores) / len(scores), 1.0 - high)
    if not 0.0 <= high <= 1.0 or not 0.0 <= low <= 1.0 or low + high > 1.0:
        raise CalibrationError("The shares must be within 0..1 and not add up to more than 1.")
    edges = {Tier.HIGH: _quantile(scores, 1.0 - high), Tier.LOW: _quantile(scores, low)}
    found, kept = _measured(traffic, config, edges[Tier.LOW], edges[Tier.HIGH])
    misses = tuple(
        Miss(tier.value, share, got, _reason(scores, edges[tier], kept))
        for tier, share in wanted.items()
        if abs((got := found.shares.get(tier.value, 0.0)) - share) > FAR
    )
    return replace(found, left_aside=len(records) - len(traffic), misses=misses)


def for_cost(records: Sequence[Mapping[str, Any]], config: RouterConfig, *, dollars: float) -> Calibrated:
    """The highest quality that costs at most `dollars` per 1,000 requests: both thresholds rise together as needed.

    Errors: CalibrationError where even the cheapest thresholds cost more, or prices are unknown.
    """
    traffic = _scored(records)
    scores = _scores(traffic)
    own = config.settings.routing.thresholds
    start_high = sum(score < own.high for score in scores) / len(scores)
    start_low = sum(score < own.low for score in scores) / len(scores)
    cheapest: float | None = None
    for step in range(STEPS + 1):
        part = step / STEPS
        low = _quantile(scores, start_low + (1.0 - start_low) * part)
        high = _quantile(scores, start_high + (1.0 - start_high) * part)
        found, _ = _measured(traffic, config, low, high)
        if found.cost is None:
            raise CalibrationError("No request has both tokens and known prices, so a cost can't be worked out.")
        if found.cost <= dollars:
            return replace(found, left_aside=len(records) - len(traffic))
        cheapest = found.cost
    raise CalibrationError(
        f"Even with every request in the low tier, 1,000 requests cost {cheapest:.4f} dollars. Put `local` first in "
        "routing.chains.low, or allow more."
    )


def _scored(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Records of requests that are known to be public, with a score. Errors: CalibrationError for too few."""
    found = [r for r in records if isinstance(r.get("score"), (int, float)) and r.get("private") is False]
    if len(found) < MIN_REQUESTS:
        raise CalibrationError(f"{len(found)} public requests with a score are too few; at least {MIN_REQUESTS}.")
    return found


def _scores(traffic: Sequence[Mapping[str, Any]]) -> list[float]:
    return sorted(float(record["score"]) for record in traffic)


def _reason(scores: Sequence[float], edge: float, kept: int) -> str:
    """Why a threshold at `edge` doesn't part these scores as wanted."""
    tied = sum(round(score, 4) == round(edge, 4) for score in scores)
    parts = [f"{tied:,} requests tie at score {edge:.4g}"] if tied > 1 else []
    if edge >= TOP:
        parts = [f"{sum(score >= TOP for score in scores):,} requests score {TOP} or more, above any threshold"]
    elif edge <= BOTTOM:
        parts = [f"{sum(score <= BOTTOM for score in scores):,} requests score {BOTTOM} or less, below any threshold"]
    if kept:
        parts.append(f"{kept:,} requests keep their tier: the caller chose the model, or they are embeddings")
    return "; ".join(parts) or f"thresholds have four digits, and scores lie closer together than that around {edge}"


def _quantile(ordered: Sequence[float], share: float) -> float:
    """A threshold below which `share` of the scores are."""
    place = min(max(round(share * len(ordered)), 0), len(ordered))
    if place == 0:
        return BOTTOM
    return min(max(ordered[place] if place < len(ordered) else TOP, BOTTOM), TOP)


def _measured(
    traffic: Sequence[Mapping[str, Any]], config: RouterConfig, low: float, high: float
) -> tuple[Calibrated, int]:
    """What two thresholds give, and how many requests they don't move."""
    low = round(low, 4)
    high = max(round(high, 4), round(low + 0.0001, 4))
    routing = config.settings.routing.model_copy(update={"thresholds": ThresholdSettings(low=low, high=high)})
    changed = RouterConfig(config.settings.model_copy(update={"routing": routing}), config.inventory)
    result = Replayer(changed).run(traffic)
    total = sum(result.tiers_now.values()) or 1
    priced = result.requests - result.unpriced
    found = Calibrated(
        low=low,
        high=high,
        shares={tier: round(count / total, 4) for tier, count in sorted(result.tiers_now.items())},
        cost=round(1000 * result.cost_now / priced, 6) if priced else None,
        requests=result.requests,
    )
    return found, result.kept
