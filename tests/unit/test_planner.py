"""router_plugin.planner: what is remembered is what would be worked out anew, and nothing private is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from router_plugin import planner
from router_plugin.capabilities import Capabilities
from router_plugin.complexity import Complexity
from router_plugin.conversation import Surface
from router_plugin.deployments import Inventory
from router_plugin.eligibility import Needs
from router_plugin.errors import RequestRefused
from router_plugin.plan import Plan, make_plan
from router_plugin.planner import Planner
from router_plugin.policy import Policy, choose
from router_plugin.privacy import Finding, Judgement, Verdict
from router_plugin.settings import Settings
from router_plugin.steering import Steering
from tests.unit.arbitrary import NAMES, SETTINGS, VERDICTS, WISHES, inventories
from tests.unit.builders import PUBLIC, complexity, inventory

SIZES = st.sampled_from([10, 3_000, 9_000])
PARTS = st.tuples(  # of a request: a verdict, three of its complexity, wishes, a surface, five of its needs
    st.just(PUBLIC) | VERDICTS,
    *(st.sampled_from([0.1, 0.25, 0.5, 0.9]), st.booleans(), st.booleans()),
    st.just(Steering()) | WISHES,
    st.sampled_from(Surface),
    *(st.frozensets(st.sampled_from(["tools", "vision", "reasoning"])), SIZES, SIZES, NAMES | st.just("")),
    st.frozensets(st.sampled_from(["encrypted"]), max_size=1),
)
FACTS = st.builds(
    Capabilities,
    st.none() | st.sampled_from([4_000, 16_000]),
    st.none() | st.sampled_from([2_000, 8_000]),
    st.dictionaries(st.sampled_from(["tools", "vision", "reasoning"]), st.booleans()),
)
PATIENT = Verdict(Judgement.PRIVATE, (Finding("topic.private", "messages[0].content"),))
OFFERED = inventory(
    "ollama-default", "ollama-fast", "ollama-code", "openai-default", "anthropic-default", "anthropic-premium"
)


@st.composite
def facts(draw: st.DrawFn) -> Inventory:
    offered = draw(inventories())
    return Inventory(tuple(replace(d, capabilities=draw(FACTS)) for d in offered.deployments))


def anew(
    configured: Settings,
    offered: Inventory,
    verdict: Verdict,
    scored: Complexity,
    wishes: Steering,
    surface: Surface,
    needs: Needs,
) -> tuple[Policy, Plan]:
    policy = choose(verdict, scored, wishes, configured, offered)
    return policy, make_plan(policy, scored, surface, configured.routing, offered, needs)


def outcome(make: Any, *given: Any) -> object:
    try:
        return make(*given)
    except RequestRefused as error:
        return type(error), error.message


def request(parts: Any) -> tuple[Verdict, Complexity, Steering, Surface, Needs]:
    verdict, score, abstained, code, wishes, surface, flags, answer, bound, maker, pins = parts
    scored = complexity(score, abstained=abstained, code=code)
    return verdict, scored, wishes, surface, Needs(flags, answer, bound, lambda: bound, pins, maker, maker)


@settings(max_examples=600, deadline=None)
@given(facts() | st.just(OFFERED), SETTINGS, PARTS, PARTS)
def test_a_planner_answers_as_if_it_remembered_nothing(
    offered: Inventory, configured: Settings, parts: Any, others: Any
) -> None:
    """A request, then those that differ from it in one part each: a part that the memory overlooked would show."""
    made = Planner(configured, offered)
    for changed in (None, *range(len(parts)), None):
        mixed = request(
            [other if at == changed else part for at, (part, other) in enumerate(zip(parts, others, strict=True))]
        )
        assert outcome(made.plan, *mixed) == outcome(anew, configured, offered, *mixed)


def test_a_private_request_gets_its_own_plan() -> None:
    """After the same request without anything private, and before it."""
    made = Planner(Settings(), OFFERED)
    for _ in range(3):
        _, plan = made.plan(PUBLIC, complexity(0.9), Steering(), Surface.CHAT, Needs())
        assert not plan.local_only
        for verdict, wishes in ((PATIENT, Steering()), (PUBLIC, Steering(private=True))):
            policy, plan = made.plan(verdict, complexity(0.9), wishes, Surface.CHAT, Needs())
            assert policy.local_only
            assert plan.local_only
            assert made.plan(verdict, complexity(0.9), wishes, Surface.CHAT, Needs())[1] is not plan
            assert all(deployment.local for deployment in plan.deployments)


def test_the_same_plan_is_given_again_and_only_so_many_are_kept(monkeypatch: Any) -> None:
    """Remembering is the point; callers can't fill the memory with their wishes."""
    monkeypatch.setattr(planner, "MOST", 2)
    made = Planner(Settings(), OFFERED)
    first = made.plan(PUBLIC, complexity(0.5), Steering(), Surface.CHAT, Needs())
    assert made.plan(PUBLIC, complexity(0.45), Steering(), Surface.CHAT, Needs()) is first
    for cache in ("no-cache", "no-store"):
        made.plan(PUBLIC, complexity(0.5), Steering(cache=cache), Surface.CHAT, Needs())
    once = made.plan(PUBLIC, complexity(0.5), Steering(cache="no-store"), Surface.CHAT, Needs())
    assert made.plan(PUBLIC, complexity(0.5), Steering(cache="no-store"), Surface.CHAT, Needs()) is not once
    assert made.plan(PUBLIC, complexity(0.5), Steering(), Surface.CHAT, Needs()) is first
