"""Writes configs: the pack fitted to what is there, or an existing LiteLLM config with the router added."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from router_plugin.adopt import adopt, chains_for
from router_plugin.config import CALLBACK, FALLBACK_KEYS, NO_LOG_OFF, targets_of
from router_plugin.deployments import EMBEDDING, is_auto, is_marked_local
from router_plugin.errors import ConfigError
from router_plugin.ollama import DEFAULT_URL
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


@dataclass(frozen=True)
class LocalGroup:
    """One of the pack's Ollama groups: the model that it has there, and what it is for."""

    model: str
    purpose: str
    prefix: str = "ollama_chat/"

    def usable(self, pulled: Iterable[str]) -> list[str]:
        """Models of an Ollama that can take its place, by name. One that Ollama runs elsewhere is none."""
        embeds = self.prefix != "ollama_chat/"
        return [n for n in sorted(pulled) if ("embed" in n) is embeds and not n.endswith(("-cloud", ":cloud"))]


LOCAL_GROUPS = {
    "ollama-default": LocalGroup("llama3.1:8b", "for most local work and every private request"),
    "ollama-fast": LocalGroup("phi3:mini", "for the easiest work"),
    "ollama-code": LocalGroup("codellama:13b", "for code"),
    "ollama-embed": LocalGroup("nomic-embed-text", "for embeddings", "ollama/"),
}
NEEDED = ("ollama-default", "ollama-embed")  # another model takes the place of theirs unasked


@dataclass(frozen=True)
class Choices:
    """Models by group, and providers that are not to be used."""

    models: Mapping[str, str]
    off: tuple[str, ...] = ()


def fitting(pulled: Iterable[str]) -> dict[str, str]:
    """The model for each of the pack's groups that an Ollama with these models can serve, unasked."""
    found, chosen = list(pulled), {}
    for group, local in LOCAL_GROUPS.items():
        same = next((name for name in (local.model, f"{local.model}:latest") if name in found), None)
        usable = local.usable(found)
        if same is not None or (group in NEEDED and usable):
            chosen[group] = same or usable[0]
    return chosen


def fit_pack(pack_text: str, pulled: Iterable[str], choices: Choices | None = None) -> tuple[str, list[str]]:
    """The pack's text with models that this Ollama has, or with those chosen, and a line for each change.

    Comments stay. The doors have the default group's model.
    """
    chosen = choices or Choices(fitting(pulled))
    places, notes = {}, []
    for group, model in chosen.models.items():
        local = LOCAL_GROUPS[group]
        if model not in (local.model, f"{local.model}:latest"):
            places[f"{local.prefix}{local.model}"] = f"{local.prefix}{model}"
            notes.append(f"{group}: {model} takes the place of {local.model}")
    if places:  # at once, since a model may take the place of one whose place another takes
        known = re.compile(rf"(?<=model: )(?:{'|'.join(map(re.escape, places))})(?=\s)")
        pack_text = known.sub(lambda match: places[match[0]], pack_text)
    for name in chosen.off:
        pack_text = pack_text.replace(f"      {name}: {{enabled: true", f"      {name}: {{enabled: false")
        notes.append(f"{name} is not used: callback_settings.router_plugin.providers.{name}.enabled is false")
    return pack_text, notes
