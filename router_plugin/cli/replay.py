"""`router-plugin replay`: what this config would have decided about logged requests, and what it would have cost."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import click

from router_plugin.build import build_router
from router_plugin.cli.options import checked, config_option
from router_plugin.cli.traffic import records
from router_plugin.decision_log import JSON_LINES
from router_plugin.replay import Replay, Replayer
from router_plugin.report import opened


@click.command(epilog="Example: router-plugin replay router_decisions.sqlite --config new_config.yaml")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay(source: Path, config: Path, as_json: bool) -> None:
    """Decide anew about SOURCE: a decision log, or a file with a request body or {"text": ...} a line.

    A log holds scores and no text, so thresholds, chains and prices are replayed with the logged scores; prompts are
    scored with the model of today. Requests that a caller pinned stay as they were.
    """
    router = build_router(checked(config))
    replayer = Replayer(router.config)
    if source.suffix == JSON_LINES:
        result = replayer.run(records(source, router))
    else:
        with opened(source) as log:
            result = replayer.run_log(log)
    click.echo(json.dumps(result.to_json()) if as_json else _text(result))


def _text(result: Replay) -> str:
    lines = [
        f"requests        {result.requests:,}",
        f"moved           {result.moved:,}",
        f"kept as asked   {result.kept:,}",
        f"refused         {result.refused:,}",
        f"cost then       {result.cost_then:.4f} dollars",
        f"cost now        {result.cost_now:.4f} dollars ({result.unpriced:,} requests have no known price)",
    ]
    for title, then, now in (
        ("tier", result.tiers_then, result.tiers_now),
        ("model group", result.groups_then, result.groups_now),
    ):
        lines += ["", f"{title:<24}{'then':>12}{'now':>12}", *_rows(then, now)]
    return "\n".join(lines)


def _rows(then: Counter[str], now: Counter[str]) -> list[str]:
    return [f"{name:<24}{then[name]:>12,}{now[name]:>12,}" for name in sorted({*then, *now})]
