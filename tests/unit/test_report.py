"""`router-plugin decisions` and `savings`, and the reports behind them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from router_plugin.cli import commands
from router_plugin.cli.decisions import line_of
from router_plugin.config import RouterConfig, check
from router_plugin.decision_log import DecisionLog, DecisionLogError, connect
from router_plugin.prices import prices
from router_plugin.report import Filter, after, failures, latest, opened, summary, totals
from router_plugin.savings import BaselineError, savings
from tests.unit.builders import KEYS, pack

ROWS = [
    {"ts": 1.0, "tier": "low", "private": True, "deployment": "ollama-default-1", "provider": "ollama", "cost": 0.0},
    {"ts": 2.0, "tier": "low", "private": False, "deployment": "ollama-default-1", "provider": "ollama", "cost": 0.0},
    {"ts": 3.0, "tier": "high", "private": False, "deployment": "openai-premium-1", "provider": "openai", "cost": 0.5},
]


def _record(**given: Any) -> dict[str, Any]:
    return {
        "decision_id": "d",
        "outcome": "answered",
        "attempts": [],
        "reasons": ["strategy.complexity"],
        "latency": 2.0,
        "ttft": 0.5,
        "score": 0.25,
        "prompt_tokens": 1_000,
        "completion_tokens": 100,
        "cached_tokens": 0,
        **given,
    }


def _log(path: Path, records: list[dict[str, Any]]) -> Path:
    log = DecisionLog(path, 100_000)
    for record in records:
        log.add(record)
    log.close()
    return path


@pytest.fixture
def config() -> RouterConfig:
    return check(pack(), KEYS)


@pytest.fixture(params=["d.sqlite", "d.jsonl"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    failed = _record(ts=4.0, deployment=None, private=False, attempts=["azure-default-1: 429", "openai-premium-1: 500"])
    return _log(tmp_path / request.param, [*(_record(**row) for row in ROWS), failed])


def test_summary_by_provider(path: Path) -> None:
    """Requests, failed calls and means, of both kinds of log; a provider that only failed is there too."""
    with opened(path) as log:
        rows = {row.provider: row for row in summary(totals(log), failures(log), {"azure-default-1": "azure"})}
    assert (rows["ollama"].requests, rows["ollama"].failures, rows["ollama"].latency) == (2, 0, 2.0)
    assert (rows["openai"].requests, rows["openai"].failures, rows["openai"].cost) == (1, 1, 0.5)
    assert rows["openai"].complexity == 0.25
    assert (rows["azure"].requests, rows["azure"].failures, rows["azure"].latency) == (0, 1, None)


def test_sums_of_a_log_sort_no_row(tmp_path: Path) -> None:
    """They follow an index; sorting took most of the time of a page over a large log."""
    with opened(_log(tmp_path / "d.sqlite", [_record(**row) for row in ROWS])) as log:
        asked: list[str] = []
        log.set_trace_callback(asked.append)
        totals(log)
        log.set_trace_callback(None)
        plan = [row[3] for row in log.execute(f"EXPLAIN QUERY PLAN {asked[0]}")]
    assert any("COVERING INDEX" in step for step in plan)
    assert not any("TEMP B-TREE" in step for step in plan)


def test_filters_and_what_came_after(path: Path) -> None:
    """Each filter narrows; the newest come last; `after` gives only what came later."""
    with opened(path) as log:
        assert [record["ts"] for _, record in latest(log, Filter(), 2)] == [3.0, 4.0]
        assert [record["ts"] for _, record in latest(log, Filter(private=True), 9)] == [1.0]
        assert [record["ts"] for _, record in latest(log, Filter(tier="low", private=False), 9)] == [2.0]
        assert [record["ts"] for _, record in latest(log, Filter(since=2.5, provider="openai"), 9)] == [3.0]
        number = latest(log, Filter(), 2)[0][0]
        assert [record["ts"] for _, record in after(log, Filter(), number)] == [4.0]


def _savings(tmp_path: Path, config: RouterConfig, rows: list[dict[str, Any]], baseline: str = "premium") -> Any:
    with opened(_log(tmp_path / "s.sqlite", [_record(ts=1.0, **row) for row in rows])) as log:
        return savings(totals(log), config, baseline)


def test_savings_by_hand(tmp_path: Path, config: RouterConfig) -> None:
    """The same tokens at the baseline's list price, less what was paid; private answers are in neither sum."""
    local = {"deployment": "ollama-default-1", "cost": 0.0}
    found = _savings(tmp_path, config, [{**local, "private": False}] * 3 + [{**local, "private": True}])
    price = prices(config.inventory.deployments)["anthropic-premium-1"]
    assert price is not None
    assert (found.baseline, found.requests, found.private) == ("anthropic-premium-1", 3, 1)
    assert found.saved == pytest.approx(3 * price.cost(1_000, 100))
    assert found.share == pytest.approx(1.0)


