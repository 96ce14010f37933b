"""The stages in order, on one screen: request -> verdict -> complexity -> policy -> plan -> Decision."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from router_plugin.complexity import ComplexityScorer
from router_plugin.config import RouterConfig
from router_plugin.decision import Decision, Reason
from router_plugin.eligibility import Counter, estimate, read_needs
from router_plugin.plan import Plan, make_plan
from router_plugin.policy import choose
from router_plugin.privacy import Detector, Verdict
from router_plugin.request import Conversation, Surface, parse
from router_plugin.steering import Steering


@dataclass(frozen=True)
class Router:
    """Everything that a decision needs; built once at start."""

    config: RouterConfig
    detector: Detector
    scorer: ComplexityScorer
    count: Counter = estimate  # a text's tokens, where a prompt comes near a limit

    def read(self, body: Mapping[str, Any], surface: Surface) -> Conversation:
        """The body as a conversation. Errors: InvalidRequest, RequestTooLarge."""
        return parse(body, surface, max_characters=self.config.settings.limits.max_body_characters)

    def scan(self, body: Mapping[str, Any], surface: Surface) -> Verdict:
        """The privacy verdict of a body. Errors: InvalidRequest, RequestTooLarge."""
        return self.detector.scan(self.read(body, surface))

    def decide(
        self,
        body: Mapping[str, Any],
        surface: Surface,
        steering: Steering,
        *,
        explain: bool = False,
        on_private_pin: Literal["reroute", "reject"] | None = None,
    ) -> tuple[Decision, Plan]:
        """Where a request goes; `on_private_pin` overrides the settings.

        Errors: RequestRefused for one that must not be sent anywhere.
        """
        conversation = self.read(body, surface)
        verdict = self.detector.scan(conversation)
        complexity = self.scorer.score(conversation, explain=explain)
        settings, inventory = self.config.settings, self.config.inventory
        if on_private_pin is not None and on_private_pin != settings.on_private_pin:
            settings = settings.model_copy(update={"on_private_pin": on_private_pin})
        policy = choose(verdict, complexity, steering, settings, inventory)
        needs = read_needs(body, conversation, self.count)
        plan = make_plan(policy, complexity, surface, settings.routing, inventory, needs)
        decision = Decision(
            id=uuid.uuid4().hex,
            private=verdict.private or steering.private,
            verdict=verdict.judgement.value,
            findings=verdict.findings,
            tier=complexity.tier,
            score=complexity.score,
            abstained=complexity.abstained,
            strategy=policy.strategy,
            chain=plan.groups,
            reasons=(*policy.reasons, *_without(plan)),
            model_version=complexity.model_version,
            local_only=plan.local_only,
            p_local=complexity.p_local,
            p_mid=complexity.p_mid,
            code=complexity.code,
            droppable=() if plan.local_only else verdict.droppable,
            signals=complexity.signals,
            left_out=plan.left_out,
        )
        return decision, plan


def _without(plan: Plan) -> list[Reason]:
    """What some deployment could not give: each kind once."""
    kinds = dict.fromkeys(item.reason.split(":")[0] for item in plan.left_out)
    return [Reason("without", kind) for kind in kinds]
