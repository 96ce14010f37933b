"""The decision log: what it writes, keeps, drops and reads back."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path

import pytest

from router_plugin import decision_log
from router_plugin.decision_log import DecisionLog, DecisionLogError, read

KINDS = ("decisions.sqlite", "decisions.jsonl")


def _written(path: Path, records: list[dict[str, object]], max_rows: int = 1_000) -> DecisionLog:
    log = DecisionLog(path, max_rows)
    for record in records:
        log.add(record)
    log.close()
    return log


@pytest.mark.parametrize("name", KINDS)
def test_reads_back_what_was_written(tmp_path: Path, name: str) -> None:
    """Records come back whole, oldest first, from a moment on, also after a restart."""
    path = tmp_path / "logs" / name
    _written(path, [{"ts": float(n), "tier": "low", "reasons": ["tier.low"], "cost": None} for n in range(3)])
    _written(path, [{"ts": 3.0, "tier": "high", "reasons": [], "cost": 0.5}])
    assert [record["ts"] for record in read(path)] == [0.0, 1.0, 2.0, 3.0]
    assert list(read(path, since=3.0)) == [{"ts": 3.0, "tier": "high", "reasons": [], "cost": 0.5}]


@pytest.mark.parametrize("name", KINDS)
def test_the_oldest_go_first(tmp_path: Path, name: str) -> None:
    """Never more than the limit is kept, and the newest always is."""
    path = tmp_path / name
    _written(path, [{"ts": float(n)} for n in range(2_500)], max_rows=1_000)
    kept = [record["ts"] for record in read(path)]
    assert len(kept) <= 1_000
    assert kept == [float(n) for n in range(2_500 - len(kept), 2_500)]


def test_columns_answer_questions_without_parsing(tmp_path: Path) -> None:
    """What reports ask of many rows has a column of its own."""
    path = tmp_path / "d.sqlite"
    _written(path, [{"ts": 1.0, "tier": "low", "cost": 0.25, "private": True, "provider": "ollama"}])
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT tier, cost, private, provider FROM decisions").fetchall() == [
        ("low", 0.25, 1, "ollama")
    ]
    connection.close()


def test_unwritable_path_is_a_start_up_error(tmp_path: Path) -> None:
    """A log that can't be opened says so at start and names the setting."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DecisionLogError, match=r"decision_log\.path"):
        DecisionLog(tmp_path / "file" / "d.sqlite", 1_000)


def test_a_full_queue_drops_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that can't keep up never holds up a request."""
    monkeypatch.setattr(decision_log, "QUEUE_LIMIT", 2)
    monkeypatch.setattr(decision_log.DecisionLog, "_run", lambda self: self._queue.get())
    log = DecisionLog(tmp_path / "d.jsonl", 1_000)
    log._thread.join(5)  # the writer is gone: nothing takes records out any more
    for n in range(6):
        log.add({"ts": float(n)})
    assert log.dropped >= 3


def test_goes_on_after_a_failed_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that is full loses the records of that time only, and is logged once."""
    path = tmp_path / "d.jsonl"
    monkeypatch.setattr(decision_log, "PAUSE_SECONDS", 0.0)
    write = decision_log._JsonLines.write

    def broken(self: decision_log._JsonLines, records: list[dict[str, object]]) -> None:
        if any(record.get("bad") for record in records):
            raise OSError(28, "No space left on device")
        write(self, records)

    monkeypatch.setattr(decision_log._JsonLines, "write", broken)
    with caplog.at_level(logging.ERROR, "router_plugin"):
        log = DecisionLog(path, 1_000)
        for record in ({"bad": True}, {"bad": True}):
            log.add(record)
            while not log._queue.empty():
                pass
        log.close()
        _written(path, [{"ts": 2.0}])
    assert [record["ts"] for record in read(path)] == [2.0]
    assert log.dropped == 2
    assert sum("No space left" in record.message for record in caplog.records) == 1


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    """Nothing is skipped silently."""
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps({"ts": 1.0}) + "\nnot json\n")
    with pytest.raises(DecisionLogError, match="line 2"):
        list(read(path))


@pytest.mark.parametrize("name", KINDS)
def test_a_missing_log_is_an_error(tmp_path: Path, name: str) -> None:
    """An empty report would look like no traffic."""
    with pytest.raises(DecisionLogError, match="no such decision log"):
        list(read(tmp_path / name))


def test_a_foreign_file_is_an_error(tmp_path: Path) -> None:
    """A file that isn't a log of ours is refused, not read as empty."""
    path = tmp_path / "d.sqlite"
    path.write_text("something else entirely, long enough not to pass for a header")
    with pytest.raises(DecisionLogError, match="no decision log"):
        list(read(path))
