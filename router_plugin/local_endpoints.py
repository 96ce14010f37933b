"""Endpoints that the gate answers itself, without a deployment: token counting, health, metrics."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from router_plugin.breaker import Breaker
from router_plugin.errors import NO_KEY, InvalidRequest, RequestRefused, Unauthorized
from router_plugin.metrics import Metrics
from router_plugin.pick import Picker
from router_plugin.pipeline import Router
from router_plugin.request import Surface

log = logging.getLogger("router_plugin")

COUNT_TOKENS = "/v1/messages/count_tokens"
HEALTH = "/health"
METRICS = "/metrics"
JSON = "application/json"
ASK_FOR_KEY = ((b"www-authenticate", b'Basic realm="router: the master key is the password", charset="UTF-8"'),)


class Failed(RequestRefused):
    """One of the router's own endpoints failed."""

    status = 500
    code = "router_error"


@dataclass(frozen=True)
class Call:
    """A request to one of these endpoints. `content` is its body; header names are in lower case."""

    headers: Mapping[bytes, bytes]
    query: bytes = b""
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    content: bytes = field(repr=False)
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    status: int = 200


Handler = Callable[[Call], Reply]


@dataclass(frozen=True)
class Endpoint:
    """`surface` is the API whose error shape it has. `slow`: it takes a worker thread rather than the event loop.

    `browser`: people open it, so a missing key is asked for, and may come as the password of HTTP Basic.
    """

    answer: Handler = field(repr=False)
    surface: Surface | None = None
    slow: bool = False
    browser: bool = False


class LocalEndpoints:
    """The router's own endpoints by method and path. All of them need the master key."""

    def __init__(
        self,
        router: Router,
        breaker: Breaker | None = None,
        metrics: Metrics | None = None,
        picker: Picker | None = None,
    ) -> None:
        ids = tuple(d.id for d in router.config.inventory.deployments)
        self.max_bytes = router.config.settings.limits.max_body_characters * 4
        self._known: dict[tuple[str, str], Endpoint] = {
            ("POST", COUNT_TOKENS): Endpoint(lambda call: count_tokens(router, call), Surface.MESSAGES, slow=True),
            ("GET", HEALTH): Endpoint(lambda _: as_json(health(router, breaker, picker))),
        }
        if metrics is not None:
            self.add("GET", METRICS, Endpoint(lambda call: scrape(metrics, breaker, ids, call, picker), slow=True))

    def add(self, method: str, path: str, endpoint: Endpoint) -> None:
        """Answer one more path."""
        self._known[method, path] = endpoint

    def find(self, method: str, path: str) -> Endpoint | None:
        """The endpoint of a path, None where it isn't one of these."""
        return self._known.get((method, path))

    async def answer(self, endpoint: Endpoint, call: Call, master_key: str | None) -> Reply:
        """Errors: RequestRefused, never with text of the request."""
        try:
            authorise(_with_password(call.headers) if endpoint.browser else call.headers, master_key)
        except Unauthorized as refusal:
            if not endpoint.browser:
                raise
            return Reply(refusal.message.encode(), "text/plain; charset=utf-8", ASK_FOR_KEY, refusal.status)
        try:
            return await asyncio.to_thread(endpoint.answer, call) if endpoint.slow else endpoint.answer(call)
        except RequestRefused:
            raise
        except Exception as error:  # noqa: BLE001 - a traceback may hold request text
            log.error("router_plugin: an endpoint of the router failed (%s)", type(error).__name__)
            raise Failed("The router failed on this request. Its log names the kind of error.") from None


def _with_password(headers: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
    """The headers with HTTP Basic's password as the key; any user name will do."""
    scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() != b"basic":
        return headers
    try:
        password = base64.b64decode(given, validate=True).partition(b":")[2]
    except binascii.Error:
        password = b""
    return {b"authorization": b"Bearer " + password}


def authorise(headers: Mapping[bytes, bytes], master_key: str | None) -> None:
    """Pass with the proxy's master key, or where none is set. Errors: Unauthorized."""
    if not master_key:
        return
    given = headers.get(b"authorization", b"").removeprefix(b"Bearer ") or headers.get(b"x-api-key", b"")
    if not secrets.compare_digest(given, master_key.encode()):
        raise Unauthorized("This API key is not the proxy's master key." if given else NO_KEY)


def as_json(value: Mapping[str, Any]) -> Reply:
    """A JSON answer."""
    return Reply(json.dumps(value).encode())


def read_json(call: Call) -> dict[str, Any]:
    """A body that must be a JSON object. Errors: InvalidRequest."""
    try:
        body: Any = json.loads(call.content)
    except ValueError:
        raise InvalidRequest("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    return body


def count_tokens(router: Router, call: Call) -> Reply:
    """The answer of Anthropic's token counter, counted here with LiteLLM's tokenizer: an estimate.

    Errors: RequestRefused for a body that isn't a Messages request.
    """
    from litellm import token_counter

    conversation = router.read(read_json(call), Surface.MESSAGES)
    text = "\n".join(segment.text for segment in conversation.segments)
    return as_json({"input_tokens": int(token_counter(model="", text=text))})


def health(router: Router, breaker: Breaker | None = None, picker: Picker | None = None) -> dict[str, Any]:
    """What is set up, its circuits, and what was left out, without calling any deployment."""
    inventory = router.config.inventory
    return {
        "deployments": [
            {
                "id": d.id,
                "group": d.group,
                "provider": d.provider,
                "local": d.local,
                "circuit": breaker.circuit(d.id).value if breaker is not None else "closed",
            }
            for d in inventory.deployments
        ],
        "servers": servers(picker) if picker is not None else [],
        "left_out": [{"id": name, "reason": why} for name, why in inventory.left_out],
        "budget": [
            {"limit": s.name, "level": s.level.value, "usd": s.limit, "spent": round(s.spent, 6)}
            for s in (router.budget.standings() if router.budget is not None else ())
        ],
    }


def servers(picker: Picker) -> list[dict[str, Any]]:
    """Each Ollama server as this process last saw it, and how many requests of this process it is working on."""
    busy = picker.outstanding()
    known = [(server, picker.health.status(server)) for server in picker.health.servers]
    return [
        {
            "server": server,
            "up": status.up,
            "version": status.version,
            "loaded": sorted(status.loaded or ()),
            "outstanding": busy[server],
        }
        for server, status in known
    ]


def scrape(
    metrics: Metrics,
    breaker: Breaker | None,
    deployments: tuple[str, ...],
    call: Call,
    picker: Picker | None = None,
) -> Reply:
    """Prometheus' exposition of all workers."""
    if breaker is not None:
        metrics.show_circuits(breaker, deployments)
    if picker is not None:
        metrics.show_servers(picker.health)
    content, content_type = metrics.exposition(call.headers.get(b"accept", b"").decode("latin-1"))
    return Reply(content, content_type)
