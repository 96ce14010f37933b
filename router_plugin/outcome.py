"""What became of a request: its tokens, cost and times, gathered from the gate and from LiteLLM's success callback."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router_plugin.state import RequestState

log = logging.getLogger("router_plugin")

# LiteLLM counts tokens after the answer has gone out, and on a busy machine late; a record waits this long for them.
USAGE_SECONDS = 60.0
BROKEN_USAGE_SECONDS = 3.0  # the same for an answer that broke off, which mostly is never counted
OK_BELOW = 400
CLIENT_GONE = 499  # the status of an answer whose client hung up: nginx's word for it
SERVER_ERROR = 500

Record = dict[str, Any]
Listener = Callable[[Record], None]
Spender = Callable[[float], None]
Capturer = Callable[["RequestState", "Ending"], None]


@dataclass(frozen=True)
class Usage:
    """Tokens and dollars of one answer. `cost` is None where LiteLLM's price list doesn't know the model."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int  # of the prompt tokens, read from the provider's prompt cache
    cost: float | None


@dataclass(frozen=True)
class Ending:
    """How an answer left the gate: `status` is the HTTP status; `complete` is False for one that broke off."""

    status: int
    complete: bool
    seconds: float
    first_content_seconds: float | None
    cancelled: bool = False  # by the client, before the answer's end


def usage_of(call: Mapping[str, Any]) -> Usage:
    """The usage in what LiteLLM's success callback is given (its standard logging payload); zeros for none."""
    payload = call.get("standard_logging_object") or {}
    details = _get(_get(payload.get("metadata"), "usage_object"), "prompt_tokens_details")
    cost = call.get("response_cost")
    return Usage(
        prompt_tokens=_count(payload.get("prompt_tokens")),
        completion_tokens=_count(payload.get("completion_tokens")),
        cached_tokens=_count(_get(details, "cached_tokens")),
        cost=float(cost) if isinstance(cost, (int, float)) else None,
    )


def outcome_of(ending: Ending) -> str:
    """One word: answered, broken (it ended early), cancelled (by the client), refused (4xx) or failed (5xx)."""
    if ending.cancelled:
        return "cancelled"
    if ending.status >= SERVER_ERROR:
        return "failed"
    if ending.status >= OK_BELOW:
        return "refused"
    return "answered" if ending.complete else "broken"


def record_of(state: RequestState, ending: Ending) -> Record:
    """The documented JSON form of a decision and its outcome. Holds no request text."""
    decision, usage = state.decision, state.usage
    record: Record = {
        "ts": round(time.time(), 3),
        "decision_id": None,
        "surface": state.surface.value if state.surface is not None else None,
        "outcome": outcome_of(ending),
        "status": ending.status,
        "code": state.refusal.code if state.refusal is not None else None,
        "deployment": state.served if ending.status < OK_BELOW else None,
        "provider": _provider(state) if ending.status < OK_BELOW else None,
        "cache": "hit" if state.hit is not None else None,
        "fallbacks": state.fallbacks(),
        "attempts": [str(attempt) for attempt in state.failures],
        "latency": round(ending.seconds, 4),
        "ttft": None if ending.first_content_seconds is None else round(ending.first_content_seconds, 4),
        "prompt_tokens": usage.prompt_tokens if usage else 0,
        "completion_tokens": usage.completion_tokens if usage else 0,
        "cached_tokens": usage.cached_tokens if usage else 0,
        "cost": None if usage is None or usage.cost is None else sum(state.bill.values()),
    }
    if decision is None and state.judged_private is not None:  # it was looked at, and nothing could take it
        record["private"] = state.judged_private
        record["findings"] = sorted({finding.rule for finding in state.judged_findings})
    if decision is not None:
        record |= decision.to_json()
        record["findings"] = sorted({finding.rule for finding in decision.findings})
        record["code_work"] = decision.code
        record["p_local"], record["p_mid"] = round(decision.p_local, 4), round(decision.p_mid, 4)
    return record


class Recorder:
    """Tells its listeners of each request once, when both its end and its usage are known.

    A listener must not block. One that raises is logged by its error's class and left out of that record.
    """

    def __init__(self, record: Callable[[RequestState, Ending], Record] = record_of) -> None:
        self._record = record
        self._listeners: list[Listener] = []
        self.spend: Spender = lambda _: None  # is told the dollars of each answer as soon as LiteLLM knows them
        self.capture: Capturer = lambda _state, _ending: None  # is told of each request itself, once it is over
        self._waiting: dict[RequestState, asyncio.TimerHandle] = {}

    def add(self, listener: Listener) -> None:
        """Call `listener(record)` for each request from now on."""
        self._listeners.append(listener)

    def used(self, state: RequestState, call: Mapping[str, Any]) -> None:
        """LiteLLM has counted an answer; it may do so before or after the answer has ended."""
        before, state.usage = state.bill.get(state.run, 0.0), usage_of(call)
        state.bill[state.run] = state.usage.cost or 0.0
        self.spend(state.bill[state.run] - before)  # LiteLLM may tell of one answer more than once
        if state.ending is not None:
            self._tell(state)

    def ended(self, state: RequestState, ending: Ending) -> None:
        """The gate has sent the last of an answer."""
        state.ending = ending
        if state.usage is not None or ending.status >= OK_BELOW:
            self._tell(state)
        else:
            seconds = USAGE_SECONDS if ending.complete else BROKEN_USAGE_SECONDS
            self._waiting[state] = asyncio.get_running_loop().call_later(seconds, self._tell, state)

    def flush(self) -> None:
        """Tell of the requests whose usage hasn't come yet; the proxy ends."""
        for state in list(self._waiting):
            self._tell(state)

    def _tell(self, state: RequestState) -> None:
        if state.recorded or state.ending is None:
            return
        state.recorded = True
        timer = self._waiting.pop(state, None)
        if timer is not None:
            timer.cancel()
        try:
            self.capture(state, state.ending)
        except Exception as error:  # noqa: BLE001 - as below
            log.error("router_plugin: a prompt was not captured (%s)", type(error).__name__)
        record = self._record(state, state.ending)
        for listener in self._listeners:
            try:
                listener(record)
            except Exception as error:  # noqa: BLE001 - a log that fails must not fail a request
                log.error("router_plugin: a decision was not recorded (%s)", type(error).__name__)


def _provider(state: RequestState) -> str | None:
    deployments = state.plan.deployments if state.plan is not None else ()
    return next((d.provider for d in deployments if d.id == state.served), None)


def _get(holder: object, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
