"""The LiteLLM hooks: pre-call, deployment filter, deployment check, and what became of each attempt."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Mapping
from typing import Any

import litellm
from fastapi import HTTPException
from litellm.exceptions import (
    BadRequestError,
    ContextWindowExceededError,
    ServiceUnavailableError,
    Timeout,
)

from router_plugin import prompt_cache
from router_plugin.auth import ExplainsKeys
from router_plugin.breaker import Breaker, Circuit
from router_plugin.cache import Cache, for_litellm
from router_plugin.capture import Capture
from router_plugin.config import require_locked
from router_plugin.decision import Reason
from router_plugin.deployments import is_auto
from router_plugin.egress import (
    SENDS_METADATA,
    SURFACES,
    TRANSPORT_FIELDS,
    EgressDenied,
    Lock,
    ServerDown,
    beta_features,
    control_fields,
)
from router_plugin.errors import EndpointClosed, HistoryNotShown, RequestRefused
from router_plugin.failures import connection_refused, cure
from router_plugin.fitting import fit_call
from router_plugin.health import Health
from router_plugin.hosted import drop_hosted
from router_plugin.notes import METADATA_FIELDS, client_metadata, drop_identity
from router_plugin.outcome import Recorder
from router_plugin.pick import Picker, deployments_of
from router_plugin.pipeline import Router
from router_plugin.pseudonyms import redacted
from router_plugin.request import Surface
from router_plugin.sessions import Sessions
from router_plugin.state import RequestState, begin, current, large_from
from router_plugin.steering import METADATA_KEY, read_steering, under_key
from router_plugin.substance import Asked

log = logging.getLogger("router_plugin")

COUNTED_STATUS = (408, 429)  # beside 5xx and no answer at all; other 4xx are no sign of illness
MIN_TIMEOUT = 0.1  # seconds; the deadline may end between the pick and the call
OURS = "router"  # the provider that our own refusals name
STORED_HISTORY = ("opaque.previous_response", "opaque.conversation")


class RouterPlugin_PROXY_(ExplainsKeys):  # noqa: N801
    """LiteLLM runs a pre-call hook only where the leaf class defines it: don't subclass this one.

    `no-log`, which private requests carry, silences every log callback but those with `_PROXY_` in the class name.
    """

    def __init__(self, router: Router, sessions: Sessions | None = None, breaker: Breaker | None = None) -> None:
        super().__init__()
        require_locked(router.config.settings, "the lock")
        self.router = router
        self.sessions = sessions
        self.lock = Lock(router)
        self.recorder = Recorder()
        self.cache: Cache | None = None  # of whole answers; the gate fills it and answers from it
        self.capture: Capture | None = None
        self._hinted: set[tuple[str, int]] = set()
        circuits = router.config.settings.routing.breaker
        self.breaker = breaker or Breaker(circuits.failures, circuits.recovery_seconds)
        ollama = router.config.settings.ollama
        self.health = Health(router.config.inventory.deployments, ollama.check_seconds, self._server_back)
        self.picker = Picker(self.health, ollama.cold_start_requests)

    # -- once per client request -----------------------------------------------------------------------------------

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any
    ) -> dict[str, Any]:
        """Decide, and rewrite `data` to the decision: model group, chain, attempts. Refusals become HTTP errors."""
        state = current() or begin()
        if state.opened:
            return data
        try:
            routed = await self._route(data, str(getattr(call_type, "value", call_type)), state, user_api_key_dict)
        except RequestRefused as refusal:
            state.refusal = refusal
        except Exception as error:  # noqa: BLE001 - whatever goes wrong here must end refused, never in the cloud
            log.error("router_plugin: the decision failed (%s); the request is refused", type(error).__name__)
            state.refusal = RequestRefused(
                "The router could not decide about this request, so it was not sent anywhere. "
                "The proxy's log names the kind of error."
            )
            state.refusal.status = 503
            state.refusal.code = "router_error"
        else:
            if state.hit is None:
                return routed
            raise HTTPException(200, detail="The gate gives a kept answer.")  # LiteLLM must not call anyone
        raise HTTPException(state.refusal.status, detail={"error": state.refusal.message}) from None

    async def _route(self, data: dict[str, Any], call_type: str, state: RequestState, caller: Any) -> dict[str, Any]:
        surface = SURFACES.get(call_type)
        if surface is None:
            raise EndpointClosed(
                f"The router can't inspect `{call_type}` requests, so this endpoint is closed. "
                "An operator can open it with callback_settings.router_plugin.endpoints.open."
            )
        sent = (data.get("proxy_server_request") or {}).get("body")
        sent = sent if isinstance(sent, Mapping) else data
        # LiteLLM leaves what it takes for transport out of its snapshot of the body, so that is named apart
        for key in (*control_fields(list(sent)), *TRANSPORT_FIELDS):
            data.pop(key, None)
        body = {key: data[key] for key in sent if key in data and key not in METADATA_FIELDS}
        metadata = client_metadata(data)
        headers = (data.get("proxy_server_request") or {}).get("headers") or {}
        betas = beta_features(headers)
        if betas:
            body["anthropic-beta"] = list(betas)
            data["provider_specific_header"] = {
                "custom_llm_provider": "anthropic",
                "extra_headers": {"anthropic-beta": ",".join(betas)},
            }
        steering = read_steering(str(data.get("model") or ""), headers, metadata, self.router.config.inventory)
        if metadata:
            body["metadata"] = {key: value for key, value in metadata.items() if key != METADATA_KEY}
        rules = self.router.config.settings.key(getattr(caller, "key_alias", None))
        steering = under_key(steering, rules)
        pin = rules.on_private_pin if rules is not None else None
        large = state.body_bytes > large_from(self.router.config.settings)
        read = functools.partial(self.router.read, body, surface)
        conversation = await asyncio.to_thread(read) if large else read()
        tenant = str(getattr(caller, "token", None) or "")
        memory = self.sessions and await self.sessions.open(body, conversation, tenant, headers)
        decide = functools.partial(
            self.router.decide,
            surface=surface,
            steering=steering,
            on_private_pin=pin,
            note=memory.note if memory else None,
        )
        hide = functools.partial(redacted, body, conversation, self.router, steering, memory or None, tenant, decide)
        hidden = await asyncio.to_thread(hide) if large else hide()
        try:
            if hidden is not None:
                decision, plan = hidden.decision, hidden.plan
                body, conversation, state.stand_ins = dict(hidden.body), hidden.conversation, hidden.stand_ins
                data.update(hidden.changed)
            else:
                asked = functools.partial(decide, body, conversation=conversation)
                decision, plan = await asyncio.to_thread(asked) if large else asked()
        except RequestRefused:
            judged = self.router.detector.scan(conversation)  # remembered: decide has just scanned it
            state.judged_private = (
                judged.private or steering.private or bool(memory and memory.note and memory.note.private)
            )
            state.judged_findings = judged.findings
            if memory and judged.private:
                await memory.refused()
            raise
        if memory:
            await memory.decided(decision)
            state.memory = memory
        state.surface, state.decision, state.plan = surface, decision, plan
        state.report, state.release = self._report, self.breaker.released
        state.wants = Asked.of(body) if self.router.config.settings.routing.escalate else None
        if state.escalated is not None:
            state.decision = decision = decision.because(Reason("escalated", state.escalated))
        if any(finding.rule in STORED_HISTORY for finding in decision.findings):
            raise HistoryNotShown(
                "This request continues a conversation that the provider stores and that isn't shown here, so it can't "
                "be inspected. Send the full history in `input`, or have the operator allow it with "
                "callback_settings.router_plugin.privacy.allow_uninspectable."
            )
        if self.cache is not None and hidden is None:
            shared = litellm.cache is not None
            await self.cache.look(state, body, conversation, tenant, steering, shared=shared)
        if litellm.cache is not None:
            data["cache"] = for_litellm(state.name, steering)
        routing, limits = self.router.config.settings.routing, self.router.config.settings.limits
        state.deadline_seconds = limits.private_timeout_seconds if plan.local_only else limits.request_seconds
        data["model"], *data["fallbacks"] = state.open_groups(plan)
        data["num_retries"] = plan.attempts(routing.max_retries) - 1
        if hidden is not None:
            data["no-log"] = True  # LiteLLM notes what the client sent beside what is sent on
        if plan.local_only:
            # no cache and no log callback but those of the proxy itself sees a private request
            data["cache"] = {"no-cache": True, "no-store": True}
            data["no-log"] = True
            data["timeout"] = limits.private_timeout_seconds
            state.decision = decision.because(*(Reason("dropped", kind) for kind in drop_hosted(data)))
        drop_identity(data, decision.droppable, sends_metadata=surface in SENDS_METADATA)
        if self.capture is not None and hidden is None:
            state.sample = self.capture.sample(conversation, decision, plan)
        return data

    # -- each pick of a deployment: first try, retry, fallback, broken stream -----------------------------------------

    async def async_filter_deployments(
        self,
        model: str,
        healthy_deployments: list[Any],
        messages: list[Any] | None,
        request_kwargs: dict[str, Any] | None = None,
        parent_otel_span: Any = None,
    ) -> list[dict[str, Any]]:
        """Only what the plan allows. A door (`auto`, ...) is turned into the plan's next group.

        Errors: litellm.BadRequestError, which LiteLLM neither retries nor falls back from to anything we don't filter.
        """
        state = current()
        if state is not None and state.opened:
            return healthy_deployments
        if state is None or state.plan is None:
            return [d for d in healthy_deployments if self.lock.is_local(d.get("litellm_params") or {})]
        if state.client_error is not None:
            raise state.client_error
        left = state.remaining()
        if left is not None and left <= 0:
            state.exhausted = state.out_of_time = True
            raise BadRequestError(message="The request's deadline is over.", model=model, llm_provider=OURS)
        candidates = healthy_deployments
        if is_auto(model):
            group = self.picker.another_server(state, self._may_try) or state.next_group()
            candidates = deployments_of(group) if group is not None else []
            model = group or model
        if model not in state.groups_tried:
            state.groups_tried.append(model)
        allowed = [d for d in candidates if self._may_try(str((d.get("model_info") or {}).get("id")), state)]
        if not allowed:
            state.exhausted = True
            raise BadRequestError(
                message="No deployment of this request's chain is left.", model=model, llm_provider=OURS
            )
        return self.picker.narrow(allowed, state)

    def _may_try(self, identity: str, state: RequestState) -> bool:
        """Whether a deployment is in the plan, its circuit is not open, and its server was there for this request."""
        if state.plan is None or not state.plan.allows(identity) or not self.breaker.allows(identity):
            return False
        if identity in state.avoided:
            return False
        server = self.health.server_of(identity)
        if (
            server is not None
            and not self.health.status(server).up
            and self.breaker.circuit(identity) != Circuit.CLOSED
        ):
            return False  # no trial call where the watch will see first that the server is back
        return self._host_of(identity) not in state.dead_hosts

    def _server_down(self, identity: str | None, state: RequestState) -> None:
        """Nothing listens there: this request is done with that server, and others leave it alone for a while."""
        if identity is None:
            return
        host = self._host_of(identity)
        for deployment in self.router.config.inventory.deployments:
            if deployment.id == identity or (host is not None and deployment.host == host):
                self.breaker.refused(deployment.id)
        if host is not None:
            state.dead_hosts.append(host)
            self.health.found_none(host)

    def _server_back(self, host: str) -> None:
        """A server that was down answers: what failed for want of it is forgotten."""
        for deployment in self.router.config.inventory.deployments:
            if deployment.host == host:
                self.breaker.succeeded(deployment.id)

    def _host_of(self, identity: str) -> str | None:
        found = (d.host for d in self.router.config.inventory.deployments if d.id == identity)
        return next(found, None)

    def _hint(self, identity: str, status: int | None) -> None:
        """Tell the operator, once a deployment and status, of what only an operator can mend."""
        deployments = self.router.config.inventory.deployments
        advice = cure(status, next((d for d in deployments if d.id == identity), None))
        if advice is not None and status is not None and (identity, status) not in self._hinted:
            self._hinted.add((identity, status))
            log.warning("router_plugin: %s answers %d: %s. See `router-plugin doctor`.", identity, status, advice)

    @staticmethod
    def _group_of(state: RequestState) -> str:
        found = state.plan.find(state.served) if state.plan is not None else None
        return found.group if found is not None else ""

    def _report(self, identity: str, answered: bool) -> None:
        if answered:
            self.breaker.succeeded(identity)
        else:
            self.breaker.failed(identity)

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any] | None:
        """The last look before a call: scan what is being sent, to where it is really sent."""
        state = current()
        name = str(getattr(call_type, "value", call_type))
        try:
            self._fit(kwargs, SURFACES.get(name), state)
            await self.lock.check(kwargs, name, state)
        except EgressDenied as denied:
            if state is not None:
                state.denied = str(denied)
                state.shut = not isinstance(denied, ServerDown)
                if isinstance(denied, ServerDown):
                    self._server_down(_deployment_id(kwargs), state)
            # LiteLLM goes to another deployment of the group after a 503, and to another group after a 400
            another = isinstance(denied, ServerDown) and state is not None and state.others > 0
            refusal = ServiceUnavailableError if another else BadRequestError
            raise refusal(message=str(denied), model=str(kwargs.get("model")), llm_provider=OURS) from None
        except Exception as error:  # noqa: BLE001 - a lock that fails is shut
            log.error("router_plugin: the lock failed (%s); the call is refused", type(error).__name__)
            raise BadRequestError(
                message="The router's lock failed, so this call was not made.", model="", llm_provider=OURS
            ) from None
        identity = _deployment_id(kwargs)
        if state is not None and identity:
            # several requests may have picked it for the one trial call, here or at another proxy; of a translated call
            # we hear twice
            first = state.under_way != identity
            if first and not (self.breaker.begin(identity) and await self.breaker.claim(identity)):
                raise BadRequestError(message="This deployment's circuit is open.", model=identity, llm_provider=OURS)
            state.under_way = identity
            state.calls_begin(identity)
        left = state.remaining() if state is not None else None
        if left is not None:  # a chain never waits for one timeout after the other
            given = kwargs.get("timeout")
            kwargs["timeout"] = max(MIN_TIMEOUT, min(given, left) if isinstance(given, (int, float)) else left)
        return kwargs

    @staticmethod
    def _fit(call: dict[str, Any], surface: Surface | None, state: RequestState | None) -> None:
        """Fit a call to the deployment that was picked, before the lock looks at what is sent."""
        plan = state.plan if state is not None else None
        picked = plan.find(_deployment_id(call)) if plan is not None else None
        if plan is not None and picked is not None:
            fit_call(call, picked, plan.room, plan.maker)
            if surface is not None:
                prompt_cache.switch_on(call, picked, surface)

    async def async_log_success_event(
        self, kwargs: Mapping[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """An answer is complete and LiteLLM has counted its tokens and its cost."""
        state = current()
        if state is not None and state.decision is not None:
            self.recorder.used(state, kwargs)
            if state.memory is not None:
                await state.memory.served(self._group_of(state))

    # -- what became of an attempt ------------------------------------------------------------------------------------

    async def async_post_call_failure_deployment_hook(
        self, request_data: Mapping[str, Any], exception: Exception, call_type: Any, fallback_depth: int | None = None
    ) -> None:
        """Remember a failed attempt; an answer that blames the request itself ends the chain."""
        state = current()
        if state is None:
            return
        ours = getattr(exception, "llm_provider", None) == OURS
        if not ours and state.has_told():
            return
        status = getattr(exception, "status_code", None)
        status = status if isinstance(status, int) else None
        identity = _deployment_id(request_data) or state.served or "unknown"
        if ours:
            state.given_up()
        state.under_way = None
        state.refused = not ours and connection_refused(exception)
        if state.refused:
            self._server_down(identity, state)
        elif not ours and (isinstance(exception, Timeout) or status in COUNTED_STATUS or (status or 0) >= 500):
            self._report(identity, False)
        elif not ours and status is not None and self.breaker.circuit(identity) is Circuit.HALF_OPEN:
            self._report(identity, True)  # the trial call was answered, if not as hoped
        if not ours:
            self._hint(identity, status)
        if state.refused:  # LiteLLM calls it a 500
            state.failed(identity, None, "ConnectionRefused")
        else:
            state.failed(identity, status, type(exception).__name__, called=not ours)
        if status in (400, 422) and not ours and not isinstance(exception, ContextWindowExceededError):
            state.client_error = exception


def _deployment_id(call: Mapping[str, Any]) -> str | None:
    info = call.get("model_info") or (call.get("litellm_params") or {}).get("model_info") or {}
    identity = info.get("id") if isinstance(info, Mapping) else None
    return str(identity) if identity else None
