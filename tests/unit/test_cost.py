"""A guard against slow decisions that a noisy machine can't upset: it counts function calls."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from bench.decision import conversation, text
from router_plugin.build import build_router
from router_plugin.config import check
from router_plugin.pipeline import Router
from router_plugin.request import Surface
from router_plugin.steering import Steering
from tests.unit.builders import KEYS, pack

# Measured on Python 3.11 with the shipped models, and a quarter more. A change that needs more should say why.
CALLS_50_WORDS = 1_000


@pytest.fixture(scope="module")
def router() -> Router:
    """The config pack with the shipped models, warm."""
    made = build_router(check(pack(), KEYS))
    for seed in range(3):
        decide(made, [{"role": "user", "content": text(50, 10**6 + seed)}])
    return made


def decide(router: Router, messages: list[dict[str, Any]]) -> None:
    router.decide({"model": "auto", "messages": messages}, Surface.CHAT, Steering())


def calls_of(work: Callable[[], object]) -> int:
    """Calls of Python and C functions while `work` runs."""
    count = 0

    def hook(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(hook)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def prompt(words: int, seed: int) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text(words, seed)}]


def test_a_short_prompt_costs_few_calls(router: Router) -> None:
    """The median of prompts of fifty words."""
    counts = sorted(calls_of(lambda s=seed: decide(router, prompt(50, s))) for seed in range(9))
    assert counts[4] <= CALLS_50_WORDS


def test_calls_grow_no_faster_than_the_text(router: Router) -> None:
    """Forty times the words, at most twelve times the calls."""
    short = calls_of(lambda: decide(router, prompt(50, 77)))
    long = calls_of(lambda: decide(router, prompt(2_000, 77)))
    assert long <= 12 * short


def test_a_next_turn_costs_what_is_new(router: Router) -> None:
    """A conversation that has been read once costs less than half when it comes again with one more turn."""
    talk = conversation(100_000, 5)
    first = calls_of(lambda: decide(router, talk))
    more = [*talk, {"role": "assistant", "content": "Fine."}, {"role": "user", "content": "Go on with the next one."}]
    assert calls_of(lambda: decide(router, more)) <= first / 2
