"""What happens when a provider fails: the chain goes on, inside what the request may use."""

from __future__ import annotations

import pytest

from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, PATHS, SSN, SSN_DIGITS, body
from tests.e2e.proxy import Proxy, events

RETRIED = ["status-500", "status-503", "status-529", "status-429"]
NOT_RETRIED = ["status-401", "status-403", "status-404"]
EARLY_STREAM_DEATHS = ["error-event-first", "cut-before-content-rst", "cut-before-first-event-rst"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", RETRIED)
def test_a_failing_provider_is_tried_twice_then_the_next_answers(proxy: Proxy, fault: str, stream: bool) -> None:
    """A server error or a full provider costs its two attempts; the next in the chain answers."""
    proxy.fakes["anthropic"].default_fault = BY_NAME[fault]
    answer = proxy.post(PATHS["chat"], body("chat", ANALYSIS, stream=stream))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"] == "openai-premium-1"
    assert answer.headers["x-router-fallbacks"] == "1"
    assert sorted(proxy.cloud_calls()) == ["anthropic", "anthropic", "openai"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_provider_that_hangs_up_is_left(proxy: Proxy, stream: bool) -> None:
    """A connection that is reset before the first byte ends at the next provider."""
    proxy.fakes["anthropic"].default_fault = BY_NAME["cut-before-first-byte-rst"]
    answer = proxy.post(PATHS["chat"], body("chat", ANALYSIS, stream=stream))
    assert answer.headers["x-router-deployment"] == "openai-premium-1"
    assert proxy.cloud_calls().count("openai") == 1


@pytest.mark.parametrize("fault", NOT_RETRIED)
def test_a_misconfigured_provider_is_skipped_at_once(proxy: Proxy, fault: str) -> None:
    """A bad key or a missing model is not tried again."""
    proxy.fakes["anthropic"].default_fault = BY_NAME[fault]
    answer = proxy.chat(ANALYSIS)
    assert answer.headers["x-router-deployment"] == "openai-premium-1"
    assert sorted(proxy.cloud_calls()) == ["anthropic", "openai"]


@pytest.mark.parametrize("fault", EARLY_STREAM_DEATHS)
def test_a_stream_that_dies_before_its_first_content_goes_on_elsewhere(proxy: Proxy, fault: str) -> None:
    """The client sees one whole stream, and the header names who really served it."""
    proxy.fakes["anthropic"].default_fault = BY_NAME[fault]
    answer = proxy.post(PATHS["chat"], body("chat", ANALYSIS, stream=True))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"] == "openai-premium-1"
    text = "".join(
        chunk["choices"][0]["delta"].get("content") or "" for chunk in events(answer) if chunk.get("choices")
    )
    assert text.startswith("served by openai")


def test_the_clients_own_mistake_is_returned_as_it_is(proxy: Proxy) -> None:
    """A 400 of a provider isn't tried elsewhere."""
    proxy.fakes["anthropic"].default_fault = BY_NAME["status-400"]
    answer = proxy.chat(ANALYSIS)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]
    assert proxy.cloud_calls() == ["anthropic"]


def test_when_all_fail_one_error_names_every_attempt(proxy: Proxy) -> None:
    """The client learns which deployments were tried, and gets no bare 500."""
    for fake in proxy.fakes.values():
        fake.default_fault = BY_NAME["status-500"]
    answer = proxy.chat(ANALYSIS)
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert error["code"] == "all_deployments_failed"
    for name in ("anthropic-premium-1", "openai-premium-1", "azure-premium-1", "ollama-default-1"):
        assert name in error["message"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("surface", PATHS)
@pytest.mark.parametrize("fault", ["status-500", "cut-before-first-byte-rst", "error-event-first", "refuse"])
def test_a_private_request_is_refused_rather_than_sent_away(
    proxy: Proxy, surface: str, fault: str, stream: bool
) -> None:
    """With the local server failing, private text reaches no cloud back end, and the error says so."""
    proxy.fakes["ollama"].default_fault = BY_NAME[fault]
    answer = proxy.post(PATHS[surface], body(surface, SSN, stream=stream))
    assert proxy.cloud_calls() == []
    assert proxy.cloud_saw(SSN_DIGITS) == []
    assert answer.status_code >= 400 or "error" in answer.text or fault == "error-event-first"
    if fault in ("status-500", "refuse"):
        assert answer.status_code == 503
        assert "stay local" in answer.text
