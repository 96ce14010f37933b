"""Parts that only their maker can read, on a real proxy: sent to the maker, left out for everyone else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, PATHS, SSN
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Proxy, running

pytestmark = pytest.mark.e2e

SIGNATURE = "c2lnbmF0dXJlLW9mLWFuLWVhcmxpZXItdHVybg=="
THOUGHT = "The user wants three options compared."
MORE = "Now go on with the second option in depth, and weigh its failure modes."


def signed(text: str = ANALYSIS) -> dict[str, Any]:
    """A Messages conversation whose answer holds a signed thought."""
    answer = [
        {"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE},
        {"type": "text", "text": "There are three options."},
    ]
    messages = [
        {"role": "user", "content": text},
        {"role": "assistant", "content": answer},
        {"role": "user", "content": MORE},
    ]
    return {"model": "auto", "max_tokens": 2048, "messages": messages}


def signed_chat() -> dict[str, Any]:
    """The same as LiteLLM writes it in Chat Completions."""
    block = {"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE}
    answer = {"role": "assistant", "content": "There are three options.", "thinking_blocks": [block]}
    return {
        "model": "auto",
        "messages": [{"role": "user", "content": ANALYSIS}, answer, {"role": "user", "content": MORE}],
    }


def encrypted() -> dict[str, Any]:
    """A Responses conversation with reasoning that OpenAI has encrypted."""
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": SIGNATURE}
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Three options."}]}
    return {
        "model": "auto",
        "input": [{"role": "user", "content": ANALYSIS}, reasoning, said, {"role": "user", "content": MORE}],
    }


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "messages": ("messages", signed()),
    "chat": ("chat", signed_chat()),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("shape", ["messages", "chat"])
def test_a_signed_thought_goes_back_to_its_maker(proxy: Proxy, shape: str, stream: bool) -> None:
    """Claude wants its thoughts as they were."""
    path, sent = CASES[shape]
    answer = proxy.post(PATHS[path], {**sent, "stream": stream}, x_router_provider="anthropic")
    assert answer.status_code == 200, answer.text
    assert proxy.fakes["anthropic"].saw(SIGNATURE)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("shape", "provider"),
    [("messages", "openai"), ("messages", "azure"), ("chat", "openai"), ("chat", "azure")],
)
def test_nobody_else_gets_it(proxy: Proxy, shape: str, provider: str, stream: bool) -> None:
    """Another provider would answer 400; the conversation goes on without the part, with all that was said."""
    path, sent = CASES[shape]
    answer = proxy.post(PATHS[path], {**sent, "stream": stream}, x_router_provider=provider)
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"].startswith(provider)
    assert proxy.fakes[provider].saw("failure modes")
    assert proxy.fakes[provider].saw("hree options.")
    assert proxy.cloud_saw(SIGNATURE) == []


def test_encrypted_reasoning_stays_at_home(proxy: Proxy) -> None:
    """What nobody here can read can't be inspected: the request is local, and goes there without the part."""
    answer = proxy.post(PATHS["responses"], encrypted(), x_router_provider="openai")
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"].startswith("ollama-")
    assert proxy.cloud_calls() == []
    assert not proxy.fakes["ollama"].saw(SIGNATURE)


def test_a_fallback_goes_on_without_it(proxy: Proxy) -> None:
    """The maker is down: the next provider gets the conversation without the part."""
    proxy.fakes["anthropic"].default_fault = BY_NAME["status-503"]
    answer = proxy.post(PATHS["messages"], signed())
    assert answer.status_code == 200, answer.text
    assert not answer.headers["x-router-deployment"].startswith("anthropic")
    assert "anthropic" not in proxy.cloud_saw("failure modes")[1:]
    assert [name for name in proxy.cloud_saw(SIGNATURE) if name != "anthropic"] == []


