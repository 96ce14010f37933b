"""Policy -> plan: the model groups that are tried, in order. A local-only plan holds local deployments only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from router_plugin.complexity import Complexity
from router_plugin.deployments import EMBEDDING, Deployment, Inventory
from router_plugin.eligibility import Fit, LeftOut, Needs, refusal, sieve
from router_plugin.errors import InvalidRequest, NoDeployment, NoLocalDeployment
from router_plugin.policy import LOCAL_OF, Policy
from router_plugin.request import Surface
from router_plugin.settings import LOCAL, RoutingSettings

CURE = "Start one with `ollama serve` and pull its model, run `scripts/serve` for the embedded one, or see the README."


@dataclass(frozen=True)
class Plan:
    """An ordered fallback chain of model groups, each with its deployments."""

    groups: tuple[str, ...]
    deployments: tuple[Deployment, ...]
    local_only: bool
    left_out: tuple[LeftOut, ...] = ()  # what can't take the request
    last: frozenset[str] = frozenset()  # groups that lack something that can be left out
    room: Mapping[str, int] = field(default_factory=dict)  # deployment id -> the longest answer there, in tokens
    maker: str = ""  # the provider that answered all of the conversation's turns, where there is one and it is known
    pins: frozenset[str] = frozenset()  # parts of the request that only these deployments can read
    spent: str = ""  # what an error adds where a spent budget left only local deployments of the chain

    def find(self, deployment_id: str | None) -> Deployment | None:
        """A deployment of this plan, by its id."""
        return next((deployment for deployment in self.deployments if deployment.id == deployment_id), None)

    def attempts(self, least: int) -> int:
        """How many attempts a group gets: `least`, or one for each deployment of the largest group."""
        sizes = Counter(deployment.group for deployment in self.deployments)
        return max(least, *sizes.values())

    def allows(self, deployment_id: str) -> bool:
        """Whether a deployment belongs to this plan."""
        return any(deployment.id == deployment_id for deployment in self.deployments)


def make_plan(
    policy: Policy,
    complexity: Complexity,
    surface: Surface,
    routing: RoutingSettings,
    inventory: Inventory,
    needs: Needs | None = None,
) -> Plan:
    """The groups to try for a request, of deployments that can take it.

    Errors: NoLocalDeployment or NoDeployment where nothing is set up, ContextTooLong or NotCapable where nothing that
    is set up can take it, InvalidRequest for a pinned model of another kind.
    """
    needs = needs or Needs()
    usable = [d for d in inventory.deployments if (d.role == EMBEDDING) == (surface is Surface.EMBEDDINGS)]
    if policy.local_only:
        usable = [d for d in usable if d.local]
    if policy.pinned:
        usable = [d for d in policy.pinned if d in usable]
        if not usable:
            kind = "an embedding model" if surface is Surface.EMBEDDINGS else "a chat model"
            raise InvalidRequest(f"The model that is named is not {kind}.", param="model")
    fit = sieve(usable, needs, surface, lower=policy.local_only)
    groups = _choose_groups(policy, complexity, surface, routing, inventory, fit)
    if not groups and _offers(policy, usable) and fit.left_out:
        raise refusal(fit.left_out, needs, surface, local_only=policy.local_only)
    if policy.local_only and not groups:
        raise NoLocalDeployment(_no_local(surface, inventory))
    if not groups:
        raise NoDeployment(
            f"No deployment is set up for this request (tried {', '.join(policy.providers) or 'none'}). "
            "Set a provider's key, or see the start-up lines for what was left out."
        )
    if surface is Surface.EMBEDDINGS or not routing.fallback_enabled:
        groups = groups[:1]
    chosen = tuple(d for group in groups for d in (*fit.able, *fit.unsure) if d.group == group)
    last = frozenset(d.group for d in chosen if d.id in fit.last)
    return Plan(tuple(groups), chosen, policy.local_only, fit.left_out, last, fit.room, needs.only_maker, needs.pins)


def _offers(policy: Policy, usable: list[Deployment]) -> bool:
    """Whether a deployment is set up that the policy allows, able or not."""
    named = {name.removeprefix(LOCAL_OF) for name in (*policy.providers, *policy.widen)}
    return bool(policy.pinned) or any(d.provider in named for d in usable)


def _choose_groups(
    policy: Policy,
    complexity: Complexity,
    surface: Surface,
    routing: RoutingSettings,
    inventory: Inventory,
    fit: Fit,
) -> list[str]:
    """Groups of able deployments; of unsure ones where no able one is in reach, or nothing else is allowed."""
    able, unsure = list(fit.able), list(fit.unsure)
    if policy.pinned:
        return list(dict.fromkeys(d.group for d in able or unsure))
    if surface is Surface.EMBEDDINGS:
        return _embedding_groups(policy, able, inventory)

    def of(providers: tuple[str, ...], pool: list[Deployment]) -> list[str]:
        found = [group for provider in providers for group in _groups(provider, pool, policy, complexity, routing)]
        first = {d.group for d in pool if d.id not in fit.last}
        return sorted(dict.fromkeys(found), key=lambda group: group not in first)

    if policy.local_only:
        return list(dict.fromkeys([*of(policy.providers, able), *of(policy.providers, unsure)]))
    both = [*able, *unsure]
    tries = ((policy.providers, able), (policy.widen, able), (policy.providers, both), (policy.widen, both))
    return next((groups for providers, pool in tries if (groups := of(providers, pool))), [])


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


def local_left_out(inventory: Inventory) -> str:
    """The local deployments that can't be used, each with its reason, in brackets; empty where there are none."""
    tried = ", ".join(f"{name} ({why})" for name, why in inventory.left_out if name.startswith(("ollama", "embedded")))
    return f" (left out: {tried})" if tried else ""


def _no_local(surface: Surface, inventory: Inventory) -> str:
    what = "embedding deployment" if surface is Surface.EMBEDDINGS else "deployment"
    return f"This request must stay local and no local {what} is up{local_left_out(inventory)}. {CURE}"
