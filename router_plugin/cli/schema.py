"""`router-plugin schema`: the JSON Schema of our settings, for editors."""

from __future__ import annotations

import json
from typing import Any

import click

from router_plugin.settings import KEY, Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@click.command(epilog="Example: router-plugin schema --file > router_plugin.schema.json")
@click.option(
    "--file", "whole", is_flag=True, help="Of a whole config file, as editors need it; LiteLLM's keys are open."
)
@click.option(
    "--json", "as_json", is_flag=True, help="The output is always JSON; other commands have this option, too."
)
def schema(whole: bool, as_json: bool) -> None:  # noqa: ARG001 - see the option's help
    """Print the JSON Schema of callback_settings.router_plugin."""
    click.echo(json.dumps(file_schema() if whole else settings_schema(), indent=2))


def settings_schema() -> dict[str, Any]:
    """The schema of what stands under `callback_settings.router_plugin`."""
    return {"$schema": DIALECT, "title": KEY, **Settings.model_json_schema()}


def file_schema() -> dict[str, Any]:
    """The schema of a LiteLLM config file as far as it is ours."""
    ours = Settings.model_json_schema()
    parts = {**ours.pop("$defs", {}), "Settings": ours}
    section = {"type": "object", "properties": {"router_plugin": {"$ref": "#/$defs/Settings"}}}
    return {
        "$schema": DIALECT,
        "title": "A LiteLLM config with the router",
        "type": "object",
        "properties": {"callback_settings": section},
        "$defs": parts,
    }
