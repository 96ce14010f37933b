"""A client that hangs up: what runs for its request is cancelled, and with it the call to the provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE_SECONDS = 5.0  # for what was cancelled to end


class Line:
    """Listens for the end of a client's connection. One reader, however many wait for it."""

    def __init__(self, receive: Callable[[], Awaitable[Any]]) -> None:
        """`receive` is ASGI's; it is called once the whole body has been read. Needs a running loop."""
        self.gone = False  # by ASGI's word also after the last byte of an answer
        self._receive = receive
        self._body_read = asyncio.Event()
        self.listening = asyncio.ensure_future(self._listen())

    def body_read(self) -> None:
        """All of the body is here, so that what comes next is the hang-up."""
        self._body_read.set()

    def close(self) -> None:
        """The request is over."""
        self.listening.cancel()

    async def hung_up(self) -> None:
        """Returns once the client is gone."""
        await asyncio.shield(self.listening)

    async def _listen(self) -> None:
        await self._body_read.wait()
        if (await self._receive())["type"] != "http.disconnect":
            await asyncio.Event().wait()  # no server sends a body after its end; if one does, nothing is known
        self.gone = True


async def while_there(work: Awaitable[None], line: Line, is_over: Callable[[], bool]) -> bool:
    """Run `work`; cancel it where the client hangs up before `is_over`. Returns whether it was cancelled for that.

    Errors: those of `work`, unless it was cancelled.
    """
    running = asyncio.ensure_future(work)
    try:
        await asyncio.wait({running, line.listening}, return_when=asyncio.FIRST_COMPLETED)
        if running.done() or is_over():
            await running
            return False
        running.cancel()
        await asyncio.wait({running}, timeout=PATIENCE_SECONDS)
        if running.done() and not running.cancelled():
            running.exception()  # what became of it says nothing; asyncio would log it
        return True
    finally:
        running.cancel()
