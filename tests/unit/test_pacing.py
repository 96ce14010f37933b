"""router_plugin.pacing: how long LiteLLM pauses before a deployment's next attempt."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from router_plugin.pacing import JITTER, pause
from router_plugin.state import RequestState

STEP = 0.5


def asking(seconds: str) -> Exception:
    error = Exception("429")
    error.response = SimpleNamespace(headers={"retry-after": seconds})  # type: ignore[attr-defined]
    return error


def wait(error: Exception, attempt: int, left: int, state: RequestState | None) -> float:
    return pause(error, attempt, left, state, STEP, random.Random(7))


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_the_pause_grows_with_the_attempt(attempt: int) -> None:
    """Half a second times the attempt, give or take the jitter, and not the same each time."""
    chance = random.Random(7)
    pauses = {pause(Exception(), attempt, 1, RequestState(), STEP, chance) for _ in range(50)}
    assert min(pauses) >= STEP * attempt * (1 - JITTER)
    assert max(pauses) <= STEP * attempt * (1 + JITTER)
    assert len(pauses) > 40


def test_there_is_no_pause_before_another_deployment() -> None:
    """Neither after the last attempt, nor where the group has another server."""
    assert wait(asking("3"), 2, 0, RequestState()) == 0
    assert wait(asking("3"), 1, 1, RequestState(others=1)) == 0


def test_a_servers_wish_is_kept_within_the_deadline() -> None:
    """Beyond it the error itself is raised, with which LiteLLM goes on to the next group."""
    assert wait(asking("3"), 1, 1, RequestState(deadline_seconds=10)) == 3
    late = asking("30")
    with pytest.raises(Exception, match="429") as caught:
        wait(late, 1, 1, RequestState(deadline_seconds=10))
    assert caught.value is late


def test_a_server_that_is_not_there_is_not_waited_for() -> None:
    """The next group is tried at once."""
    with pytest.raises(ValueError, match="refused"):
        wait(ValueError("refused"), 1, 1, RequestState(refused=True))
