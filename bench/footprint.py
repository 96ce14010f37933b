"""Memory: whole proxies after many requests and long conversations, allocations of a decision, and what is imported."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from bench.arms import Arm, arms
from bench.decision import conversation, make_router, text
from bench.process import KEY, ROOT, Running, backend, proxy
from bench.stats import median
from bench.whole_proxy import PATH, load

COMPARED = ("default", "plugin")
CONVERSATION_CHARACTERS = 30_000
HEAVY = ("sklearn", "numpy", "scipy", "pandas", "torch", "onnxruntime", "transformers")
WARM_UP = 100
DECISIONS = 500
# What the router adds to a proxy: its modules, after LiteLLM's. numpy may be LiteLLM's own.
IMPORTS = f"""
import sys, time
import litellm.proxy.proxy_server
before = set(sys.modules)
begun = time.perf_counter()
import router_plugin.build, router_plugin.gate, router_plugin.hooks
seconds = time.perf_counter() - begun
added = set(sys.modules) - before
print(seconds, ",".join(name for name in {HEAVY!r} if name in added))
"""


def run(
    *, requests: int, conversations: int, repeats: int, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Megabytes of the proxies at start, after `requests` and after `conversations`; kilobytes a decision; imports."""
    found: dict[str, Any] = {"imports": imports(repeats), "decision": allocations(DECISIONS)}
    progress("imports and allocations")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="router-bench-")))
        chosen = [arm for arm in arms(stack.enter_context(backend())) if arm.name in COMPARED]
        started = {arm.name: stack.enter_context(proxy(arm.config, folder / arm.name)) for arm in chosen}
        for arm in chosen:
            found[arm.name] = _proxy_mb(arm, started[arm.name], requests, conversations)
            progress(arm.name)
    found["over_default"] = {name: round(value - found["default"][name], 1) for name, value in found["plugin"].items()}
    return {"requests": requests, "conversations": conversations, **found}


def _proxy_mb(arm: Arm, target: Running, requests: int, conversations: int) -> dict[str, float]:
    asyncio.run(load(target, arm.model, WARM_UP, stream=False, seed=0))
    figures = {"start_mb": target.rss_mb()}
    asyncio.run(load(target, arm.model, requests, stream=False, seed=1))
    figures["after_requests_mb"] = target.rss_mb()
    with httpx.Client(
        base_url=target.url, headers={"Authorization": f"Bearer {KEY}"}, timeout=60, trust_env=False
    ) as client:
        for seed in range(conversations):
            messages = conversation(CONVERSATION_CHARACTERS, seed)
            client.post(PATH, json={"model": arm.model, "messages": messages}).raise_for_status()
    figures["after_conversations_mb"] = target.rss_mb()
    return {name: round(value, 1) for name, value in figures.items()}


def allocations(decisions: int) -> dict[str, float]:
    """Of a decision on 50 words: the most that it holds at once, and what stays, in kilobytes by tracemalloc."""
    from router_plugin.request import Surface
    from router_plugin.steering import Steering

    router = make_router()
    prompts = [text(50, seed) for seed in range(2 * decisions)]
    peaks: list[float] = []

    def decide(prompt: str) -> None:
        router.decide({"messages": [{"role": "user", "content": prompt}]}, Surface.CHAT, Steering())

    for prompt in prompts[:decisions]:
        decide(prompt)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for prompt in prompts[decisions:]:
            tracemalloc.reset_peak()
            held = tracemalloc.get_traced_memory()[0]
            decide(prompt)
            peaks.append(tracemalloc.get_traced_memory()[1] - held)
        stays = (tracemalloc.get_traced_memory()[0] - before) / decisions
    finally:
        tracemalloc.stop()
    return {"peak_kb": round(median(peaks) / 1024, 1), "stays_kb": round(stays / 1024, 2)}


def imports(repeats: int) -> dict[str, Any]:
    """Seconds that the router's modules take to import after LiteLLM's, and the heavy packages that came with them."""
    seconds, heavy = [], ""
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, capture_output=True, text=True, check=True)
        taken, _, heavy = done.stdout.strip().splitlines()[-1].partition(" ")
        seconds.append(float(taken))
    return {"seconds": round(median(seconds), 3), "heavy": heavy.split(",") if heavy else []}
