"""No keys needed, no Ollama: the embedded model really answers, and private text stays with it."""

from __future__ import annotations

from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, PATHS, SIMPLE, SSN, SSN_DIGITS, body
from tests.e2e.proxy import Proxy


def test_a_question_is_answered_by_a_real_model(embedded: Proxy) -> None:
    """The embedded model's own words come back, with headers that name it."""
    answer = embedded.chat(SIMPLE)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-tier"] == "low"
    assert answer.headers["x-router-deployment"] == "embedded-default-1"
    assert answer.json()["choices"][0]["message"]["content"].strip()
    assert answer.json()["usage"]["completion_tokens"] > 0
    assert embedded.cloud_calls() == []


def test_private_text_is_answered_at_home_while_the_cloud_is_first_everywhere(embedded: Proxy) -> None:
    """With cloud providers set up, a social security number still goes to the embedded model alone."""
    for model in ("auto", "auto-cost", "anthropic-premium"):
        answer = embedded.post(PATHS["chat"], body("chat", SSN, model=model, max_tokens=16))
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-router-private"] == "true"
        assert answer.headers["x-router-deployment"] == "embedded-default-1"
    assert embedded.cloud_calls() == []
    assert embedded.cloud_saw(SSN_DIGITS) == []


def test_an_overloaded_provider_is_followed_by_the_next(embedded: Proxy) -> None:
    """The analysis prompt goes to Anthropic, and when that answers 529, to the next in the chain."""
    assert embedded.chat(ANALYSIS).headers["x-router-deployment"] == "anthropic-premium-1"
    embedded.fakes["anthropic"].default_fault = BY_NAME["status-529"]
    answer = embedded.chat(ANALYSIS)
    assert answer.status_code == 200
    assert answer.headers["x-router-deployment"] == "openai-premium-1"


def test_the_embedded_model_streams(embedded: Proxy) -> None:
    """Messages from the embedded model arrive as Anthropic events."""
    answer = embedded.post(PATHS["messages"], body("messages", SIMPLE, stream=True))
    assert answer.status_code == 200, answer.text
    assert "event: message_stop" in answer.text
    assert answer.headers["x-router-deployment"] == "embedded-default-1"
