"""What each model group's tokens cost, and how fast a local one reads a prompt: assumed at first, then measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router_plugin.deployments import Inventory
from router_plugin.prices import Price, prices
from router_plugin.session import Rate

MEASURED_FROM = 500  # prompt tokens; a shorter prompt's time says little about reading
WEIGHT = 0.3  # of a new measurement


@dataclass
class Rates:
    """Rates by model group; the first deployment of a group stands for it."""

    inventory: Inventory
    prefill_per_second: float
    _prices: Mapping[str, Price | None] = field(init=False)
    _measured: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._prices = prices(self.inventory.deployments)

    def of(self, group: str) -> Rate | None:
        """A group's rate; None where its price isn't known, or the group isn't there any more."""
        first = next(iter(self.inventory.of_group(group)), None)
        price = self._prices.get(first.id) if first is not None else None
        if first is None or price is None:
            return None
        return Rate(price, self._measured.get(group, self.prefill_per_second) if first.local else 0.0)

    def observe(self, record: Mapping[str, Any]) -> None:
        """Learn from an answer's record how fast a local model read its prompt: the time to its first content."""
        found = next((d for d in self.inventory.deployments if d.id == record.get("deployment")), None)
        tokens = int(record.get("prompt_tokens") or 0) - int(record.get("cached_tokens") or 0)
        seconds = float(record.get("ttft") or 0.0)
        whole = float(record.get("latency") or 0.0)
        streamed = 0.0 < seconds < whole  # otherwise the time is that of the whole answer
        if found is None or not found.local or not streamed or tokens < MEASURED_FROM:
            return
        before = self._measured.get(found.group, tokens / seconds)
        self._measured[found.group] = (1 - WEIGHT) * before + WEIGHT * tokens / seconds
