"""Which deployment of a group takes a request: one that is there, with its model in memory, and the least to do."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
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
        """What LiteLLM may pick from: one deployment where all are Ollama's, else those that were tried least here.

        A server that is known to be down is passed over, unless all are: then the call is made, and its error tells.
        """
        tries = _tries(state)
        fewest = min((tries[identity(entry)] for entry in entries), default=0)
        fresh = [entry for entry in entries if tries[identity(entry)] == fewest]
        there = [entry for entry in entries if self.health.can_answer(identity(entry))]
        fresh = [entry for entry in fresh if entry in there] or there or fresh
        if len(fresh) > 1 and all(self.health.server_of(identity(entry)) for entry in fresh):
            fresh = [self._least(fresh, state)]
        state.picked = identity(fresh[0]) if len(fresh) == 1 else None
        state.others = len(entries) - 1
        return fresh

    def another_server(self, state: RequestState, may_try: Callable[[str, RequestState], bool]) -> str | None:
        """The group that was picked last, where it has a deployment that wasn't tried for this request and is there."""
        group, tries = state.groups_tried[-1] if state.groups_tried else None, _tries(state)
        left = [d.id for d in (state.plan.deployments if state.plan else ()) if d.group == group and not tries[d.id]]
        return group if any(self.health.can_answer(name) and may_try(name, state) for name in left) else None

    def outstanding(self) -> Counter[str]:
        """How many requests each server is working on for this process."""
        servers = (self.health.server_of(s.picked or s.served) for s in running() if s.ending is None)
        return Counter(server for server in servers if server is not None)

    def _least(self, entries: Sequence[Entry], state: RequestState) -> Entry:
        """The deployment with the least to do for its weight; among equals the conversation's own, else by chance.

        A conversation's next turn may wait behind one more request there: that server still holds what it has read.
        """
        busy, key = self.outstanding(), _conversation(state)
        home = max(entries, key=lambda entry: _affinity(key, entry)) if key is not None else None
        goes_on = state.memory is not None and state.memory.note is not None

        def load(entry: Entry) -> float:
            name, share = identity(entry), weight(entry)
            waiting = busy[self.health.server_of(name) or ""] + (0 if self.health.is_warm(name) else self._cold_start)
            return (waiting - (goes_on and entry is home)) / share if share > 0 else float("inf")

        loads = [load(entry) for entry in entries]
        equal = [entry for entry, found in zip(entries, loads, strict=True) if found == min(loads)]
        if key is not None:
            return max(equal, key=lambda entry: _affinity(key, entry))
        shares = [weight(entry) for entry in equal]
        return self._chance.choices(equal, shares if sum(shares) > 0 else None)[0]


def _conversation(state: RequestState) -> str | None:
    """A name that all requests of a conversation share, in every worker."""
    keys = state.memory.keys if state.memory is not None else None
    return (keys.opening or keys.own or keys.stored) if keys is not None else None


def _affinity(key: str, entry: Entry) -> float:
    """Weighted rendezvous hashing: the highest wins, and only its own conversations move when a server goes."""
    digest = hashlib.blake2b(f"{key} {identity(entry)}".encode(), digest_size=6).digest()
    return -weight(entry) / math.log((int.from_bytes(digest, "big") + 1) / (2**48 + 1))


def _tries(state: RequestState) -> Counter[str]:
    """How often each deployment was tried for a request: called, or refused before the call for want of a server."""
    return state.calls | Counter(attempt.deployment for attempt in state.failures)


def identity(entry: Entry) -> str:
    """The id of a deployment as LiteLLM's router holds it."""
    return str((entry.get("model_info") or {}).get("id"))


def weight(entry: Entry) -> float:
    """A deployment's share as `litellm_params.weight` says, else 1; 0 means only where no other is there."""
    given = (entry.get("litellm_params") or {}).get("weight")
    return float(given) if isinstance(given, (int, float)) and given >= 0 else 1.0


def deployments_of(group: str) -> list[dict[str, Any]]:
    """A group's deployments as LiteLLM's router holds them."""
    from litellm.proxy import proxy_server

    router = proxy_server.llm_router
    found = router.get_model_list(model_name=group) if router is not None else None
    return [dict(deployment) for deployment in found or ()]
