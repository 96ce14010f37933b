"""router_plugin.health: which servers are there, and what they have in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from router_plugin.health import Health, Status, ask
from tests.unit.builders import deployment

MODEL = "llama3.1:8b"


@pytest.fixture
def ollama() -> Iterator[FakeProvider]:
    with FakeProvider("ollama", kind="ollama", models=[MODEL, "nomic-embed-text:latest"]) as fake:
        yield fake


def watching(*fakes: FakeProvider, seconds: float = 3600.0, returned: list[str] | None = None) -> Health:
    """A health over one deployment each, called d1, d2, ..."""
    found = [
        deployment("ollama-default", id=f"d{number}", model=f"ollama_chat/{MODEL}", api_base=fake.base_url)
        for number, fake in enumerate(fakes, 1)
    ]
    return Health(found, seconds, (returned if returned is not None else []).append)


async def look(health: Health) -> None:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        await health.check(client)


async def test_a_look_asks_for_lists_and_generates_nothing(ollama: FakeProvider) -> None:
    """Version, pulled models and loaded models, by GET."""
    ollama.backend.loaded = [MODEL]
    async with httpx.AsyncClient(trust_env=False) as client:
        found = await ask(ollama.base_url, client)
    assert found == Status(True, "0.12.6", frozenset({MODEL, "nomic-embed-text:latest"}), frozenset({MODEL}))
    asked = {(request.method, request.path) for request in ollama.requests}
    assert asked == {("GET", "/api/version"), ("GET", "/api/tags"), ("GET", "/api/ps")}
    assert ollama.calls == []


async def test_before_the_first_look_every_server_counts_as_up(ollama: FakeProvider) -> None:
    """A start isn't a failure; nothing is warm then."""
    health = watching(ollama)
    assert health.can_answer("d1")
    assert not health.is_warm("d1")


async def test_warm_is_what_is_in_memory(ollama: FakeProvider) -> None:
    """Told by `/api/ps`."""
    health = watching(ollama)
    await look(health)
    assert not health.is_warm("d1")
    ollama.backend.loaded = [MODEL]
    await look(health)
    assert health.is_warm("d1")


async def test_a_name_without_a_tag_means_latest(ollama: FakeProvider) -> None:
    """As in Ollama: the config says `nomic-embed-text`, the list `nomic-embed-text:latest`."""
    ollama.backend.loaded = ["nomic-embed-text:latest"]
    embed = deployment("ollama-embed", model="ollama/nomic-embed-text", api_base=ollama.base_url)
    health = Health([embed], 3600)
    await look(health)
    assert health.is_warm(embed.id)
    assert health.can_answer(embed.id)


async def test_a_server_goes_down_and_comes_back(ollama: FakeProvider) -> None:
    """Its return is told once, and neither is its first sight."""
    returned: list[str] = []
    health = watching(ollama, returned=returned)
    await look(health)
    ollama.down()
    await look(health)
    assert not health.can_answer("d1")
    assert returned == []
    ollama.up()
    await look(health)
    await look(health)
    assert health.can_answer("d1")
    assert returned == [health.servers[0]]


@pytest.mark.parametrize(("status", "there"), [("status-500", False), ("status-503", False), ("status-404", True)])
async def test_only_a_servers_own_error_is_down(ollama: FakeProvider, status: str, there: bool) -> None:
    """Whatever else it says, something answers there."""
    ollama.default_fault = replace(BY_NAME[status], probes=True)
    health = watching(ollama)
    await look(health)
    assert health.can_answer("d1") is there


async def test_a_server_that_accepts_and_says_nothing_is_down(ollama: FakeProvider) -> None:
    """And it doesn't hold up the look at the others."""
    ollama.latency = 30.0
    with FakeProvider("other", kind="ollama", models=[MODEL]) as other:
        health = watching(ollama, other)
        async with httpx.AsyncClient(timeout=0.3, trust_env=False) as client:
            await asyncio.wait_for(health.check(client), 2)
    assert (health.can_answer("d1"), health.can_answer("d2")) == (False, True)


async def test_a_server_without_the_model_is_passed_over(ollama: FakeProvider) -> None:
    """It may have been removed, or not pulled yet on a server that was down at the start."""
    health = watching(ollama)
    ollama.backend.models = ["phi3:mini"]
    await look(health)
    assert health.status(health.servers[0]).up
    assert not health.can_answer("d1")
    ollama.backend.models = [MODEL]
    await look(health)
    assert health.can_answer("d1")


async def test_a_failed_call_takes_a_server_out_until_it_has_answered(ollama: FakeProvider) -> None:
    """At once, and the watch looks at once: a call that failed for another reason costs no ten seconds."""
    health = watching(ollama)
    watch = asyncio.create_task(health.run())
    try:
        await _until(lambda: health.status(health.servers[0]).version != "")
        health.found_none(health.servers[0])
        assert not health.can_answer("d1")
        await _until(lambda: health.can_answer("d1"))
    finally:
        watch.cancel()


async def test_the_watch_finds_a_return_by_itself(ollama: FakeProvider) -> None:
    """No request has to try."""
    health = watching(ollama, seconds=0.05)
    ollama.down()
    watch = asyncio.create_task(health.run())
    try:
        await _until(lambda: not health.can_answer("d1"))
        ollama.up()
        await _until(lambda: health.can_answer("d1"))
    finally:
        watch.cancel()


async def test_only_local_ollama_deployments_are_watched() -> None:
    """Another kind of server has no such lists, and nobody asks a cloud how it is."""
    cloud = deployment("openai-default")
    other = deployment("vllm-default", local=True, model="hosted_vllm/x")
    health = Health([cloud, other], 10)
    assert health.servers == ()
    assert health.can_answer(cloud.id)
    assert health.can_answer(other.id)
    await health.run()  # nothing to do, so it ends


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")
