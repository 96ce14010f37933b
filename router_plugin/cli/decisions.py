"""`router-plugin decisions`: tail and filter the decision log, or sum it up by provider."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from router_plugin.cli.log_options import log_argument, log_of, since_option
from router_plugin.cli.options import checked, config_option
from router_plugin.decision_log import JSON_LINES
from router_plugin.report import Filter, ProviderSummary, after, failures, latest, opened, privacy_word, summary, totals

POLL_SECONDS = 1.0
HEADINGS = ("provider", "requests", "failures", "latency s", "first s", "complexity", "dollars")


@click.command(
    epilog="Example: router-plugin decisions --tier high --since 24h   or: router-plugin decisions --by-provider"
)
@log_argument
@config_option
@click.option("-n", "--last", "count", type=click.IntRange(0), default=20, show_default=True, help="How many.")
@click.option("--tier", type=click.Choice(["low", "medium", "high"]))
@click.option("--provider", help="Such as ollama.")
@click.option("--deployment", help="A deployment's id.")
@click.option("--outcome", type=click.Choice(["answered", "broken", "cancelled", "refused", "failed"]))
@click.option("--private/--public", default=None, help="Only private requests, or only public ones.")
@since_option
@click.option("-f", "--follow", is_flag=True, help="Go on with new decisions until interrupted.")
@click.option(
    "--by-provider", is_flag=True, help="Sum up requests, failed calls, mean seconds, complexity; with --since only."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def decisions(
    log: Path | None,
    config: Path,
    count: int,
    since: float,
    follow: bool,
    by_provider: bool,
    as_json: bool,
    **fields: Any,
) -> None:
    """Show the newest decisions of LOG, which is the config's decision log unless named. They hold no request text."""
    found = checked(config)
    path = log_of(log, found)
    if by_provider:
        if follow or any(value is not None for value in fields.values()):
            raise click.UsageError("--by-provider sums up all requests; give --since alone with it.")
        names = {d.id: d.provider for d in found.inventory.deployments}
        with opened(path) as connection:
            rows = summary(totals(connection, since=since), failures(connection, since=since), names)
        click.echo("\n".join(json.dumps(asdict(row)) for row in rows) if as_json else _table(rows))
        return
    if follow and path.suffix == JSON_LINES:
        raise click.UsageError("--follow reads a log in SQLite; follow JSON lines with `tail -F`.")
    wanted = Filter(since=since, **fields)
    with opened(path) as connection:
        shown = latest(connection, wanted, count)
        _print(shown, as_json)
        last = shown[-1][0] if shown else max((n for n, _ in latest(connection, Filter(), 1)), default=0)
        while follow:
            time.sleep(POLL_SECONDS)
            more = after(connection, wanted, last)
            _print(more, as_json)
            last = more[-1][0] if more else last


def _print(rows: list[tuple[int, dict[str, Any]]], as_json: bool) -> None:
    for _, record in rows:
        click.echo(json.dumps(record) if as_json else line_of(record))


def line_of(record: dict[str, Any]) -> str:
    """A record on one line: when, tier, privacy, outcome, who served it, seconds, dollars, reasons."""
    when = datetime.fromtimestamp(float(record.get("ts") or 0.0), timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    cost = record.get("cost")
    shadow = record.get("would_deployment") or record.get("would_refuse")
    return "  ".join(
        [
            when,
            f"{record.get('tier') or '-':<6}",
            f"{privacy_word(record) or '-':<7}",
            f"{record.get('outcome') or '-':<8}",
            f"{record.get('deployment') or record.get('code') or '-':<24}",
            f"{float(record.get('latency') or 0.0):7.2f}s",
            f"${float(cost):.5f}" if isinstance(cost, (int, float)) else "       -",
            *([f"would: {shadow}"] if shadow else []),
            *(["PRIVATE TEXT LEFT"] if record.get("left") else []),
            ",".join(str(reason) for reason in record.get("reasons") or ()),
        ]
    ).rstrip()


def _table(rows: list[ProviderSummary]) -> str:
    lines = ["".join(f"{name:<14}" if place == 0 else f"{name:>12}" for place, name in enumerate(HEADINGS))]
    lines += [
        f"{row.provider:<14}{row.requests:>12,}{row.failures:>12,}{_mean(row.latency)}{_mean(row.first_content)}"
        f"{_mean(row.complexity)}{row.cost:>12,.4f}"
        for row in rows
    ]
    return "\n".join(lines)


def _mean(value: float | None) -> str:
    return f"{'-':>12}" if value is None else f"{value:>12.3f}"
