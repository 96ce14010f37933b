"""What one client request carries through the hooks: its decision, its plan, and what has been tried."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from router_plugin.cache import Hit
from router_plugin.capture import Sample
from router_plugin.decision import Decision
from router_plugin.errors import RequestRefused
from router_plugin.outcome import Ending, Usage
from router_plugin.plan import Plan
from router_plugin.privacy import Finding
from router_plugin.pseudonyms import StandIns
from router_plugin.request import Surface
from router_plugin.sessions import Memory
from router_plugin.settings import Settings
from router_plugin.substance import Asked

BROKEN = 502  # the status of an attempt that broke off
LARGE_BODY_BYTES = 65_536  # above it a scan runs in a thread; a decision about less takes a few milliseconds
ENCODED_BODY_BYTES = 2_048  # the same where an encoder reads texts that may be private: milliseconds a paragraph


def large_from(settings: Settings) -> int:
    """Bytes of a body above which reading and scanning it must not hold up other requests: it goes to a thread."""
    return ENCODED_BODY_BYTES if settings.privacy.topic_encoder else LARGE_BODY_BYTES


@dataclass(frozen=True)
class Attempt:
    """One failed call of a deployment: `status` is the HTTP status, None where there was no answer."""

    deployment: str
    status: int | None
    error: str  # the exception's class name
    called: bool = True  # False where the router itself refused the call
    seconds: float | None = None  # from the call to its failure

    def __str__(self) -> str:
        after = "" if self.seconds is None else f" after {self.seconds:.1f} s"
        return f"{self.deployment}: {self.status or self.error}{after}"


@dataclass(eq=False)
class RequestState:
    """Filled while a request runs; shared by the gate and the hooks through `current`."""

    opened: bool = False  # the operator opened this endpoint, unprotected
    body_bytes: int = 0  # as the client declared it
    surface: Surface | None = None
    decision: Decision | None = None
    plan: Plan | None = None
    refusal: RequestRefused | None = None
    client_error: Exception | None = None  # a provider's answer that says the request itself is wrong
    exhausted: bool = False  # the filter had nothing left to offer
    begun: float = field(default_factory=time.monotonic)  # seconds on the monotonic clock
    deadline_seconds: float | None = None  # from `begun`; for all attempts together
    out_of_time: bool = False  # the filter stopped the chain for it
    denied: str | None = None  # why the lock refused a call; ours to say, so it holds no request text
    shut: bool = False  # the lock refused for what would be sent, or to where; not for a server that is down
    picked: str | None = None  # the deployment that the filter left as the only one, at the last pick
    others: int = 0  # deployments of the same group that might have been picked too
    served: str | None = None  # the deployment that was called last
    called_at: float = 0.0  # when, on the monotonic clock
    calls: Counter[str] = field(default_factory=Counter)  # by deployment
    avoided: frozenset[str] = frozenset()  # deployments that have had their calls before the request was begun anew
    wants: Asked | None = None  # of the answer; only where a poor local one is to be replaced
    escalated: str | None = None  # what the local answer before this run lacked
    groups_before: int = 0  # groups that were tried before that
    groups_tried: list[str] = field(default_factory=list)
    failures: list[Attempt] = field(default_factory=list)
    dead_hosts: list[str] = field(default_factory=list)  # where calls found no server
    refused: bool = False  # the last call that failed found none
    under_way: str | None = None  # the deployment whose call has begun and hasn't failed
    report: Callable[[str, bool], None] | None = None  # tells the breaker how a deployment did
    release: Callable[[str], None] | None = None  # tells the breaker that a call was given up
    memory: Memory | None = None  # of the conversation
    name: bytes | None = None  # of the request, for caches; None where its answer must not be kept
    cache_key: bytes | None = None  # the same, where the router's own cache may keep the answer
    question: tuple[bytes, str] | None = None  # a hash of all but the question, and the question, for similar ones
    hit: Hit | None = None  # the kept answer that is given instead of a call
    stand_ins: StandIns | None = None  # of a private request that goes out without its identifiers
    span: Any = None  # OpenTelemetry's, where requests are traced
    sample: Sample | None = field(default=None, repr=False)  # its text, where prompts are captured and it is public
    usage: Usage | None = None  # once LiteLLM has counted the answer
    run: int = 0  # how often the request was begun anew
    bill: dict[int, float] = field(default_factory=dict)  # dollars by run, shared by all runs of a request
    ending: Ending | None = None  # once the answer has left
    recorded: bool = False
    asked: str | None = None  # shadow mode: the model that the client named, where the config has it
    judged_private: bool | None = None  # also where nothing could take the request, so that nothing was decided
    judged_findings: tuple[Finding, ...] = ()  # of such a request

    def calls_begin(self, deployment: str) -> None:
        """A deployment is being called."""
        self.served, self.called_at = deployment, time.monotonic()
        self.calls[deployment] += 1

    def failed(self, deployment: str, status: int | None, error: str, *, called: bool = True) -> None:
        """A call failed, or the router refused to make it."""
        seconds = time.monotonic() - self.called_at if called and deployment == self.served else None
        self.failures.append(Attempt(deployment, status, error, called, seconds))

    def has_told(self) -> bool:
        """Whether the failure of the last call is known. LiteLLM tells of a translated call (Messages to Ollama, say)
        twice: as the call that was made, and as the one that the client asked for."""
        last = self.failures[-1] if self.failures else None
        return self.under_way is None and last is not None and last.called and last.deployment == self.served

    def fallbacks(self) -> int:
        """How many groups were tried before the one that was called last."""
        return max(0, self.groups_before + len(self.groups_tried) - 1)

    def open_groups(self, plan: Plan) -> tuple[str, ...]:
        """A plan's groups less those whose deployments are all avoided."""
        left = {d.group for d in plan.deployments if d.id not in self.avoided}
        return tuple(group for group in plan.groups if group in left) or plan.groups

    def answered(self) -> None:
        """The deployment that was called last is answering."""
        if self.report is not None and self.served:
            self.report(self.served, True)

    def given_up(self) -> None:
        """The client is gone, and the call that was under way says nothing about its deployment."""
        if self.release is not None and self.under_way:
            self.release(self.under_way)

    def remaining(self) -> float | None:
        """Seconds until the deadline, negative after it; None where there is none yet."""
        return None if self.deadline_seconds is None else self.begun + self.deadline_seconds - time.monotonic()

    def next_group(self) -> str | None:
        """The first group of the plan that hasn't been picked yet."""
        groups = self.plan.groups if self.plan else ()
        return next((group for group in groups if group not in self.groups_tried), None)


