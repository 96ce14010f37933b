"""router_plugin.store and redis_store: one behaviour in memory and in a real Redis, and what an outage does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from router_plugin.redis_store import RETRY_SECONDS, RedisStore
from router_plugin.settings import StoreSettings
from router_plugin.store import LocalCopy, MemoryStore, Store, StoreDown
from tests.redis_server import RedisServer, redis_server

TIMEOUT = StoreSettings().timeout_seconds


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as started:
        yield started


@pytest.fixture
async def redis(server: RedisServer) -> AsyncIterator[RedisStore]:
    server.ask("FLUSHALL")
    store = RedisStore(server.url, "t:", TIMEOUT)
    yield store
    await store.close()


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = MemoryStore(100) if request.param == "memory" else request.getfixturevalue("redis")
    return made


async def test_a_value_is_there_for_its_time(store: Store) -> None:
    """Then it is gone."""
    await store.set("a", b"1", 0.05)
    await store.set("b", b"2", 60)
    assert await store.get(["a", "b", "c"]) == [b"1", b"2", None]
    await asyncio.sleep(0.08)
    assert await store.get(["a", "b"]) == [None, b"2"]
    await store.drop(["b"])
    assert await store.get(["b"]) == [None]
    assert await store.get([]) == []


async def test_one_of_many_claims_a_key(store: Store) -> None:
    """All ask at once."""
    claims = await asyncio.gather(*(store.set("probe", b"1", 60, replace=False) for _ in range(20)))
    assert sorted(claims) == [False] * 19 + [True]


async def test_a_number_grows_by_each_and_expires(store: Store) -> None:
    """No addition is lost."""
    sums = await asyncio.gather(*(store.add("n", 1, 0.2) for _ in range(20)))
    assert sorted(sums) == list(range(1, 21))
    await asyncio.sleep(0.25)
    assert await store.add("n", 2, 60) == 2


async def test_a_group_has_a_value_of_each_member(store: Store) -> None:
    """The last of each."""
    await store.share("g", "a", b"1", 60)
    await store.share("g", "a", b"3", 60)
    assert await store.share("g", "b", b"2", 60) == {"a": b"3", "b": b"2"}


async def test_every_key_has_the_prefix(redis: RedisStore, server: RedisServer) -> None:
    """Others can use the same Redis."""
    await redis.set("a", b"1", 60)
    await redis.add("b", 1, 60)
    await redis.share("c", "m", b"1", 60)
    listed = server.ask("KEYS *").decode()
    assert sorted(line for line in listed.split("\r\n") if line[:1].isalpha()) == ["t:a", "t:b", "t:c"]


async def test_a_redis_that_dies_is_reported_once_and_comes_back_by_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While it is down every call fails at once; no address is in the log."""
    with redis_server() as server:
        store = RedisStore(server.url, "t:", TIMEOUT)
        watch = asyncio.create_task(store.watch())
        await store.set("a", b"1", 60)
        server.kill()
        with caplog.at_level(logging.WARNING, logger="router_plugin"):
            for _ in range(50):
                with pytest.raises(StoreDown):
                    await store.get(["a"])
            begun = time.monotonic()
            for _ in range(1000):
                with pytest.raises(StoreDown):
                    await store.get(["a"])
            assert time.monotonic() - begun < 0.5
            server.start()
            await asyncio.sleep(RETRY_SECONDS * 3)
            assert await store.get(["a"]) == [None]
        assert store.up
        watch.cancel()
        lines = [record.getMessage() for record in caplog.records]
        assert [line.split()[1:3] for line in lines] == [["Redis", "doesn't"], ["Redis", "is"]]
        assert str(server.port) not in "".join(lines)
        await store.close()


async def waits(store: RedisStore) -> float:
    """Seconds that a failing call took."""
    begun = time.monotonic()
    with pytest.raises(StoreDown):
        await store.get(["a"])
    return time.monotonic() - begun


async def test_a_redis_that_hangs_costs_one_call_its_timeout_and_then_none() -> None:
    """Also over several tries; they are made in the background."""
    with redis_server() as server:
        store = RedisStore(server.url, "t:", TIMEOUT)
        await store.set("a", b"1", 60)
        server.hang()
        watch = asyncio.create_task(store.watch())
        assert TIMEOUT * 0.9 < await waits(store) < TIMEOUT * 2
        for _ in range(10):
            assert await waits(store) < TIMEOUT / 2
            await asyncio.sleep((TIMEOUT + RETRY_SECONDS) / 5)
        assert not store.up
        server.go_on()
        await asyncio.sleep((TIMEOUT + RETRY_SECONDS) * 2)
        assert await store.get(["a"]) == [b"1"]
        watch.cancel()
        await store.close()


async def test_one_late_answer_is_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    """Neither are many that were late together; the look after them finds Redis well, and nothing is said."""
    with redis_server() as server, caplog.at_level(logging.WARNING, logger="router_plugin"):
        store = RedisStore(server.url, "t:", TIMEOUT)
        await store.set("a", b"1", 60)
        server.hang()
        for late in await asyncio.gather(*(store.get(["a"]) for _ in range(8)), return_exceptions=True):
            assert isinstance(late, StoreDown)
        server.go_on()
        assert store.up
        await store.look()
        assert await store.get(["a"]) == [b"1"]
        await store.close()
    assert caplog.records == []


class Link(MemoryStore):
    """A shared store that can be cut off."""

    cut = False

    async def get(self, keys: object) -> list[bytes | None]:
        if self.cut:
            raise StoreDown
        return await super().get(keys)  # type: ignore[arg-type]

    async def set(self, key: str, value: bytes, seconds: float, *, replace: bool = True) -> bool:
        if self.cut:
            raise StoreDown
        return await super().set(key, value, seconds, replace=replace)


async def test_while_the_shared_store_is_down_a_process_knows_its_own() -> None:
    """And what it could not write then is written afterwards."""
    link = Link(10)
    here, there = LocalCopy(link, MemoryStore(10)), LocalCopy(link, MemoryStore(10))
    await here.set("a", b"1", 60)
    assert await there.get(["a"]) == [b"1"]
    link.cut = True
    await here.set("b", b"2", 60)
    assert await here.get(["a", "b"]) == [b"1", b"2"]
    assert await there.get(["b"]) == [None]
    with pytest.raises(StoreDown):
        await here.settle()
    link.cut = False
    await here.settle()
    assert await there.get(["b"]) == [b"2"]


async def test_what_is_owed_does_not_replace_what_another_wrote_meanwhile() -> None:
    """The other's is as new, or newer."""
    link = Link(10)
    here, there = LocalCopy(link, MemoryStore(10)), LocalCopy(link, MemoryStore(10))
    link.cut = True
    await here.set("a", b"old", 60)
    link.cut = False
    await there.set("a", b"new", 60)
    await here.settle()
    assert await here.get(["a"]) == [b"new"]


async def test_what_a_shared_store_lost_is_still_known_here() -> None:
    """A Redis without persistence that was started again."""
    shared = MemoryStore(10)
    copy = LocalCopy(shared, MemoryStore(10))
    await copy.set("a", b"1", 60)
    await shared.drop(["a"])
    assert await copy.get(["a"]) == [b"1"]
