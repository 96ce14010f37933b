"""Tiny ASGI apps that stand for LiteLLM's behind the gate, and what a client gets through it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from router_plugin.decision import Reason
from router_plugin.gate import Gate
from router_plugin.settings import Settings
from router_plugin.state import RequestState, current
from tests.unit.builders import decision, plan, router

Inner = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"


class Answered:
    """What a client got."""

    def __init__(self, sent: list[dict[str, Any]]) -> None:
        self.sent = sent
        starts = [message for message in sent if message["type"] == "http.response.start"]
        assert len(starts) == 1, starts
        assert sent[0] is starts[0]
        self.status = starts[0]["status"]
        self.headers = {name.decode(): value.decode("latin-1") for name, value in starts[0].get("headers", ())}
        self.body = b"".join(message.get("body", b"") for message in sent[1:])

    @property
    def error(self) -> Any:
        assert self.headers["content-length"] == str(len(self.body))
        return json.loads(self.body)["error"]


async def call(
    inner: Inner, path: str = CHAT, method: str = "POST", *, settings: Any = None, opening: Any = None, **scope: Any
) -> Answered:
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(dict(message))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    gate = Gate(inner, router(settings=Settings.model_validate(settings or {})), opening)  # type: ignore[arg-type]
    await gate({"type": "http", "path": path, "method": method, "headers": [], **scope}, receive, send)
    return Answered(sent)


def app(
    *pieces: bytes,
    status: int = 200,
    kind: str = "application/json",
    prepare: Callable[[RequestState], None] | None = None,
    headers: bool = True,
) -> Inner:
    """Answers with these pieces, once `prepare` has done to the request's state what the hooks would."""

    async def inner(scope: dict[str, Any], receive: Any, send: Any) -> None:
        state = current()
        if prepare is not None:
            assert state is not None
            prepare(state)
        start: dict[str, Any] = {"type": "http.response.start", "status": status}
        if headers:
            start["headers"] = [(b"content-type", kind.encode()), (b"x-own", b"1")]
        await send(start)
        for index, piece in enumerate(pieces or (b"{}",)):
            await send({"type": "http.response.body", "body": piece, "more_body": index < len(pieces) - 1})

    return inner


def served(state: RequestState) -> None:
    state.decision = decision(reasons=(Reason("complexity.low"), Reason("strategy.complexity")))
    state.plan = plan("ollama-default", "azure-default")
    state.groups_tried = ["ollama-default"]
    state.served = "ollama-default-1"


async def never(scope: Any, receive: Any, send: Any) -> None:
    pytest.fail("the request reached LiteLLM")
