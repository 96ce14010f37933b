"""router_plugin.hangup: work for a client that is gone is cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from router_plugin import hangup
from router_plugin.hangup import Line, while_there


class Client:
    """An ASGI `receive` that tells of a hang-up when it is asked to, and counts its readers."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()
        self.readers = 0

    async def receive(self) -> dict[str, Any]:
        self.readers += 1
        await self.leaves.wait()
        return {"type": "http.disconnect"}


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def never() -> bool:
    return False


async def test_work_that_ends_first_is_not_touched() -> None:
    """Its error is raised, too."""
    line = Line(Client().receive)

    async def fails() -> None:
        raise ValueError("its own")

    assert await while_there(asyncio.sleep(0), line, never) is False
    with pytest.raises(ValueError, match="its own"):
        await while_there(fails(), line, never)
    line.close()


async def test_work_is_cancelled_when_the_client_hangs_up() -> None:
    """But not while the body is being read, when `receive` belongs to its reader."""
    client = Client()
    line = Line(client.receive)
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise ValueError from None  # what it makes of that is nobody's business

    running = asyncio.ensure_future(while_there(work(), line, never))
    client.leaves.set()
    await settle()
    assert client.readers == 0
    assert not line.gone
    line.body_read()
    assert await asyncio.wait_for(running, 1) is True
    assert (line.gone, ended, client.readers) == (True, ["cancelled"], 1)


async def test_what_still_runs_after_the_last_byte_is_left_to_end() -> None:
    """Servers tell of a hang-up after each whole answer; LiteLLM counts tokens then."""
    client = Client()
    line = Line(client.receive)
    line.body_read()
    client.leaves.set()
    done: list[str] = []

    async def work() -> None:
        await settle()
        done.append("counted")

    assert await while_there(work(), line, lambda: True) is False
    assert done == ["counted"]


async def test_all_who_wait_share_one_reader() -> None:
    """A server may tell of a hang-up only once."""
    client = Client()
    line = Line(client.receive)
    line.body_read()
    waiting = [asyncio.ensure_future(line.hung_up()) for _ in range(3)]
    await settle()
    waiting[0].cancel()
    client.leaves.set()
    await asyncio.wait_for(asyncio.gather(*waiting[1:]), 1)
    assert client.readers == 1


async def test_work_that_will_not_end_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request's record must be written."""
    monkeypatch.setattr(hangup, "PATIENCE_SECONDS", 0.01)
    client = Client()
    line = Line(client.receive)
    line.body_read()
    client.leaves.set()
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    assert await asyncio.wait_for(while_there(stubborn(), line, never), 1) is True
    release.set()


async def test_a_cancelled_request_cancels_its_work() -> None:
    """The server shuts down."""
    line = Line(Client().receive)
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    running = asyncio.ensure_future(while_there(work(), line, never))
    await settle()
    running.cancel()
    await asyncio.wait_for(ended.wait(), 1)
    line.close()
