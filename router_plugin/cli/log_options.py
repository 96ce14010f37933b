"""What commands about the decision log share: which log, and since when."""

from __future__ import annotations

import re
import time
from pathlib import Path

import click

from router_plugin.config import RouterConfig
from router_plugin.decision_log import DecisionLogError

SECONDS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}

log_argument = click.argument("log", type=click.Path(path_type=Path, dir_okay=False), required=False)


def since(_: click.Context, param: click.Parameter, value: str | None) -> float:
    """`90m`, `24h`, `7d` or `2w` ago, as Unix seconds; 0 for no value. Errors: click.BadParameter."""
    if value is None:
        return 0.0
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", value.strip())
    if found is None:
        raise click.BadParameter(f"{value!r} is no age; write such as 90m, 24h, 7d or 2w", param=param)
    return time.time() - float(found[1]) * SECONDS[found[2]]


since_option = click.option(
    "--since", metavar="AGE", callback=since, show_default="all", help="Such as 90m, 24h, 7d or 2w."
)


def log_of(given: Path | None, config: RouterConfig) -> Path:
    """The log that was named, or the config's. Errors: DecisionLogError where there is none."""
    if given is not None:
        return given
    path = config.settings.decision_log.path
    if path is None:
        raise DecisionLogError("No decision log is kept; name one, or set callback_settings.router_plugin.decision_log")
    return Path(path)
