"""The decision as a field of an answer's JSON, and its confidence."""

from __future__ import annotations

import json

import pytest

from router_plugin.body_field import with_decision
from router_plugin.complexity import Tier
from tests.unit.builders import decision

FACTS = [(b"x-router-tier", b"low"), (b"x-router-private", b"false")]


def test_a_whole_answer_gets_the_field() -> None:
    """The rest of the object stays, with its characters."""
    found = json.loads(with_decision('{"id": "a", "text": "é"}'.encode(), FACTS, stream=False))
    assert found == {"id": "a", "text": "é", "router": {"tier": "low", "private": "false"}}


def test_a_stream_gets_it_in_its_first_event() -> None:
    """Comments and event names before it stay, and so do later events."""
    body = b': hold\n\nevent: message_start\ndata: {"a": 1}\n\ndata: {"a": 2}\n\ndata: [DONE]\n\n'
    changed = with_decision(body, FACTS, stream=True)
    lines = changed.decode().splitlines()
    assert json.loads(lines[3].removeprefix("data: ")) == {"a": 1, "router": {"tier": "low", "private": "false"}}
    assert changed.endswith(b'\n\ndata: {"a": 2}\n\ndata: [DONE]\n\n')
    assert lines[2] == "event: message_start"


@pytest.mark.parametrize("body", [b"", b"[1]", b"not json", b"\xff"])
def test_what_is_no_object_stays(body: bytes) -> None:
    """Nothing is lost where there is no place for the field."""
    assert with_decision(body, FACTS, stream=False) == body
    assert with_decision(body, FACTS, stream=True) == body


@pytest.mark.parametrize(("tier", "confidence"), [(Tier.LOW, 0.2), (Tier.MEDIUM, 0.5), (Tier.HIGH, 0.3)])
def test_confidence_is_a_distribution_over_the_tiers(tier: Tier, confidence: float) -> None:
    """Each tier's confidence is its own probability, and they add up to one."""
    found = decision(tier=tier, p_local=0.2, p_mid=0.7)
    assert found.confidence == pytest.approx(confidence)
    assert found.headers()["x-router-confidence"] == f"{confidence:.2f}"
