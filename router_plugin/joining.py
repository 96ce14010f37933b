"""Writes configs: the pack fitted to what is there, or an existing LiteLLM config with the router added."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from router_plugin.adopt import adopt, chains_for
from router_plugin.config import CALLBACK, FALLBACK_KEYS, NO_LOG_OFF, targets_of
from router_plugin.deployments import is_auto, is_marked_local
from router_plugin.errors import ConfigError
from router_plugin.ollama import DEFAULT_URL
from router_plugin.plan import EMBEDDING
from router_plugin.steering import AUTO_MODELS

LOCAL_DEFAULT = {
    "model_name": "ollama-default",
    "litellm_params": {
        "model": "ollama_chat/llama3.1:8b",
        "num_ctx": 16384,
        "api_base": DEFAULT_URL,
        "timeout": 120,
        "stream_timeout": 30,
        "max_retries": 0,
    },
    "model_info": {"id": "ollama-default-1", "router": {"provider": "ollama", "role": "default", "local": True}},
}


@dataclass(frozen=True)
class Joined:
    """A config, and a line for each thing that was changed or that an operator should know."""

    config: dict[str, Any]
    notes: tuple[str, ...]


def join(raw: Mapping[str, Any], environment: Mapping[str, str], pulled: Iterable[str] = ()) -> Joined:
    """An existing LiteLLM config with the router added; its models stay. `pulled`: models of a local Ollama.

    Errors: ConfigError without a model list.
    """
    given = raw.get("model_list")
    if not isinstance(given, list) or not given:
        raise ConfigError(["model_list: must be a list with at least one deployment"])
    config = copy.deepcopy(dict(raw))
    ours = dict((config.get("callback_settings") or {}).get("router_plugin") or {})
    adopted = adopt(given, environment, tuple(ours.get("local_hosts") or ()))
    notes = list(adopted.notes)
    entries = [entry for entry in adopted.entries if not is_auto(entry["model_name"])]
    if not any(map(_is_local_chat, entries)):
        entries.append(_local_default(pulled, entries, notes))
    doors = [entry for entry in adopted.entries if is_auto(entry["model_name"])]
    there = {entry["model_name"] for entry in doors}
    target = next(filter(_is_local_chat, entries))
    doors += [_door(name, target) for name in AUTO_MODELS if name not in there]
    config["model_list"] = [*doors, *entries]
    _add_settings(config, ours, chains_for(entries))
    _drop_fallbacks(config, {entry["model_name"] for entry in entries if is_marked_local(entry)}, notes)
    return Joined(config, tuple(notes))


def _is_local_chat(entry: Mapping[str, Any]) -> bool:
    return is_marked_local(entry) and entry["model_info"]["router"].get("role") != EMBEDDING


def _door(name: str, target: Mapping[str, Any]) -> dict[str, Any]:
    provider = target["model_info"]["router"]["provider"]
    info = {"id": f"{name}-1", "router": {"provider": provider, "local": True}}
    return {"model_name": name, "litellm_params": copy.deepcopy(target["litellm_params"]), "model_info": info}


def _local_default(pulled: Iterable[str], entries: list[dict[str, Any]], notes: list[str]) -> dict[str, Any]:
    """A local deployment for a config without one: a model that Ollama has, else the pack's, to be pulled."""
    entry = copy.deepcopy(LOCAL_DEFAULT)
    usable = [name for name in pulled if "embed" not in name and not name.endswith(("-cloud", ":cloud"))]
    wanted = "llama3.1:8b"
    model = wanted if wanted in usable or not usable else usable[0]
    entry["litellm_params"]["model"] = f"ollama_chat/{model}"  # type: ignore[index]
    names = {item["model_name"] for item in entries} | {item["model_info"]["id"] for item in entries}
    while entry["model_name"] in names or entry["model_info"]["id"] in names:  # type: ignore[index]
        entry["model_name"] = f"router-{entry['model_name']}"
        entry["model_info"]["id"] = f"{entry['model_name']}-1"  # type: ignore[index]
    cure = "" if model in usable else f"; private requests are refused until you run `ollama pull {model}`"
    notes.append(f"added: `{entry['model_name']}` ({model}), since nothing was clearly local{cure}")
    return entry


def _add_settings(config: dict[str, Any], ours: dict[str, Any], chains: dict[str, list[str]]) -> None:
    """The callback, what the lock needs of LiteLLM, and the chains; what the config says of these stays."""
    litellm = dict(config.get("litellm_settings") or {})
    callbacks = litellm.get("callbacks") or []
    listed = callbacks if isinstance(callbacks, list) else [callbacks]
    litellm["callbacks"] = listed if CALLBACK in listed else [*listed, CALLBACK]
    litellm.pop(NO_LOG_OFF, None)
    for name, value in (("drop_params", True), ("turn_off_message_logging", True)):
        litellm.setdefault(name, value)
    router = {**(config.get("router_settings") or {}), "num_retries": 0, "disable_cooldowns": True}
    general = dict(config.get("general_settings") or {})
    general.setdefault("master_key", "os.environ/LITELLM_MASTER_KEY")
    ours.pop("mode", None)
    routing = dict(ours.get("routing") or {})
    routing.setdefault("chains", chains)
    ours = {**ours, "routing": routing}
    ours.setdefault("decision_log", {"path": "router_decisions.sqlite"})
    others = dict(config.get("callback_settings") or {})
    config["litellm_settings"], config["router_settings"], config["general_settings"] = litellm, router, general
    config["callback_settings"] = {**others, "router_plugin": ours}


def _drop_fallbacks(config: dict[str, Any], local: set[str], notes: list[str]) -> None:
    """LiteLLM would take its own fallbacks for a private request's broken stream, too; the chains replace them."""
    for section in ("router_settings", "litellm_settings"):
        for key in FALLBACK_KEYS:
            found = config[section].get(key)
            away = [name for name in targets_of(found) if name not in local and not is_auto(name)]
            if away:
                del config[section][key]
                notes.append(
                    f"removed: {section}.{key} ({', '.join(dict.fromkeys(away))}); routing.chains takes its place"
                )
    config["router_settings"].setdefault("fallbacks", [{"*": list(AUTO_MODELS)}])
    aliases = config["router_settings"].get("model_group_alias")
    for name, target in list(aliases.items()) if isinstance(aliases, Mapping) else []:
        means = target.get("model") if isinstance(target, Mapping) else target
        if (is_auto(str(name)) or name in local) and means not in local:
            del config["router_settings"]["model_group_alias"][name]
            notes.append(f"removed: router_settings.model_group_alias.{name}, which leads from a local group away")


def fit_pack(pack_text: str, pulled: Iterable[str]) -> tuple[str, list[str]]:
    """The pack's text with models that this Ollama has, and a line for each change. Comments stay."""
    found, notes = sorted(pulled), []
    chat = [name for name in found if "embed" not in name and not name.endswith(("-cloud", ":cloud"))]
    embed = [name for name in found if "embed" in name]
    for prefix, wanted, others in (
        ("ollama_chat/", "llama3.1:8b", chat),
        ("ollama/", "nomic-embed-text", embed),
    ):
        has = wanted in found or f"{wanted}:latest" in found
        if not has and others:
            pack_text = pack_text.replace(f"{prefix}{wanted}", f"{prefix}{others[0]}")
            notes.append(f"{others[0]} takes the place of {wanted}, which this Ollama doesn't have")
    return pack_text, notes
