"""Decision: the one object behind headers, log lines and the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from router_plugin.complexity import Tier
from router_plugin.eligibility import LeftOut
from router_plugin.privacy import Finding
from router_plugin.session import Held
from router_plugin.settings import Strategy
from router_plugin.signals import Signal


@dataclass(frozen=True)
class Reason:
    """A step of the decision: a stable code, and where it applies. Never text of the request."""

    code: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code}:{self.detail}" if self.detail else self.code


@dataclass(frozen=True)
class Decision:
    """Where a request goes and why.

    `tier`, `score` (0..1) and `abstained` are the classifier's, also for private requests, or those of the work under
    way where a conversation holds them (`held`); `chain` holds model group
    names in the order in which they are tried, `model_group` is its first.
    """

    id: str
    private: bool
    verdict: str
    findings: tuple[Finding, ...]
    tier: Tier
    score: float
    abstained: bool
    strategy: Strategy
    chain: tuple[str, ...]
    reasons: tuple[Reason, ...]
    model_version: str
    local_only: bool
    p_local: float = 0.0  # P(a local ~8B model suffices)
    p_mid: float = 0.0  # P(a mid-size model suffices)
    code: bool = False  # it is work on code
    droppable: tuple[str, ...] = ()  # places in `user` or `metadata` that don't go to the cloud
    signals: tuple[Signal, ...] = ()
    left_out: tuple[LeftOut, ...] = ()  # deployments that can't take the request, and why
    routed: Tier | None = None  # the tier that routes: this one, or a higher one where the classifier was unsure
    held: Held | None = None  # why the conversation's tier isn't the last turn's own

    @property
    def model_group(self) -> str | None:
        """The group that is tried first."""
        return self.chain[0] if self.chain else None

    @property
    def confidence(self) -> float:
        """The classifier's probability that `tier` is the cheapest that suffices, 0..1; the three tiers' sum to 1.

        Low: P(a local model suffices). Medium: P(a mid model does and a local one doesn't). High: P(no mid model does).
        """
        by_tier = {
            Tier.LOW: self.p_local,
            Tier.MEDIUM: self.p_mid - self.p_local,
            Tier.HIGH: 1.0 - self.p_mid,
        }
        return min(1.0, max(0.0, by_tier[self.tier]))

    def because(self, *reasons: Reason) -> Decision:
        """The same decision with further reasons."""
        return replace(self, reasons=(*self.reasons, *reasons)) if reasons else self

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form; holds no request text."""
        return {
            "decision_id": self.id,
            "private": self.private,
            "verdict": self.verdict,
            "findings": [{"rule": finding.rule, "place": finding.place} for finding in self.findings],
            "tier": self.tier.value,
            "score": round(self.score, 4),
            "confidence": round(self.confidence, 4),
            "abstained": self.abstained,
            "strategy": self.strategy.value,
            "model_group": self.model_group,
            "chain": list(self.chain),
            "local_only": self.local_only,
            "reasons": [str(reason) for reason in self.reasons],
            "model_version": self.model_version,
            "session": None if self.held is None else self.held.to_json(),
            "left_out": {item.deployment: item.reason for item in self.left_out},
        }

    def headers(self) -> dict[str, str]:
        """The `x-router-*` response headers that are known before a deployment has answered."""
        return {
            "x-router-decision-id": self.id,
            "x-router-tier": self.tier.value,
            "x-router-confidence": f"{self.confidence:.2f}",
            "x-router-private": "true" if self.private else "false",
            "x-router-strategy": self.strategy.value,
            "x-router-reason": ",".join(str(reason) for reason in self.reasons),
            "x-router-model-version": self.model_version,
        }
