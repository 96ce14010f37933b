"""What the decision log of a real proxy holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router_plugin.decision_log import read
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.proxy import Proxy

SSN = "My social security number is 078-05-1120, please remember it."
HARD = "Design a fault tolerant, event sourced architecture for a bank and prove that it stays consistent."
WAIT_SECONDS = 15.0


def record_of(proxy: Proxy, identity: str) -> dict[str, Any]:
    """The record of a decision, once it is there."""
    return _only(proxy, lambda record: record["decision_id"] == identity)


def newest(proxy: Proxy, since: float) -> dict[str, Any]:
    """The one record that was written after a time, once it is there; for a client that never saw the decision's id."""
    return _only(proxy, lambda record: record["ts"] >= since)


def _only(proxy: Proxy, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    path = Path(proxy.log).parent / "router_decisions.sqlite"
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = [record for record in (read(path) if path.exists() else ()) if wanted(record)]
        if found:
            assert len(found) == 1
            return found[0]
        time.sleep(0.1)
    raise AssertionError("the decision was not logged")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", lambda text: {"messages": [{"role": "user", "content": text}]}),
        ("/v1/messages", lambda text: {"messages": [{"role": "user", "content": text}], "max_tokens": 99}),
        ("/v1/responses", lambda text: {"input": text}),
        ("/v1/completions", lambda text: {"prompt": text}),
    ],
)
@pytest.mark.parametrize(("text", "deployment"), [(HARD, "anthropic-premium-1"), (SSN, "ollama-default-1")])
def test_one_record_a_request(proxy: Proxy, path: str, body: Any, stream: bool, text: str, deployment: str) -> None:
    """Each request leaves one record with what served it, tokens, cost and times, and none of its text."""
    response = proxy.post(path, {"model": "auto", "stream": stream, **body(text)})
    record = record_of(proxy, response.headers["x-router-decision-id"])
    assert (record["outcome"], record["status"], record["deployment"]) == ("answered", 200, deployment)
    assert record["private"] is (text is SSN)
    assert record["prompt_tokens"] > 0
    assert record["completion_tokens"] > 0
    assert (record["cost"] > 0) is (text is HARD)
    assert 0 < record["ttft"] <= record["latency"]
    assert "078-05-1120" not in str(record)
    assert "architecture" not in str(record)


def test_a_failure_is_recorded_with_its_attempts(proxy: Proxy) -> None:
    """A chain that is used up leaves the attempts and the error's code."""
    proxy.fakes["ollama"].default_fault = BY_NAME["status-500"]
    response = proxy.chat(SSN)
    record = record_of(proxy, response.headers["x-router-decision-id"])
    assert (record["outcome"], record["code"], record["deployment"]) == ("failed", "all_deployments_failed", None)
    assert record["attempts"]
