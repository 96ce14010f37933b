"""Policy and plan of one config. The chain of a usual public request is worked out once and then remembered."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterable

from router_plugin.complexity import Complexity
from router_plugin.deployments import Inventory
from router_plugin.eligibility import Needs
from router_plugin.plan import Plan, make_plan
from router_plugin.policy import Policy, choose
from router_plugin.privacy import Judgement, Verdict
from router_plugin.request import Surface
from router_plugin.settings import Settings
from router_plugin.steering import Steering

MOST = 1_000  # plans that are remembered; callers' wishes make them many


class Planner:
    """Plans for the deployments and settings of one config. One instance serves all threads.

    Only what looks public is remembered, under everything that `choose` and `make_plan` read of it: a plan for a
    private request is made anew each time, from its own verdict.
    """

    def __init__(self, settings: Settings, inventory: Inventory) -> None:
        self._settings = settings
        self._inventory = inventory
        facts = [deployment.capabilities for deployment in inventory.deployments]
        self._window = _least(fact.window for fact in facts)
        self._output = _least(fact.output for fact in facts)
        self._known: dict[Hashable, tuple[Policy, Plan]] = {}

    def plan(
        self, verdict: Verdict, complexity: Complexity, wishes: Steering, surface: Surface, needs: Needs
    ) -> tuple[Policy, Plan]:
        """The providers that may take a request, and the groups to try. Errors: those of `choose` and `make_plan`."""
        key = self._key(verdict, complexity, wishes, surface, needs)
        known = self._known.get(key) if key is not None else None
        if known is None:
            policy = choose(verdict, complexity, wishes, self._settings, self._inventory)
            routing = self._settings.routing
            known = policy, make_plan(policy, complexity, surface, routing, self._inventory, needs)
            if key is not None and len(self._known) < MOST:
                self._known[key] = known
        return known

    def _key(
        self, verdict: Verdict, complexity: Complexity, wishes: Steering, surface: Surface, needs: Needs
    ) -> Hashable:
        """What a plan depends on; None for a request that isn't plainly public, or whose size or parts decide."""
        if verdict.judgement is not Judgement.PUBLIC or wishes.private or needs.pins:
            return None
        if needs.bound + needs.answer > self._window or needs.answer > self._output:
            return None
        routing = self._settings.routing
        score = complexity.score
        return (
            (complexity.tier, score >= routing.premium_from, score < routing.fast_below),
            (complexity.abstained, complexity.code, wishes, surface),
            (needs.flags, needs.only_maker),
        )


def _least(numbers: Iterable[int | None]) -> int:
    """The smallest of the limits that are known; where none is, nothing is over it."""
    return min((number for number in numbers if number is not None), default=sys.maxsize)
