"""router_plugin.shared_breaker: two proxies' circuits behave as one, and each goes on alone while the store is down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from router_plugin.breaker import PROBE_SECONDS, Circuit
from router_plugin.shared_breaker import SharedBreaker
from router_plugin.store import MemoryStore, StoreDown

RECOVERY = 60.0


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Link:
    """A proxy's link to a shared store, which can be cut."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.cut = False

    def there(self) -> MemoryStore:
        if self.cut:
            raise StoreDown
        return self.store

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        return await self.there().get(keys)

    async def set(self, key: str, value: bytes, seconds: float, *, replace: bool = True) -> bool:
        return await self.there().set(key, value, seconds, replace=replace)

    async def add(self, key: str, amount: int, seconds: float) -> int:
        return await self.there().add(key, amount, seconds)

    async def drop(self, keys: Sequence[str]) -> None:
        await self.there().drop(keys)

    async def share(self, key: str, member: str, value: bytes, seconds: float) -> dict[str, bytes]:
        return await self.there().share(key, member, value, seconds)


class Pair:
    """Two proxies with clocks of their own kind, and one store."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(100, self.clock)
        self.links = [Link(self.store), Link(self.store)]
        # monotonic clocks of two machines have nothing in common
        self.a, self.b = (
            SharedBreaker(3, RECOVERY, link, ["x", "y"], lambda skew=skew: self.clock.now - skew, self.clock)
            for link, skew in zip(self.links, (0.0, 777.0), strict=True)
        )

    async def exchange(self) -> None:
        for breaker in (self.a, self.b, self.a):
            try:
                await breaker.refresh()
            except StoreDown:
                continue

    async def open(self) -> None:
        await self.exchange()
        for _ in range(3):
            self.a.failed("x")
        await self.exchange()


@pytest.fixture
def pair() -> Pair:
    return Pair()


async def test_what_one_opens_the_other_leaves_alone(pair: Pair) -> None:
    """For the same pause; other deployments aren't touched."""
    await pair.open()
    assert not pair.b.allows("x")
    assert pair.b.allows("y")
    pair.clock.now += RECOVERY - 1
    assert pair.b.circuit("x") is Circuit.OPEN
    pair.clock.now += 1.1
    assert pair.b.circuit("x") is Circuit.HALF_OPEN


async def test_failures_are_counted_together(pair: Pair) -> None:
    """Two here and one there make three; an answer at either begins anew."""
    await pair.exchange()
    pair.a.failed("x")
    pair.b.failed("x")
    await pair.exchange()
    pair.b.succeeded("x")
    await pair.exchange()
    pair.a.failed("x")
    pair.a.failed("x")
    await pair.exchange()
    assert pair.a.allows("x")
    pair.b.failed("x")
    await pair.b.refresh()
    await pair.exchange()
    assert not pair.b.allows("x")
    assert not pair.a.allows("x")


async def test_one_trial_call_for_both(pair: Pair) -> None:
    """Both may have picked it; a failed trial opens both again, and the next pause has a trial of its own."""
    await pair.open()
    for _ in range(2):
        pair.clock.now += RECOVERY + 0.1
        assert pair.a.begin("x")
        assert pair.b.begin("x")
        assert sorted([await pair.a.claim("x"), await pair.b.claim("x")]) == [False, True]
        pair.a.failed("x")
        await pair.exchange()
        assert pair.a.circuit("x") is pair.b.circuit("x") is Circuit.OPEN


async def test_a_trial_that_is_answered_closes_both(pair: Pair) -> None:
    """And failures begin at none."""
    await pair.open()
    pair.clock.now += RECOVERY + 0.1
    assert pair.a.begin("x")
    assert await pair.a.claim("x")
    pair.a.succeeded("x")
    await pair.exchange()
    assert pair.a.circuit("x") is pair.b.circuit("x") is Circuit.CLOSED
    pair.b.failed("x")
    pair.b.failed("x")
    await pair.exchange()
    assert pair.a.allows("x")


