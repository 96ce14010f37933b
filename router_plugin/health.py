"""Which Ollama servers are there, and what they have in memory: asked in the background, never by generating."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from router_plugin.capabilities import OLLAMA_PREFIXES
from router_plugin.deployments import Deployment
from router_plugin.locality import root_of

log = logging.getLogger("router_plugin")

ANSWER_SECONDS = 5.0  # a server that computes hard still lists its models within these
DOWN_SECONDS = 1.0  # between two looks while a server is down
SERVER_ERROR = 500


@dataclass(frozen=True)
class Status:
    """What a server said when it was last asked. `models` and `loaded` are None where it didn't list them."""

    up: bool
    version: str = ""
    models: frozenset[str] | None = None  # pulled
    loaded: frozenset[str] | None = None  # in memory


class Health:
    """The servers of the local Ollama deployments, each asked every `seconds`.

    A server that was never asked counts as up. A call that finds no server says so with `found_none`, and no other
    request is sent there until the server has answered again. `on_return` is told a server's ``host:port`` then.
    """

    def __init__(
        self, deployments: Iterable[Deployment], seconds: float, on_return: Callable[[str], None] = lambda _: None
    ) -> None:
        self.seconds = seconds
        self._on_return = on_return
        self._hosts: dict[str, str] = {}  # deployment id -> host:port
        self._models: dict[str, str] = {}  # deployment id -> Ollama's name of its model
        self._urls: dict[str, str] = {}  # host:port -> address
        self._status: dict[str, Status] = {}
        self._suspected: set[str] = set()
        self._wake = asyncio.Event()
        for deployment in deployments:
            if not deployment.local or not deployment.model.startswith(OLLAMA_PREFIXES):
                continue
            if deployment.host is None or deployment.api_base is None:
                continue
            self._hosts[deployment.id] = deployment.host
            self._models[deployment.id] = tagged(deployment.model.split("/", 1)[1])
            self._urls[deployment.host] = root_of(deployment.api_base)

    @property
    def servers(self) -> tuple[str, ...]:
        """``host:port`` of every server that is asked."""
        return tuple(self._urls)

    def server_of(self, deployment: str | None) -> str | None:
        """The server of a deployment; None where it isn't one that is asked."""
        return self._hosts.get(deployment or "")

    def status(self, server: str) -> Status:
        """What is known of a server; up until it is known to be down."""
        known = self._status.get(server, Status(up=True))
        return Status(up=False, version=known.version) if server in self._suspected else known

    def can_answer(self, deployment: str) -> bool:
        """False where the deployment's server is known to be down or to lack its model."""
        server = self.server_of(deployment)
        if server is None:
            return True
        status = self.status(server)
        return status.up and (status.models is None or self._models[deployment] in status.models)

    def is_warm(self, deployment: str) -> bool:
        """Whether the deployment's model is in its server's memory."""
        server = self.server_of(deployment)
        loaded = self.status(server).loaded if server is not None else None
        return loaded is not None and self._models[deployment] in loaded

    def found_none(self, server: str | None) -> None:
        """A call found no server there: leave it alone, and ask at once whether that is so."""
        if server in self._urls:
            self._suspected.add(server)
            self._wake.set()

    async def check(self, client: httpx.AsyncClient) -> None:
        """Ask every server once, all at the same time."""
        await asyncio.gather(*(self._check(server, client) for server in self._urls))

    async def _check(self, server: str, client: httpx.AsyncClient) -> None:
        before = self._status.get(server)
        now = await ask(self._urls[server], client)
        suspected = server in self._suspected
        self._suspected.discard(server)
        self._status[server] = now
        if now.up and suspected:
            self._on_return(server)
        if before is None and now.up:
            return
        if before is None or before.up != now.up:
            log.warning("router_plugin: the Ollama server %s is %s", server, "back" if now.up else "down")
            if now.up:
                self._on_return(server)

    async def run(self) -> None:
        """Ask for as long as the proxy runs."""
        if not self._urls:
            return
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            while True:
                self._wake.clear()
                try:
                    await self.check(client)
                except Exception as error:  # noqa: BLE001 - the watch goes on, whatever one look ends in
                    log.error("router_plugin: looking after the Ollama servers failed (%s)", type(error).__name__)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._pause())

    def _pause(self) -> float:
        """Seconds until the next look: a server that is down is missed, so its return is looked for more often."""
        return self.seconds if all(self.status(server).up for server in self._urls) else min(self.seconds, DOWN_SECONDS)


async def ask(url: str, client: httpx.AsyncClient) -> Status:
    """A server's status, by `/api/version`, `/api/tags` and `/api/ps`.

    Down is one that doesn't answer, or with a server's error. Any other answer shows that it is there.
    """
    try:
        answer = await client.get(f"{url}/api/version")
    except (httpx.HTTPError, httpx.InvalidURL):
        return Status(up=False)
    if answer.status_code >= SERVER_ERROR:
        return Status(up=False)
    version = _json(answer).get("version")
    pulled, loaded = await asyncio.gather(_names(f"{url}/api/tags", client), _names(f"{url}/api/ps", client))
    return Status(True, version if isinstance(version, str) else "", pulled, loaded)


async def _names(url: str, client: httpx.AsyncClient) -> frozenset[str] | None:
    """The models of one of Ollama's lists; None where there is no such list."""
    try:
        answer = await client.get(url)
    except httpx.HTTPError:
        return None
    models = _json(answer).get("models")
    if answer.status_code != httpx.codes.OK or not isinstance(models, list):
        return None
    return frozenset(tagged(str(item["name"])) for item in models if isinstance(item, dict) and "name" in item)


def _json(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def tagged(model: str) -> str:
    """A model's name with its tag; without one Ollama means ``:latest``."""
    return model if ":" in model else f"{model}:latest"
