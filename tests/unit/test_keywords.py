"""The keyword heuristic, figure by figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from router_plugin.complexity import Tier
from router_plugin.conversation import Conversation, Origin, Surface, Turn
from router_plugin.keywords import HeuristicScorer, keyword_score


@pytest.mark.parametrize(
    ("text", "turns", "score"),
    [
        ("hi", 1, 0.0),  # -.1, not below 0
        ("analyze this", 1, 0.15),
        ("analyze and compare", 1, 0.15),  # one hit in a group counts
        ("write it", 1, 0.0),
        ("therapist", 1, 0.0),  # "api" within a word counts: .1 - .1
        ("compare, write a function", 1, 0.4),
        ("x " * 150, 1, 0.15),
        ("x " * 600, 1, 0.3),
        ("x " * 50, 3, 0.05),
        ("x " * 50, 6, 0.15),
        ("x " * 50 + "????", 1, 0.1),
        ("```\nx\n```" + " y" * 30, 1, 0.15),
        ("optimize the class " + "x " * 600 + "????", 9, 1.0),
    ],
)
def test_scores(text: str, turns: int, score: float) -> None:
    """Length, keywords, code, history and questions add what the heuristic says, within 0..1."""
    assert keyword_score(text, turns) == pytest.approx(score)


def test_scorer_reads_the_last_turn() -> None:
    """The last message is scored, user messages are counted, and it never abstains."""
    turns = [Turn(Origin.USER, "optimize " + "x " * 600)] * 3 + [Turn(Origin.USER, "hi")]
    found = HeuristicScorer().score(Conversation(Surface.CHAT, tuple(turns), (), ()), explain=True)
    assert found.tier is Tier.LOW
    assert not found.abstained
    assert {signal.name for signal in found.signals} == {"short", "history"}
    assert found.model_version == "heuristic"


def test_the_shared_vectors() -> None:
    """The prompts on which examples/kotlin must agree have exactly the scores that stand beside them."""
    vectors = json.loads((Path(__file__).parents[1] / "keyword_vectors.json").read_text(encoding="utf-8"))
    assert len({v["text"] for v in vectors}) >= 60
    assert len({v["score"] for v in vectors}) >= 10
    for v in vectors:
        assert keyword_score(v["text"] * v.get("times", 1), v.get("user_turns", 0)) == v["score"], v["text"]
