"""router_plugin.waste: LiteLLM is spared work, and says the same as before."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import litellm
import pytest
from litellm.llms.ollama.chat.transformation import OllamaChatConfig
from litellm.llms.ollama.common_utils import OllamaModelInfo

from router_plugin import waste

MESSAGES = [{"role": "user", "content": "How many words has this sentence got, would you say?"}]
COUNTED = {"prompt_eval_count": 4_711, "eval_count": 17}


class Asked(list[str]):
    """A finder that finds nothing and remembers what it was asked for."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        self.append(name)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    finder = Asked()
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    return finder


@pytest.fixture(autouse=True)
def unspared(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM as it was before any sparing in this process."""
    monkeypatch.setattr(litellm, "token_counter", inspect.unwrap(litellm.token_counter))
    monkeypatch.setattr(OllamaChatConfig, "transform_response", inspect.unwrap(OllamaChatConfig.transform_response))
    search = inspect.unwrap(OllamaModelInfo._is_static_ollama_model)
    monkeypatch.setattr(OllamaModelInfo, "_is_static_ollama_model", staticmethod(search))


def test_a_missing_module_is_looked_for_once(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later imports fail at once, without a search, as `ModuleNotFoundError`, which LiteLLM takes for what it is."""
    monkeypatch.setattr(waste, "RETRIED", ("no_such_package.module",))
    assert waste.remember_missing() == ("no_such_package.module",)
    assert asked == ["no_such_package"]
    try:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("no_such_package.module")
        assert asked == ["no_such_package"]
    finally:
        sys.modules.pop("no_such_package.module", None)


def test_a_module_that_can_be_imported_stays_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken away from an installation that has the package."""
    monkeypatch.setattr(waste, "RETRIED", ("json.tool",))
    assert waste.remember_missing() == ()
    assert importlib.import_module("json.tool").__name__ == "json.tool"


def test_the_retried_modules_are_those_that_litellm_imports() -> None:
    """A version of LiteLLM that imports them no longer needs no sparing: then `RETRIED` has to go."""
    from litellm.proxy.auth import user_api_key_auth
    from litellm.proxy.db import log_db_metrics

    for module, name in zip((user_api_key_auth, log_db_metrics), waste.RETRIED, strict=True):
        assert module.__file__ is not None
        assert f"from {name} import" in Path(module.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "model",
    [
        "llama3.1:8b",
        "ollama/llama3",
        "ollama_chat/llama3",
        "LLAMA3",
        "ollama/Llama3",
        "gpt-4o",
        "GPT-4O",
        "no-such",
        "",
    ],
)
def test_the_price_list_has_the_same_models_as_before(model: str) -> None:
    """The look-up agrees with LiteLLM's own search, whatever the capitals."""
    expected = OllamaModelInfo._is_static_ollama_model(model)
    waste.spare_ollama()
    assert OllamaModelInfo._is_static_ollama_model(model) is expected


def test_a_listed_model_is_found_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a model that isn't listed under its own name makes LiteLLM go through the whole list."""
    searched: list[str] = []
    monkeypatch.setattr(
        OllamaModelInfo, "_is_static_ollama_model", staticmethod(lambda model: bool(searched.append(model)))
    )
    monkeypatch.setitem(litellm.model_cost, "ollama_chat/listed:1b", {})
    waste.spare_ollama()
    assert OllamaModelInfo._is_static_ollama_model("listed:1b")
    assert searched == []
    assert not OllamaModelInfo._is_static_ollama_model("unlisted:1b")
    assert searched == ["unlisted:1b"]


@pytest.mark.parametrize("told", [{}, {"prompt_eval_count": 4_711}, {"eval_count": 17}, COUNTED])
def test_usage_is_what_ollama_tells_or_else_counted(told: dict[str, int]) -> None:
    """The same usage as without sparing, whichever of the two counts Ollama gives."""
    before = usage(told)
    waste.spare_ollama()
    assert usage(told) == before


def test_what_ollama_has_counted_is_not_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the prompt nor the answer; one figure alone isn't enough, and other callers count as before."""
    counted: list[Any] = []
    monkeypatch.setattr(litellm, "token_counter", lambda *_, **given: counted.append(given) or 3)
    waste.spare_ollama()
    assert usage(COUNTED) == (4_711, 17)
    assert counted == []
    assert usage({"eval_count": 17}) == (3, 17)
    assert len(counted) == 2
    assert litellm.token_counter(text="a") == 3


def test_a_callback_counts_as_before() -> None:
    """LiteLLM calls callbacks while it reads an answer; what they count is theirs."""
    counted: list[int] = []
    waste.spare_ollama()
    assert usage(COUNTED, callback=lambda: counted.append(litellm.token_counter(text="How many words?"))) == (4_711, 17)
    assert counted == [litellm.token_counter(text="How many words?")]
    assert counted[0] > 0


def test_another_error_of_an_import_is_left_to_litellm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It swallows that at each request; at the proxy's start it must not be fatal."""
    (tmp_path / "half_a_module.py").write_text("raise TypeError\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(waste, "RETRIED", ("half_a_module",))
    assert waste.remember_missing() == ()
    assert "half_a_module" not in sys.modules


def usage(told: dict[str, int], callback: Callable[[], object] = lambda: None) -> tuple[int, int]:
    """Tokens of the prompt and of the answer, as LiteLLM reads them from an answer of Ollama."""

    class Quiet:
        def post_call(self, **_: Any) -> None:
            callback()

    answer = {"model": "m", "message": {"role": "assistant", "content": "Ten of them."}, "done": True, **told}
    read = OllamaChatConfig().transform_response(
        model="m",
        raw_response=httpx.Response(200, json=answer),
        model_response=litellm.ModelResponse(),
        logging_obj=Quiet(),  # type: ignore[arg-type]
        request_data={},
        messages=MESSAGES,  # type: ignore[arg-type]
        optional_params={},
        litellm_params={},
        encoding=None,
    )
    return read.usage.prompt_tokens, read.usage.completion_tokens  # type: ignore[attr-defined]
