"""What `serve` says before the proxy runs: lines for people, or one JSON object for programs."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from dotenv import dotenv_values

from router_plugin.config import RouterConfig
from router_plugin.references import variable_of

KEY_VARIABLE = "LITELLM_MASTER_KEY"


@dataclass
class Startup:
    """Collects what there is to say. With `as_json` stdout gets the object alone, and progress goes to stderr."""

    as_json: bool
    warnings: list[str] = field(default_factory=list)

    def tell(self, line: str) -> None:
        """Progress."""
        click.echo(line, err=self.as_json)

    def warn(self, line: str) -> None:
        """What the operator may want to change."""
        self.warnings.append(line)
        if not self.as_json:
            click.echo(f"  {line}")

    def ready(self, url: str, config: Path, checked: RouterConfig, key: Mapping[str, str] | None) -> None:
        """The proxy starts now; it takes requests once `url`/health/liveliness answers 200."""
        inventory, settings = checked.inventory, checked.settings
        if not self.as_json:
            click.echo(f"Model groups: {', '.join(inventory.groups) or 'none'}")
            click.echo(f"Listening on {url}")
            return
        facts: dict[str, Any] = {
            "url": url,
            "config": str(config.resolve()),
            "mode": settings.mode,
            "groups": list(inventory.groups),
            "local_models": list(dict.fromkeys(d.model for d in inventory.deployments if d.local)),
            "left_out": [{"id": name, "reason": why} for name, why in inventory.left_out],
            "decision_log": settings.decision_log.path,
            "warnings": self.warnings,
            "master_key": key,
        }
        click.echo(json.dumps(facts))


def key_place(config: Path, raw: Mapping[str, Any]) -> dict[str, str] | None:
    """Where the master key is, never what it is; None where there is none. Look before `.env` is loaded."""
    variable = key_variable(raw)
    if variable is None:
        return {"in": "config", "file": str(config.resolve()), "setting": "general_settings.master_key"}
    if os.environ.get(variable):
        return {"in": "environment", "variable": variable}
    file = config.parent / ".env"
    if file.is_file() and dotenv_values(file).get(variable):
        return {"in": "file", "file": str(file.resolve()), "variable": variable}
    return None


def key_variable(raw: Mapping[str, Any]) -> str | None:
    """The variable that holds the master key; None where the config itself holds it."""
    general = raw.get("general_settings")
    given = general.get("master_key") if isinstance(general, Mapping) else None
    return variable_of(given) if isinstance(given, str) else KEY_VARIABLE


def master_key(raw: Mapping[str, Any]) -> str:
    """The master key itself, of the config or of the variable that it names; empty where there is none."""
    variable = key_variable(raw)
    return os.environ.get(variable, "") if variable else str(raw["general_settings"]["master_key"])


@contextmanager
def new_key(startup: Startup, variable: str) -> Iterator[dict[str, str]]:
    """Sets a master key for this run and yields its place. People see it once; programs get a file, gone afterwards."""
    key = os.environ[variable] = f"sk-{secrets.token_urlsafe(24)}"
    if not startup.as_json:
        click.echo(f"{variable} is not set. For this run it is: {key}")
        yield {"in": "output"}
        return
    with TemporaryDirectory(prefix="router-plugin-key-") as folder:
        path = Path(folder) / "master_key"
        path.touch(mode=0o600)
        path.write_text(key, encoding="utf-8")
        yield {"in": "file", "file": str(path)}
