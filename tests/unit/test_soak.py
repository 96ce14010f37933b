"""The soak: it tells answers, refusals, losses and leaks apart, and it runs."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bench import soak

ROOT = Path(__file__).resolve().parents[2]


def card(*, stream: bool = False, shape: str = "chat") -> soak.Card:
    return soak.Card(soak.canary.public(1, "Hello"), private=False, shape=shape, stream=stream)


def chunk(text: str) -> str:
    return "data: " + json.dumps({"choices": [{"delta": {"content": text}}]}) + "\n\n"


async def outcome(card: soak.Card, status: int, text: str) -> str:
    """What an answer with this status and text counts as."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=text))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return (await soak.one(client, card))[0]


async def test_each_end_of_a_request_is_told_apart() -> None:
    """Its own word in the answer counts, another's is wrong, an error in the API's shape is a refusal, else lost."""
    whole, stream = card(), card(stream=True)
    token = whole.canary.token
    split = chunk(stream.canary.token[:4]) + chunk(stream.canary.token[4:])
    assert await outcome(whole, 200, f"{token} served by azure") == "answered"
    assert await outcome(whole, 200, "served by azure") == "wrong"
    assert await outcome(whole, 200, "") == "lost"
    assert await outcome(whole, 503, '{"error": {"message": "down"}}') == "refused"
    assert await outcome(whole, 502, "<html>") == "lost"
    assert await outcome(stream, 200, 'data: {"choices": [') == "lost"
    assert await outcome(stream, 200, split) == "answered"
    assert await outcome(stream, 200, chunk("x") + 'data: {"error": {"message": "cut"}}\n\n') == "broken"


def test_the_traffic_is_the_same_for_a_seed_but_its_words() -> None:
    """Shape, stream and privacy follow the seed; about a third is private; every shape occurs."""

    def made(seed: int) -> list[tuple[bool, str, bool]]:
        rng = random.Random(seed)
        return [(c.private, c.shape, c.stream) for c in (soak.make_card(number, rng) for number in range(300))]

    assert made(3) == made(3) != made(4)
    assert 60 < sum(private for private, _, _ in made(3)) < 140
    assert {shape for _, shape, _ in made(3)} == set(soak.PATHS)


@pytest.mark.slow
@pytest.mark.e2e
def test_a_short_soak_loses_and_leaks_nothing(tmp_path: Path) -> None:
    """Back ends die and return under a real proxy: no private byte at a cloud provider, no answer of another's."""
    out = tmp_path / "soak.json"
    command = [sys.executable, str(ROOT / "scripts" / "soak.py"), "--requests", "200", "--json", str(out)]
    done = subprocess.run(command, capture_output=True, timeout=500, check=False, text=True)
    assert out.exists(), done.stderr[-2000:]
    found = json.loads(out.read_text())
    assert (found["leaks"], found["wrong"], found["lost"]) == (0, 0, 0)
    assert found["answered_share"] >= 0.98
    assert found["private"] > 30
    assert sum(found["calls"].values()) >= 200
