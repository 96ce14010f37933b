"""The second regression: what it computes, what it learns, and that a model file with a wrong one is refused."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from router_plugin import features
from router_plugin.ask import read_ask
from router_plugin.complexity import TrainedScorer
from router_plugin.errors import ModelFileError
from router_plugin.paths import model_dir
from router_plugin.signals import signals_of
from router_plugin.stack import ALONE, KNOTS, READS, SUMS, Stack, inputs
from router_plugin.textmodel import TextModel, sigmoid
from tests.unit.builders import asked

MODEL = model_dir() / "complexity.json"


@pytest.fixture(scope="module")
def model() -> TextModel:
    return TextModel.load(MODEL)


def some_stack(width: int, seed: int = 0) -> Stack:
    rng = random.Random(seed)
    terms = width * (1 + len(KNOTS)) + width * (width + 1) // 2
    return Stack(
        READS[: max(width - SUMS, 0)],
        tuple(rng.uniform(-1, 1) for _ in range(width)),
        tuple(rng.uniform(0.5, 2) for _ in range(width)),
        tuple(tuple(rng.uniform(-1, 1) for _ in range(terms)) for _ in range(2)),
        (0.25, -0.5),
    )


def test_a_stack_by_hand() -> None:
    """Inputs, hinges over three knots and products, each with its weight."""
    first = [2.0, 3.0]  # standardised: 1 and -2
    row = (10.0, 20.0, *(1.0, 1.0), *(2.0, 1.0), *(4.0, 1.0), 100.0, 200.0, 300.0)
    stack = Stack((), (1.0, 7.0), (1.0, 2.0), (row,), (0.5,))
    hinges = 1.0 * 2.0 + 2.0 * 1.0 + 4.0 * 0.0
    assert stack.logits(first) == [pytest.approx(0.5 + 10 - 40 + hinges + 100 * 1 + 200 * -2 + 300 * 4)]


def test_far_out_inputs_count_as_three_deviations() -> None:
    """What lies beyond the limit says no more than what lies at it."""
    stack = some_stack(4)
    at = [mean + 3.0 * scale for mean, scale in zip(stack.mean, stack.scale, strict=True)]
    beyond = [mean + 900.0 * scale for mean, scale in zip(stack.mean, stack.scale, strict=True)]
    assert stack.logits(beyond) == pytest.approx(stack.logits(at))


@pytest.mark.parametrize("count", range(1, 9))
def test_a_cut_stack_gives_the_same(count: int) -> None:
    """For requests whose last inputs are 0, the smaller stack's outputs are those of the whole one."""
    rng = random.Random(count)
    stack = some_stack(9, count)
    cut = stack.cut(count)
    assert len(cut.mean) == count
    for _ in range(50):
        some = [rng.uniform(-6, 6) for _ in range(count)]
        assert cut.logits(some) == pytest.approx(stack.logits(some + [0.0] * (9 - count)), abs=1e-9)


def test_content_round_trip() -> None:
    """A stack comes back from its JSON as it was."""
    stack = some_stack(6)
    assert Stack.from_content(stack.content()) == stack


@pytest.mark.parametrize(
    "change",
    [
        {"mean": [0.0]},
        {"scale": [0.0] * (SUMS + len(READS))},
        {"weights": [[1.0], [1.0]]},
        {"intercepts": [0.0]},
        {"intercepts": 3},
        {"reads": ["length"]},
        {"weights": None},
        {"mean": [None] * (SUMS + len(READS))},
        {"scale": [float("nan")] * (SUMS + len(READS))},
        {"intercepts": [float("inf"), 0.0]},
    ],
)
def test_a_model_with_a_wrong_stack_is_refused(model: TextModel, change: dict[str, object]) -> None:
    """A stack that doesn't fit its inputs is an error of the file, not of the first request."""
    extra = {**model.extra, "stack": {**model.extra["stack"], **change}}
    with pytest.raises(ModelFileError, match=r"stack .* Train it again"):
        TrainedScorer(replace(model, extra=extra))


def test_a_model_without_a_stack_decides_by_its_first_stage(model: TextModel) -> None:
    """Few rows give no stack; then the probabilities are the heads' own."""
    extra = {key: value for key, value in model.extra.items() if key != "stack"}
    conversation = asked("Compare Postgres and SQLite for a small web shop.")
    ask = read_ask(conversation)
    first = model.score(features.views(ask), features.dense(ask))
    assert 1.0 - TrainedScorer(replace(model, extra=extra)).score(conversation).p_local == first.probability(0)


