"""The dry form of a user's config: its deployments and rules, with the fakes' addresses and invented keys."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from router_plugin.capabilities import OLLAMA_PREFIXES
from router_plugin.config import CALLBACK, RouterConfig, check
from router_plugin.deployments import is_auto
from router_plugin.leaktest.sources import Target

INVENTED_KEY = "sk-invented"
LOCAL_SECONDS = 3.0  # what a local deployment gets, so that a slow one costs little time
AZURE_API_VERSION = "2024-10-21"
NATIVE = ("openai", "azure", "anthropic")  # providers that have a fake of their own; others become OpenAI's
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# What is kept of a config. Everything else could hold an address or a key, or load code that does.
KEPT_PARAMS = ("model", "timeout", "stream_timeout", "max_retries", "rpm", "tpm", "weight", "order", "tags", "mode")
KEPT_SETTINGS = {
    "litellm_settings": (
        *("drop_params", "turn_off_message_logging", "num_retries", "request_timeout", "modify_params"),
        *("fallbacks", "default_fallbacks", "context_window_fallbacks", "content_policy_fallbacks"),
    ),
    "router_settings": (
        *("num_retries", "timeout", "allowed_fails", "cooldown_time", "disable_cooldowns", "model_group_alias"),
        *("fallbacks", "default_fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "max_fallbacks"),
        *("routing_strategy", "enable_pre_call_checks", "enable_tag_filtering", "retry_policy", "retry_after"),
    ),
}


@dataclass(frozen=True)
class Addresses:
    """Base URLs of the fakes: a local Ollama, a local server of OpenAI's shape, and the cloud by provider."""

    ollama: str
    openai_shaped: str
    cloud: Mapping[str, str]


NEVER_OPEN = 1_000_000  # failures


def dry_form(raw: Mapping[str, Any], addresses: Addresses) -> dict[str, Any]:
    """A config that reaches nothing but the fakes, and loads no callback but the plugin.

    `raw` is as the user wrote it and has passed `config.check`, which sees what a dry form hides.
    """
    config: dict[str, Any] = {"model_list": [_entry(entry, addresses) for entry in raw.get("model_list") or ()]}
    for section, names in KEPT_SETTINGS.items():
        given = raw.get(section)
        given = given if isinstance(given, Mapping) else {}
        config[section] = {name: copy.deepcopy(given[name]) for name in names if name in given}
    config["litellm_settings"] |= {"callbacks": [CALLBACK], "telemetry": False}
    config["general_settings"] = {"master_key": INVENTED_KEY}
    ours = _without_addresses((raw.get("callback_settings") or {}).get("router_plugin") or {})
    ours.setdefault("limits", {})["private_timeout_seconds"] = LOCAL_SECONDS
    # every case must meet its back ends: an open circuit would hide what a failure does
    ours.setdefault("routing", {})["breaker"] = {"failures": NEVER_OPEN}
    ours["on_private"] = "local"  # any word of a private request that arrives counts as a leak here
    config["callback_settings"] = {"router_plugin": ours}
    return config


def without_plugin(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same deployments behind plain LiteLLM."""
    plain = copy.deepcopy(dict(config))
    plain.pop("callback_settings")
    plain["litellm_settings"].pop("callbacks")
    return plain


def cloud_targets(config: Mapping[str, Any]) -> tuple[RouterConfig, list[Target]]:
    """A dry config as the proxy will read it, and its cloud deployments. Errors: ConfigError."""
    checked = check(config, {})
    local = tuple(dict.fromkeys(d.group for d in checked.inventory.deployments if d.local))
    targets = [
        Target(d.group, d.id, d.model, d.provider, d.api_base or "", local)
        for d in checked.inventory.deployments
        if not d.local
    ]
    return checked, targets


def _entry(entry: Any, addresses: Addresses) -> Any:
    """A deployment at a fake; what is no deployment stays as it is, for the config check to report."""
    params = entry.get("litellm_params") if isinstance(entry, Mapping) else None
    if not isinstance(params, Mapping) or not isinstance(params.get("model"), str):
        return entry
    info = copy.deepcopy(dict(entry.get("model_info") or {}))
    kept = {name: copy.deepcopy(params[name]) for name in KEPT_PARAMS if name in params}
    marks = info.get("router")
    local = isinstance(marks, Mapping) and marks.get("local") is True
    if local or is_auto(str(entry.get("model_name"))):
        kept |= _local(str(params["model"]), addresses)
    else:
        prefix, _, rest = str(params["model"]).rpartition("/")
        provider = prefix.split("/")[0] or "openai"
        info["router"] = {"provider": provider, **(marks if isinstance(marks, Mapping) else {})}
        kept |= _cloud(provider, rest, str(params["model"]), addresses)
    return {"model_name": entry.get("model_name"), "litellm_params": kept, "model_info": info}


def _local(model: str, addresses: Addresses) -> dict[str, Any]:
    limits = {"timeout": LOCAL_SECONDS, "stream_timeout": LOCAL_SECONDS}
    if model.startswith(OLLAMA_PREFIXES):
        return {"api_base": addresses.ollama, **limits}
    return {"api_base": addresses.openai_shaped, "api_key": INVENTED_KEY, **limits}


def _cloud(provider: str, name: str, model: str, addresses: Addresses) -> dict[str, Any]:
    """Providers without a fake of their own speak OpenAI's API here: their usual addresses must not be asked."""
    fake = provider if provider in NATIVE else "openai"
    params = {"api_base": addresses.cloud[fake], "api_key": INVENTED_KEY}
    if provider not in NATIVE:
        params["model"] = f"openai/{name}"
    elif "/" not in model:
        params["model"] = f"{provider}/{model}"
    if provider == "azure":
        params["api_version"] = AZURE_API_VERSION
    return params


def _without_addresses(value: Any) -> Any:
    """A copy without text that is a URL of another machine."""
    if isinstance(value, Mapping):
        return {key: _without_addresses(item) for key, item in value.items() if not _is_remote(item)}
    if isinstance(value, list):
        return [_without_addresses(item) for item in value if not _is_remote(item)]
    return value


def _is_remote(value: Any) -> bool:
    return isinstance(value, str) and "://" in value and urlsplit(value).hostname not in LOOPBACK
