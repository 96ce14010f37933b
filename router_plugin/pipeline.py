"""The stages in order, on one screen: request -> verdict -> complexity -> policy -> plan -> Decision."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from router_plugin import thrift
from router_plugin.budget import Budget, Level, Standing
from router_plugin.complexity import Complexity, ComplexityScorer, Thresholds
from router_plugin.config import RouterConfig
from router_plugin.continuity import Course, stay_on_course
from router_plugin.decision import Decision, Reason
from router_plugin.deployments import Inventory
from router_plugin.eligibility import Counter, estimate, read_needs
from router_plugin.errors import RequestRefused
from router_plugin.pinned import pins
from router_plugin.plan import Plan
from router_plugin.planner import Planner
from router_plugin.policy import Policy, choose
from router_plugin.privacy import Detector, Verdict
from router_plugin.rates import Rates
from router_plugin.request import Conversation, Surface, parse
from router_plugin.session import CHARACTERS_PER_TOKEN, Note, Switch, switch, turns_ahead
from router_plugin.settings import Settings
from router_plugin.steering import Steering


@dataclass(frozen=True)
class Router:
    """Everything that a decision needs; built once at start."""

    config: RouterConfig
    detector: Detector
    scorer: ComplexityScorer
    count: Counter = estimate  # a text's tokens, where a prompt comes near a limit
    rates: Rates | None = None
    budget: Budget | None = None

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self.config.settings, self.config.inventory)

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
        note: Note | None = None,
        conversation: Conversation | None = None,
    ) -> tuple[Decision, Plan]:
        """Where a request goes; `on_private_pin` overrides the settings, `note` is what its conversation remembers,
        `conversation` the body where it has been read already.

        Errors: RequestRefused for one that must not be sent anywhere.
        """
        conversation = conversation or self.read(body, surface)
        verdict = self.detector.scan(conversation)
        scored = self.scorer.score(conversation, explain=explain)
        settings, inventory = self.config.settings, self.config.inventory
        if on_private_pin is not None and on_private_pin != settings.on_private_pin:
            settings = settings.model_copy(update={"on_private_pin": on_private_pin})
        remembered = note is not None and note.private
        wishes = replace(steering, private=True) if remembered else steering
        needs = read_needs(body, conversation, self.count)
        if note is not None or conversation.opaque:
            maker = _maker(note, inventory)
            held = pins(body, surface, maker) if conversation.opaque else frozenset()  # what is pinned can't be read
            needs = replace(needs, pins=held, maker=maker, only_maker=_only_maker(note, inventory))

        spent = self.budget.worst() if self.budget is not None else None

        def under(settings: Settings, inventory: Inventory, complexity: Complexity) -> tuple[Policy, Plan]:
            if settings is self.config.settings and inventory is self.config.inventory:
                return self._planner.plan(verdict, complexity, wishes, surface, needs)
            return Planner(settings, inventory).plan(verdict, complexity, wishes, surface, needs)

        def plan_for(complexity: Complexity) -> tuple[Policy, Plan]:
            policy, plan = under(settings, inventory, complexity)
            if spent is None or policy.local_only:
                return policy, plan
            if spent.level is Level.SOFT:
                if policy.pinned or policy.forced or surface is Surface.EMBEDDINGS:
                    return policy, plan
                plan = under(thrift.local_first(settings), inventory, complexity)[1]
                return policy, thrift.cheapest_first(plan, inventory, fallbacks=settings.routing.fallback_enabled)
            try:
                plan = under(thrift.local_first(settings), thrift.local_part(inventory), complexity)[1]
            except RequestRefused:
                raise thrift.refusal(spent, inventory, surface) from None
            groups = plan.groups if settings.routing.fallback_enabled else plan.groups[:1]
            return policy, replace(plan, groups=groups, spent=spent.when_local_failed())

        policy, plan = plan_for(scored)
        course = Course(scored, plan)
        if note is not None and not (plan.local_only or policy.pinned or steering.provider):
            thresholds = Thresholds(settings.routing.thresholds.low, settings.routing.thresholds.high)
            course = stay_on_course(note, course, conversation, self._weigh, lambda held: plan_for(held)[1], thresholds)
            policy = choose(verdict, course.complexity, wishes, settings, inventory)
        complexity, plan = course.complexity, course.plan
        reasons = [_remembered(r) if remembered and not steering.private else r for r in policy.reasons]
        decision = Decision(
            id=secrets.token_hex(16),
            private=verdict.private or wishes.private,
            verdict=verdict.judgement.value,
            findings=verdict.findings,
            tier=complexity.tier,
            score=complexity.score,
            abstained=complexity.abstained,
            strategy=policy.strategy,
            chain=plan.groups,
            reasons=(*reasons, *course.reasons, *_without(plan), *_thrifty(spent, policy)),
            model_version=complexity.model_version,
            local_only=plan.local_only,
            p_local=complexity.p_local,
            p_mid=complexity.p_mid,
            code=complexity.code,
            droppable=() if plan.local_only else verdict.droppable,
            signals=complexity.signals,
            left_out=plan.left_out,
            held=course.held,
            routed=max(complexity.tier, policy.tier, key=lambda tier: tier.rank),
        )
        return decision, plan

    def _weigh(self, note: Note, group: str, conversation: Conversation) -> Switch | None:
        """What going from a conversation's model to another group is worth; None where a price isn't known."""
        if group == note.group:
            return Switch(0.0, 0.0)
        stay = self.rates.of(note.group) if self.rates is not None else None
        go = self.rates.of(group) if self.rates is not None else None
        if stay is None or go is None:
            return None
        new = len(conversation.turns[-1].text) if conversation.turns else 0
        return switch(
            stay,
            go,
            context=conversation.characters // CHARACTERS_PER_TOKEN,
            new=new // CHARACTERS_PER_TOKEN,
            turns=turns_ahead(note),
            warm=note.warm,
            second=self.config.settings.sessions.dollars_per_second,
        )


def _maker(note: Note | None, inventory: Inventory) -> str:
    """The provider of a conversation's last turn; empty where no one remembers."""
    group = note.group if note is not None else ""
    return next((d.provider for d in inventory.deployments if d.group == group), "")


def _only_maker(note: Note | None, inventory: Inventory) -> str:
    """The provider of all of a conversation's turns; empty where there were several, or one that no one remembers."""
    groups = {note.group, *note.before} if note is not None else set()
    served = [d for d in inventory.deployments if d.group in groups]
    providers = {d.provider for d in served}
    return providers.pop() if len(providers) == 1 and {d.group for d in served} == groups else ""


def _remembered(reason: Reason) -> Reason:
    """A request that is private only because its conversation was says so."""
    return Reason("session.private") if reason.code == "privacy.asked" else reason


def _thrifty(spent: Standing | None, policy: Policy) -> list[Reason]:
    """Which limit of the budget bore on the chain."""
    if spent is None or policy.local_only:
        return []
    return [Reason(f"budget.{spent.level.value}", spent.name)]


def _without(plan: Plan) -> list[Reason]:
    """What some deployment could not give: each kind once."""
    kinds = dict.fromkeys(item.reason.split(":")[0] for item in plan.left_out)
    return [Reason("without", kind) for kind in kinds]
