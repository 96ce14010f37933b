"""What a decision log says in numbers: SQL over its columns, so that a million records take seconds, not gigabytes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router_plugin import decision_log
from router_plugin.decision_log import HAS_FAILURES, DecisionLogError

UNKNOWN = "unknown"


@dataclass(frozen=True)
class ProviderSummary:
    """One provider's requests. `failures` are failed calls; seconds and complexity are means, None without requests."""

    provider: str
    requests: int
    failures: int
    latency: float | None
    first_content: float | None
    complexity: float | None
    cost: float


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A log, for reading only. JSON lines are copied into a temporary database first.

    Errors: DecisionLogError for a file that is missing or no decision log.
    """
    if path.suffix == decision_log.JSON_LINES:
        connection = decision_log.copied(path)
    elif not path.exists():
        raise DecisionLogError(f"{path.name}: no such decision log; see callback_settings.router_plugin.decision_log")
    else:
        connection = decision_log.connect(path, read_only=True)
    try:
        yield connection
    except sqlite3.Error as error:
        raise DecisionLogError(f"{path.name}: is no decision log that can be read ({error})") from None
    finally:
        connection.close()


def summary(
    log: sqlite3.Connection, provider_of: Mapping[str, str] | None = None, *, since: float = 0.0
) -> list[ProviderSummary]:
    """A row for each provider, the busiest first. `provider_of`: deployment -> provider, beyond what the log knows."""
    rows = log.execute(
        "SELECT deployment, max(provider), count(*), sum(latency), sum(ttft), count(ttft), sum(score), count(score), "
        "sum(cost) FROM decisions WHERE ts >= ? AND deployment IS NOT NULL GROUP BY deployment",
        (since,),
    ).fetchall()
    known = {**(provider_of or {}), **{row[0]: row[1] for row in rows if row[1]}}
    sums: dict[str, list[float]] = {}
    for deployment, _, *values in rows:
        total = sums.setdefault(known.get(deployment, UNKNOWN), [0.0] * 8)
        for place, value in enumerate(values):
            total[place] += value or 0.0
    for deployment, count in failures(log, since=since).items():
        sums.setdefault(known.get(deployment, UNKNOWN), [0.0] * 8)[7] += count
    found = [
        ProviderSummary(
            provider,
            int(requests),
            int(failed),
            latency / requests if requests else None,
            first / firsts if firsts else None,
            score / scores if scores else None,
            cost,
        )
        for provider, (requests, latency, first, firsts, score, scores, cost, failed) in sums.items()
    ]
    return sorted(found, key=lambda row: (-row.requests, row.provider))


def failures(log: sqlite3.Connection, *, since: float = 0.0) -> dict[str, int]:
    """Deployment -> failed calls."""
    return dict(
        log.execute(
            "SELECT substr(value, 1, instr(value || ':', ':') - 1), count(*) "  # noqa: S608 - a constant of ours
            f"FROM decisions, json_each(record, '$.attempts') WHERE {HAS_FAILURES} AND ts >= ? GROUP BY 1",
            (since,),
        )
    )


@dataclass(frozen=True)
class Filter:
    """Which records `records` gives; None means any."""

    tier: str | None = None
    provider: str | None = None
    deployment: str | None = None
    outcome: str | None = None
    private: bool | None = None
    since: float = 0.0

    def where(self) -> tuple[str, list[Any]]:
        """(condition, values) in SQL."""
        parts, values = ["ts >= ?"], [self.since]
        for name in ("tier", "provider", "deployment", "outcome", "private"):
            value = getattr(self, name)
            if value is not None:
                parts.append(f"{name} = ?")
                values.append(int(value) if name == "private" else value)
        return " AND ".join(parts), values


def latest(log: sqlite3.Connection, wanted: Filter, count: int) -> list[tuple[int, dict[str, Any]]]:
    """The newest (row number, record) that match, oldest first."""
    where, values = wanted.where()
    rows = log.execute(
        f"SELECT id, record FROM decisions WHERE {where} ORDER BY id DESC LIMIT ?",  # noqa: S608 - names of ours
        (*values, count),
    ).fetchall()
    return [(number, json.loads(text)) for number, text in reversed(rows)]


def after(log: sqlite3.Connection, wanted: Filter, number: int) -> list[tuple[int, dict[str, Any]]]:
    """The records that match and came after a row number, oldest first."""
    where, values = wanted.where()
    rows = log.execute(
        f"SELECT id, record FROM decisions WHERE {where} AND id > ? ORDER BY id",  # noqa: S608 - names of ours
        (*values, number),
    )
    return [(found, json.loads(text)) for found, text in rows]
