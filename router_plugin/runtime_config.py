"""Fits a config file to this machine: the Ollama servers that answer, their models, the embedded model."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router_plugin import ollama
from router_plugin.capabilities import OLLAMA_PREFIXES, WINDOW
from router_plugin.config import lenient_settings
from router_plugin.deployments import EMBEDDING, is_auto, is_marked_local, well_formed
from router_plugin.ollama import DEFAULT_URL, Survey

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


def look_for_ollama(raw: Mapping[str, Any], environment: Mapping[str, str]) -> Survey:
    """Which Ollama servers of a config and of OLLAMA_HOST answer, and what the config's models there can do."""
    most = lenient_settings(raw).ollama.max_num_ctx
    return ollama.survey(environment.get("OLLAMA_HOST"), ollama_models(raw), most)


def fit_ollama(raw: Mapping[str, Any], survey: Survey) -> tuple[dict[str, Any], list[str]]:
    """The config fitted to the Ollama servers that were found, without what isn't there; and a line for each loss.

    An entry at the default address becomes one for each server of OLLAMA_HOST that has its model. An entry with an
    address of its own stays there. What is malformed is left for the check.
    """
    config = copy.deepcopy(dict(raw))
    lines: list[str] = []
    kept: list[Any] = []
    for entry in _entries(config):
        url = _server_of(entry)
        if url is None:
            kept.append(entry)
        elif is_auto(entry["model_name"]):
            kept.append(_at(entry, survey.hosts[0], 0) if url == DEFAULT_URL else entry)
        elif url == DEFAULT_URL:
            kept += _on_each_host(entry, survey, lines)
        else:
            kept += _on_its_own(entry, url, survey, lines)
    if isinstance(config.get("model_list"), list):
        config["model_list"] = kept
    return config, lines


def _on_each_host(entry: dict[str, Any], survey: Survey, lines: list[str]) -> list[dict[str, Any]]:
    """An entry for each server of OLLAMA_HOST with its model, and for each that is down while another has it."""
    name, model = entry["model_name"], _model_of(entry)
    several = len(survey.hosts) > 1
    somewhere = any(url in survey.found and survey.found[url].has(model) for url in survey.hosts)
    kept = []
    for number, url in enumerate(survey.hosts):
        found = survey.found.get(url)
        if found is not None and found.has(model):
            kept.append(_note(_at(entry, url, number), found.facts.get(model, {})))
        elif found is not None:
            at = f" at {url}" if several else ""
            command = pull_command(url, model, survey)
            lines.append(f"{name}{at} is left out: Ollama doesn't have its model; run `{command}`")
        elif somewhere:
            facts = next(s.facts.get(model, {}) for s in survey.found.values() if s.has(model))
            kept.append(_note(_at(entry, url, number), facts))
            lines.append(f"{name} at {url} waits: no Ollama answers there now; it is used once one does")
        else:
            lines.append(f"{name} is left out: no Ollama answers at {url}")
    return kept


def _on_its_own(entry: dict[str, Any], url: str, survey: Survey, lines: list[str]) -> list[dict[str, Any]]:
    """An entry with an address of its own, unless its server answers and lacks the model."""
    name, model, found = entry["model_name"], _model_of(entry), survey.found.get(url)
    if found is None:
        lines.append(f"{name} at {url} waits: no Ollama answers there now; it is used once one does")
        return [entry]
    if not found.has(model):
        command = pull_command(url, model, survey)
        lines.append(f"{name} at {url} is left out: Ollama doesn't have its model; run `{command}`")
        return []
    return [_note(entry, found.facts.get(model, {}))]


def pull_command(url: str, model: str, survey: Survey) -> str:
    """What to run for a model that a server lacks."""
    return f"ollama pull {model}" if survey.hosts == (url,) else f"OLLAMA_HOST={url} ollama pull {model}"


def missing_models(raw: Mapping[str, Any], survey: Survey) -> list[tuple[str, str]]:
    """(URL, model) for each model that the config expects of a server that answered without it."""
    wanted = ollama_models(raw)
    return [
        (url, model)
        for url, found in survey.found.items()
        for model in dict.fromkeys([*wanted.get(url, ()), *(wanted.get(None, ()) if url in survey.hosts else ())])
        if not found.has(model)
    ]


def _at(entry: dict[str, Any], url: str, number: int) -> dict[str, Any]:
    """The entry at another address; from the second server on, with an id of its own."""
    moved = {**entry, "litellm_params": {**entry["litellm_params"], "api_base": url}}
    info = entry.get("model_info") or {}
    if number and isinstance(info.get("id"), str):
        moved["model_info"] = {**info, "id": f"{info['id']}-server{number + 1}"}
    return moved


def _note(entry: dict[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with what the server says its model can do; what the operator wrote stays.

    The window is asked for with each call: by default Ollama takes a smaller one, and cuts a longer prompt.
    """
    info = dict(entry.get("model_info") or {})
    marks = dict(info.get("router") or {})
    params = dict(entry["litellm_params"])
    own = marks.get("capabilities") or {}
    known = {**facts, **own}
    if params.get("num_ctx"):
        known = {name: fact for name, fact in known.items() if name != WINDOW or name in own}
    elif known.get(WINDOW) and marks.get("role") != EMBEDDING:
        params["num_ctx"] = known[WINDOW]
    if known:
        marks["capabilities"] = known
        info["router"] = marks
    return {**entry, "litellm_params": params, **({"model_info": info} if info else {})}


def ollama_models(raw: Mapping[str, Any]) -> dict[str | None, list[str]]:
    """The models that the config expects of each server by its URL; None stands for those of OLLAMA_HOST."""
    expected: dict[str | None, list[str]] = {}
    for entry in _entries(raw):
        url = _server_of(entry)
        if url is not None:
            models = expected.setdefault(None if url == DEFAULT_URL else url, [])
            models += [model for model in (_model_of(entry),) if model not in models]
    return expected


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
    chat = [entry for entry in _entries(config) if _local_role(entry) not in (None, EMBEDDING)]
    return next((entry for entry in chat if _local_role(entry) == "default"), chat[0] if chat else None)


def _local_role(entry: Any) -> str | None:
    if not _well_formed(entry) or is_auto(entry["model_name"]) or not is_marked_local(entry):
        return None
    return str(entry["model_info"]["router"].get("role") or "default")


def _server_of(entry: Any) -> str | None:
    """The URL of a local entry's Ollama, the default address in one spelling; None for another kind of entry."""
    if not _well_formed(entry):
        return None
    model, base = entry["litellm_params"]["model"], entry["litellm_params"].get("api_base")
    if not model.startswith(OLLAMA_PREFIXES) or not isinstance(base, str):
        return None
    url = base.rstrip("/")
    if url in (DEFAULT_URL, LOCALHOST_URL):
        return DEFAULT_URL
    return url if is_marked_local(entry) and url.startswith(("http://", "https://")) else None


def _model_of(entry: Mapping[str, Any]) -> str:
    return str(entry["litellm_params"]["model"]).split("/", 1)[1]
