"""`router-plugin privacy`: what the detector looks for."""

from __future__ import annotations

import json

import click

from router_plugin.content import OPAQUE_KINDS
from router_plugin.privacy.rules import RULES


@click.command(epilog="Example: router-plugin privacy --json")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def privacy(as_json: bool) -> None:
    """List the rules that can be switched off, and the kinds of part that can be allowed unread."""
    rules = sorted(rule.name for rule in RULES)
    kinds = sorted(OPAQUE_KINDS)
    if as_json:
        click.echo(json.dumps({"rules": rules, "uninspectable": kinds}))
        return
    click.echo("Rules (privacy.disabled_rules):")
    click.echo("\n".join(f"  {name}" for name in rules))
    click.echo("Kinds of part that can't be inspected (privacy.allow_uninspectable):")
    click.echo("\n".join(f"  {kind}" for kind in kinds))
