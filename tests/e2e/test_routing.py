"""Where requests go, through the real proxy: the five usage examples, every API shape, steering."""

from __future__ import annotations

import pytest

from tests.e2e.bodies import ANALYSIS, PATHS, RECORD, SIMPLE, SSN, SSN_DIGITS, body
from tests.e2e.proxy import Proxy


def called(proxy: Proxy) -> list[str]:
    """Which back ends were asked to generate."""
    return [name for name, fake in proxy.fakes.items() for request in fake.requests if request.asks_model]


def test_a_simple_question_is_answered_locally(proxy: Proxy) -> None:
    """Usage example 1: low complexity goes to Ollama, and the headers say so."""
    answer = proxy.chat(SIMPLE)
    assert answer.status_code == 200
    assert answer.headers["x-router-tier"] == "low"
    assert answer.headers["x-router-strategy"] == "complexity"
    assert answer.headers["x-router-private"] == "false"
    assert answer.headers["x-router-deployment"].startswith("ollama-")
    assert "complexity.low" in answer.headers["x-router-reason"]
    assert answer.headers["x-router-decision-id"]
    assert answer.headers["x-router-model-version"]
    assert called(proxy) == ["ollama"]


def test_an_analysis_goes_to_the_premium_provider(proxy: Proxy) -> None:
    """Usage example 2: high complexity goes to Anthropic's premium model."""
    answer = proxy.chat(ANALYSIS)
    assert answer.headers["x-router-tier"] == "high"
    assert answer.headers["x-router-deployment"] == "anthropic-premium-1"
    assert called(proxy) == ["anthropic"]


def test_a_medical_record_stays_local(proxy: Proxy) -> None:
    """Usage example 3: a private topic is answered by Ollama only."""
    answer = proxy.chat(RECORD)
    assert answer.status_code == 200
    assert answer.headers["x-router-private"] == "true"
    assert answer.headers["x-router-deployment"].startswith("ollama-")
    assert proxy.cloud_calls() == []


def test_a_provider_can_be_forced(proxy: Proxy) -> None:
    """Usage example 4: the caller's provider is used for a prompt that may leave."""
    answer = proxy.chat("Hello!", x_router_provider="anthropic")
    assert answer.headers["x-router-deployment"] == "anthropic-default-1"
    assert called(proxy) == ["anthropic"]


def test_the_cost_strategy_prefers_local(proxy: Proxy) -> None:
    """Usage example 5: the cost strategy starts with Ollama."""
    answer = proxy.chat("Summarize this article...", x_router_strategy="cost")
    assert answer.headers["x-router-strategy"] == "cost"
    assert answer.headers["x-router-deployment"].startswith("ollama-")
    assert called(proxy) == ["ollama"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("surface", PATHS)
@pytest.mark.parametrize(
    ("text", "backend", "private"),
    [(SIMPLE, "ollama", "false"), (ANALYSIS, "anthropic", "false"), (SSN, "ollama", "true")],
)
def test_every_api_shape_is_routed(
    proxy: Proxy, surface: str, text: str, backend: str, private: str, stream: bool
) -> None:
    """Chat, Completions, Responses and Messages, streamed and not, reach the same back end."""
    answer = proxy.post(PATHS[surface], body(surface, text, stream=stream))
    assert answer.status_code == 200, answer.text
    assert f"served{' by' if not stream else ''}" in answer.text
    assert answer.headers["x-router-private"] == private
    assert answer.headers["x-router-deployment"].startswith(backend)
    assert called(proxy) == [backend]


@pytest.mark.parametrize(
    ("headers", "model", "metadata", "expected"),
    [
        ({}, "auto-cost", None, ["ollama"]),
        ({}, "auto-private", None, ["ollama"]),
        ({}, "auto-latency", None, ["ollama"]),
        ({"x_router_private": "true"}, "auto", None, ["ollama"]),
        ({"x_router_provider": "openai"}, "auto", None, ["openai"]),
        ({"x_router_provider": "azure_openai"}, "auto", None, ["azure"]),
        ({"x_router_model": "gpt-4o"}, "auto", None, ["azure"]),
        ({"x_router_model": "gpt-4o", "x_router_provider": "openai"}, "auto", None, ["openai"]),
        ({"x_router_max_tier": "low"}, "auto", None, ["ollama"]),
        ({}, "openai-default", None, ["openai"]),
        ({}, "azure-premium-1", None, ["azure"]),
        ({}, "auto", {"router": {"strategy": "cost"}}, ["ollama"]),
        ({}, "auto", {"router": {"provider": "openai"}}, ["openai"]),
        ({"x_router_provider": "azure"}, "auto", {"router": {"provider": "openai"}}, ["azure"]),
    ],
)
def test_a_caller_can_steer(
    proxy: Proxy, headers: dict[str, str], model: str, metadata: dict[str, object] | None, expected: list[str]
) -> None:
    """Model name, header and metadata choose strategy, provider and model of a prompt that may leave."""
    request = body("chat", ANALYSIS, model=model, **({"metadata": metadata} if metadata else {}))
    answer = proxy.post(PATHS["chat"], request, **headers)
    assert answer.status_code == 200, answer.text
    assert called(proxy) == expected


@pytest.mark.parametrize(
    ("headers", "model"),
    [
        ({"x_router_provider": "anthropic"}, "auto"),
        ({"x_router_model": "gpt-4o"}, "auto"),
        ({"x_router_private": "false"}, "auto"),
        ({"x_router_strategy": "latency"}, "auto"),
        ({}, "openai-premium"),
        ({}, "openai-premium-1"),
        ({}, "gpt-4o"),
    ],
)
def test_no_steering_loosens_the_lock(proxy: Proxy, headers: dict[str, str], model: str) -> None:
    """Private content that is pinned to the cloud is answered at home all the same."""
    answer = proxy.post(PATHS["chat"], body("chat", SSN, model=model), **headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-private"] == "true"
    assert called(proxy) == ["ollama"]
    assert proxy.cloud_saw(SSN_DIGITS) == []


def test_embeddings_never_change_the_model(proxy: Proxy) -> None:
    """Embeddings are answered by the embedding deployment, private ones too."""
    answer = proxy.post("/v1/embeddings", {"model": "auto", "input": [SSN, SIMPLE]})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == 2
    assert answer.headers["x-router-deployment"] == "ollama-embed-1"
    assert proxy.cloud_calls() == []


def test_the_doors_are_listed_as_models(proxy: Proxy) -> None:
    """A client that lists models finds the router's own names."""
    names = {model["id"] for model in proxy.client.get("/v1/models").json()["data"]}
    assert {"auto", "auto-complexity", "auto-cost", "auto-latency", "auto-private"} <= names


def test_tools_are_offered_and_called(proxy: Proxy) -> None:
    """Tool definitions reach the back end, and the call comes back."""
    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
    answer = proxy.post(PATHS["chat"], body("chat", "CALL_TOOL What is the weather?", tools=tools))
    assert answer.json()["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "weather"
