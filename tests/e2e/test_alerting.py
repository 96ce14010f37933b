"""Alerts of LiteLLM's own: a private request that fails must not be told to a webhook."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import STATUS_400, STATUS_500
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Edit, running

SSN = "078-05-1120"
WORD = "zanzibar"
PRIVATE = f"My social security number is {SSN}. {WORD}"
USER = {"role": "user", "content": PRIVATE}
ALERT_SECONDS = 15.0
SECOND_BATCH_SECONDS = 3.0  # alerts of one kind go out together, or in two batches where a second ends between them


@pytest.fixture
def webhook() -> Iterator[FakeProvider]:
    """What stands for Slack: a server that keeps all it is sent."""
    with FakeProvider("slack") as server:
        yield server


def _environ(webhook: FakeProvider) -> dict[str, str]:
    return {"SLACK_WEBHOOK_URL": f"{webhook.url}/slack", "DEFAULT_FLUSH_INTERVAL_SECONDS": "1"}


def _alerts(config: dict[str, Any]) -> None:
    config["general_settings"]["alerting"] = ["slack"]


def _alerts_of_failures(config: dict[str, Any]) -> None:
    """So chosen, LiteLLM doesn't list its Slack class among its callbacks."""
    config["general_settings"] |= {"alerting": ["slack"], "alert_types": ["llm_exceptions"]}


@pytest.mark.parametrize("edit", [_alerts, _alerts_of_failures])
def test_alerts_must_be_trusted(tmp_path: Path, webhook: FakeProvider, edit: Edit) -> None:
    """An alert quotes what failed, the provider's words about it included: the proxy won't start so."""
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        contextlib.suppress(AssertionError),
        running(tmp_path, ollama=ollama, edit=edit, environ=_environ(webhook)) as proxy,
    ):
        proxy.process.wait(30)  # its port may be open for a moment, its gate never
    assert "alerting.slack too" in (tmp_path / "proxy.log").read_text(errors="replace")
    assert webhook.requests == []


def test_a_trusted_alert_goes_without_the_messages(tmp_path: Path, webhook: FakeProvider) -> None:
    """The operator is told that private requests fail, and why, whatever the config says about their words."""

    def edit(config: dict[str, Any]) -> None:
        _alerts(config)
        config["litellm_settings"]["redact_messages_in_exceptions"] = False
        config["callback_settings"]["router_plugin"]["trusted_callbacks"] = ["alerting.slack"]

    bodies = {
        "/v1/chat/completions": {"model": "auto", "messages": [USER]},
        "/v1/messages": {"model": "auto", "messages": [USER], "max_tokens": 9},
        "/v1/responses": {"model": "auto", "input": PRIVATE},
    }
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit, environ=_environ(webhook)) as proxy,
    ):
        for fault in (STATUS_400, STATUS_500):
            webhook.clear()
            ollama.default_fault = fault
            for path, sent in bodies.items():
                assert proxy.post(path, sent).status_code >= 400
            assert webhook.wait_for(lambda server: server.saw("LLM API call failed"), ALERT_SECONDS)
            webhook.wait_for(lambda server: len(server.requests) > 1, SECOND_BATCH_SECONDS)
            assert ollama.saw(SSN)
            assert not webhook.saw(SSN)
            assert not webhook.saw(WORD)
