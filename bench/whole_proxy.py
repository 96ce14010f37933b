"""CPU seconds, latency and memory of whole proxies, arm by arm in turn, so that a busy machine slows all alike."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.arms import Arm, arms
from bench.process import KEY, Running, backend, proxy
from bench.stats import Interval, interval, median, quantile

PATH = "/v1/chat/completions"
CONCURRENCY = 8
# Paired ratios that are shown: (arm, against).
PAIRS = (
    ("plugin", "pack"),
    ("plugin", "spared"),
    ("plugin", "default"),
    ("complexity", "default"),
    ("plugin", "complexity+filter"),
)
PROMPTS = (
    "What is the capital of Australia?",
    "Translate to German: the train leaves at nine from the second platform.",
    "How many minutes are there in a leap year?",
    "Give me three rhymes for the word orange, and say which one is a cheat.",
    "What does the -p flag of mkdir do?",
)

Progress = Callable[[str], None]


def body(model: str, chosen: random.Random, *, stream: bool) -> dict[str, Any]:
    """A request like no other."""
    content = f"{chosen.choice(PROMPTS)} ({chosen.randrange(10**6)})"
    return {"model": model, "stream": stream, "messages": [{"role": "user", "content": content}]}


async def load(target: Running, model: str, requests: int, *, stream: bool, seed: int) -> list[float]:
    """Send requests, `CONCURRENCY` at a time; returns seconds of each. Errors: RuntimeError for an answer but 200."""
    chosen = random.Random(seed)
    bodies = [body(model, chosen, stream=stream) for _ in range(requests)]
    seconds: list[float] = []
    waiting = iter(bodies)
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        base_url=target.url, headers=headers, timeout=60, trust_env=False, limits=limits
    ) as client:

        async def worker() -> None:
            for given in waiting:
                begun = time.perf_counter()
                answer = await client.post(PATH, json=given)
                seconds.append(time.perf_counter() - begun)
                if answer.status_code != httpx.codes.OK:
                    raise RuntimeError(f"{model}: {answer.status_code} {answer.text[:300]}")

        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
    return seconds


def compare(*, rounds: int, requests: int, progress: Progress = lambda _: None) -> dict[str, Any]:
    """All arms run at once; in each round every arm in turn gets `requests` requests, streamed and not.

    Returns per arm: CPU milliseconds a request and latencies in milliseconds (medians over rounds), start and memory;
    and paired ratios of CPU with their 95 % intervals.
    """
    core = max(os.sched_getaffinity(0))
    cpu: dict[str, dict[bool, list[float]]] = {}
    tail: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="router-bench-")))
        chosen = arms(stack.enter_context(backend()))
        started = {}
        for arm in chosen:
            started[arm.name] = stack.enter_context(proxy(arm.config, folder / arm.name, core=core))
            cpu[arm.name], tail[arm.name] = {False: [], True: []}, []
            progress(f"{arm.name}: ready after {started[arm.name].ready_seconds:.1f} s")
        begin_mb = {}
        for arm in chosen:
            asyncio.run(load(started[arm.name], arm.model, requests, stream=False, seed=0))  # warm-up
            asyncio.run(load(started[arm.name], arm.model, requests, stream=True, seed=0))
            begin_mb[arm.name] = started[arm.name].rss_mb()
        for number in range(rounds):
            order = [*chosen]
            random.Random(number).shuffle(order)
            for stream in (False, True):
                for arm in order:
                    _measure(arm, started[arm.name], requests, stream, number, cpu, tail)
            progress(f"round {number + 1} of {rounds}")
        return {
            "rounds": rounds,
            "requests_a_round": requests,
            "arms": {arm.name: _figures(arm, started[arm.name], cpu, tail, begin_mb) for arm in chosen},
            "cpu_ratios": {
                f"{one} / {other}, {'streamed' if stream else 'whole'}": _as_json(
                    interval(_ratios(cpu[one][stream], cpu[other][stream]))
                )
                for one, other in PAIRS
                for stream in (False, True)
            },
        }


def _measure(
    arm: Arm,
    target: Running,
    requests: int,
    stream: bool,
    number: int,
    cpu: dict[str, dict[bool, list[float]]],
    tail: dict[str, list[float]],
) -> None:
    before = target.cpu_seconds()
    seconds = asyncio.run(load(target, arm.model, requests, stream=stream, seed=number + 1))
    cpu[arm.name][stream].append((target.cpu_seconds() - before) / requests)
    if not stream:
        tail[arm.name] += seconds


def _figures(
    arm: Arm,
    target: Running,
    cpu: dict[str, dict[bool, list[float]]],
    tail: dict[str, list[float]],
    begin_mb: dict[str, float],
) -> dict[str, Any]:
    return {
        "what": arm.what,
        "cpu_ms_whole": round(1000 * median(cpu[arm.name][False]), 3),
        "cpu_ms_streamed": round(1000 * median(cpu[arm.name][True]), 3),
        "p50_ms": round(1000 * median(tail[arm.name]), 2),
        "p99_ms": round(1000 * quantile(tail[arm.name], 0.99), 2),
        "ready_s": round(target.ready_seconds, 2),
        "rss_mb_start": round(begin_mb[arm.name], 1),
        "rss_mb_end": round(target.rss_mb(), 1),
    }


def _ratios(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(one, other, strict=True)]


def _as_json(found: Interval) -> dict[str, float]:
    return {
        "median": round(found.median, 4),
        "low": round(found.low, 4),
        "high": round(found.high, 4),
        "pairs": found.pairs,
    }
