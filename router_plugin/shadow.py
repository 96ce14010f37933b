"""Shadow mode: decide and log what would have happened, and change nothing. Nothing is locked in it.

The request goes to the model that its client named, by LiteLLM's own routing: no field is rewritten, no deployment is
filtered, no call is checked, no endpoint is closed. A failure in here is logged by its class; no client sees it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

from litellm.integrations.custom_logger import CustomLogger

from router_plugin.deployments import AUTO, Deployment, is_auto
from router_plugin.egress import SURFACES, TRANSPORT_FIELDS, control_fields
from router_plugin.endpoints import routed_surface
from router_plugin.errors import RequestRefused
from router_plugin.gate import App, Receive
from router_plugin.notes import METADATA_FIELDS, client_metadata
from router_plugin.outcome import CLIENT_GONE, OK_BELOW, Ending, Record, Recorder, record_of
from router_plugin.pipeline import Router
from router_plugin.prices import Price, prices
from router_plugin.request import Surface
from router_plugin.sessions import Sessions
from router_plugin.settings import SHADOW
from router_plugin.state import LARGE_BODY_BYTES, RequestState, begin, current, large_from
from router_plugin.steering import METADATA_KEY, read_steering
from router_plugin.streams import Sign, first_sign

log = logging.getLogger("router_plugin")


class ShadowPlugin_PROXY_(CustomLogger):  # noqa: N801
    """LiteLLM's hooks in shadow mode. `_PROXY_` in the name lets it count requests that carry `no-log`."""

    def __init__(self, router: Router, sessions: Sessions | None = None) -> None:
        super().__init__()
        self.router = router
        self.sessions = sessions
        self._prices = prices(router.config.inventory.deployments)
        self.recorder = Recorder(self.record)

    async def async_pre_call_hook(
        self,
        user_api_key_dict: Any,
        cache: Any,  # noqa: ARG002 - the signature is LiteLLM's
        data: Mapping[str, Any],
        call_type: Any,
    ) -> None:
        """Decide about a request and leave it as it is."""
        state = current() or begin()
        surface = SURFACES.get(str(getattr(call_type, "value", call_type)))
        if surface is None:
            return
        state.surface = surface
        try:
            await self._decide(data, surface, state, str(getattr(user_api_key_dict, "token", None) or ""))
        except RequestRefused as refusal:
            state.refusal = refusal
        except Exception as error:  # noqa: BLE001 - whoever only watches must not break a request
            log.error("router_plugin: shadow mode could not decide (%s)", type(error).__name__)

    async def _decide(self, data: Mapping[str, Any], surface: Surface, state: RequestState, tenant: str) -> None:
        """As if the client had asked for `auto`, or for the door that it named; embeddings keep their model."""
        request = data.get("proxy_server_request") or {}
        sent = request.get("body")
        sent = sent if isinstance(sent, Mapping) else data
        # LiteLLM's own notes stand beside the client's fields; the router strips both from what it reads
        passed_over = {*METADATA_FIELDS, *TRANSPORT_FIELDS, *control_fields(list(sent))}
        body = {key: data[key] for key in sent if key in data and key not in passed_over}
        metadata = client_metadata(data)
        if metadata:
            body["metadata"] = {key: value for key, value in metadata.items() if key != METADATA_KEY}
        asked = str(data.get("model") or "")
        state.asked = asked if self.router.config.inventory.find(asked) or is_auto(asked) else None
        model = asked if surface is Surface.EMBEDDINGS or is_auto(asked) else AUTO
        try:
            steering = read_steering(model, {}, None, self.router.config.inventory)
        except RequestRefused:
            steering = read_steering(AUTO, {}, None, self.router.config.inventory)
        headers = request.get("headers") or {}
        large = state.body_bytes > large_from(self.router.config.settings)
        read = functools.partial(self.router.read, body, surface)
        conversation = await asyncio.to_thread(read) if large else read()
        scan = functools.partial(self.router.detector.scan, conversation)
        judged = await asyncio.to_thread(scan) if large else scan()
        state.judged_private, state.judged_findings = judged.private, judged.findings
        memory = self.sessions and await self.sessions.open(body, conversation, tenant, headers)
        note = memory.note if memory else None
        decide = functools.partial(self.router.decide, body, surface, steering, note=note, conversation=conversation)
        try:
            decision, state.plan = await asyncio.to_thread(decide) if large else decide()
        except RequestRefused:
            if memory and state.judged_private:
                await memory.refused()
            raise
        state.decision = decision
        if memory:
            await memory.decided(decision)

    async def async_log_success_event(
        self,
        kwargs: Mapping[str, Any],
        response_obj: Any,  # noqa: ARG002 - the signature is LiteLLM's
        start_time: Any,  # noqa: ARG002
        end_time: Any,  # noqa: ARG002
    ) -> None:
        """An answer is complete: who gave it, its tokens, its cost."""
        state = current()
        if state is None or state.surface is None:
            return
        with contextlib.suppress(Exception):
            found = self._who(kwargs)
            state.served = found.id if found is not None else None
        self.recorder.used(state, kwargs)

    def _who(self, call: Mapping[str, Any]) -> Deployment | None:
        """The deployment of a call: by its id, else by group and model, since a config without ids leaves them open."""
        payload = call.get("standard_logging_object") or {}
        inventory = self.router.config.inventory
        identity, group, model = payload.get("model_id"), payload.get("model_group"), str(call.get("model") or "")
        by_id = [d for d in inventory.deployments if d.id == identity]
        # a group that was split keeps its local part under another name
        of_group = [d for d in inventory.deployments if d.group in (group, f"{group}-local", f"own-{group}")]
        by_model = [d for d in of_group if d.model == model or d.model.split("/", 1)[-1] == model]
        return next(iter([*by_id, *by_model, *of_group]), None)

    def record(self, state: RequestState, ending: Ending) -> Record:
        """A record of the decision log; `deployment` and `cost` are what happened, `would_*` what had happened."""
        found = {d.id: d for d in self.router.config.inventory.deployments}
        served = found.get(state.served or "")
        would = self._first(state)
        usage = state.usage
        price: Price | None = self._prices.get(would.id) if would is not None else None
        record = record_of(state, ending)
        private = state.decision.local_only if state.decision is not None else state.judged_private
        if (
            private is None
        ):  # it could not be read, so it counts as private; what LiteLLM refused first was sent nowhere
            private = state.refusal is not None or ending.status < OK_BELOW
        return record | {
            "mode": SHADOW,
            "private": record.get("private", private),
            "provider": served.provider if served is not None else None,
            "code": None,  # nothing was refused
            "asked": state.asked,
            "served_group": served.group if served is not None else None,
            "would_deployment": would.id if would is not None else None,
            "would_provider": would.provider if would is not None else None,
            "would_cost": price.cost(usage.prompt_tokens, usage.completion_tokens) if price and usage else None,
            "would_refuse": state.refusal.code if state.refusal is not None else None,
            # private text that the lock would have kept: all that isn't known to have been answered at home
            "left": private and not (served is not None and served.local),
        }

    def _first(self, state: RequestState) -> Deployment | None:
        group = state.decision.model_group if state.decision is not None else None
        return next((d for d in self.router.config.inventory.deployments if d.group == group), None)


