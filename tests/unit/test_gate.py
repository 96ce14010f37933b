"""router_plugin.gate and router_plugin.answer: a tiny ASGI app stands for LiteLLM's."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from router_plugin.answer import _exhausted
from router_plugin.api_errors import error_body
from router_plugin.budget import Level, Standing
from router_plugin.errors import EndpointClosed, InvalidRequest, NoLocalDeployment, RequestRefused, RequestTooLarge
from router_plugin.gate import Gate, Opening
from router_plugin.request import Surface
from router_plugin.settings import Settings
from router_plugin.state import Attempt, RequestState, current
from tests.unit.builders import decision, plan, router
from tests.unit.gate_app import CHAT, MESSAGES, app, call, never, served


async def test_an_answer_carries_the_decision() -> None:
    """Headers, the body and LiteLLM's own headers arrive, with the deployment that served."""
    got = await call(app(b'{"a":', b"1}", prepare=served))
    assert (got.status, got.body) == (200, b'{"a":1}')
    assert got.headers["x-own"] == "1"
    assert got.headers["x-router-tier"] == "low"
    assert got.headers["x-router-private"] == "false"
    assert got.headers["x-router-strategy"] == "complexity"
    assert got.headers["x-router-reason"] == "complexity.low,strategy.complexity"
    assert got.headers["x-router-decision-id"] == "d1"
    assert got.headers["x-router-model-version"] == "unit"
    assert got.headers["x-router-deployment"] == "ollama-default-1"
    assert got.headers["x-router-fallbacks"] == "0"


async def test_the_decision_can_go_into_the_body() -> None:
    """Where the setting is on, an answer in two pieces is one JSON object with the headers' facts in it."""
    got = await call(app(b'{"a":', b"1}", prepare=served), settings={"decision_in_body": True})
    found = json.loads(got.body)
    assert found["a"] == 1
    assert found["router"]["deployment"] == got.headers["x-router-deployment"]
    assert found["router"]["tier"] == "low"


@pytest.mark.parametrize("path", ["/v1/files", "/openai/v1/chat/completions", "/rag/query", "/"])
async def test_a_closed_path_never_reaches_litellm(path: str) -> None:
    """403 with the setting that opens it."""
    got = await call(never, path)
    assert got.status == 403
    assert got.error["code"] == "endpoint_closed"
    assert "endpoints.open" in got.error["message"]


@pytest.mark.parametrize(("path", "method"), [("/v1/models", "GET"), ("/v1/files", "POST")])
async def test_an_open_path_passes_untouched(path: str, method: str) -> None:
    """Neither held nor marked."""
    got = await call(app(b"[]"), path, method, settings={"endpoints": {"open": ["/v1/files"]}})
    assert (got.status, got.body) == (200, b"[]")
    assert not [name for name in got.headers if name.startswith("x-router")]


