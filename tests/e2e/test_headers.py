"""The decision's headers on every kind of answer of a real proxy."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.fakes.faults import BY_NAME
from tests.e2e.proxy import Proxy

DECIDED = ("decision-id", "tier", "confidence", "private", "strategy", "reason", "model-version")
SERVED = ("deployment", "fallbacks")
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "What is 2 + 2?"}]},
    "/v1/messages": {"messages": [{"role": "user", "content": "What is 2 + 2?"}], "max_tokens": 99},
    "/v1/responses": {"input": "What is 2 + 2?"},
    "/v1/completions": {"prompt": "What is 2 + 2?"},
}


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("stream", [False, True])
def test_answers_and_streams(proxy: Proxy, path: str, stream: bool) -> None:
    """Each has what was decided and who served it; the confidence is a probability."""
    response = proxy.post(path, {"model": "auto", "stream": stream, **BODIES[path]})
    assert response.status_code == 200
    for name in (*DECIDED, *SERVED):
        assert response.headers.get(f"x-router-{name}"), name
    assert 0.0 <= float(response.headers["x-router-confidence"]) <= 1.0


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("stream", [False, True])
def test_errors(proxy: Proxy, path: str, stream: bool) -> None:
    """An error after a decision has what was decided, and names no deployment that served."""
    for fake in proxy.fakes.values():
        fake.default_fault = BY_NAME["status-500"]
    response = proxy.post(path, {"model": "auto", "stream": stream, **BODIES[path]})
    assert response.status_code >= 500
    for name in DECIDED:
        assert response.headers.get(f"x-router-{name}"), name
    assert "x-router-deployment" not in response.headers
