"""The gate before LiteLLM's routes: closes what can't be inspected, and writes the decision into every answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from router_plugin.api_errors import error_body
from router_plugin.endpoints import is_open, routed_surface
from router_plugin.errors import EndpointClosed, RequestRefused, RequestTooLarge
from router_plugin.request import Surface
from router_plugin.settings import Settings
from router_plugin.state import RequestState, begin
from router_plugin.streams import has_content

log = logging.getLogger("router_plugin")

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

BYTES_PER_CHARACTER = 4  # the longest UTF-8 form; JSON escapes may be longer, and are refused with the same message
MAX_HELD_BYTES = 262_144  # of a stream without content; then the headers go, with the planned deployment only


class AllFailed(RequestRefused):
    """Every deployment of a chain was tried and failed."""

    status = 503
    code = "all_deployments_failed"


class Unreadable(RequestRefused):
    """LiteLLM failed on a request before the router saw it."""

    code = "unreadable_request"


UNREADABLE = (
    "The proxy could not read this request, so it was sent nowhere. Send a JSON object with `model` and without "
    "`api_base`, `base_url`, `user_config` or `model_list`."
)


class Gate:
    """ASGI middleware around LiteLLM's app."""

    def __init__(self, app: App, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass open endpoints on, with the decision's headers on the way back; refuse the rest."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "closed by the router"})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = str(scope.get("path", "/"))
        method = str(scope.get("method", "GET"))
        if not is_open(method, path, self.settings.endpoints.open):
            await _refuse(send, _closed(path), None)
            return
        surface = routed_surface(method, path)
        if surface is None:
            await self.app(scope, receive, send)
            return
        too_large = _too_large(scope, self.settings.limits.max_body_characters)
        if too_large is not None:
            await _refuse(send, too_large, surface)
            return
        answer = _Answer(send, begin(), surface)
        try:
            await self.app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the server would log a traceback, which may hold request text
            log.error("router_plugin: LiteLLM failed on %s (%s)", path, type(error).__name__)
            await answer.fail()


class _Answer:
    """Holds an answer's start until it is known who gave it, then sends it with the decision's headers."""

    def __init__(self, send: Send, state: RequestState, surface: Surface) -> None:
        self._send = send
        self._state = state
        self._surface = surface
        self._start: Message | None = None
        self._held: list[Message] = []
        self._size = 0
        self._streams = False
        self._passing = False

    async def __call__(self, message: Message) -> None:
        if self._passing:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
            self._streams = _header(message, b"content-type").startswith(b"text/event-stream")
        elif message["type"] != "http.response.body" or self._start is None:
            await self._send(message)
        else:
            await self._body(message, self._start)

    async def fail(self) -> None:
        """End an answer that LiteLLM left unfinished. One that is under way can only be cut."""
        if self._passing:
            return
        await _refuse(self._send, self._state.refusal or Unreadable(UNREADABLE), self._surface)
        self._passing = True

    async def _body(self, message: Message, start: Message) -> None:
        self._held.append(message)
        self._size += len(message.get("body", b""))
        last = not message.get("more_body", False)
        failed = start["status"] >= 400
        if failed and last:
            self._replace_error(start)
        if last or (not failed and not self._streams):
            await self._flush(start, known=True)
        elif self._streams and not failed:
            if has_content(message.get("body", b"")):
                await self._flush(start, known=True)
            elif self._size > MAX_HELD_BYTES:
                await self._flush(start, known=False)

    def _replace_error(self, start: Message) -> None:
        """Ours where the router refused or the chain is exhausted; a provider's own word otherwise."""
        refusal = self._state.refusal or _exhausted(self._state, int(start["status"]))
        if refusal is None:
            return
        body = json.dumps(error_body(refusal, self._surface)).encode()
        kept = [(k, v) for k, v in start["headers"] if k.lower() not in (b"content-length", b"content-type")]
        start["status"] = refusal.status
        start["headers"] = [*kept, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        self._held = [{"type": "http.response.body", "body": body, "more_body": False}]

    async def _flush(self, start: Message, *, known: bool) -> None:
        self._passing = True
        start["headers"] = [*start.get("headers", ()), *self._decision_headers(int(start["status"]), known)]
        await self._send(start)
        for message in self._held:
            await self._send(message)
        self._held = []

    def _decision_headers(self, status: int, known: bool) -> list[tuple[bytes, bytes]]:
        decision = self._state.decision
        values = decision.headers() if decision is not None else {}
        if status < 400 and self._state.served:
            values["x-router-deployment" if known else "x-router-planned-deployment"] = self._state.served
            values["x-router-fallbacks"] = str(max(0, len(self._state.groups_tried) - 1))
        return [(name.encode(), value.encode("latin-1", "replace")) for name, value in values.items()]


def install(settings: Settings) -> None:
    """Put the gate in front of the running proxy's app.

    The app has built its middleware already, so the stack is built anew; requests look it up at each call.
    """
    from litellm.proxy.proxy_server import app
    from starlette.middleware import Middleware

    if any(getattr(item, "cls", None) == Gate for item in app.user_middleware):
        return
    app.user_middleware.insert(0, Middleware(Gate, settings=settings))
    app.middleware_stack = app.build_middleware_stack()


def _closed(path: str) -> EndpointClosed:
    return EndpointClosed(
        f"The router can't inspect what `{path}` receives, so this endpoint is closed. An operator can open it, "
        "unprotected, with callback_settings.router_plugin.endpoints.open."
    )


def _too_large(scope: MutableMapping[str, Any], limit: int) -> RequestTooLarge | None:
    length = next((value for key, value in scope.get("headers", ()) if key == b"content-length"), b"0")
    if length.isdigit() and int(length) > limit * BYTES_PER_CHARACTER:
        return RequestTooLarge(
            f"The body has {int(length):,} bytes; the limit is {limit:,} characters. Send less, or raise "
            "callback_settings.router_plugin.limits.max_body_characters."
        )
    return None


def _exhausted(state: RequestState, status: int) -> RequestRefused | None:
    """The error for a chain that is used up; None where a provider's own error should stand."""
    if state.decision is None and status >= 500:
        return Unreadable(UNREADABLE)
    if state.decision is None or state.plan is None or state.client_error is not None or not state.failures:
        return None
    if status < 500 and status not in (401, 403, 404, 408, 429):
        return None
    tried = "; ".join(dict.fromkeys(str(failure) for failure in state.failures))
    stays = " It must stay local, so nothing was sent elsewhere." if state.plan.local_only else ""
    cure = " Start one with `ollama serve`, or see `router-plugin doctor`." if state.plan.local_only else ""
    failed = AllFailed(f"Every deployment for this request failed ({tried}).{stays}{cure}")
    if all(failure.status == 429 for failure in state.failures):
        failed.status = 429
    return failed


def _header(message: Message, name: bytes) -> bytes:
    return next((value for key, value in message.get("headers", ()) if key.lower() == name), b"")


async def _refuse(send: Send, refusal: RequestRefused, surface: Surface | None) -> None:
    body = json.dumps(error_body(refusal, surface)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
