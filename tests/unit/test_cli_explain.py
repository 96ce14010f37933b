"""`router-plugin explain`: decisions as text and as JSON lines, without calling anything."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from router_plugin import cli
from router_plugin.cli import commands, main
from router_plugin.cli.explain import explain_line
from router_plugin.complexity import Tier
from router_plugin.errors import InvalidRequest
from router_plugin.settings import Strategy
from tests.unit.builders import KEYS, SECRET, complexity, pack, router, user

FIELDS = {
    *("decision_id", "private", "verdict", "findings", "tier", "score", "abstained", "strategy", "model_group"),
    *("chain", "local_only", "reasons", "model_version", "left_out", "session", "confidence"),
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The config pack without models that must be read from a file: one private word, and the keyword heuristic."""
    raw = pack()
    ours = raw["callback_settings"]["router_plugin"]
    ours["routing"]["classifier"] = "heuristic"
    ours["privacy"] = {"topics": False, "words": ["swordfish"]}
    path = tmp_path_factory.mktemp("explain") / "config.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return path


def run(config: Path, *arguments: str, lines: str | bytes = "") -> Result:
    return CliRunner().invoke(commands, ["explain", "--config", str(config), *arguments], input=lines, env=KEYS)


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def one(config: Path, body: object, *arguments: str) -> dict[str, Any]:
    (row,) = rows(run(config, "--json", *arguments, "-", lines=json.dumps(body) + "\n"))
    return row


LINES: dict[str, dict[str, Any]] = {
    "text": {"text": "hi"},
    "chat": {"messages": user("hi")},
    "chat with a door": {"model": "auto", "messages": user("hi")},
    "messages": {"system": "be kind", "messages": user("hi"), "max_tokens": 5},
    "responses": {"input": "hi", "instructions": "be kind"},
    "completions": {"prompt": "hi"},
    "embeddings": {"input": "hi", "encoding_format": "float"},
    "gemini": {"contents": [{"parts": [{"text": "hi"}]}]},
}


@pytest.mark.parametrize("case", LINES)
def test_each_api_shape_gets_a_decision(config: Path, case: str) -> None:
    """One JSON object with the documented fields."""
    row = one(config, LINES[case])
    assert set(row) == FIELDS
    assert row["private"] is False
    assert row["model_group"] == row["chain"][0]
    assert row["tier"] in {"low", "medium", "high"}


@pytest.mark.parametrize("body", [{"text": SECRET}, {"messages": user(SECRET)}, {"input": SECRET}, {"prompt": SECRET}])
def test_a_private_line_stays_local_and_is_not_repeated(config: Path, body: dict[str, Any]) -> None:
    """The row names rule and place, and no text of the request."""
    row = one(config, body)
    assert (row["private"], row["verdict"], row["local_only"]) == (True, "private", True)
    assert all(group.startswith("ollama-") for group in row["chain"])
    assert {*row["findings"][0]} == {"rule", "place"}
    assert "swordfish" not in json.dumps(row)


