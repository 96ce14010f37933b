"""Where small values are kept between requests: bytes under a key, for a time. In memory, or shared by proxies."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol


class StoreDown(Exception):
    """A shared store doesn't answer; what it would have been asked is decided from this process's own state."""


class Notes(Protocol):
    """What the memory of conversations needs of a store. A value may be gone before its time, never there after it.

    Errors of every method: StoreDown, for a store that isn't in this process.
    """

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """The values under `keys`, None for each that isn't there."""

    async def set(self, key: str, value: bytes, seconds: float, *, replace: bool = True) -> bool:
        """Keep a value for so many seconds; in place of an earlier one, or only where there is none: the first who
        keeps one then has claimed the key. Returns whether it was kept."""


class Store(Notes, Protocol):
    """What proxies need to share the rest of their state."""

    async def add(self, key: str, amount: int, seconds: float) -> int:
        """Add to a whole number, atomically; the new sum, which is kept for so many seconds from its last change."""

    async def drop(self, keys: Sequence[str]) -> None:
        """Forget the values under `keys`."""

    async def share(self, key: str, member: str, value: bytes, seconds: float) -> dict[str, bytes]:
        """Set one member of a group of values, which is kept for so many seconds, and return the whole group."""


class MemoryStore:
    """A store in this process. Of more than `entries` values the one unused for longest makes room."""

    def __init__(self, entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries = entries
        self._clock = clock
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._groups: dict[str, tuple[float, dict[str, bytes]]] = {}

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """As `Notes.get`."""
        return [self._get(key) for key in keys]

    def _get(self, key: str) -> bytes | None:
        until, value = self._values.get(key, (float("-inf"), b""))
        if self._clock() >= until:
            self._values.pop(key, None)
            return None
        self._values.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, seconds: float, *, replace: bool = True) -> bool:
        """As `Notes.set`."""
        if not replace and self._get(key) is not None:
            return False
        self._values[key] = (self._clock() + seconds, value)
        self._values.move_to_end(key)
        while len(self._values) > self._entries:
            self._values.popitem(last=False)
        return True

    async def add(self, key: str, amount: int, seconds: float) -> int:
        """As `Store.add`."""
        total = int(self._get(key) or 0) + amount
        await self.set(key, str(total).encode(), seconds)
        return total

    async def drop(self, keys: Sequence[str]) -> None:
        """As `Store.drop`."""
        for key in keys:
            self._values.pop(key, None)

    async def share(self, key: str, member: str, value: bytes, seconds: float) -> dict[str, bytes]:
        """As `Store.share`."""
        until, group = self._groups.get(key, (float("-inf"), {}))
        group = {**(group if self._clock() < until else {}), member: value}
        self._groups[key] = (self._clock() + seconds, group)
        return dict(group)

    def left(self, key: str) -> float:
        """Seconds that a value still has; 0 where there is none."""
        return max(0.0, self._values.get(key, (0.0, b""))[0] - self._clock())


class LocalCopy:
    """Values in a shared store and in this process too: while the shared one is down, this process knows its own.

    What could not be written is written once the shared store is back, unless another has written there since.
    """

    def __init__(self, shared: Store, local: MemoryStore, owed: int = 10_000) -> None:
        self._shared = shared
        self._local = local
        self._most_owed = owed
        self._owed: OrderedDict[str, None] = OrderedDict()

    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        """As `Notes.get`; never raises StoreDown."""
        own = await self._local.get(keys)
        try:
            found = await self._shared.get(keys)
        except StoreDown:
            return own
        return [mine if theirs is None else theirs for theirs, mine in zip(found, own, strict=True)]

    async def set(self, key: str, value: bytes, seconds: float, *, replace: bool = True) -> bool:
        """As `Notes.set`; never raises StoreDown."""
        kept = await self._local.set(key, value, seconds, replace=replace)
        try:
            kept = await self._shared.set(key, value, seconds, replace=replace)
        except StoreDown:
            self._owed[key] = None
            while len(self._owed) > self._most_owed:
                self._owed.popitem(last=False)
        else:
            self._owed.pop(key, None)
        return kept

    async def settle(self) -> None:
        """Write what is owed. Errors: StoreDown; the rest is still owed then."""
        for key in list(self._owed):
            (value,) = await self._local.get([key])
            if value is not None:
                await self._shared.set(key, value, self._local.left(key), replace=False)
            self._owed.pop(key, None)

    async def run(self, seconds: float) -> None:
        """Settle for as long as the proxy runs."""
        while True:
            await asyncio.sleep(seconds)
            if self._owed:
                try:
                    await self.settle()
                except StoreDown:
                    continue
