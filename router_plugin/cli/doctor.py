"""`router-plugin doctor`: is this set-up right, and what would mend it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from dotenv import load_dotenv

from router_plugin.checks.check import Check
from router_plugin.checks.fixes import apply
from router_plugin.checks.live import live as ask_providers
from router_plugin.cli.options import config_option
from router_plugin.diagnosis import look, read_set_up
from router_plugin.errors import RouterPluginError

FINDING = 1


@click.command(epilog="Example: router-plugin doctor --config litellm_config.yaml")
@config_option
@click.option("--fix", is_flag=True, help="Offer to mend what can be mended safely; asks before each step.")
@click.option("--yes", is_flag=True, help="With --fix: don't ask.")
@click.option(
    "--live", is_flag=True, help="Send a request for one token to each cloud account, to see if its key works."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def doctor(config: Path, fix: bool, yes: bool, live: bool, as_json: bool) -> None:
    """Check the config, Ollama and its models, keys and classifiers. Without --live no provider is called.

    Exit code 1 where something is wrong; advice is none. A config that --fix edits is kept as NAME.before-fix.
    """
    load_dotenv(config.parent / ".env")
    checks = _look(config, live)
    if fix and _mend(config, checks, yes):
        checks = _look(config, live)
    for check in checks:
        click.echo(json.dumps(asdict(check)) if as_json else _line(check))
    if any(check.fails for check in checks):
        raise SystemExit(FINDING)


def _look(config: Path, live: bool) -> list[Check]:
    setup = read_set_up(config, os.environ)
    if isinstance(setup, list):
        return setup
    return [*look(setup), *(ask_providers(setup) if live else ())]


def _mend(config: Path, checks: list[Check], yes: bool) -> bool:
    """Whether anything was changed. Messages go to stderr, so that the findings stay readable for programs."""
    changed = False
    offers = [check.fix for check in checks if check.fix is not None]
    # from the end of the file to its beginning, so that line numbers stay right
    for offer in sorted(offers, key=lambda o: -int(o.values[0]) if o.kind == "remove_key" else 0):
        if not yes and not click.confirm(f"Shall I {offer.says}?", err=True):
            continue
        click.echo(f"I {offer.says}" if yes else "", err=True)
        try:
            apply(offer, config, lambda line: click.echo(f"  {line}", err=True))
            changed = True
        except (RouterPluginError, OSError) as error:
            click.echo(f"  not done: {error}", err=True)
    return changed


def _line(check: Check) -> str:
    mark = "ok  " if check.ok else "tip " if check.advice else "FIND"
    return f"{mark} {check.name}: {check.seen}" + (f"  -> {check.cure}" if check.cure else "")
