"""What one client request carries through the hooks: its decision, its plan, and what has been tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from router_plugin.decision import Decision
from router_plugin.errors import RequestRefused
from router_plugin.outcome import Ending, Usage
from router_plugin.plan import Plan
from router_plugin.request import Surface
from router_plugin.sessions import Memory

LARGE_BODY_BYTES = 65_536  # above it a scan runs in a thread; a decision about less takes a few milliseconds


@dataclass(frozen=True)
class Attempt:
    """One failed call of a deployment: `status` is the HTTP status, None where there was no answer."""

    deployment: str
    status: int | None
    error: str  # the exception's class name
    called: bool = True  # False where the router itself refused the call

    def __str__(self) -> str:
        return f"{self.deployment}: {self.status or self.error}"


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
    called: list[str] = field(default_factory=list)  # deployments, one entry a call
    groups_tried: list[str] = field(default_factory=list)
    failures: list[Attempt] = field(default_factory=list)
    dead_hosts: list[str] = field(default_factory=list)  # one entry a call that found no server there
    report: Callable[[str, bool], None] | None = None  # tells the breaker how a deployment did
    memory: Memory | None = None  # of the conversation
    span: Any = None  # OpenTelemetry's, where requests are traced
    usage: Usage | None = None  # once LiteLLM has counted the answer
    ending: Ending | None = None  # once the answer has left
    recorded: bool = False
    asked: str | None = None  # shadow mode: the model that the client named, where the config has it
    judged_private: bool | None = None  # shadow mode: the detector's verdict, also where nothing could take the request

    def answered(self) -> None:
        """The deployment that was called last is answering."""
        if self.report is not None and self.served:
            self.report(self.served, True)

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
    state = RequestState(opened=opened)
    _running.add(state)
    _current.set(state)
    return state
