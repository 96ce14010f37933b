"""The `router-plugin` command: one module a command."""

from __future__ import annotations

import sys

import click

from router_plugin.cli.calibrate import calibrate
from router_plugin.cli.decisions import decisions
from router_plugin.cli.doctor import doctor
from router_plugin.cli.explain import explain
from router_plugin.cli.init import init
from router_plugin.cli.label import label
from router_plugin.cli.leaktest import leaktest
from router_plugin.cli.privacy import privacy
from router_plugin.cli.replay import replay
from router_plugin.cli.savings import savings
from router_plugin.cli.schema import schema
from router_plugin.cli.serve import serve
from router_plugin.cli.train import evaluate, train
from router_plugin.errors import RouterPluginError

USAGE_ERROR = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="litellm-router-plugin")
def commands() -> None:
    """Privacy-locked, complexity-aware routing for LiteLLM."""


commands.add_command(init)
commands.add_command(serve)
commands.add_command(explain)
commands.add_command(schema)
commands.add_command(privacy)
commands.add_command(doctor)
commands.add_command(leaktest)
commands.add_command(decisions)
commands.add_command(savings)
commands.add_command(calibrate)
commands.add_command(replay)
commands.add_command(label)
commands.add_command(train)
commands.add_command(evaluate)


def main() -> None:
    """Run the command line. Exit codes: 0 ok, 1 a finding, 2 wrong usage or an unusable set-up."""
    try:
        commands.main(prog_name="router-plugin")
    except RouterPluginError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(USAGE_ERROR)
