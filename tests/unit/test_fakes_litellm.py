"""router_plugin.fakes through LiteLLM: its own clients read every surface to the end, and map every error.

These pin what LiteLLM makes of a provider's replies; where a later LiteLLM differs, they say so.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from router_plugin.fakes import CALL_TOOL, Effect, FakeProvider, Fault, faults
from router_plugin.fakes.reply import EMBEDDING_DIMENSIONS

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # no look at the network on import
litellm: Any = pytest.importorskip("litellm")
openai: Any = pytest.importorskip("openai")

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

# LiteLLM leaves client sessions open and has pydantic warnings of its own.
pytestmark = pytest.mark.filterwarnings("ignore")

MODELS = {
    "openai": "openai/gpt-4.1-mini",
    "azure": "azure/gpt-4.1-mini",
    "anthropic": "anthropic/claude-haiku-4-5",
    "ollama_chat": "ollama_chat/llama3.2",
    "ollama": "ollama/llama3.2",
}
PROVIDERS = tuple(MODELS)
CHATTY = ("openai", "azure", "anthropic", "ollama_chat")
MESSAGES = [{"role": "user", "content": "hello"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
CALL_WEATHER = f"{CALL_TOOL} for the weather"


@pytest.fixture
def params() -> Iterator[dict[str, Any]]:
    """Room for a test's call parameters, with retries off."""
    quiet, litellm.suppress_debug_info = litellm.suppress_debug_info, True
    yield {"num_retries": 0, "max_retries": 0, "timeout": 5}
    litellm.suppress_debug_info = quiet


def fake(provider: str) -> FakeProvider:
    return FakeProvider(f"fake-{provider}", kind="ollama" if provider == "ollama_chat" else provider)


def served_by(provider: str) -> str:
    return FakeProvider(f"fake-{provider}").backend.reply_text()


async def read(stream: AsyncIterator[Any]) -> list[Any]:
    return [chunk async for chunk in stream]


def chat_text(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_chat_is_answered_whole_and_streamed(provider: str, params: dict[str, Any]) -> None:
    """`acompletion` gets the fake's text and usage, and a stream spells the same text."""
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider])
        whole = await litellm.acompletion(messages=MESSAGES, **params)
        options = {"stream": True, "stream_options": {"include_usage": True}}
        chunks = await read(await litellm.acompletion(messages=MESSAGES, **options, **params))
    assert whole.choices[0].message.content == served_by(provider)
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage.prompt_tokens > 0
    assert whole.usage.completion_tokens > 0
    assert chat_text(chunks) == served_by(provider)
    assert len(chunks) > 10
    assert [request.json["stream"] for request in server.calls if "stream" in request.json][-1] is True
    assert server.saw("hello")


@pytest.mark.parametrize("provider", CHATTY)
async def test_tools_are_called_whole_and_streamed(provider: str, params: dict[str, Any]) -> None:
    """A tool call arrives with its name and whole arguments in both forms."""
    tool = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
    asked = [{"role": "user", "content": CALL_WEATHER}]
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider]) | {"messages": asked, "tools": [tool]}
        whole = await litellm.acompletion(**params)
        chunks = await read(await litellm.acompletion(stream=True, **params))
    rebuilt = litellm.stream_chunk_builder(chunks, messages=asked)
    for reply in (whole, rebuilt):
        (call,) = reply.choices[0].message.tool_calls
        assert (call.function.name, call.function.arguments.replace(" ", "")) == ("weather", '{"city":"x"}')
        assert reply.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("provider", CHATTY)
async def test_responses_are_answered_whole_and_streamed(provider: str, params: dict[str, Any]) -> None:
    """`aresponses` works on each provider; where the provider has the API itself, on its own route."""
    tool = {"type": "function", "name": "weather", "parameters": PARAMETERS}
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider])
        whole = await litellm.aresponses(input="hello", **params)
        events = await read(await litellm.aresponses(input="hello", stream=True, **params))
        called = await litellm.aresponses(input=CALL_WEATHER, tools=[tool], **params)
        call_events = await read(await litellm.aresponses(input=CALL_WEATHER, tools=[tool], stream=True, **params))
    assert whole.output[0].content[0].text == served_by(provider)
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == served_by(provider)
    assert events[-1].type == "response.completed"
    assert [item.name for item in called.output if item.type == "function_call"] == ["weather"]
    assert [item.name for item in call_events[-1].response.output if item.type == "function_call"] == ["weather"]
    if provider in {"openai", "azure"}:
        assert all("/responses" in request.path for request in server.calls)
        assert [bool(request.json.get("stream")) for request in server.calls] == [False, True, False, True]


@pytest.mark.parametrize("provider", CHATTY)
async def test_anthropic_messages_are_answered_whole_and_streamed(provider: str, params: dict[str, Any]) -> None:
    """`anthropic.messages.acreate` works on each provider, translated or not."""
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider]) | {"messages": MESSAGES, "max_tokens": 99}
        whole = await litellm.anthropic.messages.acreate(**params)
        chunks = await read(await litellm.anthropic.messages.acreate(stream=True, **params))
    assert whole["content"][0]["text"] == served_by(provider)
    streamed = b"".join(chunk if isinstance(chunk, bytes) else str(chunk).encode() for chunk in chunks).decode()
    assert all(word in streamed for word in served_by(provider).split())
    assert "message_stop" in streamed


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_text_completions_are_answered(provider: str, params: dict[str, Any]) -> None:
    """`atext_completion` gets the text in both forms."""
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider])
        whole = await litellm.atext_completion(prompt="hello", **params)
        chunks = await read(await litellm.atext_completion(prompt="hello", stream=True, **params))
    assert whole.choices[0].text == served_by(provider)
    assert "".join(chunk.choices[0].text or "" for chunk in chunks if chunk.choices) == served_by(provider)


