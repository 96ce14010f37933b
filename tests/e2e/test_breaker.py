"""The circuit breaker in a real proxy: a provider that keeps failing is left alone, tried once, and taken back."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, PATHS, SIMPLE, SSN, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Proxy, running

RECOVERY_SECONDS = 3.0


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """A proxy with the breaker as shipped, but for a short pause and one attempt a deployment."""

    def edit(config: dict[str, Any]) -> None:
        routing = config["callback_settings"]["router_plugin"]["routing"]
        routing["breaker"] = {"failures": 5, "recovery_seconds": RECOVERY_SECONDS}
        routing["max_retries"] = 1

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as started,
    ):
        yield started


def circuit(proxy: Proxy, identity: str) -> str:
    deployments = proxy.client.get("/health").json()["deployments"]
    return str(next(item["circuit"] for item in deployments if item["id"] == identity))


def test_five_failures_open_and_one_trial_closes(proxy: Proxy) -> None:
    """While it is open no request waits for the provider; after the pause one does, and its answer closes it."""
    anthropic = proxy.fakes["anthropic"]
    anthropic.default_fault = BY_NAME["status-500"]
    for _ in range(8):
        assert proxy.chat(ANALYSIS).headers["x-router-deployment"] == "openai-premium-1"
    assert len(anthropic.calls) == 5
    assert circuit(proxy, "anthropic-premium-1") == "open"
    time.sleep(RECOVERY_SECONDS)
    assert circuit(proxy, "anthropic-premium-1") == "half_open"
    proxy.chat(ANALYSIS)
    proxy.chat(ANALYSIS)
    assert len(anthropic.calls) == 6  # the failed trial opened it again
    time.sleep(RECOVERY_SECONDS)
    anthropic.default_fault = None
    assert proxy.chat(ANALYSIS).headers["x-router-deployment"] == "anthropic-premium-1"
    assert circuit(proxy, "anthropic-premium-1") == "closed"


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("surface", ["chat", "messages", "responses"])
def test_five_calls_open_a_circuit_whatever_the_shape(proxy: Proxy, surface: str, stream: bool) -> None:
    """LiteLLM tells of a translated call's failure twice; it counts once."""
    for name, text, after in (("anthropic", ANALYSIS, "openai"), ("ollama", SIMPLE, "azure")):
        fake = proxy.fakes[name]
        fake.default_fault = BY_NAME["status-503"]
        for _ in range(8):
            answer = proxy.post(PATHS[surface], body(surface, text, stream=stream))
            assert answer.headers["x-router-deployment"].startswith(after)
        assert len(fake.calls) == 5


def test_a_dead_local_server_is_found_out_once_a_request(proxy: Proxy) -> None:
    """Three groups at one dead address cost one failed connection, and the private request is refused."""
    with proxy.fakes["ollama"].refusing():
        answer = proxy.chat(SSN)
        assert answer.status_code == 503
        assert "stay local" in answer.text
        assert "No Ollama answers" in answer.text
    assert proxy.cloud_calls() == []
    proxy.fakes["ollama"].wait_for(lambda _: proxy.chat(SSN).status_code == 200)
    assert proxy.chat(SSN).status_code == 200


def _refused(decisions: Path) -> list[dict[str, Any]]:
    """The records of requests that were answered 503."""
    with sqlite3.connect(decisions) as log:
        rows = log.execute("SELECT record FROM decisions ORDER BY rowid").fetchall()
    return [record for record in (json.loads(row[0]) for row in rows) if record["status"] == 503]


def test_a_server_that_refuses_connections_is_hardly_touched(tmp_path: Path) -> None:
    """Of 120 private requests to a dead Ollama under 1 % try to connect; it is used again when it is back."""

    def edit(config: dict[str, Any]) -> None:
        ours = config["callback_settings"]["router_plugin"]
        ours["routing"].pop("breaker")
        ours["decision_log"] = {"path": str(tmp_path / "decisions.sqlite")}

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        with ollama.refusing():
            assert {proxy.chat(SSN).status_code for _ in range(120)} == {503}
        until = time.monotonic() + 10
        while proxy.chat(SSN).status_code != 200 and time.monotonic() < until:
            time.sleep(0.1)
        assert proxy.chat(SSN).headers["x-router-deployment"] == "ollama-default-1"
        assert proxy.cloud_calls() == []
        until = time.monotonic() + 10
        while len(refused := _refused(tmp_path / "decisions.sqlite")) < 120 and time.monotonic() < until:
            time.sleep(0.1)  # records are written a little later
    assert len(refused) >= 120
    assert sum(bool(record["attempts"]) for record in refused) < len(refused) / 100
