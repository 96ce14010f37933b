"""What routing saved, or cost, against sending everything to one model: the same tokens, at list prices.

Only requests that could have gone elsewhere count: private ones stay at home whatever the router does, and embeddings
keep their model. A baseline that never switches models finds more of each conversation in the provider's prompt cache.
The log doesn't say how much more, so the baseline is given the best share of cached prompt tokens that any deployment
with enough requests had in the same log, or what was really read from a cache where that is more. The result is
negative where routing cost more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from router_plugin.config import RouterConfig
from router_plugin.deployments import EMBEDDING, Deployment
from router_plugin.errors import RouterPluginError
from router_plugin.prices import Price, prices
from router_plugin.report import Total
from router_plugin.settings import LOCAL

PREMIUM = "premium"
ENOUGH_REQUESTS = 20  # of a deployment, before its share of cached tokens says anything


class BaselineError(RouterPluginError):
    """The baseline names no group, or one without a known price."""


@dataclass(frozen=True)
class Savings:
    """Dollars over `requests` answers; `saved` = `baseline_cost` - `cost`, negative where routing cost more.

    `cache_misses` is the part of `baseline_cost` that fewer model switches would have spared. `private`, `embeddings`
    and `unpriced` answers are in no sum.
    """

    baseline: str  # a deployment
    requests: int
    cost: float
    baseline_cost: float
    saved: float
    cached_share: float  # of a prompt's tokens, at the baseline
    cache_misses: float
    private: int
    embeddings: int
    unpriced: int

    @property
    def share(self) -> float | None:
        """`saved` as a part of the baseline's cost; None where that is nothing."""
        return self.saved / self.baseline_cost if self.baseline_cost else None

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        return {**asdict(self), "share": self.share}


def baseline_of(config: RouterConfig, name: str = PREMIUM) -> tuple[Deployment, Price]:
    """The deployment that stands for a baseline: a group's first, or the first premium one of the chain for hard work.

    Errors: BaselineError.
    """
    inventory = config.inventory
    if name == PREMIUM:
        chain = config.settings.routing.chains.high
        found = [d for entry in chain if entry != LOCAL for d in inventory.of_provider(entry) if d.role == PREMIUM]
        cure = "set up a provider with a premium model, or name a group with --baseline"
    else:
        found = list(inventory.of_group(name))
        cure = f"name one of {', '.join(inventory.groups)}"
    known = prices(found)
    for deployment in found:
        price = known[deployment.id]
        if price is not None:
            return deployment, price
    missing = "has no known price" if found else "names no model that is set up"
    raise BaselineError(f"The baseline {name} {missing}; {cure}.")


def savings(found: Iterable[Total], config: RouterConfig, baseline: str = PREMIUM) -> Savings:
    """Savings over the `totals` of a log. Errors: BaselineError."""
    deployment, price = baseline_of(config, baseline)
    known = prices(config.inventory.deployments)
    others = {d.id for d in config.inventory.deployments if d.role == EMBEDDING}
    answered = [part for part in found if part.deployment is not None]
    sums = [part for part in answered if not part.private and part.deployment not in others]
    share = _best_cached_share(sums)
    requests, unpriced = 0, 0
    cost, with_share, as_read = 0.0, 0.0, 0.0
    for part in sums:
        paid = part.cost if part.cost is not None else _listed(known.get(str(part.deployment)), part)
        if paid is None:
            unpriced += part.requests
            continue
        requests += part.requests
        cost += paid
        with_share += price.cost(part.prompt, part.completion, max(part.cached, int(share * part.prompt)))
        as_read += price.cost(part.prompt, part.completion, part.cached)
    return Savings(
        baseline=deployment.id,
        requests=requests,
        cost=cost,
        baseline_cost=with_share,
        saved=with_share - cost,
        cached_share=share,
        cache_misses=as_read - with_share,
        private=sum(part.requests for part in answered if part.private),
        embeddings=sum(part.requests for part in answered if not part.private and part.deployment in others),
        unpriced=unpriced,
    )


def _best_cached_share(sums: list[Total]) -> float:
    by_name: dict[str, list[int]] = {}
    for part in sums:
        total = by_name.setdefault(str(part.deployment), [0, 0, 0])
        for place, value in enumerate((part.requests, part.prompt, part.cached)):
            total[place] += value
    enough = (total for total in by_name.values() if total[0] >= ENOUGH_REQUESTS and total[1])
    return max((min(1.0, cached / prompt) for _, prompt, cached in enough), default=0.0)


def _listed(price: Price | None, part: Total) -> float | None:
    return None if price is None else price.cost(part.prompt, part.completion, part.cached)


def in_words(found: Mapping[str, Any]) -> str:
    """A result's JSON form as one sentence, with the sign in words."""
    saved, share = float(found["saved"]), found["share"]
    part = "" if share is None else f" ({abs(share):.0%})"
    verb = "saved" if saved >= 0 else "lost"
    return f"{verb} ${abs(saved):,.2f}{part} against always {found['baseline']}"
