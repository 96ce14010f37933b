"""Verdict, complexity, strategy and a caller's wishes -> which providers, in which order, and why."""

from __future__ import annotations

from dataclasses import dataclass

from router_plugin.complexity import Complexity, Tier
from router_plugin.decision import Reason
from router_plugin.deployments import Deployment, Inventory, provider_name
from router_plugin.errors import PrivatePinRejected
from router_plugin.privacy import Verdict
from router_plugin.settings import LOCAL, RoutingSettings, Settings, Strategy
from router_plugin.steering import Steering

MAX_REASONS = 5  # findings named among the reasons


@dataclass(frozen=True)
class Policy:
    """What a request may use: providers in order, or the deployments that a caller pinned."""

    strategy: Strategy
    tier: Tier  # the tier that routes: the classifier's, moved by abstention or by a caller's ceiling
    providers: tuple[str, ...]
    local_only: bool
    pinned: tuple[Deployment, ...]
    reasons: tuple[Reason, ...]


def choose(
    verdict: Verdict, complexity: Complexity, steering: Steering, settings: Settings, inventory: Inventory
) -> Policy:
    """The providers that may take a request. Privacy comes first; nothing a caller asks for loosens it.

    Errors: PrivatePinRejected where a private request names a cloud model and the settings say `reject`.
    """
    routing = settings.routing
    strategy = steering.strategy or routing.default_strategy
    reasons = [*_privacy_reasons(verdict), *([Reason("privacy.asked")] if steering.private else [])]
    local_only = verdict.private or steering.private or strategy is Strategy.PRIVACY
    tier = complexity.tier
    if steering.max_tier is not None and tier.rank > steering.max_tier.rank:
        tier = steering.max_tier
    reasons.append(Reason(f"complexity.{complexity.tier.value}"))
    tier, moved = _after_abstention(tier, complexity, steering, routing)
    reasons += moved
    if tier is not complexity.tier and not moved:
        reasons.append(Reason("asked.max_tier", tier.value))
    pinned = _pinned(steering, inventory)
    if pinned and local_only and not all(deployment.local for deployment in pinned):
        if settings.on_private_pin == "reject":
            raise PrivatePinRejected(
                "This request is private and names a model that is not local. Use `auto`, or name a local model; "
                f"the operator can set on_private_pin: reroute. Local: {', '.join(_local_groups(inventory))}."
            )
        reasons.append(Reason("privacy.pin_rerouted"))
        pinned = ()
    if pinned:
        reasons.append(Reason("asked.model", pinned[0].group))
    providers = _providers(strategy, tier, steering, local_only, routing, inventory)
    if steering.provider and not local_only and not pinned:
        reasons.append(Reason("asked.provider", steering.provider))
    reasons.append(Reason(f"strategy.{strategy.value}"))
    return Policy(strategy, tier, providers, local_only, pinned, tuple(reasons))


def _privacy_reasons(verdict: Verdict) -> list[Reason]:
    rules = list(dict.fromkeys(finding.rule for finding in verdict.findings)) if verdict.private else []
    return [Reason("privacy", rule) for rule in rules[:MAX_REASONS]]


def _after_abstention(
    tier: Tier, complexity: Complexity, steering: Steering, routing: RoutingSettings
) -> tuple[Tier, list[Reason]]:
    """An unsure classifier moves a request up a tier, never down to the cheapest."""
    if not complexity.abstained or routing.on_abstain == "keep" or tier is Tier.HIGH:
        return tier, []
    raised = Tier.MEDIUM if tier is Tier.LOW else Tier.HIGH
    if steering.max_tier is not None and raised.rank > steering.max_tier.rank:
        return tier, []
    return raised, [Reason("abstained.up", raised.value)]


def _pinned(steering: Steering, inventory: Inventory) -> tuple[Deployment, ...]:
    if steering.model is None:
        return ()
    found = inventory.find(steering.model)
    of_provider = tuple(d for d in found if steering.provider in (None, d.provider))
    return of_provider or found


def _providers(
    strategy: Strategy, tier: Tier, steering: Steering, local_only: bool, routing: RoutingSettings, inventory: Inventory
) -> tuple[str, ...]:
    local = inventory.local_providers()
    if local_only:
        return local
    if steering.provider is not None:
        return local if steering.provider == LOCAL else (steering.provider,)
    if strategy is Strategy.LATENCY:
        rest = [name for name in inventory.providers() if name not in local]
        return (*local, *rest)
    chain = routing.chains.cost if strategy is Strategy.COST else getattr(routing.chains, tier.value)
    names: list[str] = []
    for entry in chain:
        names += local if entry == LOCAL else [provider_name(entry)]
    return tuple(dict.fromkeys(names))


def _local_groups(inventory: Inventory) -> list[str]:
    return list(dict.fromkeys(d.group for d in inventory.deployments if d.local)) or ["none is set up"]
