"""A circuit breaker that several proxies share: each decides from what it knows, and they tell each other through a
store, four times a second and at each change. No request waits for the store but the one that would be the trial call.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence

from router_plugin.breaker import PROBE_SECONDS, Breaker, Circuit
from router_plugin.store import Store, StoreDown

log = logging.getLogger("router_plugin")

REFRESH_SECONDS = 0.25
KEEP_SECONDS = 86_400.0  # of a circuit that nobody touches
SAME_SECONDS = 0.05  # two openings that lie closer are the same one


class SharedBreaker(Breaker):
    """`Breaker` for the deployments named, with what other proxies have seen of them.

    In the store: ``failures:ID``, a count of failures in a row; ``circuit:ID``, when it opened (seconds, wall clock);
    ``probe:ID:OPENED``, claimed by the one trial call after that pause.
    """

    def __init__(
        self,
        threshold: int,
        recovery: float,
        store: Store,
        deployments: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(threshold, recovery, clock)
        self._store = store
        self._deployments = tuple(deployments)
        self._wall = wall
        self._changes: list[tuple[str, bool]] = []  # deployment, whether it answered; to be told
        self._unclaimed: list[str] = []  # keys of trial calls that were given up
        self._failing: set[str] = set()  # deployments with failures that others may know of
        self._published: dict[str, float] = {}  # deployment -> opened at (wall clock), as the store has it
        self._cut_off = True  # the store may lack what this process knows
        self._wake = asyncio.Event()

    def succeeded(self, deployment: str) -> None:
        """As `Breaker.succeeded`, and told to the others where they may know of failures."""
        known = deployment in self._records or deployment in self._failing
        super().succeeded(deployment)
        if known:
            self._tell(deployment, True)

    def failed(self, deployment: str) -> None:
        """As `Breaker.failed`, and told to the others."""
        super().failed(deployment)
        self._tell(deployment, False)

    def released(self, deployment: str) -> None:
        """As `Breaker.released`, and the claim of the trial call is given back."""
        super().released(deployment)
        opened = self._published.get(deployment)
        if opened is not None:
            self._unclaimed.append(_probe(deployment, opened))
            self._wake.set()

    async def claim(self, deployment: str) -> bool:
        """After `begin`: whether this call may be the trial call, of all proxies; True where no trial is due.

        While the store is down each proxy has a trial call of its own.
        """
        opened = self._published.get(deployment)
        if self.circuit(deployment) is not Circuit.HALF_OPEN or opened is None:
            return True
        try:
            return await self._store.set(_probe(deployment, opened), b"1", PROBE_SECONDS, replace=False)
        except StoreDown:
            return True

    async def refresh(self) -> None:
        """Tell the others what happened here, then learn what happened there. Errors: StoreDown."""
        try:
            if self._cut_off:
                await self._restore()
            unclaimed, self._unclaimed = (
                self._unclaimed,
                [],
            )  # lost with the store's connection, they expire by themselves
            if unclaimed:
                await self._store.drop(unclaimed)
            while self._changes:
                await self._tell_next()
            circuits = [f"circuit:{name}" for name in self._deployments]
            failures = [f"failures:{name}" for name in self._deployments]
            found = await self._store.get([*circuits, *failures])
        except StoreDown:
            self._cut_off = True
            raise
        changed = {deployment for deployment, _ in self._changes}
        for name, opened, count in zip(self._deployments, found, found[len(circuits) :], strict=False):
            if name not in changed:
                self._learn(name, None if opened is None else float(opened), int(count or 0))

    async def run(self) -> None:
        """Refresh for as long as the proxy runs."""
        while True:
            self._wake.clear()
            try:
                await self.refresh()
            except StoreDown:
                pass
            except Exception as error:  # noqa: BLE001 - the circuits of this process go on, whatever the store holds
                log.error("router_plugin: sharing the circuits failed (%s)", type(error).__name__)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), REFRESH_SECONDS)

    def _tell(self, deployment: str, answered: bool) -> None:
        if deployment not in self._deployments:
            return
        if answered:
            self._changes = [change for change in self._changes if change[0] != deployment]
        elif self._changes.count((deployment, False)) >= self.threshold:
            return  # a store that was long away needs no more of them
        self._changes.append((deployment, answered))
        self._wake.set()

    async def _tell_next(self) -> None:
        """One change; one that isn't told waits until the store is back. Errors: StoreDown."""
        deployment, answered = change = self._changes.pop(0)
        try:
            await (self._tell_closed(deployment) if answered else self._tell_failed(deployment))
        except StoreDown:
            self._changes.insert(0, change)
            raise

    def _learn(self, deployment: str, opened: float | None, failures: int) -> None:
        """Take over what the store says about a circuit."""
        before = self._published.pop(deployment, None)
        if opened is None:
            if before is not None or (not failures and deployment in self._failing):
                self._records.pop(deployment, None)  # another proxy had an answer
        else:
            self._published[deployment] = opened
            if before is None or abs(opened - before) > SAME_SECONDS:
                self.open_since(deployment, self.clock() - (self._wall() - opened))
        (self._failing.add if failures else self._failing.discard)(deployment)

    async def _tell_failed(self, deployment: str) -> None:
        count = await self._store.add(f"failures:{deployment}", 1, KEEP_SECONDS)
        record = self._records.get(deployment)
        if record is None:
            return
        if record.opened_at is None and count >= self.threshold:
            record.opened_at, record.pause = self.clock(), self.recovery
        if record.opened_at is not None and not record.refusals:  # a refused connection is each proxy's own to find
            await self._publish(deployment, record.opened_at)

    async def _tell_closed(self, deployment: str) -> None:
        self._published.pop(deployment, None)
        self._failing.discard(deployment)
        await self._store.drop([f"circuit:{deployment}", f"failures:{deployment}"])

    async def _publish(self, deployment: str, opened_at: float) -> None:
        opened = self._wall() - (self.clock() - opened_at)
        if abs(opened - self._published.get(deployment, 0.0)) > SAME_SECONDS:
            await self._store.set(f"circuit:{deployment}", f"{opened:.3f}".encode(), KEEP_SECONDS)
            self._published[deployment] = round(opened, 3)

    async def _restore(self) -> None:
        """Give the store the open circuits that it may have lost or never heard of; they outweigh earlier answers."""
        self._published.clear()
        for name, record in list(self._records.items()):
            if record.opened_at is not None and not record.refusals and name in self._deployments:
                self._changes = [change for change in self._changes if change[0] != name]
                await self._publish(name, record.opened_at)
        self._cut_off = False


def _probe(deployment: str, opened: float) -> str:
    """The key under which the one trial call is claimed."""
    return f"probe:{deployment}:{opened:.3f}"
