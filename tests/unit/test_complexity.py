"""Tiers, scores and scorers; the shipped model on plain cases."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router_plugin import modelfile
from router_plugin.complexity import Cuts, Thresholds, Tier, TrainedScorer, load_scorer
from router_plugin.errors import ModelFileError
from router_plugin.keywords import HeuristicScorer
from router_plugin.paths import model_dir
from router_plugin.reload import ReloadingScorer
from router_plugin.textmodel import TextModel
from tests.unit.builders import asked

MODEL = model_dir() / "complexity.json"


@pytest.fixture(scope="module")
def scorer() -> TrainedScorer:
    return TrainedScorer.load(MODEL)


@pytest.mark.parametrize(
    ("tier", "texts"),
    [
        ("low", ["What is 2 + 2?"]),
        ("low", ["Hello!"]),
        ("low", ["thanks"]),
        (
            "high",
            [
                (
                    "Analyze the trade-offs between microservices and monolithic architecture for a startup with 5 "
                    "engineers building a fintech product."
                )
            ],
        ),
        ("low", ["Design a sharded ledger with proofs of its invariants.", "(design, 9 pages)", "thanks!"]),
    ],
)
def test_shipped_model_on_plain_cases(scorer: TrainedScorer, tier: str, texts: list[str]) -> None:
    """The shipped model puts plain cases in their tier, with a score on that side of the thresholds."""
    found = scorer.score(asked(*texts))
    assert found.tier.value == tier
    assert Thresholds().tier(found.score).value == tier
    assert found.p_local <= found.p_mid


def test_go_on_takes_the_task_under_way(scorer: TrainedScorer) -> None:
    """The same "yes" is harder after hard work than after small talk."""
    easy = scorer.score(asked("what rhymes with cat", "Hat. Another one?", "yes"))
    hard = scorer.score(
        asked(
            "Find the data race in our lock-free queue and prove the fix under the C++ memory model.",
            "Two suspects: the relaxed load of the index, and reclamation. Shall I prove which one?",
            "yes",
        )
    )
    assert hard.score > easy.score
    assert hard.tier.rank > easy.tier.rank


@pytest.mark.parametrize("text", ["ጤና ይስጥልኝ እንዴት ነህ ዛሬ", "ᐃᓄᒃᑎᑐᑦ ᐅᖃᐅᓯᖅ ᐱᒻᒪᕆᐅᔪᖅ ᓄᓇᕗᒻᒥ", ""])
def test_foreign_text_abstains(scorer: TrainedScorer, text: str) -> None:
    """Text that the model knows nothing of makes it abstain."""
    assert scorer.score(asked(text)).abstained


def test_explanation_marks_text(scorer: TrainedScorer) -> None:
    """Signals come only on request; dense features are named, words are marked as text and hidden in repr."""
    conversation = asked("Compare the pros and cons of renting and buying, then write a summary with five points")
    assert scorer.score(conversation).signals == ()
    signals = scorer.score(conversation, explain=True).signals
    assert any(signal.is_text for signal in signals)
    assert any(not signal.is_text for signal in signals)
    assert not any(signal.name in repr(signals) for signal in signals if signal.is_text and len(signal.name) > 4)


@pytest.mark.parametrize("noise", [str.upper, str.title, lambda s: f"  {s}  ", lambda s: s.replace(" ", "  ")])
def test_case_and_spaces_hardly_move_the_score(scorer: TrainedScorer, noise) -> None:
    """Upper case or more spaces keep the tier."""
    text = "write a function that merges overlapping intervals, with type hints and tests"
    assert scorer.score(asked(noise(text))).tier is scorer.score(asked(text)).tier


@pytest.mark.parametrize(
    ("local", "mid", "tier"),
    [(0.1, 0.0, "low"), (0.45, 0.1, "low"), (0.55, 0.1, "medium"), (0.9, 0.39, "medium"), (0.9, 0.41, "high")],
)
def test_cuts_become_thresholds(local: float, mid: float, tier: str) -> None:
    """The score crosses .3 and .7 exactly where the probabilities cross the cuts."""
    assert Thresholds().tier(Cuts(local=0.5, mid=0.4).score(local, mid)).value == tier


def test_score_rises_with_both_probabilities() -> None:
    """A higher probability of being beyond a model never lowers the score."""
    cuts = Cuts(local=0.46, mid=0.38)
    steps = [i / 50 for i in range(51)]
    for p in steps:
        scores = [cuts.score(p, q) for q in steps if q <= p]
        assert scores == sorted(scores)
    for q in steps:
        scores = [cuts.score(p, q) for p in steps if p >= q]
        assert scores == sorted(scores)


def test_missing_file_falls_back_with_a_warning(tmp_path: Path) -> None:
    """Without a model file the keyword heuristic scores, and a warning says so."""
    with pytest.warns(UserWarning, match="keyword heuristic decides"):
        found = load_scorer(tmp_path / "none.json")
    assert isinstance(found, HeuristicScorer)


def test_bad_file_is_an_error(tmp_path: Path) -> None:
    """A file that is there but damaged stops the start instead of falling back."""
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ModelFileError):
        load_scorer(tmp_path / "bad.json")


@pytest.mark.parametrize(("low", "high"), [(0.7, 0.3), (0.0, 0.5), (0.5, 1.0), (0.5, 0.5)])
def test_thresholds_must_rise(low: float, high: float) -> None:
    """Thresholds outside 0..1 or in the wrong order are refused."""
    with pytest.raises(ValueError, match="must rise"):
        Thresholds(low, high)


def test_tiers_are_ordered() -> None:
    """Tiers compare by rank and go up to HIGH at most."""
    assert [tier.rank for tier in Tier] == [0, 1, 2]
    assert Tier.MEDIUM.at_least(Tier.LOW)
    assert not Tier.LOW.at_least(Tier.MEDIUM)
    assert Tier.HIGH.up() is Tier.HIGH


def test_reload_takes_a_good_file_and_refuses_a_bad_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A bad new file is refused with one warning; a good one is in use from the next check on."""
    now = [0.0]
    path = tmp_path / "complexity.json"
    shutil.copy(MODEL, path)
    scorer = ReloadingScorer(path, clock=lambda: now[0])
    first = scorer.current
    path.write_text("{}")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            now[0] += 2.0
            scorer.score(asked("hi"))
    assert scorer.current is first
    ours = [record for record in caplog.records if record.name.startswith("router_plugin")]
    assert len(ours) == 1
    shutil.copy(MODEL, path)
    os.utime(path, (1, 1))
    scorer.score(asked("hi"))
    assert scorer.current is first, "checked again within the second"
    now[0] += 2.0
    scorer.score(asked("hi"))
    assert scorer.current is not first


