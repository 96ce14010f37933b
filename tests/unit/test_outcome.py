"""router_plugin.outcome: a record waits for its usage, and is told once."""

from __future__ import annotations

import asyncio

import pytest

from router_plugin import outcome
from router_plugin.outcome import Ending, Recorder
from router_plugin.state import RequestState, begin_anew

WHOLE = Ending(200, complete=True, seconds=0.1, first_content_seconds=0.1)
CALL = {"standard_logging_object": {"prompt_tokens": 7, "completion_tokens": 3}}


async def test_usage_that_comes_late_is_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The record waits for it as long as for no broken answer."""
    monkeypatch.setattr(outcome, "BROKEN_USAGE_SECONDS", 0.01)
    told: list[outcome.Record] = []
    recorder, state = Recorder(), RequestState()
    recorder.add(told.append)
    recorder.ended(state, WHOLE)
    await asyncio.sleep(0.05)
    assert told == []
    recorder.used(state, CALL)
    recorder.flush()
    assert [record["prompt_tokens"] for record in told] == [7]


async def test_what_still_waits_is_told_when_the_proxy_ends() -> None:
    """Without its usage, once."""
    told: list[outcome.Record] = []
    recorder = Recorder()
    recorder.add(told.append)
    recorder.ended(RequestState(), WHOLE)
    recorder.flush()
    recorder.flush()
    assert [record["prompt_tokens"] for record in told] == [0]


def paid(cost: float | None) -> dict[str, object]:
    return {**CALL, "response_cost": cost}


async def test_each_answer_is_paid_once_also_where_the_request_was_begun_anew() -> None:
    """LiteLLM may tell of one answer twice, and of a first run's after the second has begun."""
    told: list[outcome.Record] = []
    spent: list[float] = []
    recorder, first = Recorder(), RequestState()
    recorder.add(told.append)
    recorder.spend = spent.append
    recorder.used(first, paid(0.25))
    second = begin_anew(first, frozenset())
    recorder.used(first, paid(0.5))  # counted anew when it was over
    recorder.used(second, paid(1.0))
    recorder.used(second, paid(1.0))
    recorder.ended(second, WHOLE)
    assert sum(spent) == 1.5
    assert [record["cost"] for record in told] == [1.5]


async def test_an_answer_without_a_price_has_none_in_its_record() -> None:
    """Zero would be a price."""
    told: list[outcome.Record] = []
    recorder, state = Recorder(), RequestState()
    recorder.add(told.append)
    recorder.used(state, paid(None))
    recorder.ended(state, WHOLE)
    assert [record["cost"] for record in told] == [None]
