"""`on_private: redact` against a real proxy: no identifier arrives at a cloud provider, and the client misses none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import PATHS, RECORD, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Proxy, events, running

pytestmark = pytest.mark.e2e

MAIL, PHONE, SSN = "mira.kovacs@posteo.de", "(212) 456-7890", "219-09-9999"
TEXT = (
    f"Compare three ways to keep {MAIL} and {PHONE} out of a log, in depth and with their trade-offs for a team of "
    f"five engineers. My social security number is {SSN}."
)
ECHO = r"[A-Z]+_PLACEHOLDER_[A-Z]+ and [A-Z]+_PLACEHOLDER_[A-Z]+"  # the fakes answer with what they find of this
SHAPES = list(PATHS)


@pytest.fixture(scope="module")
def redacting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy that redacts; its cloud fakes repeat the stand-ins that they get."""

    def edit(config: dict[str, Any]) -> None:
        config["callback_settings"]["router_plugin"]["on_private"] = "redact"
        config["callback_settings"]["router_plugin"]["decision_log"] = {"path": "decisions.jsonl"}

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path_factory.mktemp("redact"), ollama=ollama, edit=edit) as proxy,
    ):
        for fake in proxy.cloud:
            fake.backend.echo = ECHO
        yield proxy


@pytest.fixture
def proxy(redacting: Proxy) -> Proxy:
    """That proxy, with fakes that are empty and well."""
    redacting.reset()
    return redacting


def text_of(answer: Any, *, stream: bool) -> str:
    """All text of an answer, put together as a client would."""
    if not stream:
        return json.dumps(answer.json(), ensure_ascii=False)
    parts = []
    for event in events(answer):
        delta = event.get("delta")
        if isinstance(delta, str):
            parts.append(delta)
        elif isinstance(delta, dict):
            parts.append(delta.get("text") or "")
        choices = event.get("choices") or ()
        parts += [(choice.get("delta") or {}).get("content") or choice.get("text") or "" for choice in choices]
    return "".join(parts)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("shape", SHAPES)
def test_identifiers_stay_and_come_back(proxy: Proxy, shape: str, stream: bool) -> None:
    """Streamed and not, in every API shape; the reason says what was replaced."""
    answer = proxy.post(PATHS[shape], body(shape, TEXT, stream=stream), x_router_provider="openai")
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"].startswith("openai-")
    assert "privacy.redacted:contact.email" in answer.headers["x-router-reason"]
    assert proxy.cloud_calls() == ["openai"]
    for secret in (MAIL, PHONE, SSN, SSN.replace("-", "")):
        assert proxy.cloud_saw(secret) == []
    said = text_of(answer, stream=stream)
    assert "PLACEHOLDER" not in answer.text
    assert f"{MAIL} and {PHONE}" in said


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "more", ["The password: Xk29!vbQz7.", RECORD, "My husband was diagnosed with HIV last week and told nobody."]
)
def test_anything_else_that_is_private_stays_local(proxy: Proxy, shape: str, stream: bool, more: str) -> None:
    """Secrets and topics can't be replaced; nothing of such a request arrives, not even with stand-ins."""
    answer = proxy.post(PATHS[shape], body(shape, f"{TEXT} {more}", stream=stream), x_router_provider="openai")
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-private"] == "true"
    assert answer.headers["x-router-deployment"].startswith("ollama-")
    assert proxy.cloud_calls() == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_number_in_another_form_stays_too(proxy: Proxy, shape: str) -> None:
    """No rule sees a private number in bare digits, but where it stands with hyphens the digits are known."""
    digits = SSN.replace("-", "")
    answer = proxy.post(PATHS[shape], body(shape, f"{TEXT} A form has it as {digits}."), x_router_provider="openai")
    assert answer.status_code == 200, answer.text
    assert proxy.cloud_calls() == ["openai"]
    for secret in (SSN, digits):
        assert proxy.cloud_saw(secret) == []


@pytest.mark.parametrize("fault", ["status-503", "cut-before-content-rst", "cut-after-3-chunks-rst", "refuse"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_failure_on_the_way_lets_no_identifier_out(proxy: Proxy, shape: str, fault: str) -> None:
    """Retries, fallbacks and a request begun anew send the same stand-ins, whoever is asked next."""
    for name in ("anthropic", "openai"):
        proxy.fakes[name].default_fault = BY_NAME[fault]
    answer = proxy.post(PATHS[shape], body(shape, TEXT, stream=True))
    assert answer.status_code in (200, 503), answer.text
    assert proxy.cloud_calls() or fault == "refuse"
    assert "PLACEHOLDER_" not in answer.text
    for secret in (MAIL, PHONE, SSN, SSN.replace("-", "")):
        assert proxy.cloud_saw(secret) == []


@pytest.mark.parametrize("steer", [{"x_router_private": "true"}, {"x_router_strategy": "privacy"}])
def test_a_client_that_wants_it_local_gets_it_local(proxy: Proxy, steer: dict[str, str]) -> None:
    """Redaction is the operator's offer, never against a client's word."""
    answer = proxy.post(PATHS["chat"], body("chat", TEXT), **steer)
    assert answer.headers["x-router-deployment"].startswith("ollama-")
    assert proxy.cloud_calls() == []


def test_a_conversation_that_was_private_stays_so(proxy: Proxy) -> None:
    """After a private topic no later turn goes out, redacted or not."""
    session = {"x_session_id": "redact-1"}
    assert proxy.chat(f"{RECORD} and {MAIL}", **session).headers["x-router-private"] == "true"
    answer = proxy.chat(f"Write to {MAIL}.", **session)
    assert answer.headers["x-router-deployment"].startswith("ollama-")
    assert proxy.cloud_calls() == []


def test_a_conversation_keeps_its_stand_ins(proxy: Proxy) -> None:
    """The provider sees the same words again, so its prompt cache works and the model keeps the thread."""
    question = {"role": "user", "content": TEXT}
    first = proxy.post(PATHS["chat"], {"model": "auto", "messages": [question]}, x_router_provider="openai")
    said = first.json()["choices"][0]["message"]
    assert MAIL in said["content"]
    messages = [
        question,
        {"role": "assistant", "content": said["content"]},
        {"role": "user", "content": f"And {MAIL}?"},
    ]
    second = proxy.post(PATHS["chat"], {"model": "auto", "messages": messages}, x_router_provider="openai")
    assert second.status_code == 200, second.text
    sent = [json.loads(request.body)["messages"] for request in proxy.fakes["openai"].calls]
    assert sent[1][0] == sent[0][0]
    assert "PLACEHOLDER" in sent[1][1]["content"]
    assert MAIL in second.json()["choices"][0]["message"]["content"]


def test_identifiers_are_in_no_log(proxy: Proxy) -> None:
    """Neither in the proxy's log nor in the decision log, whose findings name rules; nothing is cached."""
    sent = body("chat", TEXT, temperature=0)
    for _ in range(2):
        answer = proxy.post(PATHS["chat"], sent, x_router_provider="openai")
        assert "x-router-cache" not in answer.headers
    assert len(proxy.cloud_calls()) == 2
    kept = (proxy.log.parent / "decisions.jsonl").read_text() + proxy.log.read_text(errors="replace")
    assert "contact.email" in kept
    for value in (MAIL, PHONE, SSN):
        assert value not in kept
