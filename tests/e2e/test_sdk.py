"""In-process use: `litellm.completion(model="router/auto")` decides and locks like the proxy."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, SIMPLE, SSN, SSN_DIGITS
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import CLOUD, pack, point_at

pytestmark = [
    # LiteLLM's own models warn when they are serialised, and its clients are closed by the interpreter.
    pytest.mark.filterwarnings("ignore::UserWarning:pydantic"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Backends = Mapping[str, FakeProvider]


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def _fakes() -> Iterator[Backends]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        started = {name: FakeProvider(name, kind=name).start() for name in CLOUD}
        started["ollama"] = FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS).start()
        for name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            patch.setenv(name, "sk-invented")
        patch.setenv("AZURE_OPENAI_ENDPOINT", started["azure"].base_url)
        import router_plugin.sdk
        from router_plugin import ollama, runtime_config

        config = pack()
        point_at(config, started)
        url = started["ollama"].base_url
        fitted, lines = runtime_config.fit_ollama(config, ollama.survey(url, {}, 4096))
        assert lines == []
        router_plugin.sdk.configure(fitted)
        yield started
        for fake in started.values():
            fake.stop()


@pytest.fixture
def backends(_fakes: Backends) -> Backends:
    for fake in _fakes.values():
        fake.clear()
        fake.faults = []
        fake.default_fault = None
    return _fakes


def called(backends: Backends) -> list[str]:
    return [name for name, fake in backends.items() for request in fake.requests if request.asks_model]


CASES = [(SIMPLE, "ollama"), (ANALYSIS, "anthropic"), (SSN, "ollama")]


@pytest.mark.parametrize(("text", "backend"), CASES)
def test_sync(backends: Backends, text: str, backend: str) -> None:
    """`completion`, whole and streamed, goes where the proxy would send it."""
    import litellm

    answer: Any = litellm.completion(model="router/auto", messages=user(text))
    assert answer.choices[0].message.content.startswith(f"served by {backend}")
    assert answer._hidden_params["router"]["private"] == (text == SSN)
    chunks: Any = litellm.completion(model="router/auto", messages=user(text), stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).startswith(f"served by {backend}")
    assert called(backends) == [backend, backend]


@pytest.mark.parametrize(("text", "backend"), CASES)
async def test_async(backends: Backends, text: str, backend: str) -> None:
    """`acompletion`, whole and streamed, does the same."""
    import litellm

    answer: Any = await litellm.acompletion(model="router/auto", messages=user(text))
    assert answer.choices[0].message.content.startswith(f"served by {backend}")
    stream: Any = await litellm.acompletion(model="router/auto", messages=user(text), stream=True)
    text_back = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text_back.startswith(f"served by {backend}")
    assert called(backends) == [backend, backend]


def turns(*texts: str) -> list[dict[str, str]]:
    """A conversation: user and assistant by turns."""
    return [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(texts)]


async def asked(messages: list[Any], way: str, stream: bool, **given: Any) -> None:
    """One call in one of the four ways, read to its end."""
    import litellm

    given = {"model": "router/auto", "messages": messages, "stream": stream, **given}
    answer: Any = litellm.completion(**given) if way == "sync" else await litellm.acompletion(**given)
    if stream and way == "sync":
        list(answer)
    elif stream:
        _ = [chunk async for chunk in answer]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("way", ["sync", "async"])
async def test_what_was_private_stays_private_in_its_conversation(backends: Backends, way: str, stream: bool) -> None:
    """Also where a later request no longer shows it; another conversation knows nothing of it."""
    session = {"session_id": f"notes-{way}-{stream}"}
    await asked(user(SSN), way, stream, metadata=session)
    await asked(user(ANALYSIS), way, stream, metadata=session)
    await asked(user(ANALYSIS), way, stream, metadata={"session_id": f"other-{way}-{stream}"})
    assert called(backends) == ["anthropic", "ollama", "ollama"]


def test_a_yes_keeps_the_tier_of_the_work_under_way(backends: Backends) -> None:
    """As in the proxy; `explain` looks and leaves nothing behind."""
    import litellm

    from router_plugin.sdk import explain

    litellm.completion(model="router/auto", messages=user(ANALYSIS))
    litellm.completion(model="router/auto", messages=turns(ANALYSIS, "Shall I go on?", "yes"))
    assert called(backends) == ["anthropic", "anthropic"]
    assert explain(user(f"{SSN} (looked at)")).private
    answer: Any = litellm.completion(
        model="router/auto", messages=turns(f"{SIMPLE} (looked at)", "4.", "Thanks!"), metadata={"session_id": "looked"}
    )
    assert not answer._hidden_params["router"]["private"]


SIGNATURE = "c2lnbmF0dXJlLW9mLWFuLWVhcmxpZXItdHVybg=="
THINKING = {"type": "enabled", "budget_tokens": 1024}


def signed(field: str) -> list[dict[str, Any]]:
    """A conversation whose last answer holds a signed thought, as a block of its content or as LiteLLM writes it."""
    thought = {"type": "thinking", "thinking": "The user wants options.", "signature": SIGNATURE}
    said = {"type": "text", "text": "There are three options."}
    answer: dict[str, Any] = {"role": "assistant", "content": [thought, said] if field == "content" else said["text"]}
    if field == "thinking_blocks":
        answer["thinking_blocks"] = [thought]
    return [*user(ANALYSIS), answer, *user("Weigh the second option in depth.")]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("field", ["content", "thinking_blocks"])
@pytest.mark.parametrize("provider", ["anthropic", "openai", "azure", "ollama"])
async def test_a_signed_thought_goes_to_its_maker_only(
    backends: Backends, provider: str, field: str, way: str, stream: bool
) -> None:
    """Everyone else gets the conversation without it; the caller's messages stay as they were."""
    messages = signed(field)
    before = copy.deepcopy(messages)
    await asked(messages, way, stream, metadata={"router": {"provider": provider}})
    assert called(backends) == [provider]
    assert backends[provider].saw("hree options.")
    assert [name for name, fake in backends.items() if fake.saw(SIGNATURE)] == ["anthropic"] * (provider == "anthropic")
    assert messages == before


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_fallback_goes_on_without_the_signed_thought(backends: Backends, way: str, stream: bool) -> None:
    """The maker got it and fails; the next one gets all but that."""
    own = {"session_id": f"fallback-{way}-{stream}"}
    await asked(user(ANALYSIS), way, stream, metadata=own)
    backends["anthropic"].default_fault = BY_NAME["status-503"]
    await asked([*signed("thinking_blocks")[:2], *user("yes")], way, stream, metadata=own)
    assert set(called(backends)) == {"anthropic", "openai"}
    assert backends["openai"].saw("hree options.")
    assert [name for name, fake in backends.items() if fake.saw(SIGNATURE)] == ["anthropic"]


