"""Verdict, complexity, strategy and a caller's wishes -> which providers, in which order, and why."""

from __future__ import annotations

from dataclasses import dataclass

from router_plugin.complexity import Complexity, Tier
from router_plugin.decision import Reason
from router_plugin.deployments import Deployment, Inventory, provider_name
from router_plugin.errors import InvalidRequest, PrivatePinRejected
from router_plugin.privacy import Verdict
from router_plugin.settings import LOCAL, RoutingSettings, Settings, Strategy
from router_plugin.steering import Steering

LOCAL_OF = "local:"  # before a provider's name: its local deployments only
MAX_REASONS = 5  # findings named among the reasons


@dataclass(frozen=True)
class Policy:
    """What a request may use: providers in order, or the deployments that a caller pinned."""

    strategy: Strategy
    tier: Tier  # the tier that routes: the classifier's, moved by abstention or by a caller's ceiling
    providers: tuple[str, ...]  # `local:NAME` for the local deployments of a provider only
    local_only: bool
    pinned: tuple[Deployment, ...]
    reasons: tuple[Reason, ...]
    forced: str | None = None  # the provider that a caller named
    widen: tuple[str, ...] = ()  # providers for a request that nothing in `providers` can take
    rerouted: bool = False  # a cloud model or provider was named, and the request must stay local


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
    tier, moved = (tier, []) if local_only else _after_abstention(tier, complexity, steering, routing)
    reasons += moved
    if tier is not complexity.tier and not moved:
        reasons.append(Reason("asked.max_tier", tier.value))
    pinned = _pinned(steering, inventory)
    rerouted = local_only and _asks_for_cloud(steering, pinned, inventory)
    if rerouted:
        if settings.on_private_pin == "reject":
            raise PrivatePinRejected(
                "This request is private and names a model or provider that is not local. Use `auto`, or name a local "
                f"model; the operator can set on_private_pin: reroute. Local: {', '.join(_local_groups(inventory))}."
            )
        reasons.append(Reason("privacy.pin_rerouted"))
    if local_only:
        pinned = tuple(deployment for deployment in pinned if deployment.local)
    if pinned:
        reasons.append(Reason("asked.model", pinned[0].group))
    providers = _providers(strategy, tier, steering, local_only, routing, inventory)
    if steering.provider and not local_only and not pinned:
        reasons.append(Reason("asked.provider", steering.provider))
    reasons.append(Reason(f"strategy.{strategy.value}"))
    forced = None if rerouted else steering.provider
    widen: tuple[str, ...] = ()
    if not local_only and steering.provider is None and steering.max_tier is None:
        widen = tuple(name for name in inventory.providers() if name not in providers)
    return Policy(strategy, tier, providers, local_only, pinned, tuple(reasons), forced, widen, rerouted)


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
    """The deployments of a named model; of a named provider where both are given. Errors: InvalidRequest."""
    if steering.model is None:
        return ()
    found = inventory.find(steering.model)
    wanted = steering.provider
    chosen = tuple(d for d in found if wanted in (None, d.provider) or (wanted == LOCAL and d.local))
    if not chosen:
        has = ", ".join(dict.fromkeys(d.provider for d in found))
        raise InvalidRequest(f"The provider that is named doesn't have this model; it is with {has}.", param="provider")
    return chosen


def _asks_for_cloud(steering: Steering, pinned: tuple[Deployment, ...], inventory: Inventory) -> bool:
    """Whether a caller named a model or a provider of which nothing is local."""
    if pinned:
        return not any(deployment.local for deployment in pinned)
    return steering.provider is not None and steering.provider not in (LOCAL, *inventory.local_providers())


def _providers(
    strategy: Strategy, tier: Tier, steering: Steering, local_only: bool, routing: RoutingSettings, inventory: Inventory
) -> tuple[str, ...]:
    local = inventory.local_providers()
    if local_only:
        return local
    local = tuple(f"{LOCAL_OF}{name}" if _is_mixed(name, inventory) else name for name in local)
    if steering.provider is not None:
        return local if steering.provider == LOCAL else (steering.provider,)
    if strategy is Strategy.LATENCY:
        rest = [name for name in inventory.providers() if name not in local]  # a mixed one follows with its cloud
        return (*local, *rest)
    chain = routing.chains.cost if strategy is Strategy.COST else getattr(routing.chains, tier.value)
    names: list[str] = []
    for entry in chain:
        names += local if entry == LOCAL else [provider_name(entry)]
    return tuple(dict.fromkeys(names))


def _is_mixed(provider: str, inventory: Inventory) -> bool:
    return len({deployment.local for deployment in inventory.of_provider(provider)}) > 1


def _local_groups(inventory: Inventory) -> list[str]:
    return list(dict.fromkeys(d.group for d in inventory.deployments if d.local)) or ["none is set up"]
