"""The decision log: one record a request, in SQLite or as JSON lines with rotation. It never holds request text."""

from __future__ import annotations

import atexit
import json
import logging
import queue
import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from router_plugin.errors import RouterPluginError
from router_plugin.outcome import Record

log = logging.getLogger("router_plugin")

JSON_LINES = ".jsonl"
PAUSE_SECONDS = 0.25  # between two writes, so that a busy proxy commits a few times a second
QUEUE_LIMIT = 20_000
BUSY_SECONDS = 5.0  # several workers write to one file
KEPT_FILES = 5  # of JSON lines: the current one and its predecessors
# Columns of their own, for the questions that are asked of many rows; the whole record stands in `record`.
COLUMNS: Mapping[str, str] = {
    "ts": "REAL",
    "decision_id": "TEXT",
    "tier": "TEXT",
    "score": "REAL",
    "private": "INTEGER",
    "strategy": "TEXT",
    "model_group": "TEXT",
    "deployment": "TEXT",
    "provider": "TEXT",
    "outcome": "TEXT",
    "prompt_tokens": "INTEGER",
    "completion_tokens": "INTEGER",
    "cached_tokens": "INTEGER",
    "cost": "REAL",
    "latency": "REAL",
    "ttft": "REAL",
}


# Reports read these without touching the records themselves; they group by the first two, so nothing is sorted. A
# record's text tells whether a call failed.
REPORTED = (
    "deployment, private, ts, provider, tier, outcome, prompt_tokens, completion_tokens, cached_tokens, cost, latency, "
    "ttft, score"
)
BY_HOUR = "CAST(ts / 3600 AS INTEGER), tier"  # in this order requests are counted without sorting them
HAS_FAILURES = """instr(record, '"attempts": ["') > 0"""


class DecisionLogError(RouterPluginError):
    """The decision log can't be opened or read."""


class _Sink(ABC):
    """Where records go. Used by one thread."""

    @abstractmethod
    def write(self, records: Sequence[Record]) -> None:
        """Write records, in order. Errors: OSError or sqlite3.Error."""

    @abstractmethod
    def close(self) -> None:
        """Release the file."""


class _Sqlite(_Sink):
    def __init__(self, path: Path, max_rows: int) -> None:
        self._connection = connect(path)
        self._max_rows = max_rows
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        _create(self._connection)

    def write(self, records: Sequence[Record]) -> None:
        with self._connection:
            _insert(self._connection, records)
            self._connection.execute(
                "DELETE FROM decisions WHERE id <= (SELECT max(id) FROM decisions) - ?", (self._max_rows,)
            )

    def close(self) -> None:
        self._connection.close()


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS decisions (id INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL, "
        + ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        + ")"
    )
    connection.execute("DROP INDEX IF EXISTS decisions_ts")  # the wider one answers its questions too
    connection.execute(f"CREATE INDEX IF NOT EXISTS decisions_by_deployment ON decisions ({REPORTED})")
    connection.execute(f"CREATE INDEX IF NOT EXISTS decisions_by_hour ON decisions ({BY_HOUR})")
    connection.execute(f"CREATE INDEX IF NOT EXISTS decisions_failures ON decisions (ts) WHERE {HAS_FAILURES}")
    connection.commit()


def _insert(connection: sqlite3.Connection, records: Iterable[Record]) -> None:
    marks = ", ".join("?" for _ in (*COLUMNS, "record"))
    connection.executemany(
        f"INSERT INTO decisions ({', '.join(COLUMNS)}, record) VALUES ({marks})",  # noqa: S608 - names of ours
        ((*(record.get(name) for name in COLUMNS), json.dumps(record)) for record in records),
    )


def copied(path: Path) -> sqlite3.Connection:
    """A log of JSON lines as a temporary database, which SQLite keeps on disk and deletes. Errors: DecisionLogError."""
    connection = sqlite3.connect("")
    _create(connection)
    _insert(connection, read(path))
    connection.commit()
    return connection


