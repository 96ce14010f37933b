#!/usr/bin/env python3
"""Writes what is made from code: `docs/commands.md` from each command's `--help`, and the settings' JSON Schema."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from router_plugin.cli import commands
from router_plugin.cli.schema import file_schema

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 100
HEAD = """# Commands

What `router-plugin COMMAND --help` says, written by `scripts/write_docs.py`. Exit codes: 0 ok, 1 a finding, 2 wrong
usage or a set-up that can't be used; `serve` ends with 143 when it is told to stop, or its own self-test stops it.
Output has no colour.
"""


def commands_page() -> str:
    """The page, one section a command."""
    return HEAD + "".join(
        f"\n## {name}\n\n```text\n{_help(command)}\n```\n" for name, command in sorted(_all().items())
    )


def schema_text() -> str:
    """The schema file."""
    return json.dumps(file_schema(), indent=2) + "\n"


def _all() -> dict[str, click.Command]:
    return dict(commands.commands)


def _help(command: click.Command) -> str:
    parent = click.Context(commands, info_name="router-plugin", **commands.context_settings)
    context = click.Context(
        command, info_name=command.name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH
    )
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


FILES = {"docs/commands.md": commands_page, "router_plugin.schema.json": schema_text}


def stale() -> list[str]:
    """The files that are not as the code is."""
    return [name for name, text in FILES.items() if (ROOT / name).read_text(encoding="utf-8") != text()]


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(f"run scripts/write_docs.py: {', '.join(found)}" if (found := stale()) else 0)
    for name, text in FILES.items():
        (ROOT / name).write_text(text(), encoding="utf-8")
