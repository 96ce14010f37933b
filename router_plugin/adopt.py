"""Reads a LiteLLM config that knows nothing of the router: whose each model is, whether it is at home, what it is for.

What can't be told counts as cloud. What the config already says stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router_plugin.capabilities import OLLAMA_PREFIXES
from router_plugin.deployments import (
    EMBEDDING,
    SERVES_ITSELF,
    host_of,
    is_auto,
    is_cloud_model,
    is_home,
    is_marked_local,
    provider_of,
    well_formed,
)
from router_plugin.ollama import DEFAULT_URL
from router_plugin.price_list import entry_of
from router_plugin.prices import listed
from router_plugin.references import resolved
from router_plugin.settings import LOCAL, ChainSettings

CLEARLY_DEARER = 3.0  # a provider's model at so many times the price of its cheapest is its premium one
OWN_DOOR = "own-"  # before the name of a group that is called like one of the router's doors
WILDCARD = "*"
CODE_WORDS = ("code", "coder", "codestral")


@dataclass(frozen=True)
class Adopted:
    """The entries with ids and marks, and a line for each thing that an operator should know."""

    entries: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def adopt(model_list: Sequence[Any], environment: Mapping[str, str], local_hosts: Sequence[str] = ()) -> Adopted:
    """A model list for the router. Malformed and wildcard entries are left out, each with a note."""
    good, problems = well_formed(model_list)
    notes = [f"left out: {problem}" for problem in problems]
    entries = []
    for item in good:
        given, name = item, str(item["model_name"])
        if WILDCARD in name:
            notes.append(f"left out: `{name}` is a wildcard; the router chooses among models that are named")
            continue
        if is_auto(name) and not is_marked_local(given):
            notes.append(f"renamed: `{name}` is a name of the router's own; yours is `{OWN_DOOR}{name}` now")
            given = {**given, "model_name": f"{OWN_DOOR}{name}"}
        entry = _placed(given, environment, local_hosts)
        entries.append(entry)
        base = _base_of(given["litellm_params"], environment)
        if base and not is_marked_local(entry) and is_home(host_of(base), local_hosts):
            notes.append(
                f"counted as cloud: `{entry['model_name']}` is at a home address, but whether it stays there can't be "
                "told; if it does, set model_info.router.local: true"
            )
    entries = _apart(entries, notes)
    roles = _roles(entries)
    entries = [_marked(entry, role) for entry, role in zip(entries, roles, strict=True)]
    return Adopted(tuple(_with_ids(entries)), tuple(notes))


def chains_for(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """A chain for each tier, of the cloud providers that are there; local first for easy work, last for hard work."""
    present = dict.fromkeys(provider_of(e) for e in entries if not is_marked_local(e) and not is_auto(e["model_name"]))
    usual = ChainSettings()

    def cloud(tier: str) -> list[str]:
        first = [name for name in getattr(usual, tier) if name in present]
        return [*first, *(name for name in present if name not in first)]

    return {
        "low": [LOCAL, *cloud("low")],
        "medium": [*cloud("medium"), LOCAL],
        "high": [*cloud("high"), LOCAL],
        "cost": [LOCAL, *cloud("cost")],
    }


def _base_of(params: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    base = resolved(params.get("api_base") or params.get("base_url"), environment)
    if base is None and str(params["model"]).startswith(OLLAMA_PREFIXES):
        return environment.get("OLLAMA_API_BASE") or DEFAULT_URL  # where LiteLLM calls then
    return base if isinstance(base, str) else None


def _placed(entry: Mapping[str, Any], environment: Mapping[str, str], listed_hosts: Sequence[str]) -> dict[str, Any]:
    """The entry marked local, at a literal address, where it is a model server's at home."""
    params, info = dict(entry["litellm_params"]), dict(entry.get("model_info") or {})
    marks, model = dict(info.get("router") or {}), str(params["model"])
    base = _base_of(params, environment)
    if base and not base.startswith(("http://", "https://")):
        base = f"http://{base}"
    at_home = base is not None and is_home(host_of(base), listed_hosts)
    if "local" not in marks and at_home and model.startswith(SERVES_ITSELF) and not is_cloud_model(model):
        params.pop("base_url", None)
        params["api_base"] = base
        marks["local"] = True
    marks.setdefault("provider", provider_of(entry))
    return {**entry, "litellm_params": params, "model_info": {**info, "router": marks}}


def _apart(entries: list[dict[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    """The local deployments of a group that holds cloud ones, too, as a group of their own."""
    kinds: dict[str, set[bool]] = {}
    for entry in entries:
        kinds.setdefault(entry["model_name"], set()).add(is_marked_local(entry))
    mixed = [name for name, found in kinds.items() if len(found) > 1]
    notes += [f"split: `{n}` mixed local and cloud deployments; the local ones are `{n}-local` now" for n in mixed]
    return [
        {**e, "model_name": f"{e['model_name']}-local"} if e["model_name"] in mixed and is_marked_local(e) else e
        for e in entries
    ]


def _roles(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """`embedding` and `code` by the model's kind; `premium` for what costs clearly more than the cheapest beside it."""
    costs = [_dollars(entry) for entry in entries]
    least: dict[str, float] = {}
    for entry, cost in zip(entries, costs, strict=True):
        if cost and not _is_embedding(entry):
            provider = provider_of(entry)
            least[provider] = min(cost, least.get(provider, cost))
    roles = []
    for entry, cost in zip(entries, costs, strict=True):
        model = str(entry["litellm_params"]["model"]).casefold()
        if _is_embedding(entry):
            roles.append(EMBEDDING)
        elif is_marked_local(entry) and any(word in model for word in CODE_WORDS):
            roles.append("code")
        else:
            dear = cost is not None and cost > CLEARLY_DEARER * least.get(provider_of(entry), cost)
            roles.append("premium" if dear and not is_marked_local(entry) else "default")
    return roles


def _listed_name(entry: Mapping[str, Any]) -> tuple[str, str | None]:
    base = (entry.get("model_info") or {}).get("base_model")
    return str(entry["litellm_params"]["model"]), base if isinstance(base, str) else None


def _dollars(entry: Mapping[str, Any]) -> float | None:
    """The list price of a prompt token and an answer token together."""
    price = listed(*_listed_name(entry))
    return None if price is None else price.prompt + price.completion


def _is_embedding(entry: Mapping[str, Any]) -> bool:
    mode = (entry.get("model_info") or {}).get("mode") or (entry_of(*_listed_name(entry)) or {}).get("mode")
    return mode == EMBEDDING or (mode is None and "embed" in str(entry["litellm_params"]["model"]).casefold())


def _marked(entry: dict[str, Any], role: str) -> dict[str, Any]:
    info = entry["model_info"]
    return {**entry, "model_info": {**info, "router": {"role": role, **info["router"]}}}


def _with_ids(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each entry with an id of its own, which is no group's name."""
    groups = {str(entry["model_name"]) for entry in entries}
    counts = Counter(str(entry["model_info"].get("id")) for entry in entries)
    kept = {name for name, count in counts.items() if count == 1 and name not in groups and name != "None"}
    taken, numbers, result = {*groups, *kept}, Counter[str](), []
    for entry in entries:
        identity = entry["model_info"].get("id")
        if not isinstance(identity, str) or identity not in kept:
            identity = ""
        while not identity or (identity in taken and identity not in kept):
            numbers[entry["model_name"]] += 1
            identity = f"{entry['model_name']}-{numbers[entry['model_name']]}"
            if identity in kept:
                identity = ""
        taken.add(identity)
        result.append({**entry, "model_info": {**entry["model_info"], "id": identity}})
    return result
