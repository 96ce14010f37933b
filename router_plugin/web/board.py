"""The numbers behind the page, read from the decision log and the running router."""

from __future__ import annotations

import math
import sqlite3
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router_plugin.breaker import Breaker
from router_plugin.complexity import Tier
from router_plugin.config import RouterConfig
from router_plugin.decision_log import BY_HOUR, JSON_LINES, DecisionLogError
from router_plugin.drift import SCORE_EDGES, histogram, psi
from router_plugin.health import Health
from router_plugin.pipeline import Router
from router_plugin.report import Filter, ProviderSummary, failures, latest, opened, summary, totals
from router_plugin.savings import BaselineError, Savings, savings

LIVE = 15
RECENT = 2_000  # answers behind the latencies and the drift
BUCKETS = 24
LEAST_FOR_DRIFT = 100  # scores; fewer say little about a distribution
HOUR = 3_600


@dataclass(frozen=True)
class Latency:
    """Seconds of one deployment's recent answers."""

    deployment: str
    answers: int
    median: float
    p95: float
    first_content: float | None


@dataclass(frozen=True)
class Standing:
    """One deployment as it stands: `circuit` is this worker's, and so is what it saw of the server."""

    deployment: str
    provider: str
    local: bool
    circuit: str
    failures: int
    server_up: bool | None = None  # of an Ollama server; None for others


@dataclass(frozen=True)
class Board:
    """Everything that the page shows. `mix` holds (bucket's start in Unix seconds, requests by tier).

    `unseen` requests were refused before their text was looked at; `private` doesn't count them.
    """

    live: list[dict[str, Any]] = field(default_factory=list)
    bucket_seconds: int = HOUR
    mix: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    requests: int = 0
    private: int = 0
    private_refused: int = 0
    unseen: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    health: list[Standing] = field(default_factory=list)
    providers: list[ProviderSummary] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    saved: Savings | None = None
    no_savings: str = ""
    drift: float | None = None  # PSI of recent scores against those of training
    scores: int = 0
    notice: str = ""  # why there are no numbers


def read_board(router: Router, breaker: Breaker | None = None, servers: Health | None = None) -> Board:
    """The board now. A log that isn't there or can't be read gives an empty one with a notice."""
    config = router.config
    path = config.settings.decision_log.path
    if path is None or path.endswith(JSON_LINES):
        cure = "Set callback_settings.router_plugin.decision_log.path to a file that ends in .sqlite."
        return Board(
            health=_health(config, breaker, {}, servers), notice=f"This page reads a decision log in SQLite. {cure}"
        )
    try:
        with opened(Path(path)) as log:
            return _board(log, router, breaker, servers)
    except DecisionLogError as error:
        return Board(health=_health(config, breaker, {}, servers), notice=str(error))


def _board(log: sqlite3.Connection, router: Router, breaker: Breaker | None, servers: Health | None) -> Board:
    config = router.config
    bucket_seconds, mix = _mix(log)
    sums, failed = totals(log), failures(log)
    private = [part for part in sums if part.private and part.known]
    recent = log.execute(
        "SELECT deployment, latency, ttft, score FROM decisions ORDER BY id DESC LIMIT ?", (RECENT,)
    ).fetchall()
    scores = [score for *_, score in recent if score is not None]
    saved, no_savings = None, ""
    try:
        saved = savings(sums, config)
    except BaselineError as error:
        no_savings = str(error)
    return Board(
        live=[record for _, record in latest(log, Filter(), LIVE)][::-1],
        bucket_seconds=bucket_seconds,
        mix=mix,
        requests=sum(part.requests for part in sums),
        private=sum(part.requests for part in private),
        private_refused=sum(part.requests for part in private if part.deployment is None),
        unseen=sum(part.requests for part in sums if not part.known),
        rules=_rules(log),
        health=_health(config, breaker, failed, servers),
        providers=summary(sums, failed, {d.id: d.provider for d in config.inventory.deployments}),
        latencies=_latencies(recent),
        saved=saved,
        no_savings=no_savings,
        drift=_drift(router, scores),
        scores=len(scores),
    )


def _mix(log: sqlite3.Connection) -> tuple[int, list[tuple[int, dict[str, int]]]]:
    """(seconds a bucket, requests by tier in the latest buckets): hours, or more where the log is longer than a day."""
    ends = log.execute(
        "SELECT ts FROM decisions WHERE id IN ((SELECT min(id) FROM decisions), (SELECT max(id) FROM decisions)) "
        "ORDER BY ts"
    ).fetchall()
    if not ends:
        return HOUR, []
    first, last = ends[0][0], ends[-1][0]
    hours = max(1, math.ceil((last - first) / HOUR / (BUCKETS - 1)))
    width = HOUR * hours
    counted = f"SELECT {BY_HOUR}, count(*) FROM decisions GROUP BY {BY_HOUR}"  # noqa: S608 - a constant of ours
    rows = log.execute(counted).fetchall()
    newest = int(last // width)
    start = max(int(first // width), newest - BUCKETS + 1)
    mix = {bucket: dict.fromkeys((tier.value for tier in Tier), 0) for bucket in range(start, newest + 1)}
    for hour, tier, count in rows:
        if hour is not None and tier in mix.get(hour // hours, ()):
            mix[hour // hours][tier] += count
    return width, [(bucket * width, counts) for bucket, counts in mix.items()]


def _rules(log: sqlite3.Connection) -> dict[str, int]:
    """Rules that made recent requests private, the most frequent first."""
    rows = log.execute(
        "SELECT value, count(*) FROM (SELECT record FROM decisions WHERE private ORDER BY id DESC LIMIT 500) AS found, "
        "json_each(found.record, '$.findings') GROUP BY value ORDER BY count(*) DESC, value LIMIT 8"
    )
    return dict(rows.fetchall())


def _latencies(recent: list[tuple[str | None, float | None, float | None, float | None]]) -> list[Latency]:
    seconds: dict[str, list[float]] = {}
    firsts: dict[str, list[float]] = {}
    for deployment, latency, first, _ in recent:
        if deployment is not None and latency is not None:
            seconds.setdefault(deployment, []).append(latency)
            if first is not None:
                firsts.setdefault(deployment, []).append(first)
    return [
        Latency(
            name,
            len(values),
            statistics.median(values),
            sorted(values)[math.ceil(0.95 * len(values)) - 1],
            statistics.median(firsts[name]) if name in firsts else None,
        )
        for name, values in sorted(seconds.items())
    ]


def _drift(router: Router, scores: list[float]) -> float | None:
    """None without a trained model's profile, or with too few scores."""
    scorer = getattr(router.scorer, "current", router.scorer)
    extra: Mapping[str, Any] = getattr(getattr(scorer, "model", None), "extra", {})
    expected = (extra.get("profile") or {}).get("score_counts")
    if not expected or len(scores) < LEAST_FOR_DRIFT:
        return None
    value = psi(expected, histogram(scores, SCORE_EDGES))
    return None if math.isnan(value) else value


def _health(
    config: RouterConfig, breaker: Breaker | None, failed: Mapping[str, int], servers: Health | None
) -> list[Standing]:
    def server_up(deployment: str) -> bool | None:
        server = servers.server_of(deployment) if servers is not None else None
        return servers.status(server).up if servers is not None and server is not None else None

    return [
        Standing(
            d.id,
            d.provider,
            d.local,
            breaker.circuit(d.id).value if breaker is not None else "closed",
            failed.get(d.id, 0),
            server_up(d.id),
        )
        for d in config.inventory.deployments
    ]
