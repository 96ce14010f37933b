"""The price list that LiteLLM ships: what each model costs and can do. Read from its file, without loading LiteLLM."""

from __future__ import annotations

import functools
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from router_plugin.capabilities import OLLAMA_PREFIXES

PACKAGE, FILE = "litellm", "model_prices_and_context_window_backup.json"


@functools.cache
def price_list() -> Mapping[str, Mapping[str, Any]]:
    """Model name -> entry; read once until `forget`, nothing is fetched. Empty without the package or its file."""
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        try:
            listed = json.loads((Path(folder) / FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(listed, dict):
            return {name: entry for name, entry in listed.items() if isinstance(entry, dict)}
    return {}


def forget() -> None:
    """Let go of the list, some 4 MB; the entries that were asked for stay."""
    price_list.cache_clear()


@functools.cache
def entry_of(model: str, base_model: str | None = None) -> Mapping[str, Any] | None:
    """The entry of a model: of the one that its name stands for, under its full name, without provider, without tag."""
    names = price_list()
    for name in filter(None, (base_model, model)):
        bare = name.split("/", 1)[-1]
        ollama = f"ollama/{bare.split(':', 1)[0]}" if name.startswith(OLLAMA_PREFIXES) else ""
        for candidate in (name, bare, f"ollama/{bare}" if ollama else "", ollama):
            if candidate in names:
                return names[candidate]
    return None
