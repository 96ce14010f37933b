"""`router-plugin calibrate`: thresholds for a wanted share of strong calls, or for a cost."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import click

from router_plugin.build import build_router
from router_plugin.calibration import Calibrated, for_cost, for_shares
from router_plugin.cli.options import checked, config_option
from router_plugin.cli.traffic import records
from router_plugin.errors import RouterPluginError

_LINE = re.compile(r"^(\s*thresholds:\s*)\{[^}\n]*\}", re.MULTILINE)


class NotWritten(RouterPluginError):
    """The config file has no line that can be changed safely."""


@click.command(epilog="Example: router-plugin calibrate router_decisions.sqlite --high-share 0.15")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@config_option
@click.option("--high-share", type=click.FloatRange(0, 1), help="Share of requests for the high tier.")
@click.option("--low-share", type=click.FloatRange(0, 1), help="Share for the low tier; default: as it is.")
@click.option("--dollars", type=click.FloatRange(0), help="Cost of 1,000 requests that may not be exceeded.")
@click.option("--write", is_flag=True, help="Put the thresholds into the config; the old file stays as .bak.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def calibrate(
    source: Path,
    config: Path,
    high_share: float | None,
    low_share: float | None,
    dollars: float | None,
    write: bool,
    as_json: bool,
) -> None:
    """Choose routing.thresholds on the unlabelled traffic in SOURCE.

    SOURCE is a decision log, or a file with a request body or {"text": ...} a line.
    """
    if (high_share is None) == (dollars is None):
        raise click.UsageError("Give --high-share or --dollars.")
    router = build_router(checked(config))
    traffic = list(records(source, router))
    if dollars is not None:
        found = for_cost(traffic, router.config, dollars=dollars)
    else:
        found = for_shares(traffic, router.config, high=high_share or 0.0, low=low_share)
    if write:
        _write(config, found)
    click.echo(json.dumps(found.to_json()) if as_json else _text(found))


def _text(found: Calibrated) -> str:
    shares = ", ".join(f"{tier} {share:.1%}" for tier, share in found.shares.items())
    cost = "unknown" if found.cost is None else f"{found.cost:.4f} dollars per 1,000 requests"
    lines = [
        f"routing:\n  thresholds: {{low: {found.low}, high: {found.high}}}\n",
        f"on these {found.requests:,} public requests with a score: {shares}; {cost}",
    ]
    if found.left_aside:
        lines.append(f"left aside: {found.left_aside:,} without a score, or not known to be public")
    lines += [
        f"missed: {miss.share:.1%}, not {miss.wanted:.1%}, go to the {miss.tier} tier: {miss.reason}"
        for miss in found.misses
    ]
    return "\n".join(lines)


def _write(path: Path, found: Calibrated) -> None:
    text = path.read_text(encoding="utf-8")
    changed, count = _LINE.subn(rf"\g<1>{{low: {found.low}, high: {found.high}}}", text)
    if count != 1:
        raise NotWritten(
            f"{path.name} has {count} lines like `thresholds: {{low: .., high: ..}}`, so it was left alone. "
            "Paste the printed lines under callback_settings.router_plugin."
        )
    path = path.resolve()  # a link goes on naming the file
    shutil.copy2(path, path.with_name(f"{path.name}.bak"))
    temporary = path.with_name(f".{path.name}.tmp")
    shutil.copy2(path, temporary)  # with its mode: a config may hold keys
    temporary.write_text(changed, encoding="utf-8")
    temporary.replace(path)