BAD: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "not valid JSON"),
    "text": ("hello", "not valid JSON"),
    "a list": ("[1]", "must hold a JSON object"),
    "a number": ("3", "must hold a JSON object"),
    "null": ("null", "must hold a JSON object"),
    "no content": ("{}", "has none of"),
    "text is a number": ('{"text": 3}', "has none of"),
    "empty messages": ('{"messages": []}', "at least one message"),
    "unknown model": ('{"model": "gpt-9", "text": "hi"}', "names no model"),
    "model is an object": ('{"model": {"a": 1}, "text": "hi"}', "names no model"),
    "unknown strategy": ('{"text": "hi", "metadata": {"router": {"strategy": "x"}}}', "must be one of"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_gets_an_error_in_its_place(config: Path, case: str) -> None:
    """The lines around it are answered, and the output has as many lines as the input."""
    line, why = BAD[case]
    good = json.dumps({"text": "hi"})
    first, middle, last = rows(run(config, "--json", "-", lines=f"{good}\n{line}\n{good}\n"))
    assert set(first) == set(last) == FIELDS
    assert why in middle["error"]
    assert set(middle) == {"error", "code", "status"}


CRASHES: dict[str, tuple[bytes, str]] = {
    "deep JSON": (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json.loads raises RecursionError"),
    "a list as a part's type": (
        b'{"messages": [{"role": "user", "content": [{"type": ["x"], "text": "hi"}]}]}',
        "surface_of looks an unhashable `type` up in a set",
    ),
    "an object as a source's type": (
        b'{"messages": [{"role": "user", "content": [{"type": "document", "source": {"type": {}}}]}]}',
        "Reader looks an unhashable `source.type` up in a set",
    ),
    "no UTF-8": (b'{"text": "\xff"}', "the line can't be decoded, which ends the whole stream"),
}


@pytest.mark.parametrize("case", CRASHES)
def test_no_line_ends_the_stream(config: Path, case: str) -> None:
    """Whatever a line holds, it gets an error or a decision in its place, and the next one is read."""
    good = b'{"text": "hi"}\n'
    found = rows(run(config, "--json", "-", lines=good + CRASHES[case][0] + b"\n" + good))
    assert [set(row) == FIELDS for row in (found[0], found[-1])] == [True, True]
    assert "error" in found[1] or found[1]["private"] is True
    assert len(found) == 3


def test_blank_lines_are_passed_over(config: Path) -> None:
    """A trailing newline makes no row."""
    assert len(rows(run(config, "--json", "-", lines='\n{"text": "hi"}\n   \n\n'))) == 1


def test_no_input_gives_no_output(config: Path) -> None:
    """An empty stream is fine."""
    assert rows(run(config, "--json", "-")) == []


def test_headers_and_metadata_steer(config: Path) -> None:
    """As on the proxy: a header beats metadata, metadata beats the model's name; privacy tightens."""
    body = {"model": "auto-latency", "text": "hi", "metadata": {"router": {"strategy": "cost"}}}
    assert one(config, body)["strategy"] == "cost"
    assert one(config, body, "--header", "x-router-strategy:privacy")["local_only"] is True
    assert one(config, {"text": "hi"}, "--header", "X-Router-Private: true")["private"] is True
    assert one(config, {"text": "hi", "model": "azure-premium"})["chain"] == ["azure-premium"]


def test_a_header_needs_a_colon(config: Path) -> None:
    """A wrong option is told with what it should be."""
    result = run(config, "--header", "x-router-strategy", "hi")
    assert result.exit_code == 2
    assert "NAME:VALUE" in result.output


def test_a_prompt_is_explained_in_words(config: Path) -> None:
    """The rows that a person asks for."""
    result = run(config, "What is 2 + 2?")
    assert result.exit_code == 0
    shown = dict(line.split(":", 1) for line in result.output.splitlines())
    assert shown["private"].strip() == "no"
    assert shown["strategy"].strip() == "complexity"
    assert " -> " in shown["chain"]
    assert {"tier", "reasons", "model version"} <= set(shown)


def test_a_private_prompt_is_explained_with_its_finding(config: Path) -> None:
    """The rule and the place."""
    result = run(config, SECRET)
    assert "yes (private)" in result.output
    assert "at messages[0].content" in result.output


def test_a_prompt_that_is_refused_ends_with_a_finding(config: Path) -> None:
    """Exit code 1, for scripts."""
    result = run(config, "--header", "x-router-strategy:best", "hi")
    assert result.exit_code == 1
    assert json.loads(result.output)["code"] == "invalid_request"


def test_a_wrong_config_is_an_error_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problems are listed on standard error, without a traceback."""
    path = tmp_path / "config.yaml"
    path.write_text("model_list: []", encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["router-plugin", "explain", "--config", str(path), "hi"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == cli.USAGE_ERROR
    assert "model_list: must be a list" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["explain", "serve", "schema", "privacy", "doctor"])
def test_each_command_says_what_it_does(command: str) -> None:
    """Help names the options and begins with a sentence."""
    result = CliRunner().invoke(commands, [command, "--help"])
    assert result.exit_code == 0
    assert f"Usage: commands {command}" in result.output.replace("router-plugin", "commands")


def test_thousands_of_lines_a_minute(config: Path) -> None:
    """500 short requests take well under the 10 seconds that 3,000 a minute would."""
    lines = "".join(f'{{"text": "What is {n} plus {n}?"}}\n' for n in range(500))
    started = time.perf_counter()
    assert len(rows(run(config, "--json", "-", lines=lines))) == 500
    assert time.perf_counter() - started < 10


# -- explain_line, without a config file ----------------------------------------------------------------------------


def test_the_rows_own_steering_is_not_scanned_as_text() -> None:
    """`metadata.router` is for the router; the rest of the metadata is scanned."""
    asked = router(given=complexity(0.9))
    line = {"text": "hi", "metadata": {"router": {"max_tier": "low"}, "note": SECRET}}
    decision = explain_line(asked, json.dumps(line), {})
    assert decision.tier is Tier.HIGH
    assert decision.droppable == ("metadata",)
    (seen,) = asked.detector.seen  # type: ignore[attr-defined]
    assert "max_tier" not in "".join(segment.text for segment in seen.segments)


def test_text_beside_a_body_is_a_field_of_it() -> None:
    """Responses has a field of that name, so `text` is the prompt only where nothing else is."""
    assert explain_line(router(), '{"input": "hi", "text": {"verbosity": "low"}}', {}).strategy is Strategy.COMPLEXITY
    with pytest.raises(InvalidRequest):
        explain_line(router(), '{"messages": [], "text": "hi"}', {})


def test_keys_beside_the_config_count(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` is read as `serve` reads it, so that a decision is the one that a proxy would make."""
    for name in KEYS:
        monkeypatch.setenv(name, "to be put back")
        monkeypatch.delenv(name)
    path = tmp_path / "config.yaml"
    path.write_text(config.read_text("utf-8"), "utf-8")
    arguments = ["explain", "--config", str(path), "--json", "-"]
    asked = json.dumps({"text": "Prove that every bounded sequence has a convergent subsequence."}) + "\n"
    before = json.loads(CliRunner().invoke(commands, arguments, input=asked).stdout)["chain"]
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in KEYS.items()), "utf-8")
    after = json.loads(CliRunner().invoke(commands, arguments, input=asked).stdout)["chain"]
    assert all(group.startswith("ollama") for group in before)
    assert not all(group.startswith("ollama") for group in after)