@pytest.mark.parametrize(
    "texts",
    [
        ["Prove that the harmonic series diverges."],
        ["Summarise this:\n\n" + "The committee met again on Tuesday and agreed. " * 20],
        ["hi", "Hello! What can I do?", "now design a sharded ledger that survives two lost data centres"],
        ["Compare B-trees and LSM trees.", "They differ in writes. Shall I go on?", "yes"],
    ],
)
def test_the_shipped_stack_decides(model: TextModel, texts: list[str]) -> None:
    """A score is the stack's for what the model says of the request, also where the cut one stands in."""
    conversation = asked(*texts)
    scorer = TrainedScorer(model)
    assert scorer.stack is not None
    ask = read_ask(conversation)
    views, dense = features.views(ask), features.dense(ask)
    logits = scorer.stack.logits(inputs(model.score(views, dense).parts, dense))
    found = scorer.score(conversation)
    assert 1.0 - found.p_local == pytest.approx(sigmoid(logits[0]), abs=1e-9)
    assert 1.0 - found.p_mid == pytest.approx(min(map(sigmoid, logits)), abs=1e-9)


def test_work_that_stands_alone_has_no_numbers_of_a_conversation() -> None:
    """What the cut stack takes for 0 is 0 for a single prompt, and isn't in a conversation."""
    place = [features.NAMES.index(name) for name in READS[ALONE - SUMS :]]
    alone = features.dense(read_ask(asked("Compare B-trees and LSM trees.")))
    later = features.dense(read_ask(asked("Compare B-trees and LSM trees.", "Shall I go on?", "yes")))
    assert [alone[i] for i in place] == [0.0] * len(place)
    assert sum(later[i] != 0.0 for i in place) >= 4


def read(model: TextModel, text: str) -> tuple[Stack, tuple[str, ...], list[float], list[list[float]]]:
    """The model's stack, and of a single prompt the views, the numbers and the parts, which may be changed."""
    stack = TrainedScorer(model).stack
    assert stack is not None
    ask = read_ask(asked(text))
    views, dense = features.views(ask), features.dense(ask)
    return stack, views, dense, [list(part) for part in model.score(views, dense).parts]


def test_a_signal_weighs_what_the_logit_loses_without_it(model: TextModel) -> None:
    """A word's signal is the difference between the stack's output with it and without it."""
    stack, views, dense, parts = read(model, "Prove theorem")
    whole = stack.logits(inputs(parts, dense))[1]
    found = {s.name: s.weight for s in signals_of(model, stack, views, dense, 1, merge=True)}
    for head in range(3):
        adds = model.contributions(views, dense, head=head, top=1_000)
        parts[0][head] -= sum(one.weight for one in adds if one.name == "theorem" and one.view == 0)
    assert found["theorem"] == pytest.approx(whole - stack.logits(inputs(parts, dense))[1])


def test_a_number_of_the_text_and_of_the_whole_are_left_out_together(model: TextModel) -> None:
    """Where nothing was pasted they are one thing: no request has the one without the other."""
    text = "Compare Postgres and SQLite for a small web shop with four people and one part-time admin."
    stack, views, dense, parts = read(model, text)
    whole = stack.logits(inputs(parts, dense))[0]
    found = {s.name: s.weight for s in signals_of(model, stack, views, dense, 0, merge=True)}
    for head in range(3):
        adds = {one.name: one.weight for one in model.contributions(views, dense, head=head, top=1_000)}
        parts[-1][head] -= adds["length"] + adds["whole_length"]
    without = list(dense)
    for name in ("length", "whole_length"):
        without[features.NAMES.index(name)] = 0.0
    assert found["length"] == pytest.approx(whole - stack.logits(inputs(parts, without))[0])


def test_without_a_stack_signals_are_contributions(model: TextModel) -> None:
    """Then they are what the first stage adds up."""
    ask = read_ask(asked("Prove theorem"))
    views, dense = features.views(ask), features.dense(ask)
    found = {s.name: s.weight for s in signals_of(model, None, views, dense, 0, merge=True)}
    adds = model.contributions(views, dense, head=0, top=1_000)
    assert found["theorem"] == pytest.approx(sum(one.weight for one in adds if one.name == "theorem"))


def test_it_learns_what_no_sum_expresses() -> None:
    """Where two inputs have to differ in sign, a sum of them is no better than chance, and the stack is right."""
    np = pytest.importorskip("numpy")
    pytest.importorskip("sklearn")
    from router_plugin.training.stacking import calibrated, fit_stack, logits_of

    rng = np.random.default_rng(0)
    found = rng.normal(size=(1500, SUMS + len(READS)))
    truth = 2 * ((found[:, 0] > 0) != (found[:, 3] > 0)).astype(int)
    stack = fit_stack(found[:1000], truth[:1000], np.ones(1000))
    logits = logits_of(stack, found[1000:])
    assert logits == pytest.approx(np.array([stack.logits(row) for row in found[1000:].tolist()]), abs=1e-9)
    assert ((logits > 0).all(axis=1) == (truth[1000:] > 1)).mean() > 0.75
    tame = calibrated(stack, logits / 10, truth[1000:])  # as if the logits had been ten times too small
    assert np.abs(logits_of(tame, found[1000:])).mean() > 2 * np.abs(logits).mean()