async def test_a_websocket_is_closed() -> None:
    """Its content can't be seen by any hook."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await Gate(never, router())({"type": "websocket", "path": "/v1/realtime"}, None, send)  # type: ignore[arg-type]
    assert [(message["type"], message["code"]) for message in sent] == [("websocket.close", 1008)]


async def test_the_start_up_message_passes() -> None:
    """What is neither a request nor a websocket is LiteLLM's."""
    seen = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    await Gate(inner, router())({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert seen == ["lifespan"]


@pytest.mark.parametrize(
    ("length", "refused"),
    [(b"4001", True), (b"4000", False), (b"", False), (b"many", False), (b"99999999999999999999", True)],
)
async def test_a_body_that_says_it_is_too_large_is_not_read(length: bytes, refused: bool) -> None:
    """Four bytes a character are allowed; the text itself is counted later."""
    limits = {"limits": {"max_body_characters": 1000}}
    got = await call(never if refused else app(), settings=limits, headers=[(b"content-length", length)])
    assert got.status == (413 if refused else 200)
    if refused:
        assert got.error["code"] == "request_too_large"
        assert "max_body_characters" in got.error["message"]


async def test_a_body_in_pieces_is_bounded_too() -> None:
    """A client that doesn't say how much it sends can't fill the memory."""
    read = 0

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        nonlocal read
        while True:
            message = await receive()
            read += len(message["body"])
            if not message["more_body"]:
                break
        await app()(scope, receive, send)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    pieces = iter(range(20))

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * 1000, "more_body": next(pieces) < 19}

    settings = Settings.model_validate({"limits": {"max_body_characters": 1000}})
    scope = {"type": "http", "path": CHAT, "method": "POST", "headers": []}
    await Gate(inner, router(settings=settings))(scope, receive, send)
    assert sent[0]["status"] == 413
    assert read <= 4000


async def test_nothing_is_routed_before_the_self_test_has_passed() -> None:
    """The gate stays shut with its reason, in the caller's shape; what carries no prompt is reachable."""
    opening = Opening()
    opening.fail("LiteLLM doesn't call a hook.")
    got = await call(never, opening=opening)
    assert (got.status, got.error["code"]) == (503, "not_ready")
    assert got.error["message"] == "LiteLLM doesn't call a hook."
    assert (await call(app(), "/v1/models", "GET", opening=opening)).status == 200
    opening.open()
    assert (await call(app(), opening=opening)).status == 200


# -- refusals and failures ---------------------------------------------


def refused(state: RequestState) -> None:
    state.refusal = InvalidRequest("`messages` must be a list.", param="messages")


async def test_a_refusal_has_openais_shape() -> None:
    """Whatever LiteLLM made of it is replaced."""
    got = await call(app(b'{"detail": "trace', b'back"}', status=500, prepare=refused))
    assert got.status == 400
    assert got.headers["content-type"] == "application/json"
    assert got.error == {
        "message": "`messages` must be a list.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "invalid_request",
    }


async def test_a_refusal_of_messages_has_anthropics_shape() -> None:
    """The same refusal, in the other API's words."""
    got = await call(app(status=500, prepare=refused), MESSAGES)
    assert json.loads(got.body) == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "`messages` must be a list."},
    }


def failed(*statuses: int | None, local_only: bool = False) -> Callable[[RequestState], None]:
    def prepare(state: RequestState) -> None:
        state.decision = decision(local_only=local_only)
        state.plan = plan("ollama-default", local_only=local_only)
        state.failures = [Attempt(f"d{i}", status, "Timeout") for i, status in enumerate(statuses)]

    return prepare


def kept_elsewhere(state: RequestState) -> None:
    failed(503)(state)
    state.plan = replace(plan("azure-default", "azure-premium", "openai-default"), pins=frozenset({"file"}))


def blamed(state: RequestState) -> None:
    failed(400)(state)
    state.client_error = ValueError()


FAILURES: dict[str, tuple[Callable[[RequestState], None] | None, int, int, str]] = {
    "all failed": (failed(500, None), 500, 503, "(d0: 500; d1: Timeout)"),
    "all busy": (failed(429, 429), 429, 429, "(d0: 429; d1: 429)"),
    "some busy": (failed(429, 500), 429, 503, "(d0: 429; d1: 500)"),
    "wrong key of the operator": (failed(401), 401, 503, "(d0: 401)"),
    "private": (failed(500, local_only=True), 500, 503, "must stay local"),
    "a part that only these can read": (kept_elsewhere, 500, 503, "Its file can be read only by azure or openai: send"),
    "before the router": (None, 500, 400, "could not read"),
    "the client's own key": (None, 401, 401, "own"),
    "the request is wrong": (blamed, 400, 400, "own"),
    "a status that is not about the chain": (failed(500), 400, 400, "own"),
    "a stream that broke off": (failed(), 500, 503, "all_deployments_failed"),
}


@pytest.mark.parametrize("case", FAILURES)
async def test_a_failure_is_told_by_whoever_knows(case: str) -> None:
    """A used-up chain is ours to tell; a provider's word about the request stands."""
    prepare, status, expected, text = FAILURES[case]
    got = await call(app(b'{"error": {"message": "own"}}', status=status, prepare=prepare))
    assert got.status == expected
    assert text in got.body.decode()


