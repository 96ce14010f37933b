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
from router_plugin.cli.label import ends_amid_a_line
from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
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


def test_a_row_is_known_by_its_text() -> None:
    """Ids begin anew in another file, and a prompt that comes twice is asked about once."""
    done: set[str] = set()
    _labelled(["low"], [{"id": 1, "text": "a"}], done=done)
    again = [{"id": 1, "text": "b"}, {"id": 2, "text": "b"}, {"messages": [{"role": "user", "content": "a"}]}]
    result, written = _labelled(["high"], again, done=done)
    assert (result.known, [row["text"] for row in written]) == (2, ["b"])


@pytest.mark.parametrize(
    "line",
    [
        *("nonsense", "[]", '{"text": 3}', '{"text": " "}', '{"text": "\\ud83d"}', "[" * 200_000),
        *('{"messages": [{"role": "user"}]}', '{"text": "a", "messages": ["x"]}'),
        '{"messages": [{"role": "function", "content": "a"}]}',
    ],
)
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
        asked = [request.path for request in ollama.requests].count("/api/chat")
        assert asked
        refused = CliRunner().invoke(commands, [*run, "--model", "openai-default"])
        assert isinstance(refused.exception, LabelError)
        assert [request.path for request in ollama.requests].count("/api/chat") == asked
    assert json.loads(result.output)["labelled"] + len(json.loads(result.output)["unanswered"]) == 1


def _prompts(tmp_path: Path) -> list[str]:
    source = tmp_path / "p.jsonl"
    source.write_text('{"text": "What is a noun?"}\n', encoding="utf-8")
    return ["label", str(source), str(tmp_path / "out.jsonl"), "--config", str(ROOT / "litellm_config.yaml")]


def test_the_command_asks_the_ollama_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OLLAMA_HOST counts as it does for `serve`; of several servers one that answers is asked."""
    with FakeProvider("gone", kind="ollama") as gone, FakeProvider("o", kind="ollama", models=["llama3.1:8b"]) as there:
        gone.down()
        monkeypatch.setenv("OLLAMA_HOST", f"{gone.base_url},{there.base_url}")
        result = CliRunner().invoke(commands, _prompts(tmp_path))
        assert there.saw("What is a noun?"), result.output


@pytest.mark.parametrize("model", [None, "ollama-default"])
def test_without_an_ollama_the_error_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str | None
) -> None:
    """And what to do about it, before the target is touched."""
    with FakeProvider("gone", kind="ollama") as gone:
        gone.down()
        monkeypatch.setenv("OLLAMA_HOST", gone.base_url)
        result = CliRunner().invoke(commands, [*_prompts(tmp_path), *(["--model", model] if model else [])])
    said = str(result.exception)
    assert isinstance(result.exception, LabelError)
    assert f"no Ollama answers at {gone.base_url}; start it with `ollama serve`" in said
    assert "OLLAMA_HOST" in said
    assert not (tmp_path / "out.jsonl").exists()


def test_an_entry_with_an_address_of_its_own_is_named_too(tmp_path: Path) -> None:
    """It waits for its server in a proxy; here there is nothing to wait for."""
    raw = yaml.safe_load((ROOT / "litellm_config.yaml").read_text(encoding="utf-8"))
    with FakeProvider("gone", kind="ollama") as gone:
        gone.down()
        for entry in raw["model_list"]:
            if entry["model_info"]["router"]["provider"] == "ollama":
                entry["litellm_params"] = {**entry["litellm_params"], "api_base": gone.base_url}
        (tmp_path / "c.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")
        result = CliRunner().invoke(commands, [*_prompts(tmp_path)[:4], str(tmp_path / "c.yaml")])
    assert f"no Ollama answers at {gone.base_url}" in str(result.exception)


def _shadow(tmp_path: Path, ollama_at: str) -> list[str]:
    """The command on a LiteLLM config without ids and marks, with three lines that let the router watch."""
    raw = {
        "model_list": [
            {"model_name": "small", "litellm_params": {"model": "ollama_chat/llama3.1:8b", "api_base": ollama_at}},
            {"model_name": "big", "litellm_params": {"model": "openai/gpt-4o", "api_key": "os.environ/OPENAI_API_KEY"}},
        ],
        "callback_settings": {"router_plugin": {"mode": "shadow"}},
    }
    path = tmp_path / "litellm_config.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return [*_prompts(tmp_path)[:-1], str(path)]


def test_a_shadow_config_without_ids_labels_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its local model answers, and a cloud one is still asked for by name only."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with FakeProvider("ollama", kind="ollama", models=["llama3.1:8b"]) as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.base_url)
        run = _shadow(tmp_path, ollama.base_url)
        result = CliRunner().invoke(commands, run)
        assert ollama.saw("What is a noun?"), result.output
        assert isinstance(result.exception, SystemExit | None)
        refused = CliRunner().invoke(commands, [*run, "--model", "big"])
        assert "`big` is not local" in str(refused.exception)


def test_a_shadow_config_says_what_its_local_model_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cause and the cure, as of a config that routes."""
    with FakeProvider("ollama", kind="ollama", models=[]) as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.base_url)
        result = CliRunner().invoke(commands, _shadow(tmp_path, ollama.base_url))
    assert isinstance(result.exception, LabelError)
    assert "`ollama pull llama3.1:8b`" in str(result.exception)


