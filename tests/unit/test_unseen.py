"""Cross-validation in two stages: each row is judged by models that haven't seen it, and by no others."""

from __future__ import annotations

import random

import pytest

np = pytest.importorskip("numpy")
pytest.importorskip("sklearn")

from router_plugin.complexity import HEADS, Tier  # noqa: E402
from router_plugin.stack import READS, SUMS  # noqa: E402
from router_plugin.training.complexity import default_spec, train  # noqa: E402
from router_plugin.training.continued import continued  # noqa: E402
from router_plugin.training.examples import examples, training_examples  # noqa: E402
from router_plugin.training.linear import fit_linear  # noqa: E402
from router_plugin.training.rows import Row  # noqa: E402
from router_plugin.training.stacking import fit_stack, inputs_of, logits_of  # noqa: E402
from router_plugin.training.unseen import FOLDS, READ_HEADS, Unseen, folds, out_of_fold, stacked  # noqa: E402

SPEC = default_spec(None)


def some_rows(count: int) -> list[Row]:
    """Prompts whose tier follows from a word and, in half of them, from their length."""
    rng = random.Random(1)
    words = {Tier.LOW: "spell", Tier.MEDIUM: "compare", Tier.HIGH: "prove"}
    rows = []
    for i in range(count):
        tier = rng.choice(tuple(Tier))
        said = words[tier] if i % 2 else rng.choice(("item", "thing"))
        tail = " ".join(f"{rng.choice('abcdefgh')}{i}" for _ in range(1 + 6 * tier.rank))
        above = float(tier.rank > 0), float(tier.rank > 1)
        rows.append(Row(f"r{i}", (("user", f"{said} {tail}"),), *above, tier))
    return rows


def test_each_rows_inputs_are_those_of_a_model_that_has_not_seen_it() -> None:
    """Every fold's logits and inputs stand where its rows stand, as a model trained on the other folds has them."""
    rows = some_rows(120)
    fold = folds(rows)
    found, whole = out_of_fold(rows, fold, (), fold[:0], SPEC, lambda _: None)
    every = fit_linear(training_examples(rows), HEADS, SPEC)
    assert whole.logits(examples(rows)) == pytest.approx(every.logits(examples(rows)))
    assert len(found.again) == FOLDS
    for k in range(FOLDS):
        others = [row for row, f in zip(rows, fold, strict=True) if f != k]
        mine = examples([row for row, f in zip(rows, fold, strict=True) if f == k])
        parts = fit_linear(training_examples(others), READ_HEADS, SPEC).parts(mine)
        assert found.inputs[fold == k] == pytest.approx(inputs_of(parts, mine))
        assert found.logits[fold == k] == pytest.approx(parts.sum(axis=1)[:, :2])
        later = continued([row for row, f in zip(rows, fold, strict=True) if f == k])
        assert len(found.again[k][0]) == len(found.again[k][1]) == len(later)


def test_the_second_stage_is_judged_on_folds_that_it_was_not_fitted_on() -> None:
    """What only one fold's rows show can't be known of them: their logits follow what the other folds teach."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(1000, SUMS + len(READS)))
    fold = np.arange(1000) % FOLDS
    odd = fold == 3
    inputs[:, 1] = odd
    truth = np.where((inputs[:, 0] > 0) | odd, 2, 0)
    again = [(np.zeros((0, inputs.shape[1])), np.zeros(0, dtype=int)) for _ in range(FOLDS)]
    stack, logits = stacked(Unseen(np.zeros((1000, 2)), inputs, again), truth, fold)
    follows = (logits[:, 0] > 0) == (inputs[:, 0] > 0)
    assert follows[odd].mean() > 0.9
    assert follows[~odd].mean() > 0.9
    assert ((logits_of(stack, inputs)[:, 0] > 0) == (truth > 0)).mean() > 0.9  # the one that is kept has seen all


def test_a_second_stage_without_anything_to_learn() -> None:
    """All rows on one side of a head give a stack that says so, whatever it reads."""
    inputs = np.random.default_rng(0).normal(size=(50, SUMS + len(READS)))
    logits = logits_of(fit_stack(inputs, np.arange(50) % 2, np.ones(50)), inputs)
    assert (logits[:, 1] == -4.0).all()
    assert logits[:, 0].std() > 0.1


def test_a_second_stage_is_taken_where_it_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of fold it is compared with the first stage alone; the model has it only where it wins."""
    monkeypatch.setattr("router_plugin.training.complexity.MIN_ROWS", 200)
    rows, said = some_rows(240), []
    outcome = train(rows, spec=SPEC, progress=said.append)
    figures = outcome.metrics["cross_validation"]
    assert ("stack" in outcome.model.extra) is (outcome.stack is not None)
    line = next(text for text in said if text.startswith("second regression"))
    assert line.endswith("taken" if outcome.stack else "left out")
    before = figures["without_stack"]
    worth = [f["accuracy"] - f["off_by_two"] for f in (figures, before)]
    assert worth[0] > worth[1] if outcome.stack else worth[0] == worth[1]
    monkeypatch.setattr(
        "router_plugin.training.complexity.stacked",
        lambda unseen, truth, fold: (outcome.stack, -unseen.logits),  # as bad as can be
    )
    without = train(rows, spec=SPEC)
    assert without.stack is None
    assert "stack" not in without.model.extra


def test_of_many_rows_some_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second stage and a profile of a hundred thousand rows take some of them, and say what all say."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(4000, SUMS + len(READS)))
    truth, weight = 2 * (inputs[:, 0] > 0), np.ones(4000)
    of_all = logits_of(fit_stack(inputs, truth, weight), inputs)
    monkeypatch.setattr("router_plugin.training.stacking.MAX_ROWS", 2000)
    of_some = logits_of(fit_stack(inputs, truth, weight), inputs)
    assert not np.array_equal(of_some, of_all)
    assert ((of_some > 0) == (of_all > 0)).mean() > 0.95
    monkeypatch.setattr("router_plugin.training.complexity.PROFILED", 100)
    rows = some_rows(240)
    profile = train(rows, spec=SPEC).model.extra["profile"]
    assert sum(profile["score_counts"]) == 100
    assert train(rows[:90], spec=SPEC).model.extra["profile"]["unknown_terms"] > 0


def test_what_is_trained_on_beside_the_rows_never_judges_its_look_alikes() -> None:
    """Outcome rows of the same prompts teach nothing of random labels; one that is like no row is in every training."""
    rng = random.Random(3)
    rows, outcomes = [], []
    for i in range(150):
        text = " ".join(f"{rng.choice('abcdefgh')}{i}{k}" for k in range(9))
        tier = rng.choice(tuple(Tier))
        above = float(tier.rank > 0), float(tier.rank > 1)
        rows.append(Row(f"r{i}", (("user", text),), *above, tier))
        outcomes.append(Row(f"o{i}", (("user", text),), *above))
    other = Row("other", (("user", "nothing of this is in any of the rows above it"),), 1.0, 1.0)
    found = folds(rows, beside=[*outcomes, other])
    assert found[:150].tolist() == found[150:300].tolist()
    assert found[-1] == -1
    trained = train(rows, [*outcomes, other], spec=SPEC, outcome_weight=1.0)
    assert trained.metrics["cross_validation"]["accuracy"] < 0.5
    assert trained.failed_gates
