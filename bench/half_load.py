"""Latency where a proxy has time to spare: requests at half the rate it could take, with and without the router."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from bench.arms import Arm, arms
from bench.process import KEY, Running, backend, proxy
from bench.stats import interval, median, quantile
from bench.whole_proxy import PATH, body, load

COMPARED = ("default", "pack", "plugin")


async def paced(target: Running, model: str, gap: float, requests: int, *, stream: bool, seed: int) -> list[float]:
    """Send a request every `gap` seconds, whether or not earlier ones are answered; returns seconds of each.

    Of a stream the seconds are those to its first byte. Errors: RuntimeError for an answer but 200.
    """
    chosen = random.Random(seed)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=target.url, headers=headers, timeout=60, trust_env=False) as client:

        async def one(given: dict[str, Any]) -> float:
            begun = time.perf_counter()
            async with client.stream("POST", PATH, json=given) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise RuntimeError(f"{model}: {answer.status_code}")
                pieces = answer.aiter_raw()
                await anext(pieces)
                first = time.perf_counter() - begun
                async for _ in pieces:
                    pass
            return first if stream else time.perf_counter() - begun

        begun = time.perf_counter()
        under_way = []
        for number in range(requests):
            await asyncio.sleep(max(0.0, begun + number * gap - time.perf_counter()))
            under_way.append(asyncio.create_task(one(body(model, chosen, stream=stream))))
        return list(await asyncio.gather(*under_way))


def run(*, rounds: int, requests: int, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Per arm p50 and p99 in milliseconds over all rounds, and what the plugin adds: medians of paired differences.

    The rate is half of what the plugin's proxy can take, by its CPU seconds a request, whole or streamed; all arms
    get the same.
    """
    core = max(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="router-bench-")))
        chosen = {arm.name: arm for arm in arms(stack.enter_context(backend())) if arm.name in COMPARED}
        started = {
            name: stack.enter_context(proxy(arm.config, folder / name, core=core)) for name, arm in chosen.items()
        }
        gaps = {}
        for stream in (False, True):
            for name, arm in chosen.items():
                asyncio.run(load(started[name], arm.model, requests, stream=stream, seed=0))  # warm-up
            gaps[stream] = 2 * _cpu_seconds(started["plugin"], chosen["plugin"], requests, stream=stream)
        progress(f"a request every {1000 * gaps[False]:.1f} ms, a stream every {1000 * gaps[True]:.1f} ms")
        seconds: dict[str, dict[bool, list[list[float]]]] = {name: {False: [], True: []} for name in chosen}
        for number in range(rounds):
            order = [*chosen]
            random.Random(number).shuffle(order)
            for stream in (False, True):
                for name in order:
                    found = paced(
                        started[name], chosen[name].model, gaps[stream], requests, stream=stream, seed=number + 1
                    )
                    seconds[name][stream].append(asyncio.run(found))
            progress(f"round {number + 1} of {rounds}")
    return {
        "gap_ms": round(1000 * gaps[False], 2),
        "stream_gap_ms": round(1000 * gaps[True], 2),
        "rounds": rounds,
        "requests_a_round": requests,
        "arms": {name: _figures(found) for name, found in seconds.items()},
        "added_ms": {other: _added(seconds["plugin"], seconds[other]) for other in COMPARED if other != "plugin"},
    }


def _cpu_seconds(target: Running, arm: Arm, requests: int, *, stream: bool) -> float:
    before = target.cpu_seconds()
    asyncio.run(load(target, arm.model, requests, stream=stream, seed=1))
    return (target.cpu_seconds() - before) / requests


def _figures(found: dict[bool, list[list[float]]]) -> dict[str, float]:
    """Of whole answers, and of the first byte of streams."""
    figures = {}
    for stream, name in ((False, "whole"), (True, "first_byte")):
        every = [value for one_round in found[stream] for value in one_round]
        figures[f"{name}_p50_ms"] = round(1000 * median(every), 2)
        figures[f"{name}_p99_ms"] = round(1000 * quantile(every, 0.99), 2)
    return figures


def _added(ours: dict[bool, list[list[float]]], theirs: dict[bool, list[list[float]]]) -> dict[str, list[float]]:
    """The median over rounds of the difference of p50 and p99, each with its 95 % interval, in milliseconds."""
    added = {}
    for stream, name in ((False, "whole"), (True, "first_byte")):
        for q in (0.5, 0.99):
            pairs = zip(ours[stream], theirs[stream], strict=True)
            found = interval([1000 * (quantile(a, q) - quantile(b, q)) for a, b in pairs])
            added[f"{name}_p{round(100 * q)}"] = [round(v, 2) for v in (found.median, found.low, found.high)]
    return added
