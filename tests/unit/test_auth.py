"""router_plugin.auth: what LiteLLM says about a key, and what the client is told instead."""

from __future__ import annotations

import pytest
from fastapi import HTTPException
from litellm.proxy._types import ProxyErrorTypes, ProxyException

from router_plugin.auth import NO_BEARER, ExplainsKeys
from router_plugin.errors import NO_KEY, UNKNOWN_KEY, InvalidRequest
from router_plugin.state import begin
from tests.unit.builders import decision


def proxy_error(kind: ProxyErrorTypes, code: int) -> ProxyException:
    return ProxyException(message="Received API Key = sk-...0815", type=kind, param=None, code=code)


ABOUT_KEYS = {
    "no database": (proxy_error(ProxyErrorTypes.no_db_connection, 400), UNKNOWN_KEY),
    "not in the database": (proxy_error(ProxyErrorTypes.token_not_found_in_db, 401), UNKNOWN_KEY),
    "malformed": (HTTPException(401, detail="Received=sk-...0815"), UNKNOWN_KEY),
    "none": (Exception("No api key passed in."), NO_KEY),
    "no Bearer": (Exception("Malformed API Key passed in. Ensure Key has `Bearer ` prefix."), NO_BEARER),
}
OTHERS = {
    "the database is down": proxy_error(ProxyErrorTypes.no_db_connection, 503),
    "an expired key": proxy_error(ProxyErrorTypes.expired_key, 401),
    "a budget": proxy_error(ProxyErrorTypes.budget_exceeded, 429),
    "forbidden": HTTPException(403, detail="no"),
    "an address in the body": ValueError("Rejected Request: api_base is not allowed"),
}


@pytest.mark.parametrize("case", ABOUT_KEYS)
async def test_an_error_about_a_key_becomes_a_401_with_its_cure(case: str) -> None:
    """Its cause comes first, and nothing of the key is in it."""
    error, cause = ABOUT_KEYS[case]
    state = begin()
    told = await ExplainsKeys().async_post_call_failure_hook({}, error, None)
    assert told is not None
    assert told.status_code == 401
    assert told.detail.startswith(cause)
    assert "LITELLM_MASTER_KEY" in told.detail
    assert "0815" not in told.detail
    assert state.refusal is not None
    assert state.refusal.message == told.detail


@pytest.mark.parametrize("case", OTHERS)
async def test_other_errors_stand(case: str) -> None:
    """A key that is right is not blamed."""
    state = begin()
    assert await ExplainsKeys().async_post_call_failure_hook({}, OTHERS[case], None) is None
    assert state.refusal is None


@pytest.mark.parametrize("reached", ["a decision", "a refusal"])
async def test_a_provider_that_says_401_is_no_matter_of_the_clients_key(reached: str) -> None:
    """Once the router has decided or refused, its own word stands."""
    state = begin()
    if reached == "a decision":
        state.decision = decision()
    else:
        state.refusal = InvalidRequest("no")
    before = state.refusal
    assert await ExplainsKeys().async_post_call_failure_hook({}, HTTPException(401), None) is None
    assert state.refusal is before
