"""What a deployment costs: dollars per token, from the price list that LiteLLM ships."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from router_plugin.deployments import Deployment
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


def listed(model: str, base_model: str | None = None) -> Price | None:
    """A model's list price; None where the list doesn't know it."""
    found = entry_of(model, base_model)
    if found is None or "input_cost_per_token" not in found:
        return None
    prompt = float(found["input_cost_per_token"])
    cached = float(found.get("cache_read_input_token_cost") or prompt)
    return Price(prompt, float(found.get("output_cost_per_token") or 0.0), cached)
