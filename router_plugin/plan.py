"""Policy -> plan: the model groups that are tried, in order. A local-only plan holds local deployments only."""

from __future__ import annotations

from dataclasses import dataclass

from router_plugin.complexity import Complexity
from router_plugin.deployments import Deployment, Inventory
from router_plugin.errors import InvalidRequest, NoDeployment, NoLocalDeployment
from router_plugin.policy import LOCAL_OF, Policy
from router_plugin.request import Surface
from router_plugin.settings import LOCAL, RoutingSettings

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
    elif surface is Surface.EMBEDDINGS:
        groups = _embedding_groups(policy, usable, inventory)
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
        groups = groups[:1]
    chosen = tuple(d for group in groups for d in usable if d.group == group)
    return Plan(tuple(groups), chosen, policy.local_only)


def _embedding_groups(policy: Policy, usable: list[Deployment], inventory: Inventory) -> list[str]:
    """One group for every text of an index: the named provider's, else the first local one, else the first.

    Another model's vectors would corrupt the index, so neither difficulty nor privacy changes the choice; a private
    text for which the choice isn't local has none.
    """
    if policy.rerouted:
        return []
    offered = [d for d in inventory.deployments if d.role == EMBEDDING]
    if policy.forced is not None:
        offered = [d for d in offered if policy.forced in (d.provider, LOCAL if d.local else "")]
    first = next((d for d in offered if d.local), offered[0] if offered else None)
    return [first.group] if first is not None and first in usable else []


def _groups(
    provider: str, usable: list[Deployment], policy: Policy, complexity: Complexity, routing: RoutingSettings
) -> list[str]:
    """The groups of a provider that fit the work: premium, code or fast where it has them, else its default.

    A request that must stay local has no other provider to turn to, so there the provider's other groups follow.
    """
    name = provider.removeprefix(LOCAL_OF)
    own: dict[str, list[str]] = {}
    for deployment in usable:
        if deployment.provider == name and (deployment.local or not provider.startswith(LOCAL_OF)):
            own.setdefault(deployment.role, []).append(deployment.group)
    if not own:
        return []
    unlowered = policy.tier.rank >= complexity.tier.rank
    role = "default" if "default" in own else next(iter(own))
    if complexity.score >= routing.premium_from and unlowered and "premium" in own:
        role = "premium"
    elif complexity.code and "code" in own:
        role = "code"
    elif complexity.score < routing.fast_below and not (complexity.abstained or policy.local_only) and "fast" in own:
        role = "fast"
    rest = [group for kind, groups in own.items() if kind != role for group in groups] if policy.local_only else []
    return [*own[role], *rest]


def _no_local(surface: Surface, inventory: Inventory) -> str:
    what = "embedding deployment" if surface is Surface.EMBEDDINGS else "deployment"
    tried = ", ".join(f"{name} ({why})" for name, why in inventory.left_out if name.startswith(("ollama", "embedded")))
    return f"This request must stay local and no local {what} is up{f' (left out: {tried})' if tried else ''}. {CURE}"
