"""What cloud answers have cost, day by day, in a small SQLite file that all workers of a machine write to."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from pathlib import Path

KEEP_DAYS = 70  # rows beyond these are dropped; a month and its neighbours are all that is asked for
BUSY_SECONDS = 5.0


class Ledger:
    """Dollars by day (``2026-11-26``, UTC). `identity` names the file, so that its total can be told to others twice.

    Errors of every method: sqlite3.Error.
    """

    def __init__(self, path: Path | None) -> None:
        """None keeps the sums in memory only."""
        target = ":memory:" if path is None else str(path)
        self._db = sqlite3.connect(target, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        if path is not None:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS spend (day TEXT PRIMARY KEY, usd REAL NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS ledger (one INTEGER PRIMARY KEY CHECK (one = 1), identity TEXT)")
        self._db.execute("INSERT OR IGNORE INTO ledger VALUES (1, ?)", (uuid.uuid4().hex,))
        self.identity = str(self._db.execute("SELECT identity FROM ledger").fetchone()[0])

    def add(self, amounts: Mapping[str, float]) -> None:
        """Add dollars to days, all or none."""
        if not amounts:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(
                "INSERT INTO spend VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET usd = usd + excluded.usd",
                list(amounts.items()),
            )
            self._db.execute("DELETE FROM spend WHERE day < date(?, ?)", (max(amounts), f"-{KEEP_DAYS} days"))
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def total(self, period: str) -> float:
        """Dollars of a day (``2026-11-26``) or of a month (``2026-11``)."""
        row = self._db.execute(
            "SELECT COALESCE(SUM(usd), 0) FROM spend WHERE substr(day, 1, ?) = ?", (len(period), period)
        )
        return float(row.fetchone()[0])
