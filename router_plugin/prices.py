"""What a deployment costs: dollars per token, from the price list that LiteLLM ships."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

from router_plugin.deployments import EMBEDDING, Deployment
from router_plugin.price_list import entry_of


@dataclass(frozen=True)
class Price:
    """Dollars per token: of a prompt, of an answer, and of prompt tokens that the provider read from its cache."""

    prompt: float
    completion: float
    cached: float

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> float:
        """Dollars for these tokens; `cached_tokens` are among the prompt's."""
        fresh = max(0, prompt_tokens - cached_tokens)
        return (
            fresh * self.prompt + min(cached_tokens, prompt_tokens) * self.cached + completion_tokens * self.completion
        )


FREE = Price(0.0, 0.0, 0.0)


def prices(deployments: Iterable[Deployment]) -> dict[str, Price | None]:
    """Deployment id -> price; a local deployment is free, one that the list doesn't know is None."""
    return {d.id: FREE if d.local else listed(d.model, d.base_model) for d in deployments}


def price_local(deployments: Iterable[Deployment], model_cost: MutableMapping[str, Any]) -> None:
    """Enter local models as free into LiteLLM's own price list, where they are unknown to it.

    Else LiteLLM looks for their price anew at each answer: it asks an Ollama on this machine, whichever server it was
    that answered, and holds up the event loop meanwhile.
    """
    for deployment in deployments:
        if deployment.local and deployment.model not in model_cost:
            model_cost[deployment.model] = {
                "litellm_provider": deployment.model.split("/", 1)[0],
                "mode": "embedding" if deployment.role == EMBEDDING else "chat",
                "input_cost_per_token": 0.0,
                "output_cost_per_token": 0.0,
            }


def listed(model: str, base_model: str | None = None) -> Price | None:
    """A model's list price; None where the list doesn't know it."""
    found = entry_of(model, base_model)
    if found is None or "input_cost_per_token" not in found:
        return None
    prompt = float(found["input_cost_per_token"])
    cached = float(found.get("cache_read_input_token_cost") or prompt)
    return Price(prompt, float(found.get("output_cost_per_token") or 0.0), cached)
