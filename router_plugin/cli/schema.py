"""`router-plugin schema`: the JSON Schema of our settings, for editors."""

from __future__ import annotations

import json

import click

from router_plugin.settings import KEY, Settings


@click.command(epilog="Example: router-plugin schema > router_plugin.schema.json")
def schema() -> None:
    """Print the JSON Schema of callback_settings.router_plugin."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": KEY,
        **Settings.model_json_schema(),
    }
    click.echo(json.dumps(described, indent=2))
