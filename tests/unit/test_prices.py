"""Prices of deployments, and what LiteLLM is told of local ones."""

from __future__ import annotations

from typing import Any

from router_plugin.prices import FREE, price_local, prices
from tests.unit.builders import deployment


def test_a_local_deployment_is_free_and_an_unknown_one_has_no_price() -> None:
    """A model without a list price is None rather than free, so that no saving is made up."""
    known = deployment("openai-default", local=False, model="openai/gpt-4o-mini")
    unknown = deployment("openai-other", local=False, model="openai/not-a-model")
    found = prices([deployment("ollama-fast"), known, unknown])
    assert found["ollama-fast-1"] == FREE
    assert found["openai-other-1"] is None
    price = found["openai-default-1"]
    assert price is not None
    assert price.cost(1_000_000, 0) > price.cost(1_000_000, 0, cached_tokens=1_000_000) > 0


def test_local_models_that_litellm_does_not_know_are_entered_as_free() -> None:
    """What its list knows stays as it is, and cloud models are never entered."""
    listed: dict[str, Any] = {"ollama_chat/llama3.1:8b": {"input_cost_per_token": 1e-7}}
    price_local(
        [
            deployment("ollama-fast", model="ollama_chat/phi3:mini"),
            deployment("ollama-embed", model="ollama/nomic-embed-text", role="embedding"),
            deployment("ollama-default", model="ollama_chat/llama3.1:8b"),
            deployment("openai-default", local=False, model="openai/gpt-new"),
        ],
        listed,
    )
    free = {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
    assert listed == {
        "ollama_chat/llama3.1:8b": {"input_cost_per_token": 1e-7},
        "ollama_chat/phi3:mini": {"litellm_provider": "ollama_chat", "mode": "chat", **free},
        "ollama/nomic-embed-text": {"litellm_provider": "ollama", "mode": "embedding", **free},
    }
