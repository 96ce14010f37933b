"""router_plugin.decision, pipeline and state: one object for headers, log and command line."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from router_plugin.complexity import Tier
from router_plugin.conversation import Surface
from router_plugin.decision import Reason
from router_plugin.eligibility import LeftOut
from router_plugin.errors import InvalidRequest, NoLocalDeployment, PrivatePinRejected, RequestTooLarge
from router_plugin.privacy import Finding
from router_plugin.settings import Settings, Strategy
from router_plugin.state import Attempt, RequestState, begin, current
from router_plugin.steering import Steering
from tests.unit.builders import BODIES, SECRET, complexity, decision, inventory, plan, router, user


@pytest.mark.parametrize(
    ("reason", "text"), [(Reason("complexity.low"), "complexity.low"), (Reason("privacy", "x.y"), "privacy:x.y")]
)
def test_a_reason_is_a_code_and_its_place(reason: Reason, text: str) -> None:
    """Programs read the code, people the rest."""
    assert str(reason) == text


def test_the_json_form_has_the_documented_fields() -> None:
    """Tools rely on these names; findings have rule and place only."""
    shown = decision(
        private=True,
        verdict="private",
        findings=(Finding("identity.us_ssn", "messages[0].content"),),
        score=0.123456,
        p_local=0.87654,
        reasons=(Reason("privacy", "identity.us_ssn"), Reason("strategy.complexity")),
        local_only=True,
        left_out=(LeftOut("azure-default-1", "vision"),),
    ).to_json()
    assert shown == {
        "decision_id": "d1",
        "private": True,
        "verdict": "private",
        "findings": [{"rule": "identity.us_ssn", "place": "messages[0].content"}],
        "tier": "low",
        "score": 0.1235,
        "confidence": 0.8765,
        "abstained": False,
        "strategy": "complexity",
        "model_group": "ollama-default",
        "chain": ["ollama-default", "azure-default"],
        "local_only": True,
        "reasons": ["privacy:identity.us_ssn", "strategy.complexity"],
        "model_version": "unit",
        "session": None,
        "left_out": {"azure-default-1": "vision"},
    }
    assert json.loads(json.dumps(shown)) == shown


def test_the_headers_are_the_documented_ones() -> None:
    """Each is one short line; the deployment that served comes later, from the gate."""
    made = decision(tier=Tier.HIGH, strategy=Strategy.COST, p_mid=0.25, reasons=(Reason("a"), Reason("b", "c")))
    assert made.headers() == {
        "x-router-decision-id": "d1",
        "x-router-tier": "high",
        "x-router-confidence": "0.75",
        "x-router-private": "false",
        "x-router-strategy": "cost",
        "x-router-reason": "a,b:c",
        "x-router-model-version": "unit",
    }


def test_a_decision_without_a_chain_has_no_group() -> None:
    """None, not an error."""
    assert decision(chain=()).model_group is None


@pytest.mark.parametrize("surface", Surface)
def test_every_api_shape_is_decided(surface: Surface) -> None:
    """The stages run in order on each shape; a harmless body may leave."""
    made, plan = router(inventory("azure-default", "openai-embedding"), given=complexity(0.5)).decide(
        BODIES[surface], surface, Steering()
    )
    expected = "openai-embedding" if surface is Surface.EMBEDDINGS else "azure-default"
    assert (made.private, made.verdict, made.model_group, made.chain) == (False, "public", expected, (expected,))
    assert plan.groups == made.chain
    assert not plan.local_only


def test_a_private_body_stays_local_and_keeps_its_tier() -> None:
    """The classifier's tier and score are told for private requests too."""
    made, plan = router(given=complexity(0.9)).decide({"messages": user(SECRET)}, Surface.CHAT, Steering())
    assert made.private
    assert made.verdict == "private"
    assert made.local_only
    assert (made.tier, made.score) == (Tier.HIGH, 0.9)
    assert made.findings == (Finding("custom.word", "messages[0].content"),)
    assert all(d.local for d in plan.deployments)


def test_an_image_counts_as_private() -> None:
    """What can't be read doesn't leave."""
    image = user([{"type": "image_url", "image_url": {"url": "https://x/y.png"}}])
    made, _ = router().decide({"messages": image}, Surface.CHAT, Steering())
    assert (made.private, made.verdict, made.local_only) == (True, "uninspectable", True)


