#!/usr/bin/env python3
"""Writes what is made from code: `docs/commands.md`, `docs/settings.md`, and the settings' JSON Schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from router_plugin.cli import commands
from router_plugin.cli.schema import file_schema
from router_plugin.settings import KEY, Settings

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 100
HEAD = """# Commands

What `router-plugin COMMAND --help` says, written by `scripts/write_docs.py`. Exit codes: 0 ok, 1 a finding, 2 wrong
usage or a set-up that can't be used; `serve` ends with 143 when it is told to stop, or its own self-test stops it.
Output has no colour.
"""

SETTINGS_HEAD = f"""# Settings

What can stand under `{KEY}`, written by `scripts/write_docs.py`. All of it is optional, and a wrong name
or value stops the start with a message that says which. `router_plugin.schema.json` is the same for editors.
"""


def commands_page() -> str:
    """The page, one section a command."""
    return HEAD + "".join(
        f"\n## {name}\n\n```text\n{_help(command)}\n```\n" for name, command in sorted(_all().items())
    )


def settings_page() -> str:
    """The page, one table a section."""
    return SETTINGS_HEAD + "".join(_tables("", Settings))


def _tables(path: str, section: type[BaseModel]) -> Iterator[str]:
    inner = {name: found for name, field in section.model_fields.items() if (found := _section_of(field))}
    doc = " ".join((section.__doc__ or "").split())
    yield f"\n## `{path or KEY}`\n\n{doc}\n\n| setting | default | what |\n|---|---|---|\n"
    for name, field in section.model_fields.items():
        what = (field.description or "").rstrip(".").replace("|", "\\|")
        if name in inner:
            what = f"{what}{'; ' if what else ''}see `{path}{'.' if path else ''}{name}`"
        yield f"| `{name}` | {_default(field)} | {what}{_choices(field)} |\n"
    for name, part in inner.items():
        yield from _tables(f"{path}{'.' if path else ''}{name}", part)


def _section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, by itself, or in a list or a table of names."""
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return ""
    return f"`{json.dumps(value)}`"


def _choices(field: FieldInfo) -> str:
    for kind in (field.annotation, *get_args(field.annotation)):
        if get_origin(kind) is Literal:
            return f" ({', '.join(f'`{choice}`' for choice in get_args(kind))})"
        if isinstance(kind, type) and issubclass(kind, Enum):
            return f" ({', '.join(f'`{choice.value}`' for choice in kind)})"
    return ""


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


FILES = {
    "docs/commands.md": commands_page,
    "docs/settings.md": settings_page,
    "router_plugin.schema.json": schema_text,
}


def stale() -> list[str]:
    """The files that are not as the code is."""
    return [name for name, text in FILES.items() if (ROOT / name).read_text(encoding="utf-8") != text()]


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(f"run scripts/write_docs.py: {', '.join(found)}" if (found := stale()) else 0)
    for name, text in FILES.items():
        (ROOT / name).write_text(text(), encoding="utf-8")
