"""Where a cloud deployment could come in: the client's pin, and the settings that a client can send along."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Target:
    """A cloud deployment of the config, by all its names, and the address of the fake behind it.

    `local_groups` are the groups that a client would name to have this one take over from them.
    """

    group: str
    id: str
    model: str  # with LiteLLM's provider prefix
    provider: str
    api_base: str
    local_groups: tuple[str, ...] = ()

    @property
    def bare_model(self) -> str:
        """The provider's own name of the model."""
        return self.model.split("/", 1)[-1]

    @property
    def prefix(self) -> str:
        """LiteLLM's name of the provider."""
        return self.model.split("/", 1)[0]


@dataclass(frozen=True)
class Extra:
    """What is added to a request."""

    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def _takeovers(target: Target) -> list[dict[str, list[str]]]:
    """LiteLLM's map from a failing group to its fallbacks, for every group that could fail."""
    return [{group: [target.group]} for group in ("auto", *target.local_groups, "*")]


def _deployment(target: Target) -> dict[str, Any]:
    params = {"model": target.model, "api_base": target.api_base, "api_key": "sk-client"}
    return {"model_name": "auto", "litellm_params": params}


# Who is asked for: the model name, or a steering header or field.
PINS: dict[str, Callable[[Target], Extra]] = {
    "auto": lambda _: Extra({"model": "auto"}),
    "auto-latency": lambda _: Extra({"model": "auto-latency"}),
    "cloud-group": lambda t: Extra({"model": t.group}),
    "cloud-id": lambda t: Extra({"model": t.id}),
    "cloud-model": lambda t: Extra({"model": t.bare_model}),
    "provider/model": lambda t: Extra({"model": t.model}),
    "comma-batch": lambda t: Extra({"model": f"auto,{t.group}"}),
    "provider-header": lambda t: Extra({"model": "auto"}, {"x-router-provider": t.provider}),
    "model-header": lambda t: Extra({"model": "auto"}, {"x-router-model": t.group, "x-router-private": "false"}),
    "metadata": lambda t: Extra({"model": "auto", "metadata": {"router": {"model": t.group, "private": False}}}),
}

# What a client sends along to get a cloud deployment in.
SOURCES: dict[str, Callable[[Target], Extra]] = {
    "router": lambda _: Extra(),  # the config's own chain and fallbacks
    "fallbacks": lambda t: Extra({"fallbacks": [t.group]}),
    "fallbacks-id": lambda t: Extra({"fallbacks": [t.id]}),
    "fallbacks-map": lambda t: Extra({"fallbacks": _takeovers(t)}),
    "fallbacks-dict": lambda t: Extra({"fallbacks": [{"model": t.group, "metadata": {"router": {"private": False}}}]}),
    "fallbacks-text": lambda t: Extra({"fallbacks": json.dumps([t.group])}),
    "default-fallbacks": lambda t: Extra({"default_fallbacks": [t.group]}),
    "context-window": lambda t: Extra({"context_window_fallbacks": _takeovers(t)}),
    "context-window-map": lambda t: Extra({"context_window_fallback_dict": {"auto": t.group}}),
    "content-policy": lambda t: Extra({"content_policy_fallbacks": _takeovers(t)}),
    "mock-fallbacks": lambda t: Extra({"mock_testing_fallbacks": True, "fallbacks": [t.group]}),
    "retries": lambda _: Extra({"num_retries": 3, "max_retries": 3, "retry_policy": {"InternalServerErrorRetries": 2}}),
    "custom-provider": lambda t: Extra({"custom_llm_provider": t.prefix}),
    "api-base": lambda t: Extra({"api_base": t.api_base, "api_key": "sk-client"}),
    "base-url": lambda t: Extra({"base_url": t.api_base, "custom_llm_provider": t.prefix}),
    "azure": lambda _: Extra({"azure": True}),
    "deployment-id": lambda t: Extra({"deployment_id": t.id, "azure": True}),
    "specific-deployment": lambda t: Extra({"specific_deployment": True, "model_id": t.id}),
    "target-order": lambda _: Extra({"_target_order": 1, "_excluded_deployment_ids": []}),
    "web-search": lambda _: Extra({"web_search_options": {"search_context_size": "low"}}),
    "user-config": lambda t: Extra({"user_config": {"model_list": [_deployment(t)]}}),
    "model-list": lambda t: Extra({"model_list": [_deployment(t)]}),
    "settings-override": lambda t: Extra({"router_settings_override": {"fallbacks": _takeovers(t)}}),
    "extra-body": lambda t: Extra({"extra_body": {"model": t.bare_model, "api_base": t.api_base}}),
    "litellm-params": lambda t: Extra({"litellm_params": {"model": t.model, "api_base": t.api_base}}),
    "metadata-note": lambda t: Extra({"litellm_metadata": {"model_group": t.group, "specific_deployment": t.id}}),
    "tags": lambda t: Extra({"tags": [t.group, t.provider]}, {"x-litellm-tags": t.group}),
    "headers": lambda t: Extra(
        headers={
            "x-litellm-model": t.group,
            "x-litellm-model-id": t.id,
            "x-litellm-model-api-base": t.api_base,
            "x-litellm-num-retries": "2",
            "x-litellm-stream-timeout": "1",
        }
    ),
}
DOES_NOTHING = "router"