def test_what_only_an_identity_field_holds_is_named_for_dropping() -> None:
    """The request may leave without that field; a local plan needs no dropping."""
    body = {"messages": user("hi"), "user": SECRET}
    leaves, _ = router().decide(body, Surface.CHAT, Steering())
    stays, _ = router().decide(body, Surface.CHAT, Steering(private=True))
    assert (leaves.private, leaves.local_only, leaves.droppable) == (False, False, ("user",))
    assert (stays.private, stays.local_only, stays.droppable) == (True, True, ())


def test_the_privacy_strategy_keeps_a_public_body_local() -> None:
    """local_only tells where it goes, the verdict what was found."""
    made, _ = router().decide(BODIES[Surface.CHAT], Surface.CHAT, Steering(strategy=Strategy.PRIVACY))
    assert (made.verdict, made.local_only) == ("public", True)


REFUSED: dict[str, tuple[dict[str, Any], Steering, type[Exception]]] = {
    "malformed": ({"messages": []}, Steering(), InvalidRequest),
    "too large": ({"messages": user("x" * 2000)}, Steering(), RequestTooLarge),
    "private pin": ({"messages": user(SECRET)}, Steering(model="openai-default"), PrivatePinRejected),
    "no local deployment": ({"messages": user(SECRET)}, Steering(), NoLocalDeployment),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_says_nothing_of_the_text(case: str) -> None:
    """Nothing is sent, and neither message nor representation quotes the request."""
    body, steering, kind = REFUSED[case]
    configured = Settings.model_validate({"limits": {"max_body_characters": 1000}, "on_private_pin": "reject"})
    with pytest.raises(kind) as caught:
        router(inventory("openai-default"), configured).decide(body, Surface.CHAT, steering)
    assert "swordfish" not in repr(caught.value)
    assert "xxx" not in str(caught.value)


def test_nothing_of_a_decision_holds_request_text() -> None:
    """Its representation, JSON and headers name rules and places."""
    body = {"messages": user(SECRET), "metadata": {SECRET: SECRET}, SECRET: [SECRET]}
    made, plan = router().decide(body, Surface.CHAT, Steering())
    for shown in (repr(made), repr(plan), str(made.to_json()), str(made.headers())):
        assert "swordfish" not in shown


def test_each_decision_has_an_id_of_its_own() -> None:
    """The same request twice makes two log lines that can be told apart."""
    asked = router()
    ids = {asked.decide(BODIES[Surface.CHAT], Surface.CHAT, Steering())[0].id for _ in range(3)}
    assert len(ids) == 3


def test_signals_come_only_with_an_explanation() -> None:
    """They may hold words of the request, so the serving path doesn't make them."""
    body = BODIES[Surface.CHAT]
    assert router().decide(body, Surface.CHAT, Steering())[0].signals == ()
    explained = router().decide(body, Surface.CHAT, Steering(), explain=True)[0]
    assert explained.signals
    assert "signals" not in explained.to_json()


def test_the_next_group_is_the_first_that_was_not_tried() -> None:
    """In the plan's order; None where all were, or nothing is planned."""
    state = RequestState(plan=plan("ollama-default", "azure-default"))
    assert state.next_group() == "ollama-default"
    state.groups_tried.append("ollama-default")
    assert state.next_group() == "azure-default"
    state.groups_tried.append("azure-default")
    assert state.next_group() is None
    assert RequestState().next_group() is None


@pytest.mark.parametrize(("status", "text"), [(529, "d1: 529"), (None, "d1: Timeout")])
def test_an_attempt_is_told_by_its_status_or_the_kind_of_error(status: int | None, text: str) -> None:
    """A client reads it in the error of a used-up chain."""
    assert str(Attempt("d1", status, "Timeout")) == text


async def test_requests_at_the_same_time_have_their_own_state() -> None:
    """A task sees the state of its own request, and so do the tasks that it starts."""

    async def request() -> bool:
        state = begin()
        await asyncio.sleep(0)

        async def below() -> RequestState | None:
            return current()

        return current() is state and await asyncio.create_task(below()) is state

    assert await asyncio.gather(*(asyncio.create_task(request()) for _ in range(3))) == [True, True, True]
    assert current() is None