def _view_seven(content: dict[str, Any]) -> None:
    content["blocks"][0]["view"] = 7


def _no_intercept(content: dict[str, Any]) -> None:
    content["heads"][0]["intercept"] = None


def _cut_of_letters(content: dict[str, Any]) -> None:
    content["extra"]["cuts"]["local"] = "a"


def _list_for_extra(content: dict[str, Any]) -> None:
    content["extra"] = []


@pytest.mark.parametrize("spoil", [_view_seven, _no_intercept, _cut_of_letters, _list_for_extra])
def test_a_file_that_cannot_score_is_refused(tmp_path: Path, spoil: Callable[[dict[str, Any]], None]) -> None:
    """However whole it is: it is an error at start, and refused while another model is in use."""
    path = tmp_path / "complexity.json"
    shutil.copy(MODEL, path)
    now = [0.0]
    scorer = ReloadingScorer(path, clock=lambda: now[0])
    first = scorer.current
    content = TextModel.load(MODEL).content()
    spoil(content)
    modelfile.write(content, path)
    now[0] += 2.0
    assert scorer.score(asked("hi")).model_version == first.model.version
    with pytest.raises(ModelFileError):
        TrainedScorer.load(path)


def test_nested_json_is_no_model(tmp_path: Path) -> None:
    """Nested beyond what a parser takes, it is an error as any other."""
    path = tmp_path / "complexity.json"
    path.write_text("[" * 200_000)
    with pytest.raises(ModelFileError, match="not a model file"):
        TrainedScorer.load(path)


@pytest.mark.parametrize("text", ["hello", "hi", "What is 2 + 2?", "1 + 1", "Wie geht es dir?", "Good morning"])
def test_a_greeting_and_a_sum_are_no_work_on_code(text: str) -> None:
    """They are what people try first, and a code model is the wrong one for them."""
    assert not TrainedScorer.load(MODEL).score(asked(text)).code


@pytest.mark.parametrize(
    "text", ["Write a Python function that sorts a list", "sql: join two tables", "git undo commit"]
)
def test_work_on_code_is_told(text: str) -> None:
    """However short."""
    assert TrainedScorer.load(MODEL).score(asked(text)).code
