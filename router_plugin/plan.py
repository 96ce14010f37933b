"""Policy -> plan: the model groups that are tried, in order. A local-only plan holds local deployments only."""

from __future__ import annotations

from dataclasses import dataclass

from router_plugin.complexity import Complexity, Tier
from router_plugin.deployments import Deployment, Inventory
from router_plugin.errors import InvalidRequest, NoDeployment, NoLocalDeployment
from router_plugin.policy import Policy
from router_plugin.request import Surface
from router_plugin.settings import RoutingSettings

EMBEDDING = "embedding"
CURE = "Start one with `ollama serve` and pull its model, run `scripts/serve` for the embedded one, or see the README."


@dataclass(frozen=True)
class Plan:
    """An ordered fallback chain of model groups, each with its deployments."""

    groups: tuple[str, ...]
    deployments: tuple[Deployment, ...]
    local_only: bool

    def allows(self, deployment_id: str) -> bool:
        """Whether a deployment belongs to this plan."""
        return any(deployment.id == deployment_id for deployment in self.deployments)


def make_plan(
    policy: Policy, complexity: Complexity, surface: Surface, routing: RoutingSettings, inventory: Inventory
) -> Plan:
    """The groups to try for a request.

    Errors: NoLocalDeployment or NoDeployment where nothing is left, InvalidRequest for a pinned model of another kind.
    """
    usable = [d for d in inventory.deployments if (d.role == EMBEDDING) == (surface is Surface.EMBEDDINGS)]
    if policy.local_only:
        usable = [d for d in usable if d.local]
    if policy.pinned:
        groups = [d.group for d in policy.pinned if d in usable]
        if not groups:
            kind = "an embedding model" if surface is Surface.EMBEDDINGS else "a chat model"
            raise InvalidRequest(f"The model that is named is not {kind}.", param="model")
    else:
        groups = [
            group for provider in policy.providers for group in _groups(provider, usable, policy, complexity, routing)
        ]
    groups = list(dict.fromkeys(groups))
    if policy.local_only and not groups:
        raise NoLocalDeployment(_no_local(surface, inventory))
    if not groups:
        raise NoDeployment(
            f"No deployment is set up for this request (tried {', '.join(policy.providers) or 'none'}). "
            "Set a provider's key, or see the start-up lines for what was left out."
        )
    if surface is Surface.EMBEDDINGS or not routing.fallback_enabled:
        groups = groups[:1]  # another model's vectors would corrupt an index
    chosen = tuple(d for group in groups for d in usable if d.group == group)
    return Plan(tuple(groups), chosen, policy.local_only)


def _groups(
    provider: str, usable: list[Deployment], policy: Policy, complexity: Complexity, routing: RoutingSettings
) -> list[str]:
    """The group of a provider that fits the work: premium, code or fast where it has them, else its default.

    A request that must stay local has no other provider to turn to, so there the provider's other groups follow.
    """
    own = {d.role: d.group for d in reversed([d for d in usable if d.provider == provider])}
    if not own:
        return []
    role = "default" if "default" in own else next(iter(own))
    if complexity.score >= routing.premium_from and policy.tier is Tier.HIGH and "premium" in own:
        role = "premium"
    elif complexity.code and "code" in own:
        role = "code"
    elif complexity.score < routing.fast_below and not (complexity.abstained or policy.local_only) and "fast" in own:
        role = "fast"
    rest = [group for name, group in own.items() if name != role] if policy.local_only else []
    return [own[role], *rest]


def _no_local(surface: Surface, inventory: Inventory) -> str:
    what = "embedding deployment" if surface is Surface.EMBEDDINGS else "deployment"
    tried = ", ".join(f"{name} ({why})" for name, why in inventory.left_out if name.startswith(("ollama", "embedded")))
    return f"This request must stay local and no local {what} is up{f' (left out: {tried})' if tried else ''}. {CURE}"
