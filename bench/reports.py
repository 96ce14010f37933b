"""How long the page and the reports take on a large decision log, and how much memory the commands need."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.decision import text
from bench.stats import quantile
from router_plugin.build import build_router
from router_plugin.config import load
from router_plugin.decision_log import DecisionLog
from router_plugin.outcome import Ending, Record, Usage, record_of
from router_plugin.paths import packaged_config
from router_plugin.pipeline import Router
from router_plugin.request import Surface
from router_plugin.state import RequestState
from router_plugin.steering import Steering
from router_plugin.web.board import read_board
from router_plugin.web.page import page

KEYS = {
    "AZURE_OPENAI_ENDPOINT": "https://invented.openai.azure.com",
    **dict.fromkeys(("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"), "sk-invented"),
}
PROMPTS = 300  # decided for real; the rows of a log are these with other times and tokens
PRIVATE = "My social security number is 078-05-1120."
SPAN_SECONDS = 30 * 24 * 3_600.0


def run(page_rows: int, report_rows: int, repeats: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """Milliseconds of the page, and seconds (wall and processor) and peak megabytes of `savings` and `replay`."""
    router = build_router(load(packaged_config(), KEYS))
    with tempfile.TemporaryDirectory(prefix="router-bench-") as folder:
        small, large = Path(folder) / "page.sqlite", Path(folder) / "reports.sqlite"
        write(small, page_rows, router)
        progress(f"a log of {page_rows:,} decisions is written")
        found: dict[str, Any] = {"page": {"rows": page_rows, **_page(router, small, repeats)}}
        progress("the page is measured")
        write(large, report_rows, router)
        progress(f"a log of {report_rows:,} decisions is written, {large.stat().st_size / 1e6:,.0f} MB")
        for command in ("savings", "replay"):
            found[command] = {"rows": report_rows, **_command(command, large)}
            progress(f"{command} is measured")
        return found


def write(path: Path, rows: int, router: Router) -> None:
    """A log with this many decisions over thirty days, the same each time."""
    made = _records(router, rows)
    log = DecisionLog(path, rows + 1_000)
    log.close()  # makes the table; the rows are written at once rather than queued
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(decisions)")][1:]
        marks = ", ".join("?" for _ in columns)
        connection.executemany(
            f"INSERT INTO decisions ({', '.join(columns)}) VALUES ({marks})",
            (tuple(json.dumps(r) if name == "record" else r.get(name) for name in columns) for r in made),
        )


def _records(router: Router, rows: int) -> Iterator[Record]:
    chosen = random.Random(rows)
    known = [_decided(router, number) for number in range(PROMPTS)]
    now = time.time()
    for number in range(rows):
        record = dict(chosen.choice(known))
        prompt = chosen.randrange(20, 4_000)
        record |= {
            "ts": round(now - SPAN_SECONDS * (1 - number / rows), 3),
            "decision_id": f"{number:032x}",
            "prompt_tokens": prompt,
            "completion_tokens": chosen.randrange(5, 900),
            "cached_tokens": chosen.choice((0, 0, prompt // 2)),
            "latency": round(chosen.expovariate(0.3), 4),
            "ttft": round(chosen.expovariate(2.0), 4),
        }
        if record["attempts"] == [] and chosen.random() < 0.02:
            record["attempts"] = ["azure-default-1: 429"]
        yield record


def _decided(router: Router, number: int) -> Record:
    """The record of one real decision, as it is logged."""
    words = text(10 + 7 * (number % 40), number)
    body = {"messages": [{"role": "user", "content": f"{PRIVATE} {words}" if number % 5 == 0 else words}]}
    decision, plan = router.decide(body, Surface.CHAT, Steering())
    served = plan.deployments[0].id
    state = RequestState(surface=Surface.CHAT, decision=replace(decision, signals=()), plan=plan, served=served)
    state.usage = Usage(100, 50, 0, 0.0 if plan.local_only else 0.0004)
    return record_of(state, Ending(200, complete=True, seconds=1.0, first_content_seconds=0.5))


def _page(router: Router, path: Path, repeats: int) -> dict[str, float]:
    """Reading the log and making the page, as the endpoint does when its copy is older than two seconds."""
    log = router.config.settings.decision_log.model_copy(update={"path": str(path)})
    settings = router.config.settings.model_copy(update={"decision_log": log})
    shown = replace(router, config=replace(router.config, settings=settings))
    wall, cpu = [], []
    for _ in range(repeats):
        begun, used = time.perf_counter(), time.process_time()
        html = page(read_board(shown))
        wall.append(1e3 * (time.perf_counter() - begun))
        cpu.append(1e3 * (time.process_time() - used))
    if "This page reads" in html:
        raise AssertionError("the page shows no decisions")
    return {
        "p50_ms": round(quantile(wall, 0.5), 1),
        "max_ms": round(max(wall), 1),
        "cpu_p50_ms": round(quantile(cpu, 0.5), 1),
    }


def _command(name: str, log: Path) -> dict[str, float]:
    """One run in a process of its own, with the start of Python in it. Linux only.

    `peak_mb` is this process's own where that is higher: a new process begins as a copy.
    """
    command = [sys.executable, "-m", "router_plugin.cli", name, str(log), "--config", str(packaged_config()), "--json"]
    begun = time.perf_counter()
    process = subprocess.Popen(command, env={**os.environ, **KEYS}, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }
