"""Bad input: a clear error in the API's own shape, and nothing sent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.bodies import PATHS, body
from tests.e2e.proxy import Proxy

EMBED = {"model": "ollama-embed", "input": "hi"}
HELLO = [{"role": "user", "content": "hi"}]

BAD: dict[str, tuple[str, dict[str, Any], dict[str, str], int, str]] = {
    "empty messages": ("chat", {"model": "auto", "messages": []}, {}, 400, "messages"),
    "no messages": ("chat", {"model": "auto"}, {}, 400, "messages"),
    "content is a number": (
        "chat",
        {"model": "auto", "messages": [{"role": "user", "content": 5}]},
        {},
        400,
        "content",
    ),
    "malformed part": ("chat", {"model": "auto", "messages": [{"role": "user", "content": [{}]}]}, {}, 400, "type"),
    "unknown strategy": (
        "chat",
        {"model": "auto", "messages": HELLO},
        {"x_router_strategy": "luck"},
        400,
        "complexity",
    ),
    "unknown provider": ("chat", {"model": "auto", "messages": HELLO}, {"x_router_provider": "acme"}, 400, "anthropic"),
    "unknown model": ("chat", {"model": "gpt-99", "messages": HELLO}, {}, 400, "auto-cost"),
    "unknown door": ("chat", {"model": "auto-magic", "messages": HELLO}, {}, 400, "auto-cost"),
    "unknown steering": ("chat", {"model": "auto", "messages": HELLO}, {"x_router_colour": "red"}, 400, "strategy"),
    "two models": ("chat", {"model": "openai-default,ollama-default", "messages": HELLO}, {}, 400, "auto"),
    "empty messages, Anthropic": ("messages", {"model": "auto", "max_tokens": 5, "messages": []}, {}, 400, "messages"),
    "empty input": ("responses", {"model": "auto", "input": []}, {}, 400, "input"),
    "chat model for embeddings": ("chat", {"model": "ollama-embed", "messages": HELLO}, {}, 400, "chat model"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_its_cause(proxy: Proxy, case: str) -> None:
    """The error has the API's shape, names what is wrong or allowed, and nothing was sent."""
    surface, request, headers, status, word = BAD[case]
    answer = proxy.post(PATHS[surface], request, **headers)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert word in error["message"]
    assert ("code" in error) == (surface != "messages")
    assert (answer.json().get("type") == "error") == (surface == "messages")
    assert "Traceback" not in answer.text
    assert proxy.untouched()


@pytest.mark.parametrize("content", ["{", "[]", '"hi"', "null"])
def test_a_body_that_is_no_json_object_is_refused(proxy: Proxy, content: str) -> None:
    """Malformed JSON gets a 4xx without a stack trace."""
    answer = proxy.client.post(PATHS["chat"], content=content, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text


KEYS: dict[str, tuple[dict[str, str], str]] = {
    "a wrong one": ({"Authorization": "Bearer sk-wrong-zq9x"}, "is not known"),
    "a wrong one as Anthropic's clients send it": ({"x-api-key": "sk-wrong-zq9x"}, "is not known"),
    "one without Bearer": ({"Authorization": "sk-wrong-zq9x"}, "Bearer"),
    "none": ({}, "has no API key"),
}


def ask_with(proxy: Proxy, method: str, path: str, headers: dict[str, str], request: Any = None) -> httpx.Response:
    """A request without the fixture's master key."""
    return httpx.request(method, f"{proxy.url}{path}", json=request, headers=headers, timeout=60, trust_env=False)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("surface", [*PATHS, "embeddings"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_request_without_a_known_key_is_told_how_to_send_one(
    proxy: Proxy, surface: str, key: str, *, stream: bool
) -> None:
    """It is a 401 in the API's shape, streams too, names the header and the variable, and repeats no key."""
    headers, cause = KEYS[key]
    request = EMBED if surface == "embeddings" else body(surface, "What is 2 + 2?", stream=stream)
    answer = ask_with(proxy, "POST", PATHS.get(surface, "/v1/embeddings"), headers, request)
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error["type"] == "authentication_error"
    assert error.get("code") == (None if surface == "messages" else "invalid_api_key")
    assert (answer.json().get("type") == "error") == (surface == "messages")
    for part in (cause, "`Authorization: Bearer", "`x-api-key", "LITELLM_MASTER_KEY"):
        assert part in error["message"]
    assert "zq9x" not in answer.text + str(answer.headers)
    assert proxy.untouched()


@pytest.mark.parametrize("path", ["/v1/models", "/health", "/metrics"])
@pytest.mark.parametrize("key", KEYS)
def test_endpoints_without_a_prompt_say_the_same(proxy: Proxy, path: str, key: str) -> None:
    """Clients try a key with the list of models."""
    answer = ask_with(proxy, "GET", path, KEYS[key][0])
    assert answer.status_code == 401, answer.text
    assert "LITELLM_MASTER_KEY" in answer.json()["error"]["message"]
    assert "zq9x" not in answer.text


def test_what_litellm_refuses_for_another_cause_is_not_blamed_on_the_key(proxy: Proxy) -> None:
    """LiteLLM refuses an address in the body at the same place as a key."""
    answer = proxy.post(PATHS["chat"], {**body("chat", "hi"), "api_base": "http://127.0.0.1:9/v1"})
    assert answer.status_code != 401
    assert "LITELLM_MASTER_KEY" not in answer.text
    assert proxy.untouched()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/openai/v1/chat/completions"),
        ("POST", "/anthropic/v1/messages"),
        ("POST", "/azure/openai/deployments/gpt-4o/chat/completions"),
        ("POST", "/v1/rag/query"),
        ("POST", "/utils/token_counter"),
        ("POST", "/v1/files"),
        ("POST", "/v1/batches"),
        ("POST", "/v1/images/generations"),
        ("POST", "/v1/audio/speech"),
        ("POST", "/v1/assistants"),
        ("POST", "/v1/threads"),
        ("POST", "/v1/rerank"),
        ("POST", "/model/new"),
        ("POST", "/a/path/of/tomorrow"),
        ("GET", "/v1/responses/resp_1"),
    ],
)
def test_endpoints_that_cannot_be_inspected_are_closed(proxy: Proxy, method: str, path: str) -> None:
    """Whatever isn't named as open is refused before LiteLLM sees it."""
    answer = proxy.client.request(method, path, json={"model": "openai-default", "input": "hi", "messages": HELLO})
    assert answer.status_code == 403
    assert "endpoints.open" in answer.json()["error"]["message"]
    assert proxy.untouched()
