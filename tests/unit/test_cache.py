"""The cache: what may be kept, under which name, for how long, and how much of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router_plugin.build import build_router
from router_plugin.cache import Cache, Copy, Kept, for_litellm, is_steady, is_whole
from router_plugin.config import check, read_file
from router_plugin.decision import Decision
from router_plugin.pipeline import Router
from router_plugin.plan import Plan
from router_plugin.request import Surface
from router_plugin.semantic import Index
from router_plugin.settings import CacheSettings
from router_plugin.state import RequestState
from router_plugin.steering import Steering

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = {
    **dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY"), "sk-invented"),
    "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9",
    "OLLAMA_HOST": "http://127.0.0.1:9",
}
MESSAGES = [{"role": "user", "content": "What is the capital of Portugal?"}]
PLAIN: dict[str, Any] = {"messages": MESSAGES, "temperature": 0}
ANSWER = Kept(b"application/json", (b"x" * 100,), "openai-default-1")


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def router() -> Router:
    """The config pack's, with every provider set up."""
    return build_router(check(read_file(ROOT / "litellm_config.yaml"), ENVIRON))


def cache(clock: Clock | None = None, **settings: Any) -> Cache:
    """A cache with these settings."""
    return Cache(CacheSettings(**settings), b"secret", clock=clock or Clock())


def name(
    router: Router,
    body: dict[str, Any],
    surface: Surface = Surface.CHAT,
    *,
    tenant: str = "key-1",
    steering: Steering | None = None,
    held: Cache | None = None,
) -> bytes | None:
    """The name under which the pack's router would keep the answer."""
    steering = steering or Steering()
    decision, plan = router.decide(body, surface, steering)
    held = cache() if held is None else held
    return held.key_of(body, router.read(body, surface), decision, plan, tenant, steering)


def test_the_same_request_has_one_name_and_holds_none_of_its_text(router: Router) -> None:
    """Whichever door it came through; 32 bytes of a keyed hash."""
    found = name(router, PLAIN)
    assert found is not None
    assert len(found) == 32
    assert found == name(router, {**PLAIN, "model": "auto", "metadata": {"trace": "1"}})
    other = Cache(CacheSettings(), b"another secret")
    assert found != name(router, PLAIN, held=other)


@pytest.mark.parametrize(
    "more",
    [
        {"messages": [{"role": "system", "content": "Be brief."}, *MESSAGES]},
        {"messages": [*MESSAGES, {"role": "assistant", "content": "Lisbon."}, *MESSAGES]},
        {"top_p": 0.5},
        {"seed": 7},
        {"stream": True},
        {"user": "someone"},
        {"tools": [{"type": "function", "function": {"name": "look", "parameters": {}}}]},
        {"response_format": {"type": "json_object"}},
    ],
)
def test_what_changes_an_answer_changes_its_name(router: Router, more: dict[str, Any]) -> None:
    """System prompt, history, sampling, form of the answer, end user, tools."""
    assert name(router, {**PLAIN, **more}) not in (None, name(router, PLAIN))


def test_each_api_key_has_answers_of_its_own(router: Router) -> None:
    """And where no key is known nothing is kept."""
    assert name(router, PLAIN) != name(router, PLAIN, tenant="key-2")
    assert name(router, PLAIN, tenant="") is None


def test_another_plan_is_another_name(router: Router) -> None:
    """A pin, a strategy or a ceiling may lead to other models."""
    assert name(router, PLAIN) != name(router, PLAIN, steering=Steering(provider="anthropic"))


PRIVATE = [{"role": "user", "content": "My social security number is 078-05-1120."}]
CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}


@pytest.mark.parametrize(
    "more",
    [
        {"messages": PRIVATE},
        {"messages": [{"role": "user", "content": [IMAGE]}]},
        {"messages": [*MESSAGES, {"role": "assistant", "tool_calls": [CALL]}]},
        {"messages": [*MESSAGES, {"role": "tool", "tool_call_id": "c", "content": "17"}]},
        {"store": True},
        {"web_search_options": {"search_context_size": "low"}},
        {"temperature": 0, "logit_bias": {"1": float("nan")}},
    ],
)
def test_what_is_not_kept(router: Router, more: dict[str, Any]) -> None:
    """Private and unreadable requests, tool traffic, what a provider keeps or looks up."""
    assert name(router, {**PLAIN, **more}) is None


@pytest.mark.parametrize(
    ("temperature", "steady"), [(0, True), (0.0, True), (None, False), (0.1, False), (False, False), ("0", False)]
)
def test_only_temperature_0_asks_for_the_same_answer_each_time(temperature: object, steady: bool) -> None:
    """What is left out has the provider's default, which isn't 0."""
    assert is_steady({"temperature": temperature}) is steady
    assert not is_steady({})


