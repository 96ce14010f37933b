"""The config that several commands share: the option that names it, and how it is read."""

from __future__ import annotations

import os
from pathlib import Path

import click
from dotenv import load_dotenv

from router_plugin.config import RouterConfig, load
from router_plugin.paths import default_config

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="ROUTER_CONFIG",
    default=default_config,
    show_default="./litellm_config.yaml, else the packaged one",
    help="The LiteLLM config file.",
)


def checked(config: Path) -> RouterConfig:
    """The config as `serve` would take it, with the variables of the `.env` beside it. Errors: ConfigError."""
    load_dotenv(config.parent / ".env")
    return load(config, os.environ)
