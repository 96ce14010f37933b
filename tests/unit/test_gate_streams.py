"""router_plugin.gate and router_plugin.answer: streams, and clients that hang up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from router_plugin.answer import MAX_HELD_BYTES
from router_plugin.gate import Gate
from router_plugin.outcome import Recorder
from router_plugin.state import RequestState, current
from tests.unit.builders import router
from tests.unit.gate_app import CHAT, MESSAGES, app, call, served

ROLE = b'data: {"choices": [{"delta": {"role": "assistant"}}]}\n\n'
TEXT = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n'
MORE = b'data: {"choices": [{"delta": {"content": " there"}}]}\n\n'
DONE = b"data: [DONE]\n\n"


async def test_the_decision_can_go_into_a_stream() -> None:
    """Where the setting is on, the first event has it and the content stays."""
    made = app(ROLE, TEXT, b"data: [DONE]\n\n", kind="text/event-stream", prepare=served)
    got = await call(made, settings={"decision_in_body": True})
    assert b'"router":{"decision-id":"d1"' in got.body.splitlines()[0]
    assert got.body.endswith(TEXT + b"data: [DONE]\n\n")


async def test_a_stream_is_held_until_its_content_and_names_who_gave_it() -> None:
    """The preamble of a deployment that then broke is followed by another's content: the second is named."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        state = current()
        assert state is not None
        served(state)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": ROLE, "more_body": True})
        state.groups_tried.append("azure-default")
        state.served = "azure-default-1"
        await send({"type": "http.response.body", "body": TEXT, "more_body": True})
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})

    got = await call(inner)
    assert got.body == ROLE + TEXT + b"data: [DONE]\n\n"
    assert got.headers["x-router-deployment"] == "azure-default-1"
    assert got.headers["x-router-fallbacks"] == "1"
    assert [message.get("more_body") for message in got.sent[1:]] == [True, True, False]


async def test_a_stream_without_content_is_not_held_for_ever() -> None:
    """Past a bound the headers go, and name the planned deployment only: never a false one."""
    filler = ROLE * (MAX_HELD_BYTES // len(ROLE) + 1)
    got = await call(app(filler, TEXT, DONE, kind="text/event-stream; charset=utf-8", prepare=served))
    assert "x-router-deployment" not in got.headers
    assert got.headers["x-router-planned-deployment"] == "ollama-default-1"
    assert got.body == filler + TEXT + DONE


async def test_content_is_passed_on_as_it_comes() -> None:
    """After the first content nothing is held."""
    seen: list[bytes] = []

    async def send(message: Any) -> None:
        seen.append(message.get("body", b"start"))

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for body, count in ((ROLE, 0), (TEXT, 3), (MORE, 4)):
            await send({"type": "http.response.body", "body": body, "more_body": True})
            assert len(seen) == count

    await Gate(inner, router())({"type": "http", "path": CHAT, "method": "POST", "headers": []}, None, send)  # type: ignore[arg-type]
    assert seen == [b"start", ROLE, TEXT, MORE]


FAILED_EVENT = b'data: {"error": {"message": "said by the provider", "type": null, "param": null, "code": "500"}}\n\n'


async def test_a_stream_that_fails_midway_ends_with_an_error_event_and_is_logged_as_broken() -> None:
    """LiteLLM's event is replaced by one in the API's shape; what follows is dropped; the deployment is blamed."""
    told: list[tuple[str, bool]] = []
    records: list[Any] = []

    def prepare(state: RequestState) -> None:
        served(state)
        state.calls_begin("ollama-default-1")
        state.report = lambda identity, well: told.append((identity, well))

    recorder = Recorder()
    recorder.add(records.append)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    inner = app(ROLE, TEXT, FAILED_EVENT, MORE, kind="text/event-stream", prepare=prepare)
    gate = Gate(inner, router(), recorder=recorder)  # type: ignore[arg-type]
    await gate({"type": "http", "path": MESSAGES, "method": "POST", "headers": []}, None, send)  # type: ignore[arg-type]
    body = b"".join(message.get("body", b"") for message in sent)
    assert body.startswith(ROLE + TEXT + b"event: error\ndata: {")
    assert b"ollama-default-1" in body
    assert b"said by the provider" not in body
    assert MORE not in body
    assert [message.get("more_body") for message in sent[1:]][-1] is False
    assert told == [("ollama-default-1", True), ("ollama-default-1", False)]
    recorder.flush()
    assert [record["outcome"] for record in records] == ["broken"]
    assert records[0]["attempts"][0].startswith("ollama-default-1: StreamBroken after")


async def test_an_exception_amid_a_stream_ends_it_with_an_error_event() -> None:
    """The client isn't left with half an answer that looks whole."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        started = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}
        await send(started)
        await send({"type": "http.response.body", "body": TEXT + b'data: {"cho', "more_body": True})
        raise ValueError

    got = await call(inner)
    assert got.body.startswith(TEXT + b'data: {"error"')
    assert got.body.endswith(b"}\n\n")
    assert got.sent[-1]["more_body"] is False


# -- a client that hangs up ---------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_whose_client_is_gone_ends_and_is_cancelled_in_the_log(stream: bool) -> None:
    """What runs for it is cancelled, its trial call is given back, and the deployment isn't blamed."""
    left, told, records, ended = asyncio.Event(), [], [], []

    async def receive() -> dict[str, Any]:
        if not reads:
            reads.append(1)
            return {"type": "http.request", "body": b"{}", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        state = current()
        assert state is not None
        served(state)
        state.calls_begin("ollama-default-1")
        state.under_way = "ollama-default-1"
        state.report = lambda identity, well: told.append((identity, well))
        state.release = lambda identity: told.append((identity, "released"))
        if stream:
            kind = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": kind})
            await send({"type": "http.response.body", "body": TEXT, "more_body": True})
        left.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    reads: list[int] = []
    recorder = Recorder()
    recorder.add(records.append)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    gate = Gate(inner, router(), recorder=recorder)  # type: ignore[arg-type]
    scope = {"type": "http", "path": CHAT, "method": "POST", "headers": []}
    await asyncio.wait_for(gate(scope, receive, send), 2)
    recorder.flush()
    assert ended == [1]
    assert [(record["outcome"], record["status"]) for record in records] == [("cancelled", 200 if stream else 499)]
    assert records[0]["attempts"] == []
    assert told == ([("ollama-default-1", True)] if stream else []) + [("ollama-default-1", "released")]
    assert len(sent) == (2 if stream else 0)
