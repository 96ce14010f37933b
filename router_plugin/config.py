"""Reads a LiteLLM config file into settings and deployments, and finds everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from router_plugin.adopt import adopt, chains_for
from router_plugin.deployments import (
    AUTO,
    Inventory,
    is_auto,
    is_marked_local,
    provider_name,
    provider_of,
    read_inventory,
    well_formed,
)
from router_plugin.errors import ConfigError
from router_plugin.settings import (
    DEFAULT_PRIORITIES,
    KEY,
    LOCAL,
    SHADOW,
    ChainSettings,
    Settings,
    read_settings,
    store_url,
)

SECTION, _, NAME = KEY.partition(".")
EMBEDDED = "embedded"  # `serve` adds this provider where it is needed
CALLBACK = "router_plugin.plugin.instance"
NO_LOG_OFF = "global_disable_no_log_param"
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
    except UnicodeDecodeError:
        raise ConfigError([f"{path.name}: is not UTF-8 text"]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError([f"{path.name}: not valid YAML{where}"]) from None
    if not isinstance(raw, dict):
        raise ConfigError([f"{path.name}: must be a mapping with `model_list`"])
    return raw


def lenient_settings(raw: Mapping[str, Any]) -> Settings:
    """Our settings as far as they are right, for what comes before the check; it tells what is wrong."""
    return read_settings(_our_section(raw)[0])[0]


def check(raw: Mapping[str, Any], environment: Mapping[str, str]) -> RouterConfig:
    """Settings and inventory of a config. Errors: ConfigError that lists every problem found.

    In shadow mode nothing is locked, so an ordinary LiteLLM config will do: what it leaves open is guessed.
    """
    ours, problems = _our_section(raw)
    settings, found = read_settings(ours)
    problems += found
    if settings.mode == SHADOW:
        return _observed(raw, settings, environment, problems)
    model_list = raw.get("model_list")
    if not isinstance(model_list, list) or not model_list:
        problems.append("model_list: must be a list with at least one deployment")
        model_list = []
    named = {name: (provider.enabled, provider.priority) for name, provider in settings.providers.items()}
    defaults = {name: (True, priority) for name, priority in DEFAULT_PRIORITIES.items()}
    inventory, found = read_inventory(model_list, environment, {**defaults, **named}, settings.local_hosts)
    entries, _ = well_formed(model_list)
    if model_list:
        known = {*map(provider_of, entries)}
        problems += [*found, *_door_problems(entries), *_chain_problems(settings, known)]
        problems += [
            f"{KEY}.providers.{name}: no deployment in model_list has this provider; known: {', '.join(sorted(known))}"
            for name in settings.providers
            if name not in (*known, EMBEDDED)
        ]
    try:
        store_url(settings.store, environment)
    except ConfigError as error:
        problems += error.problems
    local = {entry["model_name"] for entry in entries if is_marked_local(entry)}
    problems += [*_callback_problems(raw), *_fallback_problems(raw, local), *_alias_problems(raw, local)]
    if problems:
        raise ConfigError(problems)
    return RouterConfig(settings, inventory)


def require_locked(settings: Settings, what: str) -> None:
    """Errors: ConfigError in shadow mode, whose configs are not checked for the lock."""
    if settings.mode == SHADOW:
        raise ConfigError([f"{KEY}.mode: {what} needs `route`; in `shadow` nothing is locked"])


def _observed(
    raw: Mapping[str, Any], settings: Settings, environment: Mapping[str, str], problems: list[str]
) -> RouterConfig:
    """What shadow mode decides with. Errors: ConfigError for wrong settings, or without any deployment."""
    model_list = raw.get("model_list")
    adopted = adopt(model_list if isinstance(model_list, list) else [], environment, settings.local_hosts)
    if not adopted.entries:
        problems = [*problems, "model_list: must be a list with at least one deployment"]
    if problems:
        raise ConfigError(problems)
    if "chains" not in settings.routing.model_fields_set:
        chains = ChainSettings(**{name: tuple(chain) for name, chain in chains_for(adopted.entries).items()})
        routing = settings.routing.model_copy(update={"chains": chains})
        settings = settings.model_copy(update={"routing": routing})
    enabled = {name: (p.enabled, p.priority) for name, p in settings.providers.items()}
    usual = {name: (True, priority) for name, priority in DEFAULT_PRIORITIES.items()}
    inventory, _ = read_inventory(adopted.entries, environment, {**usual, **enabled}, settings.local_hosts)
    return RouterConfig(settings, inventory)


def _our_section(raw: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, list[str]]:
    """Settings under KEY; None where there are none, with what looks like a slip of the pen: it would drop them all."""
    section, ours = raw.get(SECTION), None
    if section is not None and not isinstance(section, Mapping):
        return None, [f"{SECTION}: must be a mapping with `{NAME}`"]
    if section is not None:
        ours = section.get(NAME)
    if ours is not None and not isinstance(ours, Mapping):
        return None, [f"{KEY}: must be a mapping"]
    slips = [] if SECTION in raw else [(near, KEY) for near in get_close_matches(SECTION, map(str, raw), cutoff=0.8)]
    slips += [(NAME, KEY)] if NAME in raw else []
    if section is not None and NAME not in section:
        near = get_close_matches(NAME, map(str, section), cutoff=0.8)
        slips += [(f"{SECTION}.{name}", KEY) for name in near]
    return ours, [f"{found}: is read by nobody; did you mean {meant}?" for found, meant in slips]


def _callback_problems(raw: Mapping[str, Any]) -> list[str]:
    """A config that doesn't load the plugin has no lock."""
    section = raw.get("litellm_settings")
    callbacks = section.get("callbacks") if isinstance(section, Mapping) else None
    listed = callbacks if isinstance(callbacks, list) else [callbacks]
    problems = [] if CALLBACK in listed else [f"litellm_settings.callbacks: must hold {CALLBACK}, which is the lock"]
    if isinstance(section, Mapping) and section.get(NO_LOG_OFF):
        problems.append(f"litellm_settings.{NO_LOG_OFF}: remove it; log callbacks would be given private requests")
    return problems


