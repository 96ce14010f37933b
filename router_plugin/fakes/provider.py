"""A back end that isn't one: a real HTTP server on loopback, in a thread of its own, that keeps all it is sent."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final
from urllib.parse import urlsplit

from router_plugin.fakes import anthropic_shape, ollama_shape, openai_shape, script
from router_plugin.fakes.faults import Effect, Ending, Fault, Problem
from router_plugin.fakes.listener import HOST, PATIENCE_SECONDS, Listener
from router_plugin.fakes.reply import MODELS, Backend, Call, Shape
from router_plugin.fakes.wire import Connection, GoneError, Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

KINDS = ("openai", "azure", "anthropic", "ollama")
# Paths that don't ask a model: a fault strikes them only with `Fault.probes`.
PROBES = ("/api/show", "/api/pull", "/v1/messages/count_tokens")
BASE_PATHS = {"openai": "/v1"}
LITELLM_PREFIXES = {"openai": "openai", "azure": "azure", "anthropic": "anthropic", "ollama": "ollama_chat"}
AZURE_API_VERSION = "2024-10-21"


@final
class FakeProvider:
    """One fake back end: `with FakeProvider("azure", kind="azure") as server: server.base_url`.

    `models=None`: it knows every model name. `latency` and `pace` are in seconds: before the first byte, and
    between chunks. `record` is a file that gets each request as a JSON line when it arrives.
    `backend` can be changed while it serves: reply text, models, loaded models, capabilities, context length.
    `fault_for` chooses by what was sent, where `faults` and `default_fault` have none.
    """

    def __init__(
        self,
        name: str,
        *,
        kind: str = "openai",
        port: int = 0,
        models: Sequence[str] | None = None,
        latency: float = 0.0,
        pace: float = 0.0,
        record: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        self.name, self.kind = name, kind
        self.backend = Backend(name, kind, None if models is None else list(models))
        self.latency, self.pace = latency, pace
        self._record, self._clock = record, clock
        self._listener = Listener(self._serve, port)
        self._lock = threading.Lock()
        self._requests: list[Recorded] = []
        self._script: deque[Fault] = deque()
        self._default: Fault | None = None
        self.fault_for: Callable[[Recorded], Fault | None] | None = None

    def __repr__(self) -> str:
        return f"FakeProvider({self.name!r}, {self.kind}, {self.url}, {len(self._requests)} requests)"

    def start(self) -> FakeProvider:
        """Serves until `stop`; the port is known on return."""
        self._listener.start()
        return self

    def stop(self) -> None:
        """Hangs up on everyone and frees the port."""
        self._listener.stop()

    def __enter__(self) -> FakeProvider:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def down(self) -> None:
        """Refuses connections, and resets those that are open, until `up`."""
        self._listener.down()

    def up(self) -> None:
        """Accepts connections again, on the same port."""
        self._listener.up()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Down inside the `with` block."""
        self.down()
        try:
            yield
        finally:
            self.up()

    @property
    def port(self) -> int:
        return self._listener.port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def base_url(self) -> str:
        """What a client of this kind takes as its base URL (LiteLLM's `api_base`)."""
        return self.url + BASE_PATHS.get(self.kind, "")

    def litellm_params(self, model: str = "") -> dict[str, str]:
        """A deployment's `litellm_params`: model, api_base, and what else this kind needs."""
        params = {"model": model or f"{LITELLM_PREFIXES[self.kind]}/{MODELS[self.kind]}", "api_base": self.base_url}
        if self.kind != "ollama":
            params["api_key"] = f"sk-{self.name}"
        if self.kind == "azure":
            params["api_version"] = AZURE_API_VERSION
        return params

    @property
    def faults(self) -> list[Fault]:
        """Faults yet to come, one for each call that asks a model. Set the whole list; it isn't live."""
        with self._lock:
            return list(self._script)

    @faults.setter
    def faults(self, value: Iterable[Fault]) -> None:
        value = list(value)
        if any(fault.effect is Effect.REFUSE for fault in value):
            raise ValueError("refused connections can't be counted: set default_fault, or `with server.refusing():`")
        with self._lock:
            self._script = deque(value)

    @property
    def default_fault(self) -> Fault | None:
        """The fault of every call that `faults` has none for."""
        return self._default

    @default_fault.setter
    def default_fault(self, value: Fault | None) -> None:
        was, self._default = self._default, value
        if value is not None and value.effect is Effect.REFUSE:
            self.down()
        elif was is not None and was.effect is Effect.REFUSE:
            self.up()

    @property
    def requests(self) -> list[Recorded]:
        """Everything that arrived, oldest first."""
        with self._lock:
            return list(self._requests)

    @property
    def calls(self) -> list[Recorded]:
        """The requests that asked a model: no lists, no `/api/show`, no health checks."""
        return [request for request in self.requests if request.asks_model]

    def saw(self, text: str) -> bool:
        """Whether `text` arrived, in any request: raw, URL-decoded or inside JSON strings."""
        return any(request.holds(text) for request in self.requests)

    def clear(self) -> None:
        """Forgets requests and faults, and accepts connections."""
        self.default_fault = None
        with self._lock:
            self._requests.clear()
            self._script.clear()

    def wait_for(self, condition: Callable[[FakeProvider], Any], seconds: float = PATIENCE_SECONDS) -> bool:
        """Whether `condition(server)` came true within `seconds`."""
        until = time.monotonic() + seconds
        while not condition(self):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def _keep(self, request: Recorded) -> Fault | None:
        """Records the request, and takes the fault that it gets."""
        request.at = self._clock()
        route = urlsplit(request.path).path
        request.asks_model = request.method == "POST" and request.complete and route not in PROBES
        with self._lock:
            fault = self._script.popleft() if request.asks_model and self._script else self._default
            if fault is None and request.asks_model and self.fault_for is not None:
                fault = self.fault_for(request)
            if fault and not request.asks_model and not fault.probes:
                fault = None
            request.fault = fault.name if fault else ""
            self._requests.append(request)
        if self._record is not None:
            with self._record.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._line(request)) + "\n")
        return fault

    def _line(self, request: Recorded) -> dict[str, Any]:
        line = {
            name: getattr(request, name) for name in ("at", "method", "path", "headers", "json", "complete", "fault")
        }
        raw = base64.b64encode(request.head + request.body).decode()
        return {"server": self.name, **line, "raw_base64": raw}

    def _shape(self, route: str) -> Shape:
        if self.kind == "anthropic" or (self.kind == "ollama" and route.startswith("/v1/messages")):
            return anthropic_shape
        if self.kind == "ollama" and not route.startswith("/v1/"):
            return ollama_shape
        return openai_shape

    async def _serve(self, connection: Connection) -> None:
        while connection.open and (request := await connection.read_request()) is not None:
            fault = self._keep(request)
            if not request.complete:
                return
            try:
                await self._answer(connection, request, fault)
            except GoneError:
                request.disconnected = not connection.aborted
                return

    async def _answer(self, connection: Connection, request: Recorded, fault: Fault | None) -> None:
        for step in self._steps(request, fault):
            if isinstance(step, script.Wait):
                await connection.pause(step.seconds)
            elif isinstance(step, script.Head):
                request.status = step.status
                await connection.send_head(step.status, step.headers, step.length)
            elif isinstance(step, Ending):
                await connection.finish(step)
            elif request.method != "HEAD":
                await connection.send(step)

    def _echoing(self, body: bytes) -> Backend:
        """The back end as it answers this body."""
        found = re.search(self.backend.echo, body.decode("utf-8", "replace")) if self.backend.echo else None
        return replace(self.backend, text=f"{found[0]} {self.backend.reply_text()}") if found else self.backend

    def _steps(self, request: Recorded, fault: Fault | None) -> list[script.Step]:
        route, body = urlsplit(request.path).path, request.json
        shape = self._shape(route)
        backend = self._echoing(request.body)
        call = Call(backend, request.method, route, request.query, body if isinstance(body, dict) else {})
        refusal = script.play(shape.error(call, Problem.BAD_REQUEST, 400), self.latency)
        if request.body and not isinstance(body, dict):
            return refusal
        try:
            return script.steps(call, shape, fault, latency=self.latency, pace=self.pace)
        except (AttributeError, KeyError, TypeError, ValueError):  # a body that no provider takes
            return refusal
