"""Cross-validation: what models say of rows that they haven't seen, and the second regression on that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import joblib
import numpy as np

from router_plugin.complexity import HEADS
from router_plugin.training.continued import WEIGHT, continued
from router_plugin.training.examples import examples, ranks, training_examples
from router_plugin.training.linear import Example, LinearSpec, fit_linear
from router_plugin.training.rows import RowError, group_of
from router_plugin.training.stacking import calibrated, fit_stack, inputs_of, logits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router_plugin.stack import Stack
    from router_plugin.training.rows import Row

FOLDS = 5
TIER_HEADS = HEADS[:2]  # the code head is a by-product: it isn't cross-validated
Progress = Callable[[str], None]
Again = tuple[np.ndarray, np.ndarray]  # a stack's inputs for one fold's rows as they come later, and their ranks


@dataclass
class Unseen:
    """What models that didn't see them say of rows: logits [row, head], and a stack's inputs."""

    logits: np.ndarray
    inputs: np.ndarray
    again: list[Again]


def folds(rows: Sequence[Row], seed: int = 0, count: int = FOLDS) -> np.ndarray:
    """A fold number for each row; a group is in one fold."""
    group = np.array(group_of(rows))
    names = np.unique(group)
    if len(names) < count:
        raise RowError(
            f"The rows are in {len(names)} group(s), and cross-validation needs {count}. Rows with the same `group`, "
            "or that share a run of eight words, are one group; label prompts that differ more."
        )
    np.random.default_rng(seed).shuffle(names)
    place = {int(name): i % count for i, name in enumerate(names)}
    return np.array([place[int(g)] for g in group])


def out_of_fold(
    rows: Sequence[Row],
    fold: np.ndarray,
    extra: Sequence[Example],
    spec: LinearSpec,
    progress: Progress,
    seed: int = 0,
    n_jobs: int = 1,
) -> Unseen:
    """What models say of rows that they saw neither themselves nor in a group; `extra` are in every training.

    The folds are joblib tasks, so that whatever joblib back end is active runs them (see `--dask`).
    """
    run = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    found = run(
        joblib.delayed(_unseen)(
            [*training_examples([row for row, f in zip(rows, fold, strict=True) if f != k], seed), *extra],
            [row for row, f in zip(rows, fold, strict=True) if f == k],
            spec,
            seed,
        )
        for k in range(FOLDS)
    )
    order = np.concatenate([np.flatnonzero(fold == k) for k in range(FOLDS)])
    back = np.argsort(order)
    logits, inputs, again = [], [], []
    for k, (mine, read, later) in enumerate(found):
        logits.append(mine)
        inputs.append(read)
        again.append(later)
        progress(f"fold {k + 1} of {FOLDS}")
    return Unseen(np.concatenate(logits)[back], np.concatenate(inputs)[back], again)


def _unseen(
    train: Sequence[Example], held: Sequence[Row], spec: LinearSpec, seed: int
) -> tuple[np.ndarray, np.ndarray, Again]:
    """Logits and a stack's inputs for one fold's rows, and the latter for some of them later in a conversation."""
    fitted = fit_linear(train, TIER_HEADS, spec, seed=seed)
    later = continued(held, seed)
    made, more = examples(held), examples(later)
    parts = fitted.parts([*made, *more])
    read = inputs_of(parts, [*made, *more])
    return parts[: len(made)].sum(axis=1), read[: len(made)], (read[len(made) :], ranks(later))


def stacked(unseen: Unseen, truth: np.ndarray, fold: np.ndarray) -> tuple[Stack, np.ndarray]:
    """The second regression, and out-of-fold logits [row, head] of ones that were fitted on the other folds.

    What these read of the other folds came from models that had seen the row: with two hundred terms on a thousand rows
    and more that tells them next to nothing, and fitting all anew for each fold would take five times as long.
    """
    logits = np.zeros((len(truth), len(TIER_HEADS)))
    for k in range(FOLDS):
        logits[fold == k] = logits_of(_fit_stack(unseen, truth, fold, leave_out=k), unseen.inputs[fold == k])
    return calibrated(_fit_stack(unseen, truth, fold), logits, truth), logits


def _fit_stack(unseen: Unseen, truth: np.ndarray, fold: np.ndarray, leave_out: int | None = None) -> Stack:
    """On the rows and on those that come later in a conversation, which count WEIGHT."""
    kept = fold != leave_out
    again = [part for k, part in enumerate(unseen.again) if k != leave_out]
    return fit_stack(
        np.concatenate([unseen.inputs[kept], *(found for found, _ in again)]),
        np.concatenate([truth[kept], *(tier for _, tier in again)]),
        np.concatenate([np.ones(int(kept.sum())), *(np.full(len(tier), WEIGHT) for _, tier in again)]),
    )
