"""Thresholds for a wanted share of strong calls, or for a cost, on unlabelled traffic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router_plugin.config import RouterConfig
from router_plugin.errors import RouterPluginError
from router_plugin.replay import Replayer
from router_plugin.settings import ThresholdSettings

MIN_REQUESTS = 50
STEPS = 60  # thresholds that are tried for a cost
TOP = 0.999  # a threshold is below 1
BOTTOM = 0.001


class CalibrationError(RouterPluginError):
    """The traffic is too little, or no thresholds can reach what is wanted."""


@dataclass(frozen=True)
class Calibrated:
    """Thresholds, and the shares and cost that they give on the same traffic. `cost` is dollars per 1,000 requests."""

    low: float
    high: float
    shares: Mapping[str, float]
    cost: float | None
    requests: int

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        return {
            "thresholds": {"low": self.low, "high": self.high},
            "shares": dict(self.shares),
            "cost_per_1000": self.cost,
            "requests": self.requests,
        }


def for_shares(
    records: Sequence[Mapping[str, Any]], config: RouterConfig, *, high: float, low: float | None
) -> Calibrated:
    """Thresholds that send the share `high` of requests to the high tier, and `low` of them to the low one.

    `low` None keeps the share that the config's own threshold gives, as far as `high` leaves room for it.

    Errors: CalibrationError.
    """
    scores = sorted(_scores(records))
    if low is None:
        own = config.settings.routing.thresholds.low
        low = min(sum(score < own for score in scores) / len(scores), 1.0 - high)
    if not 0.0 <= high <= 1.0 or not 0.0 <= low <= 1.0 or low + high > 1.0:
        raise CalibrationError("The shares must be within 0..1 and not add up to more than 1.")
    return _measured(records, config, _quantile(scores, low), _quantile(scores, 1.0 - high))


def for_cost(records: Sequence[Mapping[str, Any]], config: RouterConfig, *, dollars: float) -> Calibrated:
    """The highest quality that costs at most `dollars` per 1,000 requests: both thresholds rise together as needed.

    Errors: CalibrationError where even the cheapest thresholds cost more, or prices are unknown.
    """
    scores = sorted(_scores(records))
    own = config.settings.routing.thresholds
    start_high = sum(score < own.high for score in scores) / len(scores)
    start_low = sum(score < own.low for score in scores) / len(scores)
    cheapest: float | None = None
    for step in range(STEPS + 1):
        part = step / STEPS
        low = _quantile(scores, start_low + (1.0 - start_low) * part)
        high = _quantile(scores, start_high + (1.0 - start_high) * part)
        found = _measured(records, config, low, high)
        if found.cost is None:
            raise CalibrationError("No request has both tokens and known prices, so a cost can't be worked out.")
        if found.cost <= dollars:
            return found
        cheapest = found.cost
    raise CalibrationError(
        f"Even with every request in the low tier, 1,000 requests cost {cheapest:.4f} dollars. Put `local` first in "
        "routing.chains.low, or allow more."
    )


def _scores(records: Iterable[Mapping[str, Any]]) -> list[float]:
    scores = [float(r["score"]) for r in records if isinstance(r.get("score"), (int, float)) and not r.get("private")]
    if len(scores) < MIN_REQUESTS:
        raise CalibrationError(f"{len(scores)} public requests with a score are too few; at least {MIN_REQUESTS}.")
    return scores


def _quantile(ordered: Sequence[float], share: float) -> float:
    """A threshold below which `share` of the scores are."""
    place = min(max(round(share * len(ordered)), 0), len(ordered))
    if place == 0:
        return BOTTOM
    return min(max(ordered[place] if place < len(ordered) else TOP, BOTTOM), TOP)


def _measured(records: Sequence[Mapping[str, Any]], config: RouterConfig, low: float, high: float) -> Calibrated:
    low = round(low, 4)
    high = max(round(high, 4), round(low + 0.0001, 4))
    routing = config.settings.routing.model_copy(update={"thresholds": ThresholdSettings(low=low, high=high)})
    changed = RouterConfig(config.settings.model_copy(update={"routing": routing}), config.inventory)
    result = Replayer(changed).run(record for record in records if not record.get("private"))
    total = sum(result.tiers_now.values()) or 1
    priced = result.requests - result.unpriced
    return Calibrated(
        low=low,
        high=high,
        shares={tier: round(count / total, 4) for tier, count in sorted(result.tiers_now.items())},
        cost=round(1000 * result.cost_now / priced, 6) if priced else None,
        requests=result.requests,
    )
