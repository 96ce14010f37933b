"""Last turns that say little: the tier is that of the work under way, more often than by the rules beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from router_plugin.ask import Kind, read_ask
from router_plugin.build import build_router
from router_plugin.complexity import Tier
from router_plugin.config import check
from router_plugin.keywords import HeuristicScorer
from router_plugin.pipeline import Router
from router_plugin.request import parse
from router_plugin.session_key import Naming
from router_plugin.sessions import Sessions
from router_plugin.steering import Steering
from router_plugin.store import MemoryStore
from tests.unit.builders import KEYS, PUBLIC, pack
from tests.unit.traps import Trap, traps

ROWS = traps()
RIGHT = 0.9


class Open:
    """A detector that finds nothing."""

    def scan(self, _: Any) -> Any:
        return PUBLIC


@pytest.fixture(scope="module")
def router() -> Router:
    """The config pack with the shipped classifier."""
    return replace(build_router(check(pack(), KEYS)), detector=Open())  # type: ignore[arg-type]


async def ours(router: Router, trap: Trap) -> Tier:
    """The tier of the last request, after the one that asked for the work."""
    sessions = Sessions(Naming(b"unit"), MemoryStore(10), 60.0)
    for body in (trap.first, trap.last):
        conversation = router.read(body, trap.surface)
        memory = await sessions.open(body, conversation, "t", {})
        decision, _ = router.decide(body, trap.surface, Steering(), note=memory.note, conversation=conversation)
        await memory.decided(decision)
    return decision.tier


def by_keywords(router: Router, trap: Trap) -> Tier:
    """The keyword heuristic, which reads the last turn."""
    return HeuristicScorer().score(parse(trap.last, trap.surface)).tier


def by_affinity(router: Router, trap: Trap) -> Tier:
    """LiteLLM's `user_turn` rule with our classifier: tool traffic keeps the tier, words are judged alone."""
    kind = read_ask(parse(trap.last, trap.surface)).kind
    if kind in (Kind.TOOL, Kind.NOTE):
        return router.scorer.score(parse(trap.first, trap.surface)).tier
    turns = trap.last.get("messages") or trap.last["input"]
    key = "input" if "input" in trap.last else "messages"
    return router.scorer.score(parse({key: [turns[-1]]}, trap.surface)).tier


def share(found: list[Tier]) -> float:
    return sum(tier is trap.needed for tier, trap in zip(found, ROWS, strict=True)) / len(ROWS)


def test_there_are_enough_conversations() -> None:
    """At least sixty, with agents' sessions of thirty turns and more in each shape."""
    assert len(ROWS) >= 60
    long = {trap.surface for trap in ROWS if len(trap.last.get("messages") or trap.last["input"]) >= 30}
    assert {surface.value for surface in long} == {"chat", "messages", "responses"}


async def test_the_tier_is_that_of_the_work(router: Router) -> None:
    """On nine rows of ten, and never lower than the work needs by more than one row in twenty."""
    found = [await ours(router, trap) for trap in ROWS]
    wrong = [f"{trap.name}: {tier.value}" for tier, trap in zip(found, ROWS, strict=True) if tier is not trap.needed]
    assert share(found) >= RIGHT, wrong
    low = sum(tier.rank < trap.needed.rank for tier, trap in zip(found, ROWS, strict=True))
    assert low <= len(ROWS) / 20


@pytest.mark.parametrize("rule", [by_keywords, by_affinity])
async def test_simpler_rules_do_worse(router: Router, rule: Callable[[Router, Trap], Tier]) -> None:
    """The measure can tell them apart."""
    assert share([rule(router, trap) for trap in ROWS]) < share([await ours(router, trap) for trap in ROWS])
