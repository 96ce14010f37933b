"""`router-plugin leaktest`: proves on a real proxy that private requests of a config stay at home."""

from __future__ import annotations

import json
from pathlib import Path

import click

from router_plugin.cli.options import config_option
from router_plugin.leaktest import Report, plain_litellm
from router_plugin.leaktest import leaktest as run_leaktest

FINDING, NOTHING_PROVED = 1, 2


@click.command(
    epilog="Exit codes: 0 no leak, 1 at least one leak, 2 the test could not run or proves nothing. "
    "Example: router-plugin leaktest --quick --json"
)
@config_option
@click.option("--quick", is_flag=True, help="About 130 cases, each failure on each surface once.")
@click.option("--self-check", is_flag=True, help="Also show that LiteLLM without the plugin leaks on this config.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def leaktest(config: Path, quick: bool, self_check: bool, as_json: bool) -> None:
    """Start a real proxy and try to make private text leave it.

    This is a dry form of your config: every address, local or cloud, is replaced by a recording fake on this machine,
    and every key by an invented one. Nothing leaves the machine and nothing is charged. Deployments, chains and privacy
    settings are yours; other callbacks, caches and LiteLLM settings that hold addresses are left out.
    """
    report = run_leaktest(config, quick=quick, progress=_progress)
    counts = report.to_json()
    lines = report.lines()
    if self_check:
        plain = plain_litellm(config, progress=_progress)
        counts["leaks_without_plugin"] = len(plain.leaked)
        lines.append(f"Without the plugin, {len(plain.leaked)} of {plain.cases} cases leaked.")
    click.echo(json.dumps(counts) if as_json else "\n".join(lines))
    if report.leaked:
        raise SystemExit(FINDING)
    if not _can_fail(report) or (self_check and report.cloud_deployments and not plain.leaked):
        click.echo("Nothing is proved: no public prompt reached a cloud fake either.", err=True)
        raise SystemExit(NOTHING_PROVED)


def _can_fail(report: Report) -> bool:
    """Whether a leak would have been seen: a public prompt went to the cloud, where the config has one."""
    return report.controls_in_cloud > 0 or report.cloud_deployments == 0


def _progress(line: str) -> None:
    click.echo(line, err=True)
