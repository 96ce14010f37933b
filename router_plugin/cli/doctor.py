"""`router-plugin doctor`: is this set-up right, and what would mend it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from dotenv import load_dotenv

from router_plugin.cli.options import config_option
from router_plugin.config import read_file
from router_plugin.diagnosis import diagnose

FINDING = 1


@click.command(epilog="Example: router-plugin doctor --config litellm_config.yaml")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def doctor(config: Path, as_json: bool) -> None:
    """Check the config, Ollama and its models, keys and classifiers. Sends nothing to a cloud provider."""
    load_dotenv(config.parent / ".env")
    checks = diagnose(read_file(config), os.environ)
    for check in checks:
        if as_json:
            click.echo(json.dumps(asdict(check)))
        else:
            cure = f"  -> {check.cure}" if check.cure else ""
            click.echo(f"{'ok  ' if check.ok else 'FIND'} {check.name}: {check.seen}{cure}")
    if not all(check.ok for check in checks):
        raise SystemExit(FINDING)