def test_a_cache_of_litellms_finds_an_answer_only_under_the_requests_name() -> None:
    """And a request without a name neither asks it nor leaves anything there."""
    assert for_litellm(b"\x01\x02", Steering()) == {"namespace": "0102", "no-cache": False}
    assert for_litellm(b"\x01\x02", Steering(cache="no-cache"))["no-cache"] is True
    assert for_litellm(None, Steering()) == {"no-cache": True, "no-store": True}


def test_a_private_plan_is_never_kept(router: Router) -> None:
    """Not by the client's demand, and not where only the plan or only the decision says so."""
    assert name(router, PLAIN, steering=Steering(private=True)) is None
    decision, plan = router.decide(PLAIN, Surface.CHAT, Steering())
    conversation = router.read(PLAIN, Surface.CHAT)

    def kept(decision: Decision, plan: Plan) -> bytes | None:
        return cache().key_of(PLAIN, conversation, decision, plan, "key-1", Steering())

    assert kept(decision, plan) is not None
    assert kept(replace(decision, private=True), plan) is None
    assert kept(replace(decision, local_only=True), plan) is None
    assert kept(decision, replace(plan, local_only=True)) is None


@pytest.mark.parametrize("field", ["previous_response_id", "conversation", "prompt"])
def test_a_response_that_builds_on_what_the_provider_keeps_is_not_kept(router: Router, field: str) -> None:
    """Its history is not in the request."""
    body = {"input": "What is the capital of Portugal?", "temperature": 0}
    decision, plan = router.decide(body, Surface.RESPONSES, Steering())
    conversation = router.read(body, Surface.RESPONSES)
    assert cache().key_of(body, conversation, decision, plan, "k", Steering()) is not None
    assert cache().key_of({**body, field: {"id": "p"}}, conversation, decision, plan, "k", Steering()) is None


def test_embeddings_are_not_kept(router: Router) -> None:
    """They have no temperature; one that is sent anyway changes nothing."""
    assert name(router, {"input": "What is the capital?", "temperature": 0}, Surface.EMBEDDINGS) is None


def test_an_answer_is_gone_after_its_time() -> None:
    """Its age is told until then."""
    clock = Clock()
    held = cache(clock, ttl_seconds=10)
    held.keep(b"a", ANSWER)
    clock.now = 9.0
    hit = held.find(b"a")
    assert hit is not None
    assert hit.headers()["x-router-cache-age"] == "9"
    clock.now = 10.0
    assert held.find(b"a") is None
    assert (len(held), held.size) == (0, 0)


def test_the_one_unused_for_longest_makes_room() -> None:
    """By number and by bytes; an answer that is larger than its share isn't kept at all."""
    held = cache(entries=2)
    for key in (b"a", b"b"):
        held.keep(key, ANSWER)
    assert held.find(b"a")
    held.keep(b"c", ANSWER)
    assert [bool(held.find(key)) for key in (b"a", b"b", b"c")] == [True, False, True]
    small = cache(megabytes=0.001)
    assert small.largest == 125
    for number in range(20):
        small.keep(b"%d" % number, ANSWER)
    assert (len(small), small.size) == (10, 1000)
    small.keep(b"large", Kept(b"application/json", (b"x" * 126,), "d"))
    assert small.find(b"large") is None
    small.keep(b"19", ANSWER)
    assert small.size == 1000


def stream(*events: dict[str, Any] | str) -> bytes:
    """Server-sent events."""
    return b"".join(b"data: %s\n\n" % (e if isinstance(e, str) else json.dumps(e)).encode() for e in events)


STOP = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
TEXT = {"choices": [{"delta": {"content": "Lisbon"}, "finish_reason": None}]}


@pytest.mark.parametrize(
    ("surface", "content", "streamed", "whole"),
    [
        (Surface.CHAT, b'{"choices": [{"message": {}}]}', False, True),
        (Surface.CHAT, b'{"choices": []}', False, False),
        (Surface.CHAT, b'{"error": {"message": "x"}, "choices": [1]}', False, False),
        (Surface.CHAT, b'{"choices": [', False, False),
        (Surface.CHAT, b"[1]", False, False),
        (Surface.MESSAGES, b'{"type": "message", "content": [{"type": "text"}]}', False, True),
        (Surface.RESPONSES, b'{"status": "completed", "error": null}', False, True),
        (Surface.RESPONSES, b'{"status": "incomplete"}', False, False),
        (Surface.CHAT, stream(TEXT, STOP, "[DONE]"), True, True),
        (Surface.CHAT, stream(TEXT, STOP), True, False),
        (Surface.CHAT, stream(TEXT, "[DONE]"), True, False),
        (Surface.CHAT, stream(TEXT, {"error": {"message": "cut"}}, STOP, "[DONE]"), True, False),
        (Surface.CHAT, stream(TEXT, "{", STOP, "[DONE]"), True, False),
        (Surface.CHAT, b"", True, False),
        (Surface.MESSAGES, stream({"type": "content_block_delta"}, {"type": "message_stop"}), True, True),
        (Surface.MESSAGES, stream({"type": "content_block_delta"}), True, False),
        (Surface.MESSAGES, stream({"type": "error"}, {"type": "message_stop"}), True, False),
        (Surface.RESPONSES, stream({"type": "response.completed"}), True, True),
        (Surface.RESPONSES, stream({"type": "response.failed"}), True, False),
    ],
)
def test_only_an_answer_that_came_to_its_end_is_whole(
    surface: Surface, content: bytes, streamed: bool, whole: bool
) -> None:
    """By the end marks of each API."""
    assert is_whole(content, surface, stream=streamed) is whole