@pytest.mark.parametrize("provider", ["openai", "azure", "ollama"])
async def test_embeddings_are_answered(provider: str, params: dict[str, Any]) -> None:
    """`aembedding` gets a vector for each text, whatever encoding its client asks for."""
    del params["num_retries"]
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider])
        reply = await litellm.aembedding(input=["hello", "world"], **params)
    assert [len(row["embedding"]) for row in reply.data] == [EMBEDDING_DIMENSIONS] * 2


STATUS_ERRORS: dict[Fault, dict[str, str]] = {
    faults.STATUS_400: dict.fromkeys(PROVIDERS, "BadRequestError"),
    faults.STATUS_401: dict.fromkeys(PROVIDERS, "AuthenticationError"),
    faults.STATUS_404: dict.fromkeys(PROVIDERS, "NotFoundError"),
    faults.STATUS_429: dict.fromkeys(PROVIDERS, "RateLimitError"),
    faults.STATUS_429_RETRY_AFTER: dict.fromkeys(PROVIDERS, "RateLimitError"),
    faults.STATUS_500: {**dict.fromkeys(PROVIDERS, "InternalServerError"), "azure": "APIError"},
    faults.STATUS_503: dict.fromkeys(PROVIDERS, "ServiceUnavailableError"),
    faults.STATUS_529: {**dict.fromkeys(PROVIDERS, "APIError"), "anthropic": "InternalServerError"},
    # Ollama has neither error by name; LiteLLM reads a plain 400.
    faults.CONTEXT_WINDOW: {
        **dict.fromkeys(PROVIDERS, "ContextWindowExceededError"),
        **dict.fromkeys(("ollama", "ollama_chat"), "BadRequestError"),
    },
    faults.CONTENT_POLICY: {
        **dict.fromkeys(PROVIDERS, "ContentPolicyViolationError"),
        **dict.fromkeys(("ollama", "ollama_chat"), "BadRequestError"),
    },
    faults.REFUSE: {
        **dict.fromkeys(PROVIDERS, "APIConnectionError"),
        **dict.fromkeys(("openai", "anthropic"), "InternalServerError"),
    },
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", STATUS_ERRORS, ids=str)
async def test_errors_are_mapped(fault: Fault, provider: str, stream: bool, params: dict[str, Any]) -> None:
    """Each error body is one that LiteLLM knows: it raises its own class for it, before any chunk."""
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider]) | {"messages": MESSAGES, "stream": stream}
        server.default_fault = fault
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await litellm.acompletion(**params)
    error: Any = caught.value
    assert type(error).__name__ == STATUS_ERRORS[fault][provider]
    if fault.retry_after is not None:
        assert error.litellm_response_headers["retry-after"] == f"{fault.retry_after:g}"


# A stream that ends without its end marker inside sound HTTP looks complete to LiteLLM; so does a page of HTML to
# most of its readers.
SILENT = {
    faults.EMPTY_STREAM: set(PROVIDERS),
    faults.DIES_BEFORE_CONTENT_END: set(PROVIDERS),
    faults.CUT_MIDWAY_END: set(PROVIDERS),
    faults.TRUNCATED_JSON: set(CHATTY),
    faults.HTML_PAGE: set(CHATTY),
    faults.MALFORMED_FIRST: {"anthropic", "ollama_chat"},
    faults.MALFORMED_MIDWAY: {"anthropic", "ollama_chat"},
}
STREAM_FAULTS = (*faults.BEFORE_CONTENT, *faults.MID_STREAM, faults.HTML_PAGE)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", STREAM_FAULTS, ids=str)
async def test_broken_streams_raise_or_end_early(fault: Fault, provider: str, params: dict[str, Any]) -> None:
    """A stream that breaks raises, after the content that came; the faults that LiteLLM doesn't see end it silently."""
    text = ""
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider]) | {"messages": MESSAGES, "stream": True}
        server.default_fault = fault
        error = ""
        try:
            async for chunk in await litellm.acompletion(**params):
                text += chat_text([chunk])
        except Exception as caught:
            error = type(caught).__name__
    ollama_error_line = provider == "ollama_chat" and fault.effect is Effect.ERROR_EVENT
    expected = "BadRequestError" if ollama_error_line else "MidStreamFallbackError"
    assert error == ("" if provider in SILENT.get(fault, set()) else expected)
    assert served_by(provider).startswith(text)
    if fault in faults.BEFORE_CONTENT and error:
        assert text == ""


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_whole_reply_that_breaks_raises(provider: str, params: dict[str, Any]) -> None:
    """Without streaming no broken reply passes as an answer."""
    with fake(provider) as server:
        params |= server.litellm_params(MODELS[provider]) | {"messages": MESSAGES}
        for fault in (faults.RESET, faults.EMPTY_REPLY, *STREAM_FAULTS):
            server.default_fault = fault
            with pytest.raises(openai.APIError):
                await litellm.acompletion(**params)


async def test_an_unknown_model_name_makes_litellm_fake_the_responses_stream(params: dict[str, Any]) -> None:
    """LiteLLM streams Responses only for models in its cost map: else it asks for a whole reply and cuts it up."""
    with fake("openai") as server:
        params |= server.litellm_params("openai/no-such-model")
        events = await read(await litellm.aresponses(input="hello", stream=True, **params))
    assert events[-1].type == "response.completed"
    assert not server.calls[0].json.get("stream")
