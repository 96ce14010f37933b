"""One decision in process, beside what peers need for their part of it: prompts, conversations, hostile inputs."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

from bench.peers_elsewhere import ABSENT, PEERS
from bench.stats import median, quantile, r_squared

if TYPE_CHECKING:
    from router_plugin.pipeline import Router

ROOT = Path(__file__).resolve().parents[1]
WORDS = (
    *("service", "order", "queue", "invoice", "region", "team", "plan", "report", "table", "window", "river", "garden"),
    *(
        "answer",
        "question",
        "number",
        "letter",
        "change",
        "compare",
        "explain",
        "write",
        "list",
        "summarise",
        "because",
    ),
    *("however", "between", "before", "after", "under", "over", "small", "large", "early", "late", "green"),
    *(
        "blue",
        "quiet",
        "open",
        "closed",
        "first",
        "second",
        "third",
        "many",
        "few",
        "some",
        "every",
        "other",
        "same",
        "new",
    ),
)
PROMPT_WORDS = (50, 500, 2_000)
CONVERSATIONS = (10_000, 100_000, 1_000_000)  # characters
# Long runs of one shape that slow patterns down: each made to about the size asked for.
HOSTILE: dict[str, str] = {
    "digits": "1234 5678 ",
    "addresses": "a.b.c.d@e.f.g ",
    "dots": "a.a.a.a.a.a.",
    "hex": "deadbeef",
    "base64": "QUJDREVGR0hJSktMTU5PUA==\n",
    "percent": "%41%42",
    "colons": "key: : : = ",
    "zero width": "a\u200b1\u200b",
}
Decide = Callable[[str], object]


def text(words: int, seed: int) -> str:
    """Words in random order, so that no two prompts are alike."""
    chosen = random.Random(seed)
    return " ".join(chosen.choices(WORDS, k=words))


def conversation(characters: int, seed: int) -> list[dict[str, str]]:
    """Messages of about 1,000 characters, in turn from the user and the assistant; the last is the user's."""
    turns = max(1, characters // 1_000) | 1
    return [
        {"role": "assistant" if i % 2 else "user", "content": text(160, seed * 10_000 + i)[:1_000]}
        for i in range(turns)
    ]


def measure(decide: Decide, make: Callable[[int], str], repeats: int) -> dict[str, float]:
    """p50 and p99 in microseconds over inputs that differ, after a warm-up."""
    for seed in _warm_up():
        decide(make(seed))
    seconds = []
    for seed in range(repeats):
        given = make(seed)
        begun = time.perf_counter()
        decide(given)
        seconds.append(time.perf_counter() - begun)
    return _figures([1e6 * value for value in seconds])


def measure_elsewhere(python: Path, peer: str, make: Callable[[int], str], repeats: int) -> dict[str, float] | None:
    """The same for a peer that `python` has; None where it hasn't. Errors: RuntimeError where the peer fails."""
    seeds = (*_warm_up(), *range(repeats))
    command = [str(python), "-I", str(ROOT / "bench" / "peers_elsewhere.py"), peer]
    given = "".join(json.dumps(make(seed)) + "\n" for seed in seeds)
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode == ABSENT:
        return None
    took = [float(line) for line in done.stdout.split()]
    if done.returncode or len(took) != len(seeds):
        raise RuntimeError(f"{peer} under {python} failed: {done.stderr[-300:]}")
    return _figures(took[-repeats:])


def _warm_up() -> range:
    return range(1_000_000, 1_000_003)


def _figures(microseconds: list[float]) -> dict[str, float]:
    return {"p50_us": round(median(microseconds), 1), "p99_us": round(quantile(microseconds, 0.99), 1)}


def peers() -> Iterator[tuple[str, Decide]]:
    """What is compared with a decision on one prompt: each does part of what ours does."""
    from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter

    from router_plugin.keywords import keyword_score

    yield "keyword heuristic (complexity)", lambda given: keyword_score(given, 1)
    for kind in ("heuristic", "heuristic_v2"):
        settings = {"classifier_type": kind} if kind != "heuristic" else None
        peer = ComplexityRouter("bench", MagicMock(), complexity_router_config=settings)
        yield f"LiteLLM {kind} (complexity)", peer.classify
    yield "LiteLLM content filter (privacy, 8 patterns)", _content_filter()


def _content_filter() -> Decide:
    from litellm.proxy.guardrails.guardrail_hooks.litellm_content_filter.content_filter import ContentFilterGuardrail
    from litellm.types.guardrails import ContentFilterPattern

    names = ("us_ssn", "email", "visa", "mastercard", "amex", "aws_access_key", "github_token", "us_phone")
    patterns = [ContentFilterPattern(pattern_type="prebuilt", pattern_name=n, action="MASK") for n in names]
    peer = ContentFilterGuardrail(guardrail_name="bench", patterns=patterns)
    loop = asyncio.new_event_loop()
    return lambda given: loop.run_until_complete(peer.apply_guardrail({"texts": [given]}, {}, "request"))


def from_elsewhere(python: Path, repeats: int) -> tuple[dict[str, Any], dict[str, str]]:
    """The rows of the peers that `python` has, and for each of the others what to install."""
    rows: dict[str, Any] = {}
    absent: dict[str, str] = {}
    for peer, (_, package, _) in PEERS.items():
        row = {f"{words} words": measure_elsewhere(python, peer, make, n) for words, make, n in _sizes(repeats)}
        if None in row.values():
            absent[peer] = (
                f"not installed: pip install {package} into a venv of its own, then --peers-python its python"
            )
        else:
            rows[peer] = row
    return rows, absent


def _sizes(repeats: int) -> list[tuple[int, Callable[[int], str], int]]:
    """The words of a prompt, what makes one from a seed, and how many are timed."""
    return [(words, partial(text, words), max(20, repeats * 50 // words)) for words in PROMPT_WORDS]


def run(*, repeats: int, peers_python: Path, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """All figures of this part; conversations as milliseconds of the first sight and of the following turn."""
    from router_plugin.request import Surface
    from router_plugin.steering import Steering

    router = make_router()

    def ours(given: str) -> object:
        body = {"messages": [{"role": "user", "content": given}]}
        return router.decide(body, Surface.CHAT, Steering())

    prompts: dict[str, Any] = {}
    for name, decide in (("ours (privacy, complexity, policy)", ours), *peers()):
        prompts[name] = {f"{words} words": measure(decide, make, n) for words, make, n in _sizes(repeats)}
        progress(name)
    rows, absent = from_elsewhere(peers_python, repeats)
    prompts |= rows
    progress("privacy scanners")
    turns: dict[str, Any] = {}
    for characters in CONVERSATIONS:
        first: list[float] = []
        following: list[float] = []
        for seed in range(5):
            messages = conversation(characters, seed)
            for kept in (first, following):
                begun = time.perf_counter()
                router.decide({"messages": messages}, Surface.CHAT, Steering())
                kept.append(time.perf_counter() - begun)
                messages = [*messages, {"role": "assistant", "content": text(80, seed)}]
                messages += [{"role": "user", "content": f"and {text(20, seed)}"}]
        turns[f"{characters // 1000} kB"] = {
            "first_ms": round(1e3 * median(first), 2),
            "next_ms": round(1e3 * median(following), 2),
        }
    progress("conversations")
    hostile = {name: _once(ours, (piece * (1_000_000 // len(piece)))) for name, piece in HOSTILE.items()}
    progress("hostile inputs")
    sizes = [1_000, 10_000, 100_000, 300_000, 1_000_000]
    growth = [median([_once(ours, text(n // 6, seed)) for seed in range(3)]) for n in sizes]
    return {
        "prompts": prompts,
        "absent": absent,
        "conversations": turns,
        "hostile_1mb_ms": hostile,
        "growth_r2": round(r_squared(sizes, growth), 4),
    }


def make_router() -> Router:
    """The pack's router, with windows that the longest input fits."""
    from router_plugin.build import build_router
    from router_plugin.config import check, read_file

    raw = read_file(ROOT / "litellm_config.yaml")
    for entry in raw["model_list"]:
        marks = entry["model_info"]["router"]
        entry["litellm_params"].pop("num_ctx", None)  # it would bound the window
        entry["model_info"] = entry["model_info"] | {"router": marks | {"capabilities": {"context_window": 10_000_000}}}
    return build_router(check(raw, os.environ))


def _once(decide: Decide, given: str) -> float:
    begun = time.perf_counter()
    decide(given)
    return round(1e3 * (time.perf_counter() - begun), 1)
