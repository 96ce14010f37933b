"""Where a request may begin anew after an answer broke off before the client saw any of it."""

from __future__ import annotations

from router_plugin.state import RequestState
from router_plugin.substance import lacks


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


def poor_answer(state: RequestState, content: bytes) -> str | None:
    """What a whole local answer lacks, where the request may go on at another provider for it; else None.

    Once a request, and never for a private one.
    """
    plan, decision = state.plan, state.decision
    if state.wants is None or plan is None or decision is None or state.surface is None or state.escalated is not None:
        return None
    if plan.local_only or decision.private or decision.local_only or not away(state):
        return None
    served, left = plan.find(state.served), state.remaining()
    if served is None or not served.local or (left is not None and left <= 0):
        return None
    return lacks(content, state.surface, state.wants)


def away(state: RequestState) -> frozenset[str]:
    """The local deployments of a plan that has others too; else none."""
    deployments = state.plan.deployments if state.plan is not None else ()
    local = frozenset(deployment.id for deployment in deployments if deployment.local)
    return local if any(not deployment.local for deployment in deployments) else frozenset()


def goes_back(state: RequestState) -> frozenset[str] | None:
    """What to avoid where the other providers fail too: a poor local answer is better than none. Else None."""
    local = away(state)
    if state.escalated is None or not local & state.avoided or state.plan is None:
        return None
    return frozenset(deployment.id for deployment in state.plan.deployments) - local
