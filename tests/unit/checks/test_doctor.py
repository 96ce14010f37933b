"""`router-plugin doctor`: exit codes, what it mends, and whom it asks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from router_plugin.cli.doctor import doctor
from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.unit.checks.broken import QUIET, model_not_pulled, ours, params, small_window

pytestmark = QUIET


@pytest.fixture
def run(healthy: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command on a config file made of `healthy`, in its environment only."""
    for name in os.environ:
        if name.startswith(("OPENAI", "ANTHROPIC", "AZURE", "OLLAMA", "ROUTER", "NUM_WORKERS")):
            monkeypatch.delenv(name)
    path = tmp_path / "c.yaml"

    def start(*arguments: str, answers: str = "", text: str | None = None) -> Result:
        for name, value in healthy["environment"].items():
            monkeypatch.setenv(name, value)
        if not path.exists():
            path.write_text(text or yaml.safe_dump(healthy["raw"], sort_keys=False), encoding="utf-8")
        return CliRunner().invoke(doctor, ["--config", str(path), *arguments], input=answers)

    return start


def test_the_exit_code_says_whether_something_is_wrong(healthy: dict[str, Any], run: Callable[..., Result]) -> None:
    """0 with advice only, 1 with a finding; JSON is one object a line."""
    healthy["environment"]["LITELLM_MASTER_KEY"] = ""
    done = run("--json")
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["name"] for row in rows if row["advice"]] == ["master key"]
    Path("c.yaml").unlink()
    small_window(healthy)
    assert run().exit_code == 1
    assert "\x1b" not in run().output


def test_fix_asks_and_then_mends(healthy: dict[str, Any], ollama: FakeProvider, run: Callable[..., Result]) -> None:
    """A model is pulled and a window is set after a yes; a no changes nothing; the old file is kept."""
    small_window(healthy)
    model_not_pulled(healthy)
    kept = list(ollama.backend.models or [])
    try:
        done = run("--fix", answers="n\nn\n")
        assert done.exit_code == 1
        assert ollama.backend.models == kept
        assert "num_ctx: 512" in Path("c.yaml").read_text()
        done = run("--fix", answers="y\ny\n")
        assert done.exit_code == 0, done.output
        assert "big:70b" in (ollama.backend.models or [])
        assert "num_ctx: 512" not in Path("c.yaml").read_text()
        assert "num_ctx: 512" in Path("c.yaml.before-fix").read_text()
    finally:
        ollama.backend.models = kept


@pytest.mark.slow
def test_live_asks_each_account_once_and_only_when_told(healthy: dict[str, Any], run: Callable[..., Result]) -> None:
    """By default no provider is called; with --live a valid key is told from a wrong one, and no key is shown."""
    with FakeProvider("openai") as openai, FakeProvider("anthropic", kind="anthropic") as anthropic:
        for group, fake in (("openai", openai), ("anthropic", anthropic)):
            for role in ("default", "premium"):
                params(healthy, f"{group}-{role}")["api_base"] = fake.base_url
        for role in ("default", "premium"):
            params(healthy, f"azure-{role}")["api_key"] = "os.environ/NOT_SET"
        run()
        assert openai.requests == anthropic.requests == []
        anthropic.default_fault = BY_NAME["status-401"]
        done = run("--live", "--json")
        rows = {
            r["seen"].split()[0].strip(":"): r for r in map(json.loads, done.stdout.splitlines()) if r["name"] == "live"
        }
        assert (rows["openai-default-1"]["ok"], rows["anthropic-default-1"]["ok"]) == (True, False)
        assert "make a new one" in rows["anthropic-default-1"]["cure"]
        assert len(openai.requests) == len(anthropic.requests) == 1
        assert openai.requests[0].json["max_tokens"] == 1
        assert "sk-invented" not in done.output


def test_a_missing_log_folder_is_made(healthy: dict[str, Any], run: Callable[..., Result]) -> None:
    """Advice, since the proxy makes it too."""
    ours(healthy)["decision_log"] = {"path": "logs/deep/decisions.sqlite"}
    assert run("--fix", "--yes").exit_code == 0
    assert Path("logs/deep").is_dir()
