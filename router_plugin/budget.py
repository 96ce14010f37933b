"""How much of the budget is spent: kept in a ledger, shared through a store, and known without asking either."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum

from router_plugin.ledger import Ledger
from router_plugin.settings import KEY, BudgetSettings
from router_plugin.store import Store, StoreDown

log = logging.getLogger("router_plugin")

REFRESH_SECONDS = 0.5
KEEP_SECONDS = 40 * 86_400.0  # longer than a month
DAY, MONTH = "%Y-%m-%d", "%Y-%m"


class Level(str, Enum):
    """How much is spent: less than the soft limit, more, or all."""

    OK = "ok"
    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True)
class Standing:
    """Where one limit stands. `spent` and `limit` in dollars; `resets` in UTC."""

    level: Level
    name: str  # daily or monthly
    spent: float
    limit: float
    resets: datetime

    @property
    def cause(self) -> str:
        """Why only local models are left, and until when."""
        return (
            f"The {self.name} budget of ${self.limit:,.2f} is spent, so only local models answer until "
            f"{self.resets:%Y-%m-%d %H:%M} UTC"
        )

    @property
    def cure(self) -> str:
        """What ends that: time, or the operator."""
        return f"wait, or have the operator raise {KEY}.budget.{self.name}_usd."

    def refusal(self) -> str:
        """What a request is told that no local model can take: the limit, when it resets, and the cure."""
        return (
            f"{self.cause}, and none of them can take this request as it is asked. Send it without naming a cloud "
            f"model or provider, {self.cure}"
        )

    def refusal_without_local(self, left_out: str) -> str:
        """The same where no local model is set up. `left_out` says which the config has, and what each lacks."""
        return f"{self.cause}, and none is up{left_out}. Start one with `ollama serve` and pull its model, {self.cure}"

    def when_local_failed(self) -> str:
        """What the error of a request adds whose local deployments were all tried and failed."""
        up = "See that one is up (`ollama serve`, `router-plugin doctor`)"
        return f"{self.cause}, and none of them did. {up}, {self.cure}"


class Budget:
    """The dollars of this day and month. `clock` is wall-clock time in seconds.

    Spent is what the ledger holds, what is still to be written there, and what other ledgers have told the store.
    Each ledger tells its whole sum, so that telling it twice, or again to a store that lost it, counts once.
    """

    def __init__(self, settings: BudgetSettings, ledger: Ledger, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._pending: dict[str, float] = {}  # day -> dollars
        self._own: dict[str, float] = {period: ledger.total(period) for period in self._periods()}
        self._others: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._lost = False  # the ledger can't be written

    def spend(self, usd: float) -> None:
        """An answer has cost so much."""
        if usd:
            day = self._now().strftime(DAY)
            self._pending[day] = self._pending.get(day, 0.0) + usd
            self._wake.set()

    def standings(self) -> list[Standing]:
        """One for each limit that is set."""
        now = self._now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        next_month = (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
        limits = (
            ("daily", self._settings.daily_usd, DAY, midnight + timedelta(days=1)),
            ("monthly", self._settings.monthly_usd, MONTH, next_month),
        )
        return [
            Standing(self._level(spent, limit), name, spent, limit, resets)
            for name, limit, form, resets in limits
            if limit is not None
            for spent in [self._spent(now.strftime(form))]
        ]

    def worst(self) -> Standing | None:
        """The limit that binds the most; None while all are below the soft one."""
        found = self.standings()
        for level in (Level.HARD, Level.SOFT):
            at_level = [standing for standing in found if standing.level is level]
            if at_level:
                return max(at_level, key=lambda standing: standing.resets)
        return None

    async def refresh(self, store: Store | None) -> None:
        """Write what was spent, and learn what others spent. Errors: sqlite3.Error, StoreDown; nothing is lost then."""
        amounts = dict(self._pending)
        periods = self._periods()
        own = await asyncio.to_thread(self._write, amounts, periods)
        for day, usd in amounts.items():
            self._pending[day] -= usd
            if not self._pending[day]:
                del self._pending[day]
        self._own = own
        if store is None:
            return
        others: dict[str, float] = {}
        for period in periods:
            told = await store.share(
                f"budget:{period}", self._ledger.identity, repr(own[period]).encode(), KEEP_SECONDS
            )
            others[period] = sum(float(usd) for ledger, usd in told.items() if ledger != self._ledger.identity)
        self._others = others

    async def run(self, store: Store | None) -> None:
        """Refresh for as long as the proxy runs."""
        while True:
            self._wake.clear()
            try:
                await self.refresh(store)
                self._lost = False
            except StoreDown:
                pass
            except Exception as error:  # noqa: BLE001 - what is spent still counts in this process
                if not self._lost:
                    log.error("router_plugin: the budget's ledger can't be written (%s)", type(error).__name__)
                self._lost = isinstance(error, sqlite3.Error)
                await asyncio.sleep(REFRESH_SECONDS)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), REFRESH_SECONDS)

    def _write(self, amounts: dict[str, float], periods: tuple[str, str]) -> dict[str, float]:
        self._ledger.add(amounts)
        return {period: self._ledger.total(period) for period in periods}

    def _spent(self, period: str) -> float:
        pending = sum(usd for day, usd in self._pending.items() if day.startswith(period))
        return self._own.get(period, 0.0) + pending + self._others.get(period, 0.0)

    def _level(self, spent: float, limit: float) -> Level:
        if spent >= limit:
            return Level.HARD
        return Level.SOFT if spent >= limit * self._settings.soft_fraction else Level.OK

    def _periods(self) -> tuple[str, str]:
        now = self._now()
        return now.strftime(DAY), now.strftime(MONTH)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), timezone.utc)
