"""scripts/write_docs.py: what is made from code is as the code is."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from router_plugin.cli import commands
from router_plugin.settings import Settings

ROOT = Path(__file__).parents[2]


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "scripts" / "write_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


def test_the_written_files_are_as_the_code_is() -> None:
    """Run scripts/write_docs.py after a change of a command or a setting."""
    # in a process of its own: click keeps a command's first help option, which depends on how it was called first
    script = str(ROOT / "scripts" / "write_docs.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, script, "--check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_is_on_the_page() -> None:
    """With its usage and its example."""
    page = SCRIPT.commands_page()
    for name in commands.commands:
        assert f"## {name}\n" in page
        assert f"Usage: router-plugin {name} " in page


def test_the_pack_names_the_schema_for_editors() -> None:
    """In its first line, by a path that is there."""
    first = (ROOT / "litellm_config.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=router_plugin.schema.json"
    assert (ROOT / "router_plugin.schema.json").is_file()


def test_the_schema_knows_every_setting_and_no_other() -> None:
    """Settings are closed, LiteLLM's own keys are open; the pack's section has known names only."""
    schema = json.loads((ROOT / "router_plugin.schema.json").read_text(encoding="utf-8"))
    ours = schema["$defs"]["Settings"]
    assert set(ours["properties"]) == set(Settings.model_fields)
    assert ours["additionalProperties"] is False
    assert "additionalProperties" not in schema
    pack = yaml.safe_load((ROOT / "litellm_config.yaml").read_text(encoding="utf-8"))
    assert set(pack["callback_settings"]["router_plugin"]) <= set(ours["properties"])


@pytest.mark.parametrize("arguments", [(), ("--file",), ("--json",)])
def test_the_command_prints_it(arguments: tuple[str, ...]) -> None:
    """As JSON, with or without the rest of the file."""
    done = CliRunner().invoke(commands, ["schema", *arguments])
    assert done.exit_code == 0
    assert ("Settings" in json.loads(done.stdout)["$defs"]) is ("--file" in arguments)