class _JsonLines(_Sink):
    def __init__(self, path: Path, max_rows: int) -> None:
        self._path = path
        self._rows_a_file = max(1, max_rows // KEPT_FILES)
        self._file = path.open("a", encoding="utf-8")
        self._rows = sum(1 for _ in path.open(encoding="utf-8"))

    def write(self, records: Sequence[Record]) -> None:
        for record in records:
            if self._rows >= self._rows_a_file:
                self._rotate()
            self._file.write(json.dumps(record) + "\n")
            self._rows += 1
        self._file.flush()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)
        self._file = self._path.open("a", encoding="utf-8")
        self._rows = 0

    def close(self) -> None:
        self._file.close()


class DecisionLog:
    """Writes records from a thread of its own; `add` never blocks. Records that find the queue full are counted."""

    def __init__(self, path: Path, max_rows: int) -> None:
        """Errors: DecisionLogError where the file can't be written, with the cause."""
        self._queue: queue.Queue[Record | None] = queue.Queue(QUEUE_LIMIT)
        self._make = _JsonLines if path.suffix == JSON_LINES else _Sqlite
        self._path, self._max_rows = path, max_rows
        self.dropped = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._make(path, max_rows).close()
        except (OSError, sqlite3.Error) as error:
            raise DecisionLogError(
                f"The decision log {path.name} can't be written ({_cause(error)}); "
                "mend the path in callback_settings.router_plugin.decision_log.path, or set it to null."
            ) from None
        self._thread = threading.Thread(target=self._run, name="decision-log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def add(self, record: Record) -> None:
        """Queue a record."""
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what is queued, and end."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(BUSY_SECONDS)

    def _run(self) -> None:
        sink: _Sink | None = None
        silent = False
        ended = False
        while not ended:
            batch, ended = self._batch()
            try:
                sink = sink or self._make(self._path, self._max_rows)
                sink.write(batch)
                silent = False
            except (OSError, sqlite3.Error) as error:
                self.dropped += len(batch)
                if not silent:
                    log.error("router_plugin: the decision log can't be written (%s)", _cause(error))
                silent = True
        if sink is not None:
            sink.close()

    def _batch(self) -> tuple[list[Record], bool]:
        """What has gathered, and whether the log ends; waits for the first record."""
        batch: list[Record] = []
        item = self._queue.get()
        if item is not None and self._queue.empty():
            time.sleep(PAUSE_SECONDS)
        while item is not None:
            batch.append(item)
            if self._queue.empty():
                return batch, False
            item = self._queue.get()
        return batch, True


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection to a decision log in SQLite. Errors: sqlite3.Error."""
    target = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    return sqlite3.connect(target, uri=True, timeout=BUSY_SECONDS)


def read(path: Path, *, since: float = 0.0) -> Iterator[dict[str, Any]]:
    """The records of a log from `since` (Unix seconds) on, oldest first, one at a time.

    Errors: DecisionLogError for a file that is missing or no decision log; a damaged line is one too, by its number.
    """
    if not path.exists():
        raise DecisionLogError(f"{path.name}: no such decision log; see callback_settings.router_plugin.decision_log")
    if path.suffix == JSON_LINES:
        yield from _read_lines(path, since)
        return
    try:
        connection = connect(path, read_only=True)
        try:
            for (text,) in connection.execute("SELECT record FROM decisions WHERE ts >= ? ORDER BY id", (since,)):
                yield json.loads(text)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DecisionLogError(f"{path.name}: is no decision log that can be read ({_cause(error)})") from None


def _read_lines(path: Path, since: float) -> Iterator[dict[str, Any]]:
    files = [path.with_name(f"{path.name}.{number}") for number in range(KEPT_FILES - 1, 0, -1)]
    for file in [*(file for file in files if file.exists()), path]:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except ValueError:
                    record = None
                if not isinstance(record, dict):
                    raise DecisionLogError(f"{file.name}, line {number}: is no JSON object")
                if float(record.get("ts") or 0.0) >= since:
                    yield record


def _cause(error: Exception) -> str:
    """An operating system's or SQLite's own words; neither quotes a record."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
