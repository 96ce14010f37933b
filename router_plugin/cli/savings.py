"""`router-plugin savings`: what routing saved, or cost, against always using one model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from router_plugin.cli.log_options import log_argument, log_of, since_option
from router_plugin.cli.options import checked, config_option
from router_plugin.decision_log import read
from router_plugin.report import opened, totals
from router_plugin.savings import PREMIUM, Savings, in_words
from router_plugin.savings import savings as savings_of
from router_plugin.settings import SHADOW
from router_plugin.shadow_report import in_words as shadow_in_words
from router_plugin.shadow_report import shadow_sums


@click.command(epilog="Example: router-plugin savings --baseline openai-premium --since 7d")
@log_argument
@config_option
@click.option("--baseline", default=PREMIUM, show_default=True, help="A model group, or `premium` for the first one.")
@since_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def savings(log: Path | None, config: Path, baseline: str, since: float, as_json: bool) -> None:
    """Compare what LOG's requests cost with what one model had cost for the same tokens.

    LOG is the config's decision log unless named. The result can be negative. Prices are LiteLLM's list. Private
    requests and embeddings are left out. The baseline never switches models, so it gets the best share of cached
    prompt tokens seen in the log. With a config in shadow mode: what routing would have saved of what was paid.
    """
    found = checked(config)
    if found.settings.mode == SHADOW:
        sums = shadow_sums(read(log_of(log, found), since=since))
        click.echo(json.dumps(sums.to_json()) if as_json else shadow_in_words(sums))
        return
    with opened(log_of(log, found)) as connection:
        result = savings_of(totals(connection, since=since), found, baseline)
    click.echo(json.dumps(result.to_json()) if as_json else _text(result))


def _text(found: Savings) -> str:
    return "\n".join(
        [
            in_words(found.to_json()),
            "",
            f"answers            {found.requests:>14,}",
            f"cost               {found.cost:>14,.4f} dollars",
            f"baseline's cost    {found.baseline_cost:>14,.4f} dollars, {found.cached_share:.0%} of prompts cached",
            f"  lost cache reads {found.cache_misses:>14,.4f} dollars, in the baseline's favour",
            f"private            {found.private:>14,} not counted",
            f"embeddings         {found.embeddings:>14,} not counted",
            f"no known price     {found.unpriced:>14,} not counted",
        ]
    )
