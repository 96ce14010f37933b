"""Looks for Ollama servers: their addresses, the models that they have, and what those can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from router_plugin.capabilities import OLLAMA_MAX_WINDOW

DEFAULT_URL = "http://127.0.0.1:11434"
DEFAULT_PORT = 11434  # Ollama's own; a host without a port means this one
EVERY_INTERFACE = ("0.0.0.0", "[::]")  # noqa: S104 - what a server listens on is no address to call
PROBE_SECONDS = 2.0


@dataclass(frozen=True)
class Ollama:
    """A server that answered. `models` are the names in its list of tags, such as ``llama3.1:8b``."""

    url: str
    version: str
    models: frozenset[str]
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # model -> what it can do, once described

    def has(self, model: str) -> bool:
        """Whether a model has been pulled; a name without a tag means ``:latest``."""
        return model in self.models or (":" not in model and f"{model}:latest" in self.models)


@dataclass(frozen=True)
class Survey:
    """What was found: `hosts` are the URLs of OLLAMA_HOST in their order, `found` the servers that answered, by URL.

    `found` also holds those that entries of a config name.
    """

    hosts: tuple[str, ...] = (DEFAULT_URL,)
    found: Mapping[str, Ollama] = field(default_factory=dict)


def addresses(value: str | None) -> tuple[str, ...]:
    """The URLs in a value of OLLAMA_HOST, which may be a list with commas between; each once."""
    parts = [part for part in (value or "").strip().strip("\"'").split(",") if part.strip()]
    return tuple(dict.fromkeys(map(normalise, parts))) or (DEFAULT_URL,)


def survey(
    value: str | None, expected: Mapping[str | None, Iterable[str]], max_num_ctx: int, timeout: float = PROBE_SECONDS
) -> Survey:
    """Probe the servers of OLLAMA_HOST and those that are keys of `expected`, all at once.

    `expected` maps a URL to the models that a config wants there, None standing for each server of OLLAMA_HOST; those
    are described.
    """
    hosts = addresses(value)
    urls = list(dict.fromkeys([*hosts, *(url for url in expected if url is not None)]))

    def ask(url: str) -> Ollama | None:
        found = probe(url, timeout)
        models = [*expected.get(url, ()), *(expected.get(None, ()) if url in hosts else ())]
        return None if found is None else describe(found, dict.fromkeys(models), max_num_ctx, timeout)

    with ThreadPoolExecutor(max_workers=len(urls)) as pool:
        answers = zip(urls, pool.map(ask, urls), strict=True)
        return Survey(hosts, {url: answer for url, answer in answers if answer is not None})


def normalise(host: str | None) -> str:
    """The URL to call for a value of OLLAMA_HOST, which may lack scheme and port, or name every interface."""
    text = (host or "").strip().strip("\"'").strip().rstrip("/")
    if not text:
        return DEFAULT_URL
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    address, slash, path = rest.partition("/")
    name, port = _split(address)
    name = "127.0.0.1" if name in ("", *EVERY_INTERFACE) else name
    return f"{scheme}://{name}:{port or {'https': 443}.get(scheme, DEFAULT_PORT)}{slash}{path}"


def _split(address: str) -> tuple[str, str]:
    """Host and port; an IPv6 address comes back in brackets."""
    if address.count(":") > 1 and not address.startswith("["):
        return f"[{address}]", ""
    name, colon, port = address.rpartition(":")
    if not colon or address.endswith("]") or not port.isdigit():
        return address, ""
    return name, port


def probe(url: str, timeout: float = PROBE_SECONDS) -> Ollama | None:
    """The server at a URL, or None where none answers as Ollama does. Never makes it generate."""
    try:
        with httpx.Client(timeout=timeout, trust_env=False) as client:
            version = client.get(f"{url}/api/version").raise_for_status().json()
            tags = client.get(f"{url}/api/tags").raise_for_status().json()
        names = frozenset(str(item["name"]) for item in tags.get("models") or ())
        return Ollama(url, str(version["version"]), names)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError):
        return None


def describe(
    found: Ollama, models: Iterable[str], max_num_ctx: int = OLLAMA_MAX_WINDOW, timeout: float = PROBE_SECONDS
) -> Ollama:
    """The server with what `/api/show` says its models can do; a model that it says nothing about has no facts."""
    facts: dict[str, Mapping[str, Any]] = {}
    with httpx.Client(timeout=timeout, trust_env=False) as client:
        for model in filter(found.has, models):
            try:
                shown = client.post(f"{found.url}/api/show", json={"model": model}).raise_for_status().json()
                facts[model] = read_show(shown, max_num_ctx)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, AttributeError):
                continue
    return replace(found, facts=facts)


def read_show(shown: Mapping[str, Any], max_num_ctx: int = OLLAMA_MAX_WINDOW) -> dict[str, Any]:
    """The facts in an answer of `/api/show`, in the words of `model_info.router.capabilities`.

    The window is what a Modelfile sets as `num_ctx`, else what the model was made for, at most `max_num_ctx` tokens.
    """
    facts: dict[str, Any] = {}
    can = shown.get("capabilities")
    if isinstance(can, list):
        facts = {"tools": "tools" in can, "vision": "vision" in can, "reasoning": "thinking" in can}
    length = _made_for(shown.get("model_info"))
    if length is not None:
        facts["context_window"] = min(length, max_num_ctx)
    for line in str(shown.get("parameters") or "").splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "num_ctx" and value.strip().isdigit():
            facts["context_window"] = int(value) if length is None else min(int(value), length)
    return facts


def _made_for(info: object) -> int | None:
    """The context length in `model_info`, where it stands under the architecture's name: ``llama.context_length``."""
    if not isinstance(info, Mapping):
        return None
    own = info.get(f"{info.get('general.architecture')}.context_length")
    return own if isinstance(own, int) and not isinstance(own, bool) and own > 0 else None