def test_a_private_conversation_goes_on_at_home_without_it(proxy: Proxy) -> None:
    """What can be dropped is dropped; nothing of it leaves."""
    answer = proxy.post(PATHS["messages"], signed(f"{SSN} {ANALYSIS}"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"].startswith("ollama-")
    assert proxy.cloud_calls() == []
    assert not proxy.fakes["ollama"].saw(SIGNATURE)


FILE_ID = "file-invented4711"


@pytest.fixture(scope="module")
def keepers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that lets ids of files and encrypted parts leave, without Anthropic: its key isn't set."""

    def allow(config: dict[str, Any]) -> None:
        config["callback_settings"]["router_plugin"]["privacy"] = {
            "allow_uninspectable": ["file", "document", "encrypted"]
        }

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(
            tmp_path_factory.mktemp("keepers"), ollama=ollama, edit=allow, environ={"ANTHROPIC_API_KEY": ""}
        ) as proxy,
    ):
        yield proxy


def with_file(shape: str, *, stream: bool = False) -> dict[str, Any]:
    """A question about an uploaded file, which is named by its id."""
    part: dict[str, Any] = {
        "chat": {"type": "file", "file": {"file_id": FILE_ID}},
        "responses": {"type": "input_file", "file_id": FILE_ID},
        "messages": {"type": "document", "source": {"type": "file", "file_id": FILE_ID}},
    }[shape]
    text = {"type": "input_text" if shape == "responses" else "text", "text": ANALYSIS}
    turn = [{"role": "user", "content": [text, part]}]
    more: dict[str, Any] = {"max_tokens": 64} if shape == "messages" else {}
    return {"model": "auto", "input" if shape == "responses" else "messages": turn, "stream": stream, **more}


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", ["status-503", "refuse", "status-401"])
@pytest.mark.parametrize("shape", ["chat", "responses"])
def test_a_file_whose_keepers_fail_is_told_with_the_cure(
    keepers: Proxy, shape: str, fault: str, *, stream: bool
) -> None:
    """They are down, or refuse the operator's key: the error names the kind of part, not its id, and what to do."""
    keepers.reset()
    for name in ("azure", "openai"):
        keepers.fakes[name].default_fault = BY_NAME[fault]
    answer = keepers.post(PATHS[shape], with_file(shape, stream=stream))
    assert answer.status_code == 503, answer.text
    error = answer.json()["error"]
    assert error["code"] == "all_deployments_failed"
    assert "Its file can be read only by openai: send the content itself" in error["message"]
    assert "wait until openai is back" in error["message"]
    assert FILE_ID not in answer.text
    assert not keepers.fakes["ollama"].saw(FILE_ID)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_file_whose_keeper_is_not_set_up_is_told_with_the_cure(keepers: Proxy, *, stream: bool) -> None:
    """The same in Anthropic's shape, and nobody is asked."""
    keepers.reset()
    answer = keepers.post(PATHS["messages"], with_file("messages", stream=stream))
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "error"
    message = answer.json()["error"]["message"]
    assert "Its file can be read only by anthropic: send the content itself" in message
    assert "wait until anthropic is back" in message
    assert FILE_ID not in answer.text
    assert keepers.untouched()


@pytest.mark.slow
def test_encrypted_reasoning_goes_to_a_conversations_only_maker(keepers: Proxy) -> None:
    """Back to the provider that made all of it; once a second one has answered, to nobody."""
    keepers.reset()
    start = {"model": "auto", "input": [{"role": "user", "content": ANALYSIS}]}
    steps = [("azure", start, []), ("azure", encrypted(), ["azure"]), ("openai", encrypted(), [])]
    for provider, sent, seen in [*steps, ("openai", encrypted(), []), ("azure", encrypted(), [])]:
        keepers.reset()
        answer = keepers.post(PATHS["responses"], sent, x_router_provider=provider, x_session_id="two-makers")
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-router-deployment"].startswith(provider)
        assert keepers.fakes[provider].saw("microservices")
        assert keepers.cloud_saw(SIGNATURE) == seen
