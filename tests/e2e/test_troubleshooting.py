"""The error texts in docs/troubleshooting.md are those that a real proxy gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import SSN
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import ROOT, Proxy, running

GUIDE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
WITHOUT_FAST = [name for name in OLLAMA_MODELS if name != "phi3:mini"]


def quoted(heading: str) -> list[str]:
    """The error texts that the guide shows under a heading."""
    section = GUIDE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [text.strip() for text in re.findall(r"```text\n(.*?)```", section, re.DOTALL)]


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose Ollama has not all models, and which gives up a private request soon."""

    def edit(config: dict[str, dict[str, dict[str, object]]]) -> None:
        config["callback_settings"]["router_plugin"]["limits"] = {"private_timeout_seconds": 1}

    with (
        FakeProvider("ollama", kind="ollama", models=WITHOUT_FAST) as ollama,
        running(tmp_path_factory.mktemp("lacking"), ollama=ollama, edit=edit) as proxy,
    ):
        yield proxy


# heading, who fails, how, what the client asks for
FAILURES = [
    ("Ollama runs out of memory", "ollama", "status-500", "ollama"),
    ("Azure says 401 or 404", "azure", "status-401", "azure"),
    ("OpenAI's rate limit", "openai", "status-429", "openai"),
    ("Anthropic is overloaded (529)", "anthropic", "status-529", "anthropic"),
]


@pytest.mark.parametrize(("heading", "provider", "fault", "pin"), FAILURES)
def test_a_provider_fails(lacking: Proxy, heading: str, provider: str, fault: str, pin: str) -> None:
    """A pinned provider's status stands in the message as the guide shows it."""
    lacking.reset()
    lacking.fakes[provider].default_fault = BY_NAME[fault]
    message = lacking.chat("Say hello.", x_router_provider=pin).json()["error"]["message"]
    alike = re.sub(r" after [0-9.]+ s(?=[;)])", " after 0.3 s", message)
    once = re.sub(r"\((.+?)(?:; \1)+\)", r"(\1)", alike)  # attempts that differ in seconds only
    assert once == quoted(heading)[0]


def test_a_model_is_missing(lacking: Proxy) -> None:
    """The start says which, and how to pull it."""
    assert quoted("A model isn't found")[0] in lacking.log.read_text(encoding="utf-8")


def test_ollama_is_down(lacking: Proxy) -> None:
    """A private request says that it stayed."""
    lacking.reset()
    with lacking.fakes["ollama"].refusing():
        message = lacking.chat(SSN).json()["error"]["message"]
    assert message.endswith(quoted("Ollama doesn't answer")[1])
    assert lacking.cloud_calls() == []


def test_ollama_is_slow(lacking: Proxy) -> None:
    """After the deadline of a private request the message names it."""
    lacking.reset()
    lacking.fakes["ollama"].default_fault = BY_NAME["slow-first-byte-2s"]
    answer = lacking.chat(SSN)
    assert answer.status_code == 504
    shown = quoted("The first answer of Ollama is slow")[0]
    assert shown.replace("300 s", "1 s") in answer.json()["error"]["message"]


def test_the_other_messages(lacking: Proxy) -> None:
    """Those of the table at the end."""
    lacking.reset()
    rows = re.findall(r"^\| `([^`]+)` \|", GUIDE, re.MULTILINE)
    wrong_key = lacking.client.get("/v1/models", headers={"Authorization": "Bearer sk-wrong"})
    no_key = httpx.get(f"{lacking.url}/v1/models", trust_env=False)
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    said = [
        wrong_key.text,
        no_key.text,
        lacking.chat("hi", model="gpt-99").text,
        lacking.post("/v1/images/generations", {"model": "auto", "prompt": "x"}).text,
        lacking.chat("word " * 30_000, x_router_private="true").text,
        lacking.post(
            "/v1/chat/completions", {"model": "auto", "messages": [{"role": "user", "content": [image]}]}
        ).text,
    ]
    assert len(rows) == len(said) + 1
    for row, text in zip(rows, said, strict=False):
        assert row in text


@pytest.mark.slow
def test_nothing_local(tmp_path: Path) -> None:
    """At start, with neither Ollama nor the embedded model, both lines of the guide are there."""
    with running(tmp_path, arguments=("--no-embedded",)) as proxy:
        log = proxy.log.read_text(encoding="utf-8")
    assert quoted("Ollama doesn't answer")[0].replace("127.0.0.1:11434", "127.0.0.1:9") in log
    assert re.findall(r"^\| `([^`]+)` \|", GUIDE, re.MULTILINE)[-1] in log
