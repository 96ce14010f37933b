"""Labelled rows -> a calibrated complexity model, cross-validated by groups, with gates that it has to pass."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from router_plugin import drift, features
from router_plugin.complexity import Cuts, Thresholds, TrainedScorer
from router_plugin.keywords import keyword_score
from router_plugin.training import metrics
from router_plugin.training.examples import examples, ranks, training_examples
from router_plugin.training.linear import BlockSpec, Fitted, LinearSpec, WordVectors, fit_linear, platt
from router_plugin.training.stacking import MIN_ROWS
from router_plugin.training.unseen import FOLDS, TIER_HEADS, Progress, folds, out_of_fold, stacked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from router_plugin.stack import Stack
    from router_plugin.textmodel import TextModel
    from router_plugin.training.rows import Row


def default_spec(vectors: WordVectors | None) -> LinearSpec:
    """Words and pairs of the work, of its context and of the last reply; vectors of the work's words where given.

    In short work words say other things than in a text of several sentences: they have weights of their own there.
    """
    blocks = [
        BlockSpec("edged", 0, max_features=40_000, log_odds=True),
        BlockSpec("edged", 0, max_features=20_000, scale=0.7, log_odds=True, below=SHORT),
        BlockSpec("words", 1, max_features=10_000, scale=0.5, log_odds=True),
        BlockSpec("words", 2, max_features=6_000, scale=0.8, log_odds=True),
    ]
    if vectors is not None:
        blocks.append(BlockSpec("singles", 0, scale=3.0, vectors=vectors.looked_up(), idle=0.05))
    return LinearSpec(tuple(blocks), C=10.0, dense_scale=0.6)


SHORT = 18  # words
TERMS_OF_TWO_WORDS = 6
PROFILED = 20_000  # rows at most that the profile of the training data is taken from
MARGIN = 2.0  # standard errors by which a model has to beat every baseline
OFF_BY_TWO_COST = 1.0  # an off-by-two error counts this much on top of being wrong when cuts are chosen


@dataclass
class Outcome:
    """A trained model and what is known about it."""

    model: TextModel
    fitted: Fitted
    stack: Stack | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    failed_gates: list[str] = field(default_factory=list)
    truth: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    probability: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))  # out of fold, calibrated
    predicted: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))


def learning_curve(
    rows: Sequence[Row], spec: LinearSpec, progress: Progress = lambda _: None, seed: int = 0
) -> list[tuple[int, float]]:
    """(training rows, out-of-fold accuracy at even cuts) for growing shares of the training groups, without a stack."""
    made, fold, truth = examples(rows), folds(rows, seed), ranks(rows)
    order = np.random.default_rng(seed).permutation(FOLDS * 4)
    slice_of = folds(rows, seed + 1, FOLDS * 4)
    points = []
    for share in (0.25, 0.5, 0.75, 1.0):
        kept = set(order[: int(len(order) * share)].tolist())
        right = used = 0
        for k in range(FOLDS):
            seen = [row for row, f, s in zip(rows, fold, slice_of, strict=True) if f != k and int(s) in kept]
            train = training_examples(seen, seed)
            test = [e for e, f in zip(made, fold, strict=True) if f == k]
            logits = fit_linear(train, TIER_HEADS, spec, seed=seed).logits(test)
            predicted = (logits[:, 0] > 0).astype(int) + ((logits[:, 0] > 0) & (logits[:, 1] > 0))
            right += int((predicted == truth[fold == k]).sum())
            used += len(seen)
        points.append((used // FOLDS, round(right / len(rows), 4)))
        progress(f"learning curve: {points[-1][0]} rows, accuracy {points[-1][1]}")
    return points


def choose_cuts(probability: np.ndarray, truth: np.ndarray) -> Cuts:
    """The cuts with the best accuracy less the cost of off-by-two errors; the middle of the best ones, rounded."""
    grid = np.round(np.arange(0.3, 0.7001, 0.02), 2)
    value = np.array([[_value(probability, truth, a, b) for b in grid] for a in grid])
    padded = np.pad(value, 1, mode="edge")  # the mean with its neighbours, so that no lucky peak wins
    smooth = sum(padded[i : i + len(grid), j : j + len(grid)] for i in range(3) for j in range(3))
    a, b = np.unravel_index(int(np.argmax(smooth)), value.shape)
    return Cuts(local=float(grid[a]), mid=float(grid[b]))


def _value(probability: np.ndarray, truth: np.ndarray, local: float, mid: float) -> float:
    predicted = tiers(probability, Cuts(local=local, mid=mid))
    return metrics.accuracy(truth, predicted) - OFF_BY_TWO_COST * metrics.off_by_two(truth, predicted)


def tiers(probability: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Ranks as `TrainedScorer` decides them with the default thresholds, which `Cuts.score` crosses at the cuts."""
    above = probability[:, 0] >= cuts.local
    return np.asarray(above.astype(int) + (above & (probability[:, :2].min(axis=1) >= cuts.mid)))


