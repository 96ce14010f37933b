"""How long LiteLLM pauses before it tries a deployment again, and when it should go on to the next instead."""

from __future__ import annotations

import random
from typing import Any

from router_plugin.failures import retry_after
from router_plugin.state import RequestState, current

JITTER = 0.25  # of the pause, up and down: clients that failed together don't come back together


def pause(
    error: Exception, attempt: int, left: int, state: RequestState | None, step: float, chance: random.Random
) -> float:
    """Seconds until the next attempt; `attempt` have been made, `left` are to come, `step` is in seconds.

    Errors: `error` itself, where waiting is of no use: nothing listens there, or the server's `Retry-After` is later
    than the request's deadline. LiteLLM then goes on to the next group.
    """
    if left <= 0 or (state is not None and state.others > 0):
        return 0.0  # the chain goes on, or another deployment of the group is tried
    if state is not None and state.refused:
        raise error
    asked = retry_after(error)
    wait = step * attempt * chance.uniform(1 - JITTER, 1 + JITTER) if asked is None else asked
    remaining = state.remaining() if state is not None else None
    if remaining is not None and wait >= remaining:
        raise error
    return wait


def install(step: float) -> None:
    """Have LiteLLM's routers of this process pause as `pause` says. Errors: RuntimeError if they no longer ask."""
    from litellm.router import Router

    if not hasattr(Router, "_time_to_sleep_before_retry"):
        raise RuntimeError("this version of LiteLLM paces its retries in another way; see docs/architecture.md")
    chance = random.Random()  # noqa: S311 - spreads load, keeps no secret

    def paced(_: Any, e: Exception, remaining_retries: int, num_retries: int, *_others: Any, **_named: Any) -> float:
        return pause(e, num_retries - remaining_retries + 1, remaining_retries, current(), step, chance)

    Router._time_to_sleep_before_retry = paced  # type: ignore[method-assign, assignment]
