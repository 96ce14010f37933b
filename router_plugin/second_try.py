"""Where a request may begin anew after an answer broke off before the client saw any of it."""

from __future__ import annotations

from router_plugin.state import RequestState


def second_try(state: RequestState, max_calls: int) -> frozenset[str] | None:
    """The deployments to stay away from in another run; None where nothing of the plan is left, or no time.

    Those that have been called step back for those that haven't; with none of these, each may have `max_calls`.
    LiteLLM goes on by itself after most failures; this is for streams that fail while they are read, of which it
    returns an error, or an answer without content.
    """
    left = state.remaining()
    if state.plan is None or (left is not None and left <= 0):
        return None
    planned = frozenset(deployment.id for deployment in state.plan.deployments)
    called = frozenset(identity for identity in planned if state.calls[identity])
    if planned - called:
        return called
    spent = frozenset(identity for identity in planned if state.calls[identity] >= max_calls)
    return spent if planned - spent else None