@pytest.mark.parametrize("where", ["before the start", "after the start"])
async def test_an_exception_becomes_an_answer_and_its_text_is_not_logged(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A traceback may quote the request, so only the kind of error is logged."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        if where == "after the start":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("my diagnosis")

    with caplog.at_level(logging.DEBUG):
        got = await call(inner)
    assert got.status == 400
    assert got.error["code"] == "unreadable_request"
    assert "diagnosis" not in caplog.text + got.body.decode()
    assert "ValueError" in caplog.text


async def test_an_exception_after_a_refusal_is_the_refusal() -> None:
    """The cause is told, not what became of it."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        state = current()
        assert state is not None
        state.refusal = NoLocalDeployment("no")
        raise ValueError

    assert (await call(inner)).error["code"] == "no_local_deployment"


async def test_an_answer_that_is_under_way_is_only_cut() -> None:
    """A second start would be a broken answer."""

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await app(b"data: [DONE]\n\n", b"", kind="text/event-stream", prepare=served)(scope, receive, send)
        raise ValueError

    got = await call(inner)
    assert (got.status, got.body) == (200, b"data: [DONE]\n\n")


async def test_an_error_without_headers_is_answered() -> None:
    """ASGI lets an answer have none."""
    got = await call(app(status=500, prepare=refused, headers=False))
    assert (got.status, got.error["code"]) == (400, "invalid_request")


# -- error shapes ---------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "openai", "anthropic"),
    [
        (InvalidRequest("m"), "invalid_request_error", "invalid_request_error"),
        (RequestTooLarge("m"), "invalid_request_error", "request_too_large"),
        (EndpointClosed("m"), "permission_error", "permission_error"),
        (NoLocalDeployment("m"), "server_error", "api_error"),
    ],
)
def test_each_api_has_its_own_words(refusal: RequestRefused, openai: str, anthropic: str) -> None:
    """Error types by status, as the references name them; Anthropic's shape has no code."""
    assert error_body(refusal, Surface.CHAT)["error"]["type"] == openai
    assert error_body(refusal, None)["error"]["code"] == refusal.code
    assert error_body(refusal, Surface.MESSAGES) == {"type": "error", "error": {"type": anthropic, "message": "m"}}


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (RequestState(denied="It is private.", shut=True, failures=[Attempt("a", 400, "E", called=False)]), 403),
        (RequestState(denied="No server.", failures=[Attempt("a", 400, "E", called=False)]), 503),
        (RequestState(denied="It is private.", shut=True, failures=[Attempt("a", 500, "E")]), 503),
    ],
)
def test_a_shut_lock_is_no_outage(state: RequestState, code: int) -> None:
    """A call that only the lock refused is the client's 403; a provider that failed too makes it a 503."""
    state.decision, state.plan = decision(), plan()
    refusal = _exhausted(state, 500)
    assert refusal is not None
    assert refusal.status == code


def test_a_private_request_without_a_trusted_local_deployment_is_an_outage() -> None:
    """What must stay local and finds no deployment that proves to be local is a 503 with the cure, not a 403."""
    state = RequestState(denied="Not confirmed.", shut=True, failures=[Attempt("a", 400, "E", called=False)])
    state.decision, state.plan = decision(private=True), plan(local_only=True)
    refusal = _exhausted(state, 500)
    assert refusal is not None
    assert (refusal.status, "ollama serve" in refusal.message) == (503, True)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
async def test_a_spent_budget_and_a_local_server_that_is_down_are_both_named(path: str) -> None:
    """In the caller's API shape: who was tried, that the budget kept it from the cloud, until when, and both cures."""
    spent = Standing(Level.HARD, "daily", 20.0, 20.0, datetime(2026, 1, 2, tzinfo=timezone.utc)).when_local_failed()

    def prepare(state: RequestState) -> None:
        state.decision, state.plan = decision(), replace(plan("ollama-default"), spent=spent)
        state.failures, state.exhausted = [Attempt("ollama-default-1", None, "ConnectionRefused")], True

    got = await call(app(b'{"error": "LiteLLM\'s own"}', status=400, prepare=prepare), path)
    assert got.status == 503
    assert got.error["type"] == ("api_error" if path == MESSAGES else "server_error")
    for said in ("ollama-default-1: ConnectionRefused", "$20.00 is spent", "2026-01-02 00:00 UTC", "`ollama serve`"):
        assert said in got.error["message"]
    assert "budget.daily_usd" in got.error["message"]
