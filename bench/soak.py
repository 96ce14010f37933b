"""Many requests at once while back ends die and come back: what was answered, lost, wrong, leaked, and the memory."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from bench.process import KEY, ROOT, Running, proxy
from router_plugin.fakes import FakeProvider, Fault, faults
from router_plugin.leaktest import canary

LOCAL = ("ollama-a", "ollama-b")
CLOUD = ("azure", "openai", "anthropic")
FLAPPING = ("ollama-a", "azure", "openai")  # half of the back ends and one more
STEADY = "ollama-b"  # the one that is always up: private requests have no other
WAYS_TO_FAIL: tuple[Fault, ...] = (
    faults.REFUSE,
    faults.REFUSE,
    faults.STATUS_503,
    faults.STATUS_500,
    faults.STATUS_429_RETRY_AFTER,
    faults.RESET,
    faults.DIES_BEFORE_CONTENT_RESET,
)
DOWN_SECONDS, UP_SECONDS = (0.5, 4.0), (0.5, 4.0)
WARM_UP = 500  # requests, with failures, before memory is taken for the first time
PATHS = {
    "chat": "/v1/chat/completions",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
}
PUBLIC = (
    "What is the capital of Portugal?",
    "Rewrite this sentence in plain English: the aforementioned item was procured.",
    "Write a Python function that merges two sorted lists, and explain its complexity.",
    "Design a fault-tolerant event pipeline for 50,000 messages a second; compare three architectures in depth.",
    "Prove that the sum of two even numbers is even.",
)
ECHO = r"[a-z]{12,24}y(?:[a-z]u)+"  # the made-up word of a canary
ERROR_INSIDE = re.compile(r'"error": ?[{"]|event: error')

Progress = Callable[[str], None]


@dataclass
class Tally:
    """What became of the requests."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


def run(*, requests: int, concurrency: int, seed: int, progress: Progress) -> dict[str, Any]:
    """The figures of one soak: counts, latencies in seconds, memory in megabytes."""
    rng = random.Random(seed)
    with contextlib.ExitStack() as stack:
        pack: dict[str, Any] = yaml.safe_load((ROOT / "litellm_config.yaml").read_text(encoding="utf-8"))
        pulled = [str(entry["litellm_params"]["model"]).partition("/")[2] for entry in pack["model_list"]]
        fakes = {
            name: stack.enter_context(
                FakeProvider(name, kind="ollama", models=pulled) if name in LOCAL else FakeProvider(name, kind=name)
            )
            for name in (*LOCAL, *CLOUD)
        }
        for fake in fakes.values():
            fake.backend.echo = ECHO
            fake.latency, fake.pace = 0.005, 0.001
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environ = {"OLLAMA_HOST": fakes[STEADY].base_url, "NO_PROXY": "127.0.0.1"}
        for name in CLOUD:
            environ[f"{name.upper()}_API_KEY"] = "sk-invented"
        environ |= {"AZURE_OPENAI_API_KEY": "invented", "AZURE_OPENAI_ENDPOINT": fakes["azure"].base_url}
        with _environment(environ), proxy(_config(pack, fakes), folder, serve=True, environ=environ) as running:
            return asyncio.run(_soak(running, fakes, requests, concurrency, rng, progress))


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _config(pack: dict[str, Any], fakes: Mapping[str, FakeProvider]) -> dict[str, Any]:
    """The config pack with each Ollama deployment on both servers, and the cloud's at the fakes."""
    entries = []
    for entry in pack["model_list"]:
        provider = entry["model_info"]["router"]["provider"]
        for number, name in enumerate(LOCAL if provider == "ollama" else (provider,), 1):
            one = copy.deepcopy(entry)
            one["litellm_params"]["api_base"] = fakes[name].base_url
            if provider == "ollama":
                one["model_info"]["id"] = f"{entry['model_name']}-{number}"
            entries.append(one)
            if str(entry["model_name"]).startswith("auto"):
                break  # a door is one deployment
    pack["model_list"] = entries
    pack["callback_settings"]["router_plugin"]["routing"]["breaker"] = {"recovery_seconds": 2}
    return pack


async def _soak(
    running: Running,
    fakes: Mapping[str, FakeProvider],
    requests: int,
    concurrency: int,
    rng: random.Random,
    progress: Progress,
) -> dict[str, Any]:
    tally = Tally()
    cards = [make_card(number, rng) for number in range(WARM_UP + requests)]
    limits = httpx.Limits(max_connections=None)

    def at(done: int) -> None:
        progress(f"{done} requests, {running.rss_mb():.0f} MB")

    async with httpx.AsyncClient(
        base_url=running.url,
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=240,
        trust_env=False,
        limits=limits,
    ) as client:
        flapping = [asyncio.create_task(_flap(fakes[name], random.Random(rng.random()))) for name in FLAPPING]
        await _fire(client, cards[:WARM_UP], concurrency, Tally(), at)
        for fake in fakes.values():
            fake.clear()
        first = running.rss_mb()
        begun = time.monotonic()
        await _fire(client, cards[WARM_UP:], concurrency, tally, at)
        seconds = time.monotonic() - begun
        for task in flapping:
            task.cancel()
        last = running.rss_mb()
    return _figures(tally, cards[WARM_UP:], fakes, seconds, first, last)