@pytest.mark.parametrize("foreign", [False, True])
def test_thinking_is_off_where_the_last_turn_has_lost_its_own(backends: Backends, foreign: bool) -> None:
    """Anthropic wants a tool's turn to begin with its thinking, where that is on; another model's is dropped."""
    import litellm

    messages = signed("thinking_blocks")
    if foreign:
        messages[1]["thinking_blocks"][0]["signature"] = ""
    given: Any = {"thinking": THINKING, "allowed_openai_params": ["thinking"]}
    litellm.completion(
        model="router/auto", messages=messages, metadata={"router": {"provider": "anthropic"}}, max_tokens=2048, **given
    )
    assert called(backends) == ["anthropic"]
    assert backends["anthropic"].saw("budget_tokens") is not foreign


def test_encrypted_reasoning_goes_to_no_one(backends: Backends) -> None:
    """LiteLLM turns a Responses call into a chat, which has no place for it."""
    import litellm

    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": SIGNATURE}
    items: Any = [*user(ANALYSIS), reasoning, *user("Go on with the second option.")]
    litellm.responses(model="router/auto", input=items, metadata={"router": {"provider": "openai"}})
    assert len(called(backends)) == 1
    assert not any(fake.saw(SIGNATURE) for fake in backends.values())


def test_tools(backends: Backends) -> None:
    """Tool definitions go along, and calls come back."""
    import litellm

    tools = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}]
    answer: Any = litellm.completion(model="router/auto", messages=user("CALL_TOOL What is the weather?"), tools=tools)
    assert answer.choices[0].message.tool_calls[0].function.name == "weather"


def test_steering_by_model_name_and_metadata(backends: Backends) -> None:
    """`router/auto-cost` and `metadata={"router": ...}` steer as they do through the proxy."""
    import litellm

    litellm.completion(model="router/auto-cost", messages=user(ANALYSIS))
    litellm.completion(model="router/auto", messages=user(SIMPLE), metadata={"router": {"provider": "openai"}})
    assert called(backends) == ["openai", "ollama"]


def test_a_dead_local_server_never_means_the_cloud(backends: Backends) -> None:
    """Private text with the local server down is an error, and reaches no cloud back end."""
    import litellm

    with backends["ollama"].refusing(), pytest.raises(Exception, match=r"(?i)ollama|connect"):
        litellm.completion(model="router/auto", messages=user(SSN))
    assert not any(backends[name].saw(SSN_DIGITS) for name in CLOUD)


@pytest.mark.parametrize("text", [SIMPLE, SSN])
def test_fallbacks_around_the_router_are_refused(backends: Backends, text: str) -> None:
    """LiteLLM would run them past the lock, so nothing is sent at all."""
    import litellm

    cloud = {"model": "openai/gpt-4o", "api_base": backends["openai"].base_url, "api_key": "sk-invented"}
    with pytest.raises(Exception, match="past the privacy lock"):
        litellm.completion(model="router/auto", messages=user(text), fallbacks=[cloud])
    assert called(backends) == []


async def test_async_fallbacks_around_the_router_are_refused(backends: Backends) -> None:
    """The same for `acompletion`."""
    import litellm

    cloud = {"model": "openai/gpt-4o", "api_base": backends["openai"].base_url, "api_key": "sk-invented"}
    with pytest.raises(litellm.BadRequestError, match="past the privacy lock"):
        await litellm.acompletion(model="router/auto", messages=user(SSN), fallbacks=[cloud])
    assert called(backends) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"messages": []}, "messages"),
        ({"messages": user("hi"), "api_base": "http://127.0.0.1:9"}, "api_base"),
        ({"messages": user("hi"), "model": "router/auto-magic"}, "auto-cost"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(backends: Backends, arguments: dict[str, Any], word: str) -> None:
    """The error names the cause."""
    import litellm

    with pytest.raises(litellm.BadRequestError, match=word):
        litellm.completion(**{"model": "router/auto", **arguments})
    assert called(backends) == []


def test_explain_calls_nothing(backends: Backends) -> None:
    """A decision can be had without a call."""
    import router_plugin.sdk

    assert router_plugin.sdk.explain(user(SSN)).private is True
    assert called(backends) == []


@pytest.mark.parametrize("key", ["metadata", "litellm_metadata"])
async def test_a_routers_mark_that_is_set_by_hand_is_refused(backends: Backends, key: str) -> None:
    """It can't be told from a Router's call past its checks, so nothing may go on after it; the error names both."""
    from router_plugin.sdk_guard import PastTheLock

    with pytest.raises(PastTheLock, match="no Router calls it, take `model_group` out"):
        await asked(user(SIMPLE), "async", False, **{key: {"model_group": "x"}})
    assert called(backends) == []
