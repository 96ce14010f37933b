"""What a shadow log says in numbers: what routing would have cost, and what private text left for want of a lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from router_plugin.settings import SHADOW


@dataclass(frozen=True)
class ShadowSums:
    """Dollars over `priced` answers; `saved` = `cost` - `would_cost`, negative where routing had cost more.

    `left` counts private requests that aren't known to have been answered at home; `would_refuse` those that the
    router had answered with an error. A saving that comes from keeping private text at home is part of `saved`.
    """

    requests: int
    priced: int
    cost: float
    would_cost: float
    saved: float
    moved: int  # to another deployment
    private: int
    left: int
    would_refuse: int

    @property
    def share(self) -> float | None:
        """`saved` as a part of what was paid; None where that is nothing."""
        return self.saved / self.cost if self.cost else None

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        return {"mode": SHADOW, **asdict(self), "share": self.share}


def shadow_sums(records: Iterable[Mapping[str, Any]]) -> ShadowSums:
    """Sums over the records of shadow mode; others are passed over."""
    counts = dict.fromkeys(("requests", "priced", "moved", "private", "left", "would_refuse"), 0)
    cost = would_cost = 0.0
    for record in records:
        if record.get("mode") != SHADOW:
            continue
        counts["requests"] += 1
        counts["private"] += bool(record.get("private"))
        counts["left"] += bool(record.get("left"))
        counts["would_refuse"] += record.get("would_refuse") is not None
        would = record.get("would_deployment")
        counts["moved"] += would is not None and would != record.get("deployment")
        paid, expected = record.get("cost"), record.get("would_cost")
        if isinstance(paid, (int, float)) and isinstance(expected, (int, float)):
            counts["priced"] += 1
            cost += paid
            would_cost += expected
    return ShadowSums(cost=cost, would_cost=would_cost, saved=cost - would_cost, **counts)


def in_words(found: ShadowSums) -> str:
    """The sums in lines, the sign in words."""
    verb = "saved" if found.saved >= 0 else "lost"
    part = "" if found.share is None else f" ({abs(found.share):.0%})"
    return "\n".join(
        [
            f"routing would have {verb} ${abs(found.saved):,.4f}{part} of what was paid",
            f"{found.left:,} private requests were not kept at home; the lock would have kept them",
            "",
            f"requests           {found.requests:>14,}",
            f"  to another model {found.moved:>14,}",
            f"  refused          {found.would_refuse:>14,}",
            f"  private          {found.private:>14,}",
            f"cost               {found.cost:>14,.4f} dollars, over {found.priced:,} answers with a known price",
            f"would have cost    {found.would_cost:>14,.4f} dollars for the same tokens, none of them cached",
        ]
    )