@dataclass(frozen=True)
class Card:
    """One request to send."""

    canary: canary.Canary
    private: bool
    shape: str
    stream: bool


def make_card(number: int, rng: random.Random) -> Card:
    private = rng.random() < 1 / 3
    shape, stream = rng.choice(list(PATHS)), rng.random() < 0.5
    made = canary.make(rng.choice(list(canary.KINDS)), number) if private else canary.public(number, rng.choice(PUBLIC))
    return Card(made, private, shape, stream)


async def _flap(fake: FakeProvider, rng: random.Random) -> None:
    """Up for a while, then failing in some way for a while, until cancelled; up at the end."""
    try:
        while True:
            await asyncio.sleep(rng.uniform(*UP_SECONDS))
            fake.default_fault = rng.choice(WAYS_TO_FAIL)
            await asyncio.sleep(rng.uniform(*DOWN_SECONDS))
            fake.default_fault = None
    finally:
        fake.default_fault = None


async def _fire(
    client: httpx.AsyncClient, cards: list[Card], concurrency: int, tally: Tally, progress: Callable[[int], None]
) -> None:
    waiting = iter(cards)
    done = 0

    async def worker() -> None:
        nonlocal done
        for card in waiting:
            begun = time.monotonic()
            outcome, reason = await one(client, card)
            tally.seconds.append(time.monotonic() - begun)
            tally.outcomes[outcome] += 1
            if reason:
                tally.reasons[reason] += 1
            done += 1
            if done % 500 == 0:
                progress(done)

    await asyncio.gather(*(worker() for _ in range(concurrency)))


def _body(card: Card) -> dict[str, Any]:
    body: dict[str, Any] = {"model": "auto", "stream": card.stream}
    if card.shape == "responses":
        return {**body, "input": card.canary.text}
    body["messages"] = [{"role": "user", "content": card.canary.text}]
    return {**body, "max_tokens": 200} if card.shape == "messages" else body


async def one(client: httpx.AsyncClient, card: Card) -> tuple[str, str]:
    """What a request came to, and why where it wasn't answered. `lost`: without a clear error."""
    try:
        answer = await client.post(PATHS[card.shape], json=_body(card))
    except httpx.HTTPError as error:
        return "lost", f"{card.shape}: {type(error).__name__}"
    text = answer.text
    where = f"{card.shape}{' stream' if card.stream else ''}"
    if answer.status_code != httpx.codes.OK:
        return ("refused" if _is_error(text) else "lost"), f"{where}: {answer.status_code}"
    if ERROR_INSIDE.search(text):
        return "broken", f"{where}: an error event after the answer had begun"
    written = _written(text) if card.stream else text
    if card.canary.token not in written:
        return ("wrong" if "served by" in written else "lost"), f"{where}: 200 without its answer"
    return "answered", ""


def _is_error(text: str) -> bool:
    try:
        return isinstance(json.loads(text).get("error"), dict)
    except (ValueError, AttributeError):
        return False


def _written(events: str) -> str:
    """The text of a stream's deltas."""
    parts = []
    for line in events.splitlines():
        if not line.startswith("data: {"):
            continue
        try:
            event = json.loads(line[6:])
        except ValueError:  # half an event: the rest of its text is missing, and so the answer's word
            continue
        delta = event.get("delta")
        if isinstance(delta, dict):
            parts.append(str(delta.get("text") or ""))
        elif isinstance(delta, str):
            parts.append(delta)
        parts += [str((choice.get("delta") or {}).get("content") or "") for choice in event.get("choices") or ()]
    return "".join(parts)


def _figures(
    tally: Tally, cards: list[Card], fakes: Mapping[str, FakeProvider], seconds: float, first: float, last: float
) -> dict[str, Any]:
    private = {card.canary.token.encode() for card in cards if card.private}
    secrets = [card.canary.secret for card in cards if card.private and card.canary.secret]
    arrived = [request for name in CLOUD for request in fakes[name].requests]
    sent = b"\n".join(request.body for request in arrived)
    leaks = sum(token in sent for token in private) + sum(secret.encode() in sent for secret in secrets)
    waits = sorted(tally.seconds)
    return {
        "requests": len(cards),
        "private": len(private),
        **{name: tally.outcomes[name] for name in ("answered", "refused", "broken", "wrong", "lost")},
        "answered_share": round(tally.outcomes["answered"] / len(cards), 5),
        "leaks": leaks,
        "reasons": dict(tally.reasons.most_common()),
        "calls": {name: len(fake.calls) for name, fake in fakes.items()},
        "seconds": round(seconds, 1),
        "p50_s": round(waits[len(waits) // 2], 3),
        "p99_s": round(waits[len(waits) * 99 // 100], 3),
        "longest_s": round(waits[-1], 3),
        "rss_mb_start": round(first, 1),
        "rss_mb_end": round(last, 1),
        "rss_growth": round(last / first - 1, 4),
    }
