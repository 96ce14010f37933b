"""What `init` asks, what an answer changes, and that it asks nobody who isn't there."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from router_plugin.cli.questions import ask
from router_plugin.config import check
from router_plugin.fakes import FakeProvider
from router_plugin.joining import Choices, fit_pack, fitting
from router_plugin.paths import packaged_config

ROOT = Path(__file__).parents[2]
MODELS = ["codellama:13b", "llama3.1:8b", "mistral:7b", "nomic-embed-text", "phi3:mini", "big:120b-cloud"]
KEYS = {"OPENAI_API_KEY": "sk-invented", "ANTHROPIC_API_KEY": "sk-ant-invented", "AZURE_OPENAI_ENDPOINT": "https://x"}
SECONDS = 60


def pack() -> str:
    return packaged_config().read_text(encoding="utf-8")


class Answers:
    """Answers by the first word of a question, the default where there is none; keeps what was asked."""

    def __init__(self, **given: str | bool) -> None:
        self.given = {name.replace("_", "-"): value for name, value in given.items()}
        self.asked: dict[str, tuple[list[str], str]] = {}
        self.confirmed: list[str] = []

    def choose(self, question: str, options: Sequence[str], default: str) -> str:
        name = question.partition(",")[0]
        self.asked[name] = (list(options), default)
        return str(self.given.get(name, default))

    def confirm(self, question: str) -> bool:
        name = question.removesuffix("?").split()[-1]
        self.confirmed.append(name)
        return bool(self.given.get(name, True))

    def choices(self, pulled: Sequence[str] = MODELS, keys: Any = KEYS) -> Choices:
        return ask(pulled, keys, self.choose, self.confirm)


def test_only_what_can_be_chosen_is_asked() -> None:
    """Not a model that Ollama runs elsewhere, not the only one for embeddings, no provider without all its keys."""
    answers = Answers()
    answers.choices()
    assert set(answers.asked) == {"ollama-default", "ollama-fast", "ollama-code"}
    assert answers.asked["ollama-fast"] == (["codellama:13b", "llama3.1:8b", "mistral:7b", "phi3:mini"], "phi3:mini")
    assert answers.confirmed == ["openai", "anthropic"]


def test_nothing_is_asked_where_nothing_is_found() -> None:
    """No Ollama, no key."""
    answers = Answers()
    assert answers.choices([], {}) == Choices({})
    assert answers.asked == {}
    assert answers.confirmed == []


@pytest.mark.parametrize(
    "pulled", [MODELS, ["mistral:7b", "mxbai-embed-large"], ["a", "b", "nomic-embed-text:latest", "x-embed"], []]
)
def test_enter_to_every_question_does_what_init_does_unasked(pulled: list[str]) -> None:
    """The same file."""
    assert fit_pack(pack(), pulled, Answers().choices(pulled)) == fit_pack(pack(), pulled)


def test_a_group_that_nothing_fits_may_stay_without_a_model() -> None:
    """That is the default, and another model can be given to it."""
    pulled = ["mistral:7b", "qwen2.5:7b"]
    assert set(fitting(pulled)) == {"ollama-default"}
    answers = Answers(ollama_fast="mistral:7b")
    assert set(answers.choices(pulled).models) == {"ollama-default", "ollama-fast"}
    assert answers.asked["ollama-code"] == ([*pulled, "none"], "none")


def test_one_model_is_no_choice() -> None:
    """It serves by default; the other groups stay without one."""
    answers = Answers()
    assert answers.choices(["mistral:7b"]).models == {"ollama-default": "mistral:7b"}
    assert answers.asked == {}


def test_answers_are_in_the_config() -> None:
    """Two models exchange places; a provider that isn't used is switched off; the doors follow the default."""
    answers = Answers(ollama_default="codellama:13b", ollama_code="llama3.1:8b", openai=False)
    text, notes = fit_pack(pack(), MODELS, answers.choices())
    raw = yaml.safe_load(text)
    models = {e["model_name"]: e["litellm_params"]["model"] for e in raw["model_list"]}
    assert models["ollama-default"] == models["auto"] == models["auto-private"] == "ollama_chat/codellama:13b"
    assert models["ollama-code"] == "ollama_chat/llama3.1:8b"
    assert models["ollama-fast"] == "ollama_chat/phi3:mini"
    found = check(raw, KEYS).inventory
    assert {d.provider for d in found.deployments} == {"ollama", "anthropic"}
    assert len(notes) == 3
    assert text.count("#") == pack().count("#")


def on_terminal(folder: Path, ollama: FakeProvider, answers: str, *arguments: str) -> tuple[int, str]:
    """The exit code of `init` with a terminal as its stdin, and what it said."""
    ours, theirs = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "ANTHROPIC", "AZURE", "OLLAMA"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "router_plugin.cli", "init", *arguments],
        cwd=folder,
        env={**kept, "OLLAMA_HOST": ollama.base_url, "OPENAI_API_KEY": "sk-invented", "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, answers.encode())
    said, until = b"", time.monotonic() + SECONDS
    while time.monotonic() < until:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                said += os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
        elif process.poll() is not None:
            break
    code = process.wait(SECONDS)
    os.close(ours)
    return code, said.decode()


def test_on_a_terminal_it_asks_and_takes_enter_for_the_default(tmp_path: Path) -> None:
    """Numbers or names; a file that is there stays after a no, which is the default."""
    with FakeProvider("ollama", kind="ollama", models=["llama3.1:8b", "mistral:7b"]) as ollama:
        code, said = on_terminal(tmp_path, ollama, "mistral:7b\n\n2\nn\n")
        assert code == 0, said
        raw = yaml.safe_load((tmp_path / "litellm_config.yaml").read_text())
        models = {e["model_name"]: e["litellm_params"]["model"] for e in raw["model_list"]}
        assert models["ollama-default"] == "ollama_chat/mistral:7b"
        assert models["ollama-fast"] == "ollama_chat/phi3:mini"
        assert models["ollama-code"] == "ollama_chat/mistral:7b"
        assert raw["callback_settings"]["router_plugin"]["providers"]["openai"]["enabled"] is False
        assert "sk-invented" not in said
        (tmp_path / "litellm_config.yaml").write_text("mine")
        code, said = on_terminal(tmp_path, ollama, "\n\n\n\n\n\n\n")
        assert code == 1
        assert "Overwrite it?" in said
        assert (tmp_path / "litellm_config.yaml").read_text() == "mine"
        code, said = on_terminal(tmp_path, ollama, "", "--yes", "--force")
        assert code == 0
        assert "?" not in said
        assert yaml.safe_load((tmp_path / "litellm_config.yaml").read_text())
