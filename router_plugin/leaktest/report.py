"""What a run of the matrix found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from router_plugin.leaktest.judge import Outcome

MOST_LISTED = 50


@dataclass
class Report:
    """Counts and failing cases. No text of a request is in it.

    Each case is counted once: as a leak, or by its outcome. `controls` are public prompts through the same failures;
    those in `controls_in_cloud` show that the cloud fakes would have seen a leak.
    """

    cases: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    leaked: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    controls: int = 0
    controls_in_cloud: int = 0
    cloud_deployments: int = 0
    opened_endpoints: int = 0
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "cases": self.cases,
            "leaks": len(self.leaked),
            "refused": self.outcomes[Outcome.REFUSED],
            "answered_local": self.outcomes[Outcome.ANSWERED],
            "errors": self.outcomes[Outcome.ERROR],
            "controls": self.controls,
            "controls_in_cloud": self.controls_in_cloud,
            "cloud_deployments": self.cloud_deployments,
            "opened_endpoints": self.opened_endpoints,
            "seconds": round(self.seconds, 1),
            "leaked": self.leaked[:MOST_LISTED],
            "unexpected": self.unexpected[:MOST_LISTED],
        }

    def lines(self) -> list[str]:
        """The report for a person."""
        counts = self.to_json()
        shown = [f"{name.replace('_', ' ') + ':':<20}{value}" for name, value in counts.items() if _is_count(value)]
        shown += [f"LEAK        {case}" for case in counts["leaked"]]
        shown += [f"unexpected  {case}" for case in counts["unexpected"]]
        return shown


def _is_count(value: object) -> bool:
    return isinstance(value, (int, float))