async def test_a_trial_call_that_is_lost_is_replaced(pair: Pair) -> None:
    """The proxy that made it was killed."""
    await pair.open()
    pair.clock.now += RECOVERY + 0.1
    assert await pair.a.claim("x")
    assert not await pair.b.claim("x")
    pair.clock.now += PROBE_SECONDS
    assert pair.b.begin("x")
    assert await pair.b.claim("x")


async def test_a_trial_call_that_was_given_up_may_be_made_by_the_other(pair: Pair) -> None:
    """Its client hung up, so nobody need wait until it is taken for lost."""
    await pair.open()
    pair.clock.now += RECOVERY + 0.1
    assert pair.a.begin("x")
    assert await pair.a.claim("x")
    assert not await pair.b.claim("x")
    pair.a.released("x")
    await pair.exchange()
    assert pair.b.begin("x")
    assert await pair.b.claim("x")


async def test_a_closed_circuit_needs_no_claim(pair: Pair) -> None:
    """So that no request waits for the store."""
    await pair.exchange()
    for link in pair.links:
        link.cut = True
    assert await pair.a.claim("x")


async def test_while_the_store_is_down_each_goes_on_alone(pair: Pair) -> None:
    """What one opens then is known to the other once the store is back."""
    await pair.exchange()
    for link in pair.links:
        link.cut = True
    for _ in range(3):
        pair.a.failed("x")
    await pair.exchange()
    assert not pair.a.allows("x")
    assert pair.b.allows("x")
    for link in pair.links:
        link.cut = False
    await pair.exchange()
    assert not pair.b.allows("x")


async def test_failures_while_the_store_didnt_answer_count_once_it_does(pair: Pair) -> None:
    """A busy proxy takes a late answer for an outage; the failures of that moment still add up."""
    await pair.exchange()
    pair.a.failed("x")
    pair.links[0].cut = True
    await pair.exchange()
    pair.a.failed("x")
    pair.b.failed("x")
    await pair.exchange()
    assert pair.a.allows("x")
    pair.links[0].cut = False
    await pair.exchange()
    assert not pair.a.allows("x")
    assert not pair.b.allows("x")


async def test_an_outage_of_the_store_is_remembered_in_a_few_words(pair: Pair) -> None:
    """However many calls fail in it; an answer after them closes the circuit."""
    await pair.exchange()
    pair.links[0].cut = True
    for _ in range(1000):
        pair.a.failed("x")
    pair.a.succeeded("x")
    pair.a.failed("x")
    pair.links[0].cut = False
    await pair.exchange()
    assert await pair.store.get(["failures:x", "circuit:x"]) == [b"1", None]
    assert pair.a.allows("x")


async def test_a_store_that_lost_everything_is_told_again(pair: Pair) -> None:
    """A Redis without persistence was started anew: an open circuit stays open at both."""
    await pair.open()
    for link in pair.links:
        link.cut = True
    await pair.exchange()
    pair.store = MemoryStore(100, pair.clock)
    for link in pair.links:
        link.store, link.cut = pair.store, False
    await pair.exchange()
    assert not pair.a.allows("x")
    assert not pair.b.allows("x")


async def test_an_answer_while_the_store_was_down_closes_the_circuit_everywhere(pair: Pair) -> None:
    """The store still held it as open."""
    await pair.open()
    pair.clock.now += RECOVERY + 0.1
    for link in pair.links:
        link.cut = True
    await pair.exchange()
    assert pair.a.begin("x")
    assert await pair.a.claim("x")
    pair.a.succeeded("x")
    for link in pair.links:
        link.cut = False
    await pair.a.refresh()
    assert pair.a.circuit("x") is Circuit.CLOSED


async def test_a_change_is_told_at_once(pair: Pair) -> None:
    """Not at the next round."""
    task = asyncio.create_task(pair.a.run())
    try:
        await asyncio.sleep(0.01)
        for _ in range(3):
            pair.a.failed("x")
        await asyncio.sleep(0.02)
        await pair.b.refresh()
        assert not pair.b.allows("x")
    finally:
        task.cancel()
