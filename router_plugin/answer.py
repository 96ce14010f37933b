"""An answer on its way back: held until it is known who gave it, then sent with the decision's headers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from router_plugin.api_errors import error_body
from router_plugin.body_field import with_decision
from router_plugin.cache import Copy, Kept
from router_plugin.errors import RequestRefused
from router_plugin.midstream import Midstream
from router_plugin.outcome import CLIENT_GONE, Ending
from router_plugin.pinned import stuck
from router_plugin.request import Surface
from router_plugin.second_try import goes_back
from router_plugin.state import RequestState
from router_plugin.streams import Sign, first_sign
from router_plugin.tracing import describe

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

BROKE_OFF = "StreamBroken"  # in the list of attempts
_RESPONSE_ID = re.compile(rb'"id"\s*:\s*"(resp_[A-Za-z0-9_=+/-]{1,2000})"')
MAX_HELD_BYTES = 262_144  # of a stream without content; then the headers go, with the planned deployment only


class AllFailed(RequestRefused):
    """Every deployment of a chain was tried and failed."""

    status = 503
    code = "all_deployments_failed"


DEADLINE = "callback_settings.router_plugin.limits"


class EgressRefused(RequestRefused):
    """The lock refused the call: what would be sent is private or can't be read, and the target isn't local."""

    status = 403
    code = "egress_denied"


class Unreadable(RequestRefused):
    """LiteLLM failed on a request before the router saw it."""

    code = "unreadable_request"


UNREADABLE = (
    "The proxy could not read this request, so it was sent nowhere. Send a JSON object with `model` and without "
    "`api_base`, `base_url`, `user_config` or `model_list`."
)


class Answer:
    """Holds an answer's start until it is known who gave it, then sends it with the decision's headers."""

    def __init__(
        self,
        send: Send,
        state: RequestState,
        surface: Surface,
        *,
        in_body: bool = False,
        may_begin_anew: Callable[[], bool] = lambda: False,
        poor: Callable[[bytes], str | None] | None = None,
        copied_bytes: int = 0,
    ) -> None:
        """`in_body`: the decision also goes into the JSON of the answer, or of a stream's first event.

        `may_begin_anew` is asked where an answer broke off before the client has seen any of it. If it says yes the
        answer is thrown away, and `broke_off` is true. So it is where `poor` says what a whole answer lacks.
        `copied_bytes`: the longest answer of which a copy is made, where it may be kept.
        """
        self._in_body = in_body
        self._may_begin_anew = may_begin_anew
        self._poor = poor
        self.lacking: str | None = None
        self.broke_off = False
        self._closed = False  # what LiteLLM still sends of a stream that has been replaced by an error
        self._send = send
        self._state = state
        self._surface = surface
        self._start: Message | None = None
        self._held: list[Message] = []
        self._size = 0
        self._streams = False
        self._ended = False  # a stream has told its end, without any content
        self._passing = False
        self._midstream = Midstream(surface)
        self._begun = time.monotonic()
        self._first_content: float | None = None
        self._complete = False
        self._copied_bytes = copied_bytes
        self._copy: Copy | None = None
        self._replaying = False

    def is_over(self) -> bool:
        """Whether the client has been sent all that it gets."""
        return self._complete or self._closed

    def ending(self, *, gone: bool = False) -> Ending:
        """How the answer left, or that it never did: a client that hangs up is status 499, nginx's word for it.

        `gone`: the client has hung up, which servers say after a whole answer, too.
        """
        status = int(self._start["status"]) if self._start is not None and self._passing else CLIENT_GONE
        cancelled = gone and not self.is_over()
        return Ending(status, self._complete, time.monotonic() - self._begun, self._first_content, cancelled)

    async def __call__(self, message: Message) -> None:
        if self.broke_off or self._closed or (self._state.hit is not None and not self._replaying):
            return
        if self._passing:
            if self._copy is not None:
                self._copy.add(message)
            await self._pass(message)
        elif message["type"] == "http.response.start":
            self._start = message
            if 300 <= int(message["status"]) < 400:  # a server's redirect, which is no answer and not the client's
                message["status"] = 502
            streams = _header(message, b"content-type").startswith(b"text/event-stream")
            self._streams = streams and int(message["status"]) < 400
        elif message["type"] != "http.response.body" or self._start is None:
            await self._send(message)
        else:
            await self._body(message, self._start)

    async def replay(self, kept: Kept) -> None:
        """Give a kept answer, whatever LiteLLM has made of the request."""
        self._replaying = True
        described = [(b"content-type", kept.content_type)]
        if not kept.content_type.startswith(b"text/event-stream"):
            described.append((b"content-length", b"%d" % kept.size))
        await self({"type": "http.response.start", "status": 200, "headers": described})
        for number, part in enumerate(kept.parts, 1):
            await self({"type": "http.response.body", "body": part, "more_body": number < len(kept.parts)})

    def kept(self) -> Kept | None:
        """The answer, where it is whole and was given by a group that is tried first; else None."""
        state = self._state
        served = state.plan.find(state.served) if state.plan is not None else None
        if self._copy is None or not self._complete or served is None or state.escalated is not None:
            return None
        first = state.plan is not None and served.group == state.plan.groups[0]
        return self._copy.finish(self._surface, served.id) if first else None

    async def fail(self) -> None:
        """End an answer that LiteLLM left unfinished. A whole one that is under way can only be cut."""
        if self._passing and self._streams and not (self._complete or self._closed):
            await self._pass({"type": "http.response.body", "body": b"", "more_body": False})
        if self._passing or self.broke_off:
            return
        if self._served_and_broke():
            return
        refusal = self._state.refusal or Unreadable(UNREADABLE)
        self._state.refusal = refusal
        self._start = {"status": refusal.status}
        self._passing = True
        await refuse(self._send, refusal, self._surface)
        self._complete = True

    async def _pass(self, message: Message) -> None:
        """Send a part of an answer that has begun; a stream that fails now ends with an error event."""
        if self._streams and message["type"] == "http.response.body":
            was_well, last = not self._midstream.broken, _is_last(message)
            body = self._midstream.take(bytes(message.get("body", b"")), self._state.served, last=last)
            self._closed = self._midstream.closed
            if not (body or last or self._closed):
                return
            message = {**message, "body": body, "more_body": not (last or self._closed)}
            if was_well and self._midstream.broken and not self._is_told():
                self._blame()
        await self._send(message)
        self._complete = not self._midstream.broken and (self._complete or _is_last(message))

    async def _body(self, message: Message, start: Message) -> None:
        self._held.append(message)
        self._size += len(message.get("body", b""))
        last = _is_last(message)
        failed = start["status"] >= 400
        if failed:
            if last and not self._served_and_broke():
                self._replace_error(start)
                await self._flush(start, known=True)
        elif not self._streams:
            if last and self._lacks():
                return
            if last or not (self._in_body or self._poor):
                await self._flush(start, known=True)
        else:
            await self._stream(first_sign(message.get("body", b"")), start, last=last)

    async def _stream(self, sign: Sign, start: Message, *, last: bool) -> None:
        """A stream whose content hasn't begun: one that fails now, or ends without any, may begin anew."""
        self._ended = self._ended or sign is Sign.END
        if sign is Sign.CONTENT:
            await self._flush(start, known=True)
        elif sign is Sign.ERROR or last:
            if self._served_and_broke(blame=sign is Sign.ERROR or not self._ended):
                return
            if sign is Sign.ERROR or not self._ended:
                await self._refuse_or_flush(start)
            else:
                await self._flush(start, known=True, answered=False)
        elif self._size > MAX_HELD_BYTES:
            await self._flush(start, known=False)

    def _lacks(self) -> bool:
        """Whether a whole answer is to be replaced by another provider's."""
        if self._poor is None or self._state.served is None:
            return False
        self.lacking = self._poor(b"".join(bytes(held.get("body", b"")) for held in self._held))
        if self.lacking is None:
            return False
        self._state.failed(self._state.served, None, self.lacking)
        self._state.answered()  # the server is well
        self.broke_off = True
        return True

    def _served_and_broke(self, *, blame: bool = True) -> bool:
        """Whether a deployment failed in a way that LiteLLM does not go on from, and the request begins anew.

        `blame`: that counts against the deployment; an empty answer may be what the model said.
        """
        state = self._state
        if goes_back(state) is not None:
            self.broke_off = True
            return True
        if state.served is None or state.refusal is not None or state.client_error is not None or state.shut:
            return False
        if self._is_told():  # and LiteLLM went on as far as it may
            return False
        self._blame(counts=blame)
        self.broke_off = self._may_begin_anew()
        return self.broke_off

    def _is_told(self) -> bool:
        """Whether LiteLLM knows of the last call's failure, so that it stands among the failures."""
        state = self._state
        told = sum(attempt.called and attempt.deployment == state.served for attempt in state.failures)
        return state.served is None or told >= state.calls[state.served]

    def _blame(self, *, counts: bool = True) -> None:
        """Note that the deployment's answer broke off. `counts`: also for its circuit."""
        state = self._state
        if state.served is not None:
            state.failed(state.served, None, BROKE_OFF)
            if counts and state.report is not None:
                state.report(state.served, False)

    async def _refuse_or_flush(self, start: Message) -> None:
        """A stream that failed before its content: an error with its own status, since nothing has been sent yet."""
        refusal = _exhausted(self._state, 502)
        if refusal is None:
            await self._flush(start, known=True, answered=False)
            return
        self._state.refusal = refusal
        start["status"] = refusal.status
        self._replace_error(start)
        self._streams = False
        await self._flush(start, known=True)
        self._start, self._closed = start, True

    def _replace_error(self, start: Message) -> None:
        """Ours where the router refused or the chain is exhausted; a provider's own word otherwise."""
        refusal = self._state.refusal or _exhausted(self._state, int(start["status"]))
        if refusal is None:
            return
        self._state.refusal = refusal
        body = json.dumps(error_body(refusal, self._surface)).encode()
        kept = [(k, v) for k, v in start["headers"] if k.lower() not in (b"content-length", b"content-type")]
        start["status"] = refusal.status
        start["headers"] = [*kept, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        self._held = [{"type": "http.response.body", "body": body, "more_body": False}]

    async def _flush(self, start: Message, *, known: bool, answered: bool = True) -> None:
        """Let the held part go. `answered`: it holds content, so the deployment is well; empty it says nothing."""
        self._passing = True
        if int(start["status"]) < 400 and known and answered:
            self._state.answered()
            self._first_content = time.monotonic() - self._begun
        await self._remember(int(start["status"]))
        added = self._decision_headers(int(start["status"]), known)
        describe(self._state.span, added)
        if self._copied_bytes and self._state.cache_key and int(start["status"]) == 200 and known and answered:
            self._copy = Copy(_header(start, b"content-type"), self._copied_bytes, self._held)
        if self._in_body and added:
            self._write_into_body(start, added)
        start["headers"] = [*start.get("headers", ()), *added]
        await self._send(start)
        for message in self._held:
            if not self._closed:
                await self._pass(message)
        self._held = []

    async def _remember(self, status: int) -> None:
        """A stored answer's id names its conversation in the next request."""
        if self._state.memory is None or self._surface is not Surface.RESPONSES or status >= 400:
            return
        if self._state.stand_ins is not None:  # what the provider keeps has stand-ins that a later request can't name
            return
        found = _RESPONSE_ID.search(b"".join(bytes(message.get("body", b"")) for message in self._held))
        if found is not None:
            await self._state.memory.answered(found[1].decode())

    def _write_into_body(self, start: Message, added: list[tuple[bytes, bytes]]) -> None:
        """The same facts as the headers, for clients that don't show those."""
        held = b"".join(message.get("body", b"") for message in self._held)
        body = with_decision(held, added, stream=self._streams)
        self._held = [{**self._held[-1], "body": body}]
        length = (b"content-length", b"%d" % len(body))
        start["headers"] = [
            length if name.lower() == b"content-length" else (name, value) for name, value in start.get("headers", ())
        ]

    def _decision_headers(self, status: int, known: bool) -> list[tuple[bytes, bytes]]:
        decision = self._state.decision
        values = decision.headers() if decision is not None else {}
        if status < 400 and self._state.hit is not None:
            values |= self._state.hit.headers()
        elif status < 400 and self._state.served:
            values["x-router-deployment" if known else "x-router-planned-deployment"] = self._state.served
            values["x-router-fallbacks"] = str(self._state.fallbacks())
        return [(name.encode(), value.encode("latin-1", "replace")) for name, value in values.items()]


def _exhausted(state: RequestState, status: int) -> RequestRefused | None:
    """The error for a chain that is used up; None where a provider's own error should stand."""
    if state.decision is None and status >= 500:
        return Unreadable(UNREADABLE)
    if state.decision is None or state.plan is None or state.client_error is not None:
        return None
    broke_off = any(attempt.error == BROKE_OFF for attempt in state.failures[-1:])
    used_up = state.exhausted or state.denied is not None or broke_off
    if status < 500 and not used_up and (status not in (401, 403, 404, 408, 429) or not state.failures):
        return None
    tried = "; ".join(dict.fromkeys(str(failure) for failure in state.failures)) or _last_called(state)
    stays = " It must stay local, so nothing was sent elsewhere." if state.plan.local_only else ""
    cure = " Start one with `ollama serve`, or see `router-plugin doctor`." if state.plan.local_only else ""
    denied = f" {state.denied}" if state.denied else ""
    if state.shut and not state.plan.local_only and not any(failure.called for failure in state.failures):
        return EgressRefused(f"The router's lock refused this request: {state.denied}")
    spent = f" {state.plan.spent}" if state.plan.spent else ""
    failed = AllFailed(f"Every deployment for this request failed ({tried}).{denied}{stays}{cure}{spent}")
    keepers = [deployment.provider for deployment in state.plan.deployments if not deployment.local]
    if state.plan.pins and keepers:
        failed.message += f" {stuck(state.plan.pins, keepers, 'is back')}"
    if state.out_of_time:
        failed.message += f" Its deadline of {state.deadline_seconds:g} s is over ({DEADLINE})."
        failed.status = 504
    elif state.failures and all(failure.status == 429 for failure in state.failures):
        failed.status = 429
    return failed


def _last_called(state: RequestState) -> str:
    """For a stream that broke before its content, of which LiteLLM reports no failed attempt."""
    return f"{state.served} broke off" if state.served else "none was called"


def _is_last(message: Message) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body", False)


def _header(message: Message, name: bytes) -> bytes:
    return next((value for key, value in message.get("headers", ()) if key.lower() == name), b"")


async def refuse(send: Send, refusal: RequestRefused, surface: Surface | None) -> None:
    """Send a refusal in the API's shape."""
    await send_whole(send, refusal.status, json.dumps(error_body(refusal, surface)).encode())


async def send_whole(
    send: Send,
    status: int,
    body: bytes,
    content_type: str = "application/json",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Send a whole answer."""
    described = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": described})
    await send({"type": "http.response.body", "body": body})
