"""Which deployment of a group takes a request: one that is there, with its model in memory, and the least to do."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from router_plugin.health import Health
from router_plugin.state import RequestState, running

Entry = dict[str, Any]  # a deployment as LiteLLM's router holds it


class Picker:
    """Picks among a group's deployments. `cold_start`: loading a model is worth waiting behind so many requests."""

    def __init__(self, health: Health, cold_start: int, chance: random.Random | None = None) -> None:
        self.health = health
        self._cold_start = cold_start
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, keeps no secret

    def narrow(self, entries: Sequence[Entry], state: RequestState) -> list[Entry]:
        """What LiteLLM may pick from: one deployment where all are Ollama's, else those that failed the least here.

        A server that is known to be down is passed over, unless all are: then the call is made, and its error tells.
        """
        failed = Counter(attempt.deployment for attempt in state.failures)
        fewest = min((failed[identity(entry)] for entry in entries), default=0)
        fresh = [entry for entry in entries if failed[identity(entry)] == fewest]
        if all(self.health.server_of(identity(entry)) for entry in entries):
            there = [entry for entry in entries if self.health.can_answer(identity(entry))]
            fresh = [entry for entry in fresh if entry in there] or there or fresh
            fresh = self._least(fresh) if len(fresh) > 1 else fresh
        state.picked = identity(fresh[0]) if len(fresh) == 1 else None
        state.others = len(entries) - 1
        return fresh

    def outstanding(self) -> Counter[str]:
        """How many requests each server is working on for this process."""
        servers = (self.health.server_of(s.picked or s.served) for s in running() if s.ending is None)
        return Counter(server for server in servers if server is not None)

    def _least(self, entries: Sequence[Entry]) -> list[Entry]:
        """The deployment with the least to do for its weight; by chance, as weighted, among equals."""
        busy = self.outstanding()

        def load(entry: Entry) -> float:
            name, share = identity(entry), weight(entry)
            waiting = busy[self.health.server_of(name) or ""] + (0 if self.health.is_warm(name) else self._cold_start)
            return waiting / share if share > 0 else float("inf")

        least = min(map(load, entries))
        equal = [entry for entry in entries if load(entry) == least]
        shares = [weight(entry) for entry in equal]
        return self._chance.choices(equal, shares if sum(shares) > 0 else None)


def identity(entry: Entry) -> str:
    """The id of a deployment as LiteLLM's router holds it."""
    return str((entry.get("model_info") or {}).get("id"))


def weight(entry: Entry) -> float:
    """A deployment's share as `litellm_params.weight` says, else 1; 0 means only where no other is there."""
    given = (entry.get("litellm_params") or {}).get("weight")
    return float(given) if isinstance(given, (int, float)) and given >= 0 else 1.0
