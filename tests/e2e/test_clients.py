"""The clients that people have: the real openai and anthropic packages through the real proxy."""

from __future__ import annotations

import openai
import pytest

from tests.e2e.bodies import ANALYSIS, SIMPLE, SSN
from tests.e2e.proxy import KEY, Proxy

anthropic = pytest.importorskip("anthropic", reason="the anthropic client is not installed; scripts/test installs it")


@pytest.fixture
def openai_client(proxy: Proxy) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY, max_retries=0)


def test_openai_chat(openai_client: openai.OpenAI) -> None:
    """A chat answer and its decision headers."""
    raw = openai_client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": SIMPLE}]
    )
    assert raw.headers["x-router-tier"] == "low"
    assert "served by ollama" in (raw.parse().choices[0].message.content or "")


def test_openai_chat_stream(openai_client: openai.OpenAI) -> None:
    """A streamed chat arrives whole."""
    stream = openai_client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": ANALYSIS}], stream=True
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert text.startswith("served by anthropic")


def test_openai_responses(openai_client: openai.OpenAI, proxy: Proxy) -> None:
    """The Responses API, with a private prompt."""
    assert "served by ollama" in openai_client.responses.create(model="auto", input=SSN).output_text
    assert proxy.cloud_calls() == []


def test_openai_embeddings(openai_client: openai.OpenAI) -> None:
    """Embeddings come from the local embedding model."""
    assert openai_client.embeddings.create(model="auto", input=SIMPLE).data[0].embedding


def test_openai_error(openai_client: openai.OpenAI) -> None:
    """A refusal becomes the client's own exception, with the cure in its message."""
    with pytest.raises(openai.BadRequestError, match="auto-cost"):
        openai_client.chat.completions.create(model="gpt-99", messages=[{"role": "user", "content": "hi"}])


def test_anthropic_messages(proxy: Proxy) -> None:
    """The Anthropic SDK on /v1/messages, whole and streamed."""
    client = anthropic.Anthropic(base_url=proxy.url, api_key=KEY, max_retries=0)
    message = client.messages.create(model="auto", max_tokens=64, messages=[{"role": "user", "content": ANALYSIS}])
    assert message.content[0].text.startswith("served by anthropic")
    with client.messages.stream(
        model="auto", max_tokens=64, messages=[{"role": "user", "content": SSN}], system="Answer briefly."
    ) as stream:
        assert "served by ollama" in stream.get_final_text()


def test_anthropic_error(proxy: Proxy) -> None:
    """A refusal has Anthropic's error shape, so its SDK understands it."""
    client = anthropic.Anthropic(base_url=proxy.url, api_key=KEY, max_retries=0)
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(model="gpt-99", max_tokens=5, messages=[{"role": "user", "content": "hi"}])
    assert caught.value.body["error"]["type"] == "invalid_request_error"
