"""The gate before LiteLLM's routes: closes what can't be inspected, and writes the decision into every answer."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from router_plugin.answer import Answer, Message, Send, refuse, send_whole
from router_plugin.cache import Cache
from router_plugin.endpoints import is_open, routed_surface
from router_plugin.errors import EndpointClosed, RequestRefused, RequestTooLarge
from router_plugin.hangup import Line, while_there
from router_plugin.local_endpoints import Call, Endpoint, LocalEndpoints
from router_plugin.outcome import Recorder
from router_plugin.pipeline import Router
from router_plugin.request import Surface
from router_plugin.restore import Restored
from router_plugin.second_try import away, goes_back, poor_answer, second_try
from router_plugin.state import LARGE_BODY_BYTES, RequestState, begin, begin_anew
from router_plugin.tracing import current_span

log = logging.getLogger("router_plugin")

Receive = Callable[[], Awaitable[Message]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

PROOF_SECONDS = 30.0
BYTES_PER_CHARACTER = 4  # the longest UTF-8 form; JSON escapes may be longer, and are refused with the same message


class NotProved(RequestRefused):
    """The start-up self-test has not passed, so nothing is routed."""

    status = 503
    code = "not_ready"


class Opening:
    """Whether the gate lets requests through, and why not."""

    def __init__(self, *, passed: bool = False) -> None:
        self._passed = passed
        self._decided = asyncio.Event()
        self.reason = "The router has not yet proved that LiteLLM calls its hooks. Try again in a moment."
        if passed:
            self._decided.set()

    async def passed(self) -> bool:
        """Whether requests may pass; waits for the proof for a while."""
        if not self._decided.is_set():
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._decided.wait(), PROOF_SECONDS)
        return self._passed

    def open(self) -> None:
        """Let requests through from now on."""
        self._passed = True
        self._decided.set()

    def fail(self, reason: str) -> None:
        """Keep the gate shut, with this reason."""
        self.reason = reason
        self._decided.set()


class Gate:
    """ASGI middleware around LiteLLM's app."""

    def __init__(
        self,
        app: App,
        router: Router,
        opening: Opening | None = None,
        endpoints: LocalEndpoints | None = None,
        recorder: Recorder | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.app = app
        self.recorder = recorder or Recorder()
        self.cache = cache
        self.endpoints = endpoints or LocalEndpoints(router)
        self.settings = router.config.settings
        self.opening = opening or Opening(passed=True)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass open endpoints on, with the decision's headers on the way back; refuse the rest."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "closed by the router"})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            self.recorder.flush()
            return
        path = str(scope.get("path", "/"))
        method = str(scope.get("method", "GET"))
        own = self.endpoints.find(method, path.rstrip("/"))
        if own is not None:
            await self._answer_here(own, scope, receive, send)
            return
        if not is_open(method, path, self.settings.endpoints.open):
            await refuse(send, _closed(path), None)
            return
        surface = routed_surface(method, path)
        if surface is None:
            begin(opened=not is_open(method, path, ()))
            await self.app(scope, receive, send)
            return
        too_large = _too_large(scope, self.settings.limits.max_body_characters)
        if too_large is not None:
            await refuse(send, too_large, surface)
            return
        if not await self.opening.passed():
            await refuse(send, NotProved(self.opening.reason), surface)
            return
        state = begin()
        state.span = current_span()
        state.body_bytes = _declared_bytes(scope)
        body = Replayed(receive, state, self.settings.limits.max_body_characters * BYTES_PER_CHARACTER)
        try:
            while True:
                again = await self._attempt(dict(scope), body, send, state, surface)
                if again is None:
                    return
                state = body.state = again
        finally:
            body.line.close()

    async def _attempt(
        self, scope: MutableMapping[str, Any], body: Replayed, send: Send, state: RequestState, surface: Surface
    ) -> RequestState | None:
        """One run of LiteLLM's app. A state to begin anew with where its answer broke off before its first content."""
        max_calls = self.settings.routing.max_retries
        answer = Answer(
            Restored(send, state),
            state,
            surface,
            in_body=self.settings.decision_in_body,
            may_begin_anew=lambda: body.whole and second_try(state, max_calls) is not None,
            poor=functools.partial(poor_answer, state) if self.settings.routing.escalate else None,
            copied_bytes=self.cache.largest if self.cache is not None else 0,
        )
        try:
            if await while_there(self.app(scope, body, answer), body.line, answer.is_over):
                state.given_up()
            elif state.hit is not None:
                await answer.replay(state.hit.kept)
        except Exception as error:  # noqa: BLE001 - the server would log a traceback, which may hold request text
            log.error("router_plugin: LiteLLM failed on %s (%s)", scope.get("path"), type(error).__name__)
            await answer.fail()
        finally:
            if body.line.gone or not answer.broke_off:
                self.recorder.ended(state, answer.ending(gone=body.line.gone))
                kept = answer.kept()
                if self.cache is not None and kept is not None:
                    await self.cache.remember(state, kept)
        if body.line.gone or not answer.broke_off:
            return None
        avoided = away(state) if answer.lacking else goes_back(state) or second_try(state, max_calls)
        body.rewind()
        return begin_anew(state, avoided or frozenset(), answer.lacking or state.escalated)

    async def _answer_here(self, own: Endpoint, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """One of the router's own endpoints, with the master key."""
        try:
            content = await _read(receive, self.endpoints.max_bytes)
            call = Call(dict(scope.get("headers", ())), scope.get("query_string", b""), content)
            reply = await self.endpoints.answer(own, call, _master_key())
        except RequestRefused as refusal:
            await refuse(send, refusal, own.surface)
        else:
            await send_whole(send, reply.status, reply.content, reply.content_type, reply.headers)


class Replayed:
    """Reads a body up to a limit, and again from its start after `rewind`; a longer one ends as a refusal.

    After the body comes the client's hang-up, for which `line` listens.
    """

    def __init__(self, receive: Receive, state: RequestState, limit: int) -> None:
        self.state = state
        self.whole = False  # all of it has been read
        self.line = Line(receive)
        self._receive = receive
        self._left = limit
        self._read: list[Message] = []
        self._next = 0

    def rewind(self) -> None:
        """The next reader gets the body from its start."""
        self._next = 0

    async def __call__(self) -> Message:
        if self._next < len(self._read):
            self._next += 1
            return dict(self._read[self._next - 1])
        if self.whole:
            await self.line.hung_up()
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] != "http.request":
            self.line.gone = True
            return message
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.state.refusal = RequestTooLarge(
                "The body is longer than callback_settings.router_plugin.limits.max_body_characters allows."
            )
            raise self.state.refusal
        self._read.append(message)
        self._next += 1
        self.whole = not message.get("more_body", False)
        if self.whole:
            self.line.body_read()
        return dict(message)


def install(router: Router, endpoints: LocalEndpoints, recorder: Recorder, cache: Cache | None = None) -> Opening:
    """Put the gate in front of the running proxy's app; it lets requests through once the result is opened.

    The app has built its middleware already, so the stack is built anew; requests look it up at each call.
    """
    from litellm.proxy.proxy_server import app
    from starlette.middleware import Middleware

    opening = Opening()
    app.user_middleware[:] = [item for item in app.user_middleware if getattr(item, "cls", None) != Gate]
    gate = Middleware(Gate, router=router, opening=opening, endpoints=endpoints, recorder=recorder, cache=cache)
    app.user_middleware.insert(0, gate)
    app.middleware_stack = app.build_middleware_stack()
    return opening


def _master_key() -> str | None:
    from litellm.proxy import proxy_server

    key = proxy_server.master_key
    return key if isinstance(key, str) else None


async def _read(receive: Receive, limit: int) -> bytes:
    """A request's body. Errors: RequestTooLarge."""
    content = b""
    while True:
        message = await receive()
        content += bytes(message.get("body", b""))
        if len(content) > limit:
            raise RequestTooLarge(f"The body has more than {limit:,} bytes.")
        if message["type"] != "http.request" or not message.get("more_body", False):
            return content


def _closed(path: str) -> EndpointClosed:
    return EndpointClosed(
        f"The router can't inspect what `{path}` receives, so this endpoint is closed. An operator can open it, "
        "unprotected, with callback_settings.router_plugin.endpoints.open."
    )


def _declared_bytes(scope: MutableMapping[str, Any]) -> int:
    """The body's length as its header says; a chunked body, which has none, counts as large."""
    headers = dict(scope.get("headers", ()))
    length = headers.get(b"content-length", b"")
    if length.isdigit():
        return int(length)
    return LARGE_BODY_BYTES + 1 if b"transfer-encoding" in headers else 0


def _too_large(scope: MutableMapping[str, Any], limit: int) -> RequestTooLarge | None:
    length = _declared_bytes(scope)
    if length > limit * BYTES_PER_CHARACTER:
        return RequestTooLarge(
            f"The body has {length:,} bytes; the limit is {limit:,} characters. Send less, or raise "
            "callback_settings.router_plugin.limits.max_body_characters."
        )
    return None