def test_a_copy_that_grows_too_long_is_given_up() -> None:
    """What passes afterwards doesn't make it an answer again."""
    content = b'{"choices": [1]}'
    copy = Copy(b"application/json", len(content), [{"body": content[:5]}, {"type": "http.response.body"}])
    copy.add({"body": content[5:]})
    kept = copy.finish(Surface.CHAT, "d")
    assert kept is not None
    assert b"".join(kept.parts) == content
    copy.add({"body": b" "})
    assert copy.finish(Surface.CHAT, "d") is None
    copy.add({"body": content})
    assert copy.finish(Surface.CHAT, "d") is None


async def asked(router: Router, held: Cache, text: str, **more: Any) -> RequestState:
    """The state of a request after the cache was asked; its answer is remembered where it was none."""
    body = {"messages": [{"role": "user", "content": text}], **more}
    state = RequestState()
    state.decision, state.plan = router.decide(body, Surface.CHAT, Steering())
    await held.look(state, body, router.read(body, Surface.CHAT), "key-1", Steering())
    if state.hit is None:
        await held.remember(state, ANSWER)
    return state


async def test_a_question_in_other_words_gets_the_answer_where_all_else_is_the_same(router: Router) -> None:
    """At any temperature, as this is switched on by the operator; the hit says that it isn't the same request."""
    held = Cache(CacheSettings(), b"secret", Index())
    await asked(router, held, "What is the capital of Portugal?")
    same = await asked(router, held, "What is the capital of Portugal?")
    assert same.hit is not None
    assert same.hit.similarity is None
    similar = await asked(router, held, "Can you tell me what the capital of Portugal is?")
    assert similar.hit is not None
    assert similar.hit.similarity == 1.0
    assert "x-router-cache-similarity" in similar.hit.headers()
    assert similar.decision is not None
    assert "cache.similar" in [str(reason) for reason in similar.decision.reasons]
    for text, more in (
        ("What is the capital of Spain?", {}),
        ("Can you tell me what the capital of Portugal is?", {"temperature": 0.3}),
        ("Can you tell me what the capital of Portugal is?", {"user": "another"}),
    ):
        assert (await asked(router, held, text, **more)).hit is None


async def test_an_answer_that_is_gone_is_found_by_no_question(router: Router) -> None:
    """The index forgets with the cache; without it, similar questions are no matter."""
    index = Index()
    held = Cache(CacheSettings(entries=1), b"secret", index)
    await asked(router, held, "What is the capital of Portugal?")
    await asked(router, held, "What is the capital of Spain?")
    assert len(index) == len(held) == 1
    assert (await asked(router, held, "Tell me what the capital of Portugal is.")).hit is None
    exact = cache()
    await asked(router, exact, "What is the capital of Portugal?", temperature=0)
    assert (await asked(router, exact, "Tell me what the capital of Portugal is.", temperature=0)).hit is None


class Broken:
    """An embedder that fails."""

    name = "broken"

    async def embed(self, text: str) -> None:
        """Never answers."""
        raise OSError(text)


async def test_an_embedder_that_fails_costs_only_hits(router: Router, caplog: pytest.LogCaptureFixture) -> None:
    """The same request is still found; the log names the kind of error and no question."""
    held = Cache(CacheSettings(), b"secret", Index(Broken()))
    await asked(router, held, "What is the capital of Portugal?")
    assert (await asked(router, held, "What is the capital of Portugal?")).hit is not None
    assert (await asked(router, held, "Tell me what the capital of Portugal is.")).hit is None
    assert "OSError" in caplog.text
    assert "Portugal" not in caplog.text


async def test_only_a_request_that_may_be_kept_is_hashed(router: Router) -> None:
    """A long conversation at another temperature costs nothing here, unless LiteLLM's cache needs its name."""
    for shared, named in ((False, False), (True, True)):
        state = RequestState()
        state.decision, state.plan = router.decide({"messages": MESSAGES}, Surface.CHAT, Steering())
        read = router.read({"messages": MESSAGES}, Surface.CHAT)
        await cache().look(state, {"messages": MESSAGES}, read, "key-1", Steering(), shared=shared)
        assert (state.name is not None) is named
        assert state.cache_key is None
