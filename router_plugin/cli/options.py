"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from router_plugin.paths import default_config

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="ROUTER_CONFIG",
    default=default_config,
    show_default="./litellm_config.yaml, else the packaged one",
    help="The LiteLLM config file.",
)
