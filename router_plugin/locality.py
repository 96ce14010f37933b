"""Proof that an Ollama model is really local: Ollama serves cloud models through localhost, and `/api/show` tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from router_plugin.capabilities import OLLAMA_PREFIXES
from router_plugin.errors import RouterPluginError

REMEMBER_SECONDS = 300.0
SHOW_SECONDS = 5.0


class Unreachable(RouterPluginError):
    """The server that would have to prove a model's place doesn't answer."""


@dataclass
class OllamaLocality:
    """Asks Ollama once in a while whether a model runs elsewhere (`remote_host` in `/api/show`), and remembers it."""

    clock: Callable[[], float] = time.monotonic
    _known: dict[tuple[str, str], tuple[float, bool]] = field(default_factory=dict)
    _servers: dict[str, tuple[float, bool]] = field(default_factory=dict)

    async def is_local(self, api_base: str, model: str) -> bool:
        """Whether the model runs on that server. False where the server answers something else. Errors: Unreachable."""
        name = model.split("/", 1)[1] if model.startswith((*OLLAMA_PREFIXES, "openai/")) else model
        key = (root_of(api_base), name)
        at, local = self._known.get(key, (float("-inf"), False))
        if local and self.clock() - at < REMEMBER_SECONDS:
            return True
        local = await self._ask(*key)
        self._known[key] = (self.clock(), local)
        return local

    async def _ask(self, base: str, model: str) -> bool:
        try:
            async with httpx.AsyncClient(timeout=SHOW_SECONDS, trust_env=False) as client:
                answer = await client.post(f"{base}/api/show", json={"model": model})
            if answer.status_code == httpx.codes.NOT_FOUND:
                return True  # no such model here: the call itself will say so, and nothing is sent on
            shown = answer.raise_for_status().json()
        except (httpx.ConnectError, httpx.TimeoutException):
            raise Unreachable(f"No Ollama answers at {base}.") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return False
        if not isinstance(shown, dict) or not ("details" in shown or "model_info" in shown):
            return False  # not an answer of Ollama's
        return not shown.get("remote_host") and not shown.get("remote_model")

    async def is_ollama(self, api_base: str) -> bool:
        """Whether the server answers as Ollama does, also where it is called through its OpenAI-compatible path."""
        root = root_of(api_base)
        at, known = self._servers.get(root, (float("-inf"), False))
        if self.clock() - at < REMEMBER_SECONDS:
            return known
        try:
            async with httpx.AsyncClient(timeout=SHOW_SECONDS, trust_env=False) as client:
                answer = await client.get(f"{root}/api/version")
            known = answer.status_code == httpx.codes.OK and "version" in answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError):
            return False  # nothing answers there, so the call itself will reach nothing either
        self._servers[root] = (self.clock(), known)
        return known


def root_of(api_base: str) -> str:
    """A server's address without the path of its OpenAI-compatible API."""
    return api_base.rstrip("/").removesuffix("/v1").rstrip("/")
