"""Labelling prompts with a model: what it is asked, what it may see, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from router_plugin.cli import commands
from router_plugin.fakes import FakeProvider
from router_plugin.labelling import LabelError, label, read_lines

ROOT = Path(__file__).parents[2]


def _labelled(answers: list[str], rows: list[dict[str, Any]], **options: Any) -> tuple[Any, list[dict[str, Any]]]:
    written: list[dict[str, Any]] = []
    given = iter(answers)

    def ask(_: Sequence[Mapping[str, str]]) -> str:
        return next(given)

    settings = {"is_private": None, **options}
    result = label(list(enumerate(rows, 1)), settings.pop("done", set()), ask, write=written.append, **settings)
    return result, written


@pytest.mark.parametrize(
    ("answers", "tier"),
    [(["low"], "low"), (["**Medium**."], "medium"), (["I think: HIGH"], "high"), (["low or high", "high"], "high")],
)
def test_an_answer_becomes_a_tier(answers: list[str], tier: str) -> None:
    """One tier named, in any dress, is the label; an unclear answer is asked for once more."""
    result, written = _labelled(answers, [{"text": "hi"}])
    assert result.labelled == 1
    assert written[0]["tier"] == tier
    assert written[0]["text"] == "hi"


def test_no_clear_answer_is_reported() -> None:
    """A line without a clear answer is named and not written."""
    result, written = _labelled(["maybe", "perhaps", "low"], [{"text": "a"}, {"text": "b"}])
    assert result.unanswered == (1,)
    assert [row["text"] for row in written] == ["b"]


def test_goes_on_where_it_stopped() -> None:
    """Rows that were labelled before are not asked for again."""
    _, first = _labelled(["low"], [{"text": "a"}])
    result, second = _labelled(["high"], [{"text": "a"}, {"text": "b"}], done={first[0]["id"]})
    assert (result.known, result.labelled) == (1, 1)
    assert [row["text"] for row in second] == ["b"]


def test_private_rows_are_left_out() -> None:
    """Where the model is not local, it never sees a private row."""
    result, written = _labelled(
        ["low"], [{"text": "secret"}, {"text": "b"}], is_private=lambda r: r["text"] == "secret"
    )
    assert result.private == 1
    assert [row["text"] for row in written] == ["b"]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"text": 3}', '{"messages": [{"role": "user"}]}'])
def test_a_bad_line_is_named(line: str) -> None:
    """A line that can't be labelled is an error with its number."""
    with pytest.raises(LabelError, match="Line 2"):
        list(read_lines(['{"text": "fine"}', line]))


def test_the_command_asks_the_local_model_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`label` asks the config's local model, and refuses a cloud one unless told otherwise."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    source, target, path = tmp_path / "p.jsonl", tmp_path / "out.jsonl", tmp_path / "litellm_config.yaml"
    source.write_text('{"text": "What is a noun?"}\n', encoding="utf-8")
    with FakeProvider("ollama", kind="ollama", models=["llama3.1:8b"]) as ollama:
        raw = yaml.safe_load((ROOT / "litellm_config.yaml").read_text(encoding="utf-8"))
        for entry in raw["model_list"]:
            if entry["model_info"]["router"]["provider"] == "ollama":
                entry["litellm_params"] = {**entry["litellm_params"], "api_base": ollama.base_url}
        path.write_text(yaml.safe_dump(raw), encoding="utf-8")
        run = ["label", str(source), str(target), "--config", str(path), "--json"]
        result = CliRunner().invoke(commands, run)
        assert ollama.saw("What is a noun?")
        asked = len(ollama.requests)
        refused = CliRunner().invoke(commands, [*run, "--model", "openai-default"])
        assert isinstance(refused.exception, LabelError)
        assert len(ollama.requests) == asked
    assert json.loads(result.output)["labelled"] + len(json.loads(result.output)["unanswered"]) == 1
