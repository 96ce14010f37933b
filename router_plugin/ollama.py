"""Looks for an Ollama server: its address, and the models that it has."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

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

    def has(self, model: str) -> bool:
        """Whether a model has been pulled; a name without a tag means ``:latest``."""
        return model in self.models or (":" not in model and f"{model}:latest" in self.models)


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