def test_what_is_not_known_to_be_public_saves_nothing(tmp_path: Path, config: RouterConfig) -> None:
    """A row without a verdict counts as private where money is reckoned, and says that nobody knows."""
    local: dict[str, Any] = {"deployment": "ollama-default-1", "cost": 0.0}
    path = _log(tmp_path / "n.sqlite", [_record(ts=1.0, **local, private=known) for known in (None, False, True)])
    with opened(path) as log:
        found = totals(log)
    assert sorted((part.private, part.known) for part in found) == [(False, True), (True, False), (True, True)]
    assert (savings(found, config).requests, savings(found, config).private) == (1, 2)


def test_savings_can_be_negative(tmp_path: Path, config: RouterConfig) -> None:
    """Premium answers cost more than a small model would have."""
    row = {"deployment": "openai-premium-1", "private": False, "cost": 0.5}
    found = _savings(tmp_path, config, [row], "azure-default")
    assert found.saved < 0
    assert found.saved == pytest.approx(found.baseline_cost - 0.5)


def test_lost_cache_reads_count_for_the_baseline(tmp_path: Path, config: RouterConfig) -> None:
    """Where one deployment reads half of its prompts from a cache, the baseline does so everywhere."""
    warm = {"deployment": "anthropic-premium-1", "private": False, "cost": None, "cached_tokens": 500}
    cold = {"deployment": "ollama-default-1", "private": False, "cost": 0.0}
    found = _savings(tmp_path, config, [warm] * 20 + [cold] * 10)
    price = prices(config.inventory.deployments)["anthropic-premium-1"]
    assert price is not None
    assert found.cached_share == 0.5
    assert found.cache_misses == pytest.approx(10 * 500 * (price.prompt - price.cached))
    assert found.saved == pytest.approx(10 * price.cost(1_000, 100, 500))


def test_unknown_prices_and_embeddings_are_counted_apart(tmp_path: Path, config: RouterConfig) -> None:
    """What can't be compared is in no sum, and is said."""
    rows = [{"deployment": "gone-1", "cost": None, "private": False}]
    rows += [{"deployment": "ollama-embed-1", "cost": 0.0, "private": False}]
    found = _savings(tmp_path, config, rows)
    assert (found.requests, found.unpriced, found.embeddings, found.saved) == (0, 1, 1, 0.0)
    assert found.share is None


def test_a_baseline_must_exist(tmp_path: Path, config: RouterConfig) -> None:
    """The error names the groups to choose from."""
    with pytest.raises(BaselineError, match="azure-default"):
        _savings(tmp_path, config, [], "nonsense")


def test_reports_never_read_whole_records(tmp_path: Path) -> None:
    """Sums are answered from an index, which is what keeps a million records fast."""
    path = _log(tmp_path / "d.sqlite", [_record(**row) for row in ROWS])
    connection = connect(path)
    seen: list[str] = []
    connection.set_trace_callback(seen.append)
    totals(connection)
    failures(connection)
    connection.set_trace_callback(None)
    plans = [
        " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
        for statement in seen
        if statement.startswith("SELECT") and "FROM decisions" in statement
    ]
    connection.close()
    assert len(plans) == 2
    assert all("COVERING INDEX" in plan or "decisions_failures" in plan for plan in plans), plans


def _run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(commands, arguments, catch_exceptions=False)


def test_commands(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text for people and JSON for programs, of the same rows."""
    lines = _run(["decisions", str(path), "--json", "--tier", "low"], monkeypatch).output.splitlines()
    assert [json.loads(line)["ts"] for line in lines] == [1.0, 2.0]
    assert "openai-premium-1" in _run(["decisions", str(path), "-n", "2"], monkeypatch).output
    assert "ollama" in _run(["decisions", str(path), "--by-provider"], monkeypatch).output
    found = json.loads(_run(["savings", str(path), "--json"], monkeypatch).output)
    text = _run(["savings", str(path)], monkeypatch).output
    assert found["saved"] < 0
    assert f"lost ${-found['saved']:,.2f}" in text
    assert _run(["decisions", str(path), "--since", "soon"], monkeypatch).exit_code == 2
    narrowed = _run(["decisions", str(path), "--by-provider", "--tier", "low"], monkeypatch)
    assert narrowed.exit_code == 2
    assert "give --since alone" in narrowed.output


@pytest.mark.parametrize(
    ("given", "word"),
    [({"private": True}, "private"), ({"private": False}, "public"), ({"private": None}, "-"), ({}, "-")],
)
def test_a_line_says_public_only_of_what_is_known_to_be(given: dict[str, Any], word: str) -> None:
    """A request that was refused before it was looked at is neither."""
    assert line_of(_record(ts=0.0, tier="low", **given)).split()[3] == word


def test_a_missing_log_is_an_error(tmp_path: Path) -> None:
    """An empty report would look like no traffic."""
    with pytest.raises(DecisionLogError, match="no such decision log"), opened(tmp_path / "d.sqlite"):
        pass
