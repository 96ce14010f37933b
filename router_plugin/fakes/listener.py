"""The thread of a fake: an event loop, a listening socket that can go away and come back, open connections."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any

from router_plugin.fakes.wire import HEAD_LIMIT, Connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

HOST = "127.0.0.1"
PATIENCE_SECONDS = 10.0
BACKLOG = 512


class Listener:
    """Calls `serve(connection)` on its own loop for each connection. `port` is known after `start`."""

    def __init__(self, serve: Callable[[Connection], Awaitable[None]], port: int) -> None:
        self._serve = serve
        self.port = port
        self._connections: dict[Connection, asyncio.Task[None] | None] = {}
        self._server: asyncio.Server | None = None
        self._placeholder: socket.socket | None = None  # holds the port while connections are refused
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._placeholder = bind(self.port)
        self.port = self._placeholder.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"fake-{self.port}", daemon=True)
        self._thread.start()
        self.up()

    def stop(self) -> None:
        """Hangs up on everyone and frees the port; a second call does nothing."""
        if self._loop is None or self._thread is None:
            return
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()
        self._loop = self._thread = None

    def down(self) -> None:
        """Refuses connections, and resets those that are open."""
        self._run(self._refuse())

    def up(self) -> None:
        """Accepts connections, on the same port as before."""
        self._run(self._accept())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        if self._loop is None:
            work.close()
            raise RuntimeError("this fake isn't running: use `with FakeProvider(...) as server:`")
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    async def _accept(self) -> None:
        if self._placeholder is not None:
            holder, self._placeholder = self._placeholder, None
            self._server = await asyncio.start_server(self._connected, sock=holder, limit=HEAD_LIMIT, backlog=BACKLOG)

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            await asyncio.sleep(0)  # the loop lets go of the socket
            self._placeholder = bind(self.port)
        for connection in list(self._connections):
            connection.reset()

    async def _close(self) -> None:
        await self._refuse()
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None
        tasks = [task for task in self._connections.values() if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        self._connections[connection] = asyncio.current_task()
        if self._server is None:  # went down between the connection and this task
            connection.reset()
        try:
            await self._serve(connection)
        except asyncio.CancelledError:  # only `stop` cancels
            connection.reset()
        finally:
            del self._connections[connection]
            await connection.close()


def bind(port: int) -> socket.socket:
    """A socket that holds the port without listening: connections to it are refused."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((HOST, port))
    except OSError:
        holder.close()
        raise
    return holder