def train(
    rows: Sequence[Row],
    outcomes: Sequence[Row] = (),
    *,
    spec: LinearSpec,
    outcome_weight: float = 0.1,
    fingerprint: str = "",
    seed: int = 0,
    n_jobs: int = 1,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Cross-validate, calibrate and choose cuts on the out-of-fold figures, fit on everything, check the gates."""
    extra = examples(outcomes, weight=outcome_weight)
    truth = ranks(rows)
    fold, extra_fold = np.split(folds(rows, seed, beside=outcomes), [len(rows)])
    unseen, fitted = out_of_fold(rows, fold, extra, extra_fold, spec, progress, seed, n_jobs)
    slopes, probability = _calibrated(unseen.logits, truth)
    cuts = choose_cuts(probability, truth)
    predicted = tiers(probability, cuts)
    stack, plain = None, metrics.summary(truth, predicted)
    if len(rows) >= MIN_ROWS:
        tried, logits = stacked(unseen, truth, fold)
        likely = _calibrated(logits, truth)[1]
        chosen = choose_cuts(likely, truth)
        found = metrics.summary(truth, tiers(likely, chosen))
        better = _worth(found) > _worth(plain)
        if better:
            stack, probability, cuts, predicted = tried, likely, chosen, tiers(likely, chosen)
        progress(
            f"second regression: accuracy {found['accuracy']}, off by two {found['off_by_two']}; without it "
            f"{plain['accuracy']}, {plain['off_by_two']}: {'taken' if better else 'left out'}"
        )
    fitted.slopes = slopes
    figures = {
        **metrics.summary(truth, predicted),
        "without_stack": plain,
        "ece_beyond_local": round(metrics.ece(probability[:, 0], (truth > 0).astype(float)), 4),
        "ece_beyond_mid": round(metrics.ece(probability[:, 1], (truth > 1).astype(float)), 4),
        "by_shape": metrics.by([row.shape for row in rows], truth, predicted),
        "by_source": metrics.by([row.source for row in rows], truth, predicted),
        "by_lang": metrics.by([row.lang for row in rows], truth, predicted),
        "confusion": [[int(((truth == a) & (predicted == b)).sum()) for b in range(3)] for a in range(3)],
        "baselines": baselines(rows, truth, seed),
    }
    model = fitted.export("complexity", features.NAMES, fingerprint=fingerprint)
    drawn = _drawn(rows, seed)
    known, floor = _known(model, drawn)
    cuts = replace(cuts, known=floor)
    counts = {"rows": len(rows), "outcome_rows": len(outcomes)}
    about = {"features": features.VERSION, "cuts": asdict(cuts), **counts}
    if stack is not None:
        about["stack"] = stack.content()
    profile = _profile(TrainedScorer(replace(model, extra=about)), drawn)
    about["profile"] = {**profile, "unknown_terms": round(1.0 - known, 4)}
    return Outcome(
        replace(model, extra=about),
        fitted,
        stack,
        {"cross_validation": figures, "cuts": asdict(cuts)},
        gates(figures),
        truth,
        probability,
        predicted,
    )


def _worth(figures: Mapping[str, float]) -> float:
    return figures["accuracy"] - OFF_BY_TWO_COST * figures["off_by_two"]


def _calibrated(logits: np.ndarray, truth: np.ndarray) -> tuple[dict[str, tuple[float, float]], np.ndarray]:
    """Platt's slope and offset for each head, and the probabilities that they make of out-of-fold logits."""
    slopes, probability = {}, np.zeros_like(logits)
    for i, head in enumerate(TIER_HEADS):
        slopes[head] = slope, offset = platt(logits[:, i], (truth > i).astype(int))
        probability[:, i] = 1.0 / (1.0 + np.exp(-(slope * logits[:, i] + offset)))
    return slopes, probability


def _known(model: TextModel, rows: Sequence[Row]) -> tuple[float, float]:
    """Mean share of a row's terms that the model knows, and the share below which a text is foreign to it.

    That is half of what 99 of 100 rows have, those of a word or two left aside.
    """
    found = [score for e in examples(rows) if (score := model.score(e.views, e.dense)).terms]
    shares = (
        [score.known for score in found if score.terms > TERMS_OF_TWO_WORDS]
        or [score.known for score in found]
        or [0.0]
    )
    mean = float(np.mean([score.known for score in found])) if found else 0.0
    return mean, round(float(np.quantile(shares, 0.01)) / 2, 3)


def _drawn(rows: Sequence[Row], seed: int) -> Sequence[Row]:
    """Some of many rows: a profile of more says the same, and each is scored in plain Python."""
    if len(rows) <= PROFILED:
        return rows
    chosen = np.random.default_rng(seed).choice(len(rows), PROFILED, replace=False)
    return [rows[i] for i in sorted(chosen)]


def _profile(scorer: TrainedScorer, rows: Sequence[Row]) -> dict[str, Any]:
    """What drift is measured against: histograms of score and length, share of abstentions."""
    found = [scorer.score(row.conversation) for row in rows]
    lengths = [float(len(row.messages[-1][1])) for row in rows]
    return {
        "score_counts": drift.histogram([c.score for c in found], drift.SCORE_EDGES),
        "length_counts": drift.histogram(lengths, drift.LENGTH_EDGES),
        "abstained": round(float(np.mean([c.abstained for c in found])), 4),
    }


def baselines(rows: Sequence[Row], truth: np.ndarray, seed: int = 0) -> dict[str, dict[str, float | int]]:
    """What trivial rules and the keyword heuristic get on the same rows. Length has its best cuts for these rows."""
    last = [row.messages[-1][1] for row in rows]
    turns = [sum(role == "user" for role, _ in row.messages) for row in rows]
    thresholds = Thresholds()
    length = np.array([float(len(text)) for text in last])
    low, high = metrics.best_cuts(length, truth)
    guesses = {
        "random": np.random.default_rng(seed).integers(0, 3, len(rows)),
        "always_medium": np.ones(len(rows), dtype=int),
        "length": (length >= low).astype(int) + (length >= high).astype(int),
        "keywords": np.array(
            [thresholds.tier(keyword_score(text, n)).rank for text, n in zip(last, turns, strict=True)]
        ),
    }
    return {name: metrics.summary(truth, guess) for name, guess in guesses.items()}


def gates(figures: dict[str, Any]) -> list[str]:
    """Why a model mustn't be shipped; empty if it may."""
    accuracy, rows = figures["accuracy"], figures["rows"]
    margin = MARGIN * (accuracy * (1.0 - accuracy) / rows) ** 0.5
    failed = [
        f"accuracy {accuracy} doesn't beat the baseline {name} ({baseline['accuracy']}) by {margin:.4f}"
        for name, baseline in figures["baselines"].items()
        if accuracy <= baseline["accuracy"] + margin
    ]
    if figures["off_by_two"] > 0.1:
        failed.append(f"{figures['off_by_two']:.1%} of the rows are off by two tiers; at most 10% may be")
    failed += [
        f"{head} is {figures[head]}; at most .1 may be"
        for head in ("ece_beyond_local", "ece_beyond_mid")
        if figures[head] > 0.1
    ]
    return failed
