"""Wires the state that proxies share: the store that the settings name, and what is kept in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from router_plugin.breaker import Breaker
from router_plugin.budget import Budget
from router_plugin.config import RouterConfig
from router_plugin.errors import ConfigError
from router_plugin.ledger import Ledger
from router_plugin.redis_store import RedisStore
from router_plugin.sessions import Sessions
from router_plugin.settings import KEY, store_url
from router_plugin.shared_breaker import SharedBreaker
from router_plugin.store import LocalCopy

SETTLE_SECONDS = 0.5
LEDGER = "router_budget.sqlite"

Task = Callable[[], Coroutine[Any, Any, None]]  # runs for as long as the proxy


class Sharing:
    """What this proxy shares with others; nothing where no Redis is set. `tasks` keep it up to date."""

    def __init__(self, config: RouterConfig, environment: Mapping[str, str]) -> None:
        settings = config.settings
        url = store_url(settings.store, environment)
        self._config = config
        self.store = RedisStore(url, settings.store.key_prefix, settings.store.timeout_seconds) if url else None
        self.tasks: list[Task] = [self.store.watch] if self.store is not None else []

    def breaker(self) -> Breaker:
        """The circuits of the config's deployments."""
        settings = self._config.settings.routing.breaker
        if self.store is None:
            return Breaker(settings.failures, settings.recovery_seconds)
        names = [deployment.id for deployment in self._config.inventory.deployments]
        shared = SharedBreaker(settings.failures, settings.recovery_seconds, self.store, names)
        self.tasks.append(shared.run)
        return shared

    def sessions(self, secret: bytes) -> Sessions | None:
        """The memory of conversations; None where it is switched off."""
        settings = self._config.settings.sessions
        if not settings.enabled:
            return None
        sessions = Sessions.in_memory(secret, settings, self.store)
        if isinstance(sessions.store, LocalCopy):
            copy = sessions.store
            self.tasks.append(lambda: copy.run(SETTLE_SECONDS))
        return sessions

    def budget(self) -> Budget | None:
        """What may be spent, and is; None where no limit is set. The ledger lies beside the decision log."""
        settings = self._config.settings
        if settings.budget.daily_usd is None and settings.budget.monthly_usd is None:
            return None
        beside = settings.decision_log.path
        try:
            ledger = Ledger(Path(beside).with_name(LEDGER) if beside else None)
            budget = Budget(settings.budget, ledger)
        except sqlite3.Error as error:
            raise ConfigError([f"{KEY}.budget: {LEDGER} beside the decision log can't be used ({error})"]) from None
        self.tasks.append(lambda: budget.run(self.store))
        return budget
