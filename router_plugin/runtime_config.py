"""Fits a config file to this machine: the Ollama that answers, the models that it has, the embedded model."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router_plugin.deployments import is_auto, is_marked_local, well_formed
from router_plugin.ollama import DEFAULT_URL, Ollama

EMBEDDED_GROUP = "embedded-default"
LOCALHOST_URL = "http://localhost:11434"


@dataclass(frozen=True)
class EmbeddedServer:
    """Where the embedded model listens. The key never appears in a repr."""

    base_url: str
    api_key: str
    model: str

    def __repr__(self) -> str:
        return f"EmbeddedServer({self.base_url!r}, {self.model!r})"


def fit_ollama(raw: Mapping[str, Any], url: str, found: Ollama | None) -> tuple[dict[str, Any], list[str]]:
    """The config with its default Ollama address replaced by `url`, without what isn't there; and a line for each loss.

    Entries with an address of their own (several servers) stay as they are. What is malformed is left for the check.
    """
    config = copy.deepcopy(dict(raw))
    lines: list[str] = []
    kept = []
    for entry in _entries(config):
        if not _well_formed(entry) or not _is_ollama(entry["litellm_params"]):
            kept.append(entry)
            continue
        params = entry["litellm_params"] = {**entry["litellm_params"], "api_base": url}
        model = str(params["model"]).split("/", 1)[1]
        name = entry["model_name"]
        if is_auto(name):
            kept.append(entry)
        elif found is None:
            lines.append(f"{name} is left out: no Ollama answers at {url}")
        elif not found.has(model):
            lines.append(f"{name} is left out: Ollama doesn't have its model; run `ollama pull {model}`")
        else:
            _note(entry, found.facts.get(model, {}))
            kept.append(entry)
    if isinstance(config.get("model_list"), list):
        config["model_list"] = kept
    return config, lines


def _note(entry: dict[str, Any], facts: Mapping[str, Any]) -> None:
    """Write what the server says a model can do into its entry; what the operator wrote stays."""
    if entry["litellm_params"].get("num_ctx"):
        facts = {name: fact for name, fact in facts.items() if name != "context_window"}
    if not facts:
        return
    info = dict(entry.get("model_info") or {})
    marks = dict(info.get("router") or {})
    marks["capabilities"] = {**facts, **(marks.get("capabilities") or {})}
    entry["model_info"] = {**info, "router": marks}


def ollama_models(raw: Mapping[str, Any]) -> list[str]:
    """The models that the config expects of the Ollama at the default address."""
    entries = [entry for entry in _entries(raw) if _well_formed(entry) and _is_ollama(entry["litellm_params"])]
    return list(dict.fromkeys(str(entry["litellm_params"]["model"]).split("/", 1)[1] for entry in entries))


def _entries(config: Mapping[str, Any]) -> list[Any]:
    entries = config.get("model_list")
    return entries if isinstance(entries, list) else []


def _well_formed(entry: object) -> bool:
    return not well_formed([entry])[1]


def has_local_chat(config: Mapping[str, Any]) -> bool:
    """Whether a local deployment that can chat is left."""
    return _first_local_chat(config) is not None


def add_embedded(config: dict[str, Any], server: EmbeddedServer) -> None:
    """Append the embedded model as the last local deployment."""
    if not isinstance(config.get("model_list"), list):
        return
    config["model_list"].append(
        {
            "model_name": EMBEDDED_GROUP,
            "litellm_params": {
                "model": f"openai/{server.model}",
                "api_base": server.base_url,
                "api_key": server.api_key,
                "timeout": 120,
                "max_retries": 0,
            },
            "model_info": {
                "id": f"{EMBEDDED_GROUP}-1",
                "supports_vision": False,
                "supports_function_calling": False,
                "router": {"provider": "embedded", "role": "default", "local": True},
            },
        }
    )


def point_doors(config: dict[str, Any]) -> None:
    """Make every `auto` door lead to a local deployment that is there."""
    target = _first_local_chat(config)
    if target is None:
        return
    for entry in _entries(config):
        if _well_formed(entry) and is_auto(entry["model_name"]):
            entry["litellm_params"] = dict(target["litellm_params"])


def _first_local_chat(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    chat = [entry for entry in _entries(config) if _local_role(entry) not in (None, "embedding")]
    return next((entry for entry in chat if _local_role(entry) == "default"), chat[0] if chat else None)


def _local_role(entry: Any) -> str | None:
    if not _well_formed(entry) or is_auto(entry["model_name"]) or not is_marked_local(entry):
        return None
    return str(entry["model_info"]["router"].get("role") or "default")


def _is_ollama(params: Mapping[str, Any]) -> bool:
    """An Ollama entry at the default address; one with an address of its own is the operator's choice."""
    model, base = str(params.get("model", "")), str(params.get("api_base", ""))
    return model.startswith(("ollama/", "ollama_chat/")) and base.rstrip("/") in (DEFAULT_URL, LOCALHOST_URL)