class ShadowGate:
    """ASGI middleware that measures answers and passes everything on as it is."""

    def __init__(self, app: App, recorder: Recorder) -> None:
        self.app = app
        self.recorder = recorder

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Any) -> None:
        """Pass a call on; note when it began to answer, how, and when it was over."""
        if scope["type"] != "http" or scope.get("method") != "POST":
            await self.app(scope, receive, send)
            return
        state = begin()
        length = dict(scope.get("headers", ())).get(b"content-length", b"")
        state.body_bytes = int(length) if length.isdigit() else LARGE_BODY_BYTES + 1
        state.surface = routed_surface("POST", str(scope.get("path", "/")))
        seen = _Seen(send)
        try:
            await self.app(scope, receive, seen)
        finally:
            if state.surface is not None:
                self.recorder.ended(state, seen.ending())


class _Seen:
    """Sends on what it is given, and looks at the clock."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._status = CLIENT_GONE
        self._begun = time.monotonic()
        self._streams = False
        self._first: float | None = None
        self._complete = False

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        await self._send(message)
        if message["type"] == "http.response.start":
            self._status = int(message["status"])
            kinds = [value for name, value in message.get("headers", ()) if name.lower() == b"content-type"]
            self._streams = any(kind.startswith(b"text/event-stream") for kind in kinds)
        elif message["type"] == "http.response.body":
            content = message.get("body", b"")
            if self._first is None and content and (not self._streams or first_sign(content) is Sign.CONTENT):
                self._first = time.monotonic() - self._begun
            self._complete = not message.get("more_body", False)

    def ending(self) -> Ending:
        return Ending(self._status, self._complete, time.monotonic() - self._begun, self._first)


def install(recorder: Recorder) -> None:
    """Put the measuring middleware around the running proxy's app."""
    from litellm.proxy.proxy_server import app
    from starlette.middleware import Middleware

    app.user_middleware.insert(0, Middleware(ShadowGate, recorder=recorder))
    app.middleware_stack = app.build_middleware_stack()