def _alias_problems(raw: Mapping[str, Any], local: set[str]) -> list[str]:
    """LiteLLM resolves aliases before any filter; one of a local group may only lead to another."""
    section = raw.get("router_settings")
    aliases = section.get("model_group_alias") if isinstance(section, Mapping) else None
    if not isinstance(aliases, Mapping):
        return []
    return [
        f"router_settings.model_group_alias.{name}: `{name}` is local, so it may not stand for another group"
        for name, target in aliases.items()
        if (is_auto(str(name)) or name in local)
        and (target.get("model") if isinstance(target, Mapping) else target) not in local
    ]


def load(path: Path, environment: Mapping[str, str]) -> RouterConfig:
    """`read_file`, then `check`."""
    return check(read_file(path), environment)


def _door_problems(entries: list[Mapping[str, Any]]) -> list[str]:
    names = {entry["model_name"] for entry in entries}
    return [] if AUTO in names else [f"model_list: has no group `{AUTO}`; add it as a local deployment"]


def _chain_problems(settings: Settings, known: set[str]) -> list[str]:
    chains = settings.routing.chains
    return [
        f"{KEY}.routing.chains.{name}: {entry!r} is no provider of model_list; use {LOCAL} or "
        + ", ".join(sorted(known - {""}))
        for name in ("low", "medium", "high", "cost")
        for entry in getattr(chains, name)
        if entry != LOCAL and provider_name(entry) not in (*known, EMBEDDED)
    ]


def _fallback_problems(raw: Mapping[str, Any], local: set[str]) -> list[str]:
    """LiteLLM takes global fallbacks for a stream that breaks early, also for private ones: all must be local."""
    return [
        f"{section}.{key}: `{target}` is not local, and LiteLLM falls back to it also for private requests; remove it "
        f"(chains belong under {KEY}.routing.chains)"
        for section in ("router_settings", "litellm_settings")
        if isinstance(raw.get(section), Mapping)
        for key in FALLBACK_KEYS
        for target in targets_of(raw[section].get(key))
        if target not in local and not is_auto(target)
    ]


def targets_of(value: object) -> list[str]:
    """Every group that a fallback setting names as a target."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [target for item in value.values() for target in targets_of(item)]
    if isinstance(value, list):
        return [target for item in value for target in targets_of(item)]
    return []
