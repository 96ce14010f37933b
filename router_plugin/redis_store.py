"""A store in Redis. Every call is short; a Redis that is late or down is left alone until a look finds it back."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from router_plugin.store import StoreDown

log = logging.getLogger("router_plugin")

RETRY_SECONDS = 0.5  # between two looks at a Redis that is down
CONNECTIONS = 4  # few, so that a burst of requests doesn't open as many

Answer = TypeVar("Answer")


class RedisStore:
    """`Store` for several proxies. `timeout` is in seconds; every key begins with `prefix`.

    A call that fails is the last one that anybody waits for, until `watch` has seen Redis answer.
    """

    def __init__(self, url: str, prefix: str, timeout: float) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,  # with no name told, a new connection sends nothing before its first call
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._prefix = prefix
        self._timeout = timeout  # of a whole call, with waiting for a connection and making it
        self._doubt = asyncio.Event()  # Redis is left alone
        self.up = True

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """As `Notes.get`."""
        if not keys:
            return []
        return list(await self._call(lambda: self._redis.mget([self._prefix + key for key in keys])))

    async def set(self, key: str, value: bytes, seconds: float, *, replace: bool = True) -> bool:
        """As `Notes.set`."""
        work = functools.partial(self._redis.set, self._prefix + key, value, px=_milliseconds(seconds), nx=not replace)
        return bool(await self._call(work))

    async def add(self, key: str, amount: int, seconds: float) -> int:
        """As `Store.add`."""

        async def work() -> Any:
            pipe = self._redis.pipeline(transaction=True)
            pipe.incrby(self._prefix + key, amount)
            pipe.pexpire(self._prefix + key, _milliseconds(seconds))
            return await pipe.execute()

        return int((await self._call(work))[0])

    async def drop(self, keys: Sequence[str]) -> None:
        """As `Store.drop`."""
        if keys:
            await self._call(lambda: self._redis.delete(*(self._prefix + key for key in keys)))

    async def share(self, key: str, member: str, value: bytes, seconds: float) -> dict[str, bytes]:
        """As `Store.share`."""

        async def work() -> Any:
            pipe = self._redis.pipeline(transaction=True)
            pipe.hset(self._prefix + key, member, value)
            pipe.pexpire(self._prefix + key, _milliseconds(seconds))
            pipe.hgetall(self._prefix + key)
            return await pipe.execute()

        group = (await self._call(work))[-1]
        return {name.decode(): kept for name, kept in group.items()}

    async def close(self) -> None:
        """End the connections."""
        await self._redis.aclose()

    async def watch(self) -> None:
        """For as long as the proxy runs: look after a Redis that is left alone, at once and then now and again."""
        while True:
            await self._doubt.wait()
            try:
                await self.look()
            except StoreDown:
                await asyncio.sleep(RETRY_SECONDS)

    async def look(self) -> None:
        """Try a Redis that is left alone; once it answers it is used again. Errors: StoreDown."""
        if self._doubt.is_set():
            await self._try(self._redis.ping, looked=True)

    async def _call(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """What `work` returns. Errors: StoreDown, at once while Redis is left alone."""
        if self._doubt.is_set():
            raise StoreDown
        return await self._try(work)

    async def _try(self, work: Callable[[], Awaitable[Any]], *, looked: bool = False) -> Any:
        try:
            answer = await asyncio.wait_for(_awaited(work), self._timeout)
        except (RedisError, OSError, asyncio.TimeoutError) as error:
            self._failed(error, looked)
            raise StoreDown from None
        self._doubt.clear()
        if not self.up:
            self.up = True
            log.warning("router_plugin: Redis is back; state is shared again")
        return answer

    def _failed(self, error: Exception, looked: bool) -> None:
        """Leave Redis alone. One late answer may be a busy event loop's: then the look that follows tells."""
        late = any("timeout" in type(seen).__name__.lower() for seen in (error, error.__cause__))
        self._doubt.set()
        if self.up and (looked or not late):
            self.up = False
            log.error(
                "router_plugin: Redis doesn't answer (%s); this proxy goes on with its own state", type(error).__name__
            )


async def _awaited(work: Callable[[], Awaitable[Answer]]) -> Answer:
    return await work()


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))
