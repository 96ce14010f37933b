"""What a decision log says in numbers: SQL over its columns, so that a million records take seconds, not gigabytes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
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


@dataclass(frozen=True)
class Total:
    """Sums over the requests of one deployment (None: nothing answered), private ones apart, and those without a cost.

    `private` holds for all that isn't known to be public, so that money is never reckoned with it; `known` is False
    for those of which nobody knows, since they were refused before they were looked at. Seconds, scores and dollars
    are sums; `firsts` and `scores` say of how many.
    """

    deployment: str | None
    provider: str | None
    private: bool
    known: bool
    priced: bool
    requests: int
    prompt: int
    completion: int
    cached: int
    cost: float | None
    latency: float
    first_content: float
    firsts: int
    score: float
    scores: int


SUMS = (
    "count(*)",
    *("coalesce(sum(prompt_tokens), 0)", "coalesce(sum(completion_tokens), 0)", "coalesce(sum(cached_tokens), 0)"),
    *("sum(cost)", "coalesce(sum(latency), 0)", "coalesce(sum(ttft), 0)", "count(ttft)"),
    *("coalesce(sum(score), 0)", "count(score)"),
)


def totals(log: sqlite3.Connection, *, since: float = 0.0) -> list[Total]:
    """The whole log in a few rows. A request that isn't known to be public is private.

    Two passes over an index, which is in the order of the groups; to group by the cost as well would sort every row.
    """
    halves = (
        f"SELECT deployment, max(provider), private, {priced}, {', '.join(SUMS)} FROM decisions "  # noqa: S608 - ours
        f"WHERE ts >= :since AND cost IS {'NOT ' if priced else ''}NULL GROUP BY deployment, private"
        for priced in (1, 0)
    )
    rows = log.execute(" UNION ALL ".join(halves), {"since": since})
    return [
        Total(name, provider, private is None or bool(private), private is not None, bool(priced), *sums)
        for name, provider, private, priced, *sums in rows
    ]


def privacy_word(record: Mapping[str, Any]) -> str:
    """`private` or `public`; empty where nobody knows, since the request was refused before it was looked at."""
    private = record.get("private")
    return "" if private is None else "private" if private else "public"


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
    found: Iterable[Total], failed: Mapping[str, int], provider_of: Mapping[str, str] | None = None
) -> list[ProviderSummary]:
    """A row for each provider, the busiest first, of `totals` and `failures`.

    `provider_of`: deployment -> provider, for deployments that only failed.
    """
    answered = [part for part in found if part.deployment is not None]
    known = {**(provider_of or {}), **{str(part.deployment): part.provider for part in answered if part.provider}}
    parts: dict[str, list[Total]] = {}
    for part in answered:
        parts.setdefault(known.get(str(part.deployment), UNKNOWN), []).append(part)
    failures_of: dict[str, int] = {}
    for deployment, count in failed.items():
        name = known.get(deployment, UNKNOWN)
        failures_of[name] = failures_of.get(name, 0) + count
    rows = [_summed(name, parts.get(name, []), failures_of.get(name, 0)) for name in {*parts, *failures_of}]
    return sorted(rows, key=lambda row: (-row.requests, row.provider))


def _summed(provider: str, parts: list[Total], failed: int) -> ProviderSummary:
    requests, firsts, scores = (sum(getattr(part, name) for part in parts) for name in ("requests", "firsts", "scores"))
    return ProviderSummary(
        provider,
        requests,
        failed,
        sum(part.latency for part in parts) / requests if requests else None,
        sum(part.first_content for part in parts) / firsts if firsts else None,
        sum(part.score for part in parts) / scores if scores else None,
        sum(part.cost or 0.0 for part in parts),
    )


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
