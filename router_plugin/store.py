"""Where small values are kept between requests: bytes under a key, for a time. In memory, or shared by workers."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol


class Store(Protocol):
    """What the router needs of a store. A value may be gone before its time; it is never there after it."""

    async def get(self, key: str) -> bytes | None:
        """The value under `key`, or None."""

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """Keep a value for so many seconds, in place of an earlier one."""


class MemoryStore:
    """A store in this process. Of more than `entries` values the one unused for longest makes room."""

    def __init__(self, entries: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries = entries
        self._clock = clock
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        """As `Store.get`."""
        until, value = self._values.get(key, (float("-inf"), b""))
        if self._clock() >= until:
            self._values.pop(key, None)
            return None
        self._values.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """As `Store.set`."""
        self._values[key] = (self._clock() + seconds, value)
        self._values.move_to_end(key)
        while len(self._values) > self._entries:
            self._values.popitem(last=False)
