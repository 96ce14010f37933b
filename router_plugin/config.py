"""Reads a LiteLLM config file into settings and deployments, and finds everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from router_plugin.deployments import AUTO, Inventory, is_auto, provider_name, read_inventory
from router_plugin.errors import ConfigError
from router_plugin.settings import DEFAULT_PRIORITIES, KEY, LOCAL, Settings, read_settings

CALLBACK = "router_plugin.plugin.instance"
# LiteLLM settings that add a target behind the router's back; groups named here must be local.
FALLBACK_KEYS = ("fallbacks", "default_fallbacks", "context_window_fallbacks", "content_policy_fallbacks")


@dataclass(frozen=True)
class RouterConfig:
    """A checked config: our settings, and the deployments that can be used now."""

    settings: Settings
    inventory: Inventory


def read_file(path: Path) -> dict[str, Any]:
    """A config file as data. Errors: ConfigError for a file that is missing or no YAML mapping."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            [f"{path.name}: can't be read ({error.strerror}); give the right path with --config"]
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError([f"{path.name}: not valid YAML{where}"]) from None
    if not isinstance(raw, dict):
        raise ConfigError([f"{path.name}: must be a mapping with `model_list`"])
    return raw


def check(raw: Mapping[str, Any], environment: Mapping[str, str]) -> RouterConfig:
    """Settings and inventory of a config. Errors: ConfigError that lists every problem found."""
    callback_settings = raw.get("callback_settings")
    ours = callback_settings.get("router_plugin") if isinstance(callback_settings, Mapping) else None
    if ours is not None and not isinstance(ours, Mapping):
        raise ConfigError([f"{KEY}: must be a mapping"])
    settings, problems = read_settings(ours)
    model_list = raw.get("model_list")
    if not isinstance(model_list, list) or not model_list:
        raise ConfigError([*problems, "model_list: must be a list with at least one deployment"])
    named = {name: (provider.enabled, provider.priority) for name, provider in settings.providers.items()}
    defaults = {name: (True, priority) for name, priority in DEFAULT_PRIORITIES.items()}
    inventory, found = read_inventory(model_list, environment, {**defaults, **named})
    problems += found
    problems += _door_problems(model_list)
    known = {_provider(entry) for entry in model_list if isinstance(entry, Mapping)}
    problems += _chain_problems(settings, known)
    problems += [
        f"{KEY}.providers.{name}: no deployment in model_list has this provider; known: {', '.join(sorted(known))}"
        for name in settings.providers
        if name not in known
    ]
    problems += _fallback_problems(raw, inventory)
    if problems:
        raise ConfigError(problems)
    return RouterConfig(settings, inventory)


def load(path: Path, environment: Mapping[str, str]) -> RouterConfig:
    """`read_file`, then `check`."""
    return check(read_file(path), environment)


def _provider(entry: Mapping[str, Any]) -> str:
    marks = (entry.get("model_info") or {}).get("router")
    return provider_name(str(marks.get("provider"))) if isinstance(marks, Mapping) else ""


def _door_problems(model_list: list[Any]) -> list[str]:
    names = {entry.get("model_name") for entry in model_list if isinstance(entry, Mapping)}
    return [] if AUTO in names else [f"model_list: has no group `{AUTO}`; add it as a local deployment"]


def _chain_problems(settings: Settings, known: set[str]) -> list[str]:
    chains = settings.routing.chains
    return [
        f"{KEY}.routing.chains.{name}: {entry!r} is no provider of model_list; use {LOCAL} or "
        + ", ".join(sorted(known - {""}))
        for name in ("low", "medium", "high", "cost")
        for entry in getattr(chains, name)
        if entry != LOCAL and provider_name(entry) not in known
    ]


def _fallback_problems(raw: Mapping[str, Any], inventory: Inventory) -> list[str]:
    """LiteLLM takes global fallbacks for a stream that breaks early, also for private ones: all must be local."""
    local = {deployment.group for deployment in inventory.deployments if deployment.local}
    return [
        f"{section}.{key}: `{target}` is not local, and LiteLLM falls back to it also for private requests; remove it "
        f"(chains belong under {KEY}.routing.chains)"
        for section in ("router_settings", "litellm_settings")
        if isinstance(raw.get(section), Mapping)
        for key in FALLBACK_KEYS
        for target in _targets(raw[section].get(key))
        if target not in local and not is_auto(target)
    ]


def _targets(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [target for item in value.values() for target in _targets(item)]
    if isinstance(value, list):
        return [target for item in value for target in _targets(item)]
    return []
