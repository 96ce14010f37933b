"""router_plugin.breaker: five failures open, one trial a minute later, success closes."""

from __future__ import annotations

import pytest

from router_plugin.breaker import PROBE_SECONDS, Breaker, Circuit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(threshold=5, recovery=60.0, clock=clock)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed("a")


def test_it_opens_at_the_threshold_and_not_before(breaker: Breaker) -> None:
    """Four failures change nothing; the fifth opens."""
    fail(breaker, 4)
    assert breaker.allows("a")
    fail(breaker, 1)
    assert not breaker.allows("a")
    assert breaker.circuit("a") is Circuit.OPEN


def test_a_success_forgets_failures(breaker: Breaker) -> None:
    """Only failures in a row count."""
    fail(breaker, 4)
    breaker.succeeded("a")
    fail(breaker, 4)
    assert breaker.allows("a")


def test_deployments_are_counted_apart(breaker: Breaker) -> None:
    """One that fails doesn't close another."""
    fail(breaker, 5)
    assert breaker.allows("b")


def test_after_the_pause_one_trial_call_may_run(breaker: Breaker, clock: Clock) -> None:
    """Half open, a second call waits for the first one's outcome."""
    fail(breaker, 5)
    clock.now = 59.9
    assert not breaker.allows("a")
    clock.now = 60.0
    assert breaker.circuit("a") is Circuit.HALF_OPEN
    assert breaker.allows("a")
    breaker.begin("a")
    assert not breaker.allows("a")


def test_a_successful_trial_closes(breaker: Breaker, clock: Clock) -> None:
    """The deployment takes calls again."""
    fail(breaker, 5)
    clock.now = 60.0
    breaker.begin("a")
    breaker.succeeded("a")
    assert breaker.circuit("a") is Circuit.CLOSED
    assert breaker.allows("a")


def test_a_failed_trial_opens_for_another_pause(breaker: Breaker, clock: Clock) -> None:
    """One failure is enough after the pause."""
    fail(breaker, 5)
    clock.now = 60.0
    breaker.begin("a")
    breaker.failed("a")
    clock.now = 119.9
    assert not breaker.allows("a")
    clock.now = 120.0
    assert breaker.allows("a")


def test_a_lost_trial_does_not_block_forever(breaker: Breaker, clock: Clock) -> None:
    """A trial call that never reports is replaced."""
    fail(breaker, 5)
    clock.now = 60.0
    breaker.begin("a")
    clock.now = 60.0 + PROBE_SECONDS
    assert breaker.allows("a")


def test_of_several_calls_one_is_the_trial(breaker: Breaker, clock: Clock) -> None:
    """All of them may have been picked while the circuit allowed a trial; the first to begin is it."""
    fail(breaker, 5)
    clock.now = 60.0
    assert [breaker.allows("a"), breaker.allows("a")] == [True, True]
    assert [breaker.begin("a"), breaker.begin("a")] == [True, False]
    breaker.succeeded("a")
    assert breaker.begin("a")


def test_calls_that_were_under_way_do_not_prolong_the_pause(breaker: Breaker, clock: Clock) -> None:
    """Their failures come in while the circuit is open; the trial comes a pause after it opened."""
    fail(breaker, 5)
    clock.now = 50.0
    fail(breaker, 3)
    clock.now = 60.0
    assert breaker.circuit("a") is Circuit.HALF_OPEN
    fail(breaker, 1)
    clock.now = 119.0
    assert breaker.circuit("a") is Circuit.OPEN


def test_a_refused_connection_opens_at_once_for_a_short_pause_that_doubles(clock: Clock) -> None:
    """One refusal is enough; each refused trial doubles the pause, up to the usual one; an answer ends it."""
    breaker = Breaker(threshold=5, recovery=12.0, clock=clock)
    for pause in (5.0, 10.0, 12.0, 12.0):
        breaker.refused("d1")
        assert not breaker.allows("d1")
        clock.now += pause - 0.1
        breaker.refused("d1")  # a call that was under way doesn't prolong it
        assert not breaker.allows("d1")
        clock.now += 0.2
        assert breaker.begin("d1")
        assert not breaker.begin("d1")
    breaker.succeeded("d1")
    assert breaker.begin("d1")
    assert breaker.begin("d1")


def test_a_trial_call_that_was_given_up_leaves_room_for_another(breaker: Breaker, clock: Clock) -> None:
    """Its client is gone, so it will never report; a closed circuit knows nothing of it."""
    breaker.released("a")
    fail(breaker, 5)
    clock.now = 61.0
    assert breaker.begin("a")
    assert not breaker.allows("a")
    breaker.released("a")
    assert breaker.circuit("a") is Circuit.HALF_OPEN
    assert breaker.begin("a")