_current: ContextVar[RequestState | None] = ContextVar("router_plugin_request", default=None)
_running: WeakSet[RequestState] = WeakSet()  # no count that a lost request could leave too high


def current() -> RequestState | None:
    """The state of the request that is running, or None outside one."""
    return _current.get()


def running() -> list[RequestState]:
    """The states that requests of this process still hold; one whose `ending` is set is over."""
    return list(_running)


def begin(*, opened: bool = False) -> RequestState:
    """A new state, current from here on in this task and in those it starts."""
    return _make_current(RequestState(opened=opened))


def begin_anew(before: RequestState, avoided: frozenset[str], escalated: str | None = None) -> RequestState:
    """A new state for the same request: its clock and its failures go on, and it stays away from some deployments."""
    before.recorded, before.ending = True, Ending(BROKEN, complete=False, seconds=0.0, first_content_seconds=None)
    return _make_current(
        RequestState(
            body_bytes=before.body_bytes,
            begun=before.begun,
            failures=before.failures,
            dead_hosts=before.dead_hosts,
            calls=before.calls,
            span=before.span,
            avoided=avoided,
            escalated=escalated,
            run=before.run + 1,
            bill=before.bill,
            groups_before=before.groups_before + len(before.groups_tried),
        )
    )


def _make_current(state: RequestState) -> RequestState:
    _running.add(state)
    _current.set(state)
    return state
