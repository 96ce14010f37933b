"""The documents name only what exists: commands, files, headers, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from router_plugin.cli import commands
from router_plugin.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CHANGELOG.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]
SOURCES = sorted((ROOT / "router_plugin").rglob("*.py"))


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_that_is_named_exists(name: str) -> None:
    """`router-plugin X` in a document is a command."""
    named = set(re.findall(r"router-plugin ([a-z]+)", text(name)))
    assert named <= set(commands.commands)


def test_every_command_that_a_message_names_exists() -> None:
    """An error's cure can be run."""
    named = {
        name for path in SOURCES for name in re.findall(r"`router-plugin ([a-z]+)", path.read_text(encoding="utf-8"))
    }
    assert named <= set(commands.commands)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_named_exists(name: str) -> None:
    """A path in backquotes leads somewhere."""
    paths = re.findall(r"`((?:scripts|docs|tests|classifier_model)/[A-Za-z0-9_./-]+)`", text(name))
    missing = [path for path in paths if not (ROOT / path.split("::")[0]).exists()]
    assert missing == []


def test_every_command_has_help_with_an_example() -> None:
    """`--help` says what it does and how."""
    for name, command in commands.commands.items():
        assert command.help, name
        assert "router-plugin" in (command.epilog or ""), name


def test_every_command_has_json() -> None:
    """Programs can read each of them."""
    options = {name: {o for p in command.params for o in p.opts} for name, command in commands.commands.items()}
    assert {name for name, known in options.items() if "--json" not in known} == set()


def test_usage_errors_are_exit_code_2() -> None:
    """An option that isn't there, and a config that can't be used."""
    runner = CliRunner()
    for name in sorted({*commands.commands} - {"serve"}):  # `serve` hands options that it doesn't know to LiteLLM
        done = runner.invoke(commands, [name, "--no-such-option"])
        assert done.exit_code == 2, name


def test_the_pack_shows_settings_that_exist() -> None:
    """Every key of the config pack's own section is in the schema, with the value that the schema has by default."""
    pack = yaml.safe_load(text("litellm_config.yaml"))["callback_settings"]["router_plugin"]
    shown = Settings.model_validate(pack)
    assert shown.routing == Settings().routing
    assert shown.on_private_pin == Settings().on_private_pin


def test_the_response_headers_of_the_readme_are_those_that_are_sent() -> None:
    """A header that is promised is written somewhere."""
    promised = set(re.findall(r"`(x-router-[a-z-]+)`", text("README.md")))
    written = {name for path in SOURCES for name in re.findall(r"x-router-[a-z-]+", path.read_text(encoding="utf-8"))}
    asked = {f"x-router-{field}" for field in ("strategy", "provider", "model", "private", "max-tier")}
    assert promised <= written | asked