def test_a_model_that_is_not_pulled_is_named_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `serve` says it."""
    with FakeProvider("ollama", kind="ollama", models=["phi3:mini"]) as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.base_url)
        result = CliRunner().invoke(commands, [*_prompts(tmp_path), "--model", "ollama-default"])
    assert isinstance(result.exception, LabelError)
    assert "`ollama pull llama3.1:8b`" in str(result.exception)


@pytest.mark.parametrize("name", ["openai-default", "openai-default-1"])
def test_a_model_without_its_key_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It is in the config, so "no such model" would be wrong."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with FakeProvider("ollama", kind="ollama", models=["llama3.1:8b"]) as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.base_url)
        result = CliRunner().invoke(commands, [*_prompts(tmp_path), "--model", name, "--allow-cloud"])
    assert isinstance(result.exception, LabelError)
    assert f"{name} is left out: OPENAI_API_KEY is not set" in str(result.exception)


def test_a_failure_names_the_server_and_nothing_else_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """LiteLLM's banner (whom to give feedback) is no help here."""
    with FakeProvider("ollama", kind="ollama", models=["llama3.1:8b"]) as ollama:
        ollama.default_fault = BY_NAME["status-500"]
        monkeypatch.setenv("OLLAMA_HOST", ollama.base_url)
        result = CliRunner().invoke(commands, _prompts(tmp_path))
        assert isinstance(result.exception, LabelError)
        assert f"at {ollama.base_url}" in str(result.exception)
    printed = capfd.readouterr()
    assert "LiteLLM" not in result.output + printed.out + printed.err


def test_a_last_line_that_was_cut_is_ended_first(tmp_path: Path) -> None:
    """Rows that are added to a file without a newline at its end don't run into its last row."""
    target = tmp_path / "out.jsonl"
    for text, cut in (("", False), ('{"text": "a"}\n', False), ('{"text": "a"}', True)):
        target.write_text(text, "utf-8")
        assert ends_amid_a_line(target) is cut


def test_prompts_go_to_ollama_past_a_web_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `serve`: a proxy that the environment names sees none of them."""
    with (
        FakeProvider("proxy", kind="ollama") as proxy,
        FakeProvider("o", kind="ollama", models=["llama3.1:8b"]) as there,
    ):
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "elsewhere.example")
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        monkeypatch.setenv("OLLAMA_HOST", there.base_url)
        result = CliRunner().invoke(commands, _prompts(tmp_path))
        assert there.saw("What is a noun?"), result.output
        assert not proxy.saw("What is a noun?")
