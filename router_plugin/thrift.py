"""What a spent budget does to a request's chain: local first and then the cheapest, or local only."""

from __future__ import annotations

from dataclasses import replace

from router_plugin.budget import Standing
from router_plugin.deployments import EMBEDDING, Inventory
from router_plugin.errors import BudgetSpent
from router_plugin.plan import Plan, local_left_out
from router_plugin.prices import prices
from router_plugin.request import Surface
from router_plugin.settings import LOCAL, ChainSettings, Settings

PROMPT_TOKENS, ANSWER_TOKENS = 1_000, 400  # of a usual request; only the order of prices depends on it
CHAINS = ("low", "medium", "high", "cost")


def local_first(settings: Settings) -> Settings:
    """The settings with local providers in front of every chain, and whole chains even where fallbacks are off."""
    chains = {name: tuple(dict.fromkeys((LOCAL, *getattr(settings.routing.chains, name)))) for name in CHAINS}
    routing = settings.routing.model_copy(update={"chains": ChainSettings(**chains), "fallback_enabled": True})
    return settings.model_copy(update={"routing": routing})


def cheapest_first(plan: Plan, inventory: Inventory, *, fallbacks: bool) -> Plan:
    """The plan with local groups first, then by price; what lacks something stays last, an unknown price too."""
    price = prices(plan.deployments)

    def cost(group: str) -> float:
        known = [price[d.id] for d in inventory.of_group(group) if price.get(d.id) is not None]
        return min((p.cost(PROMPT_TOKENS, ANSWER_TOKENS) for p in known if p is not None), default=float("inf"))

    def local(group: str) -> bool:
        return all(d.local for d in plan.deployments if d.group == group)

    groups = sorted(plan.groups, key=lambda group: (group in plan.last, not local(group), cost(group)))
    groups = groups if fallbacks else groups[:1]
    return replace(plan, groups=tuple(groups), deployments=tuple(d for d in plan.deployments if d.group in groups))


def local_part(inventory: Inventory) -> Inventory:
    """The inventory with local deployments only."""
    return replace(inventory, deployments=tuple(d for d in inventory.deployments if d.local))


def refusal(spent: Standing, inventory: Inventory, surface: Surface) -> BudgetSpent:
    """For a request that no local deployment can take: whether there is one, beside the budget."""
    embeds = surface is Surface.EMBEDDINGS
    if any(d.local and (d.role == EMBEDDING) is embeds for d in inventory.deployments):
        return BudgetSpent(spent.refusal())
    return BudgetSpent(spent.refusal_without_local(local_left_out(inventory)))
