"""Small values that the unit tests share: deployments, verdicts, complexities, and a scorer and a detector to order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from router_plugin.complexity import Complexity, ComplexityScorer, Thresholds, Tier
from router_plugin.config import RouterConfig
from router_plugin.conversation import Conversation, Origin, Surface, Turn
from router_plugin.decision import Decision
from router_plugin.deployments import Deployment, Inventory
from router_plugin.pipeline import Router
from router_plugin.plan import Plan
from router_plugin.policy import Policy
from router_plugin.privacy import Finding, Judgement, Verdict
from router_plugin.settings import Settings, Strategy
from router_plugin.signals import Signal

ROOT = Path(__file__).parents[2]
PACK = ROOT / "litellm_config.yaml"
OLLAMA_URL = "http://127.0.0.1:11434"
# Names of variables that the config pack reads, with values that name no real account.
KEYS = {
    "AZURE_OPENAI_ENDPOINT": "https://unit.openai.azure.com",
    "AZURE_OPENAI_API_KEY": "k",
    "OPENAI_API_KEY": "k",
    "ANTHROPIC_API_KEY": "k",
    "LITELLM_MASTER_KEY": "k",
}
PRIORITIES = {"ollama": 1, "azure": 2, "openai": 3, "anthropic": 4, "embedded": 5}
SECRET = "the launch code is swordfish"  # FakeDetector finds it


def deployment(
    group: str, *, local: bool | None = None, provider: str | None = None, role: str | None = None, **given: Any
) -> Deployment:
    """``ollama-fast`` -> a local Ollama deployment with that role and id ``ollama-fast-1``; any field can be set."""
    name, _, kind = group.partition("-")
    provider = provider or name
    local = provider in ("ollama", "embedded") if local is None else local
    fields: dict[str, Any] = {
        "id": f"{group}-1",
        "model": f"{provider}/{group}",
        "api_base": OLLAMA_URL if local else None,
        "priority": PRIORITIES.get(provider, 9),
        **given,
    }
    return Deployment(group=group, provider=provider, role=role or kind or "default", local=local, **fields)


def inventory(*groups: str | Deployment) -> Inventory:
    """An inventory of these groups; without any, the chat deployments of the config pack."""
    chosen = groups or (
        *("ollama-fast", "ollama-default", "ollama-code", "azure-default", "azure-premium"),
        *("openai-default", "openai-premium", "anthropic-default", "anthropic-premium"),
    )
    return Inventory(tuple(item if isinstance(item, Deployment) else deployment(item) for item in chosen))


PUBLIC = Verdict(Judgement.PUBLIC)
PRIVATE = Verdict(Judgement.PRIVATE, (Finding("identity.us_ssn", "messages[0].content"),))
UNREADABLE = Verdict(Judgement.UNINSPECTABLE, (Finding("opaque.image", "messages[0].content[0]"),))


def complexity(score: float = 0.5, *, abstained: bool = False, code: bool = False, **given: Any) -> Complexity:
    """A complexity whose tier follows from its score."""
    fields = {
        "tier": Thresholds().tier(score),
        "p_local": 1 - score,
        "p_mid": 1 - score / 2,
        "model_version": "unit",
        **given,
    }
    return Complexity(score=score, abstained=abstained, code=code, **fields)


class FakeScorer(ComplexityScorer):
    """Gives every conversation the same complexity."""

    def __init__(self, given: Complexity | None = None) -> None:
        self.given = given or complexity()
        self.seen: list[Conversation] = []

    def score(self, conversation: Conversation, *, explain: bool = False) -> Complexity:
        self.seen.append(conversation)
        if not explain:
            return self.given
        shown = (Signal("length", 0.5, is_text=False),)
        return Complexity(**{**self.given.__dict__, "signals": shown})


class FakeDetector:
    """Private where a segment holds SECRET, droppable where only an identity field does; opaque parts count."""

    def __init__(self) -> None:
        self.seen: list[Conversation] = []

    def scan(self, conversation: Conversation) -> Verdict:
        self.seen.append(conversation)
        hits = [segment for segment in conversation.segments if SECRET in segment.text]
        private = tuple(Finding("custom.word", s.place) for s in hits if s.origin is not Origin.IDENTITY)
        droppable = tuple(s.place for s in hits if s.origin is Origin.IDENTITY)
        opaque = tuple(Finding(f"opaque.{part.kind}", part.place) for part in conversation.opaque)
        judgement = Judgement.PRIVATE if private else Judgement.UNINSPECTABLE if opaque else Judgement.PUBLIC
        return Verdict(judgement, (*private, *opaque), droppable)


def router(
    deployments: Inventory | None = None, settings: Settings | None = None, given: Complexity | None = None
) -> Router:
    """A router that decides with the fakes above."""
    config = RouterConfig(settings or Settings(), deployments or inventory())
    return Router(config, FakeDetector(), FakeScorer(given))  # type: ignore[arg-type]


def policy(*providers: str, local_only: bool = False, tier: Tier = Tier.MEDIUM, **given: Any) -> Policy:
    """A policy that allows these providers, in this order."""
    fields: dict[str, Any] = {"strategy": Strategy.COMPLEXITY, "pinned": (), "reasons": (), **given}
    return Policy(tier=tier, providers=providers, local_only=local_only, **fields)


def decision(**given: Any) -> Decision:
    """A decision for a harmless question that goes to `ollama-default`."""
    fields: dict[str, Any] = {
        "id": "d1",
        "private": False,
        "verdict": "public",
        "findings": (),
        "tier": Tier.LOW,
        "score": 0.1,
        "abstained": False,
        "strategy": Strategy.COMPLEXITY,
        "chain": ("ollama-default", "azure-default"),
        "reasons": (),
        "model_version": "unit",
        "local_only": False,
        **given,
    }
    return Decision(**fields)


def plan(*groups: str, local_only: bool = False) -> Plan:
    """A plan over these groups of `deployment`."""
    return Plan(groups, tuple(deployment(group) for group in groups), local_only)


def pack() -> dict[str, Any]:
    """The config pack, read anew so that a test may change it."""
    raw = yaml.safe_load(PACK.read_text(encoding="utf-8"))
    assert isinstance(raw, dict)
    return raw


def entry(group: str, model: str, *, local: bool = False, **params: Any) -> dict[str, Any]:
    """An entry of `model_list` with an id and the marks that the config pack uses."""
    provider, role = group.split("-", maxsplit=1)[0], group.rpartition("-")[2]
    marks: dict[str, Any] = {"provider": provider, "role": role, **({"local": True} if local else {})}
    base = {"api_base": OLLAMA_URL} if local else {}
    return {
        "model_name": group,
        "litellm_params": {"model": model, **base, **params},
        "model_info": {"id": f"{group}-1", "router": marks},
    }


def user(content: Any) -> list[dict[str, Any]]:
    """Messages with one user message."""
    return [{"role": "user", "content": content}]


# A smallest body of each API shape, and where its text goes.
BODIES: Mapping[Surface, dict[str, Any]] = {
    Surface.CHAT: {"messages": user("hi")},
    Surface.MESSAGES: {"max_tokens": 5, "messages": user("hi")},
    Surface.RESPONSES: {"input": "hi"},
    Surface.COMPLETIONS: {"prompt": "hi"},
    Surface.EMBEDDINGS: {"input": "hi"},
    Surface.GEMINI: {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
}


def asked(*texts: str) -> Conversation:
    """A conversation of user and assistant in turn, the user first."""
    roles = (Origin.USER, Origin.ASSISTANT)
    return Conversation(Surface.CHAT, tuple(Turn(roles[i % 2], text) for i, text in enumerate(texts)), (), ())
