"""Where a request may begin anew: at deployments of its plan that still have a call left, while there is time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from router_plugin.second_try import second_try
from router_plugin.state import RequestState, begin_anew, running
from tests.unit.builders import plan


@pytest.fixture
def state() -> RequestState:
    """A request whose plan holds two deployments."""
    made = RequestState()
    made.plan = plan("azure-default", "azure-premium")
    assert len(made.plan.deployments) == 2
    return made


def ids(state: RequestState) -> list[str]:
    assert state.plan is not None
    return [deployment.id for deployment in state.plan.deployments]


def test_deployments_that_were_called_step_back_for_those_that_were_not(state: RequestState) -> None:
    """Each gets one call before any gets a second one, and none more than the settings allow."""
    first, second = ids(state)
    state.calls_begin(first)
    assert second_try(state, 2) == {first}
    state.calls_begin(second)
    assert second_try(state, 2) == frozenset()
    state.calls_begin(first)
    assert second_try(state, 2) == {first}
    state.calls_begin(second)
    assert second_try(state, 2) is None


def test_there_is_no_second_try_without_time_or_plan(state: RequestState) -> None:
    """A deadline that is over ends the request."""
    state.calls_begin(ids(state)[0])
    assert second_try(RequestState(), 2) is None
    state.deadline_seconds = -1.0
    assert second_try(state, 2) is None


def test_what_a_request_carries_over(state: RequestState) -> None:
    """Clock, failures and calls go on; the run before is over and is not counted as outstanding."""
    first, second = ids(state)
    state.calls_begin(first)
    state.failed(first, None, "StreamBroken")
    state.groups_tried.append("azure-default")
    again = begin_anew(state, frozenset({first}))
    assert (again.begun, again.failures, again.calls, again.served) == (state.begun, state.failures, state.calls, None)
    assert state.recorded
    assert [one for one in running() if one.ending is None and one in (state, again)] == [again]
    again.plan = state.plan
    again.groups_tried.append("azure-premium")
    assert again.fallbacks() == 1
    assert state.plan is not None
    assert again.open_groups(state.plan) == tuple(d.group for d in state.plan.deployments if d.id == second)
    assert replace(again, avoided=frozenset({first, second})).open_groups(state.plan) == state.plan.groups
