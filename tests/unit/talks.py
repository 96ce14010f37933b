"""Conversations with a router that remembers, for the tests of sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from router_plugin.complexity import Tier
from router_plugin.conversation import Surface
from router_plugin.pipeline import Router
from router_plugin.prices import FREE, Price
from router_plugin.rates import Rates
from router_plugin.request import parse
from router_plugin.session import Note, Rate
from router_plugin.session_key import Keys, Naming
from router_plugin.sessions import Sessions
from router_plugin.settings import Settings
from router_plugin.steering import Steering
from router_plugin.store import MemoryStore
from tests.unit.builders import FakeScorer, complexity, inventory, router

NAMING = Naming(b"unit")
OPUS = Rate(Price(5e-6, 25e-6, 5e-7))
MINI = Rate(Price(1.5e-7, 6e-7, 7.5e-8))
LOCAL = Rate(FREE, 500.0)


def chat(*texts: str) -> list[dict[str, str]]:
    """User and assistant messages in turns, from the user's first."""
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def keys(body: dict[str, Any], tenant: str = "t", surface: Surface = Surface.CHAT, **headers: str) -> Keys:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return NAMING.keys(body, parse(body, surface), tenant, named)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sessions(clock: Clock | None = None) -> Sessions:
    clock = clock or Clock()
    return Sessions(NAMING, MemoryStore(100, clock), 3600.0, clock)


class Talk:
    """A conversation with a router that remembers, and whose scorer says what it is told."""

    def __init__(self, made: Router | None = None, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.sessions = sessions(self.clock)
        self.router = made or router(inventory(), Settings(), complexity(0.5))
        rates = Rates(self.router.config.inventory, 500.0)
        rates._prices = {d.id: FREE if d.local else PRICES[d.role] for d in self.router.config.inventory.deployments}
        self.router = replace(self.router, rates=rates)

    async def ask(self, *texts: str, score: float = 0.5, abstained: bool = False, **body: Any) -> Any:
        """The decision about a chat whose last turn has this score."""
        made = replace(self.router, scorer=FakeScorer(complexity(score, abstained=abstained)))
        sent = {"messages": chat(*texts), **body}
        conversation = made.read(sent, Surface.CHAT)
        memory = await self.sessions.open(sent, conversation, "t", {})
        decision, _ = made.decide(sent, Surface.CHAT, Steering(), note=memory.note, conversation=conversation)
        await memory.decided(decision)
        return decision


PRICES = {"premium": OPUS.price, "default": MINI.price}
NAMED = {"metadata": {"session_id": "s1"}}
HIGH = Note(tier=Tier.HIGH, score=0.9, group="anthropic-premium", turns=3)
LOW = Note(tier=Tier.LOW, score=0.1, group="ollama-default", turns=3)
