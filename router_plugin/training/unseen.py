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
from router_plugin.training.linear import Example, Fitted, LinearSpec, fit_linear
from router_plugin.training.rows import RowError, group_of
from router_plugin.training.stacking import calibrated, fit_stack, inputs_of, logits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router_plugin.stack import Stack
    from router_plugin.training.rows import Row

FOLDS = 5
TIER_HEADS = HEADS[:2]  # what the tiers are cut from
READ_HEADS = HEADS[:3]  # what the stack reads; the code head is a by-product, which isn't cross-validated
Progress = Callable[[str], None]
Again = tuple[np.ndarray, np.ndarray]  # a stack's inputs for one fold's rows as they come later, and their ranks


@dataclass
class Unseen:
    """What models that didn't see them say of rows: logits [row, head], and a stack's inputs."""

    logits: np.ndarray
    inputs: np.ndarray
    again: list[Again]


def folds(rows: Sequence[Row], seed: int = 0, count: int = FOLDS, beside: Sequence[Row] = ()) -> np.ndarray:
    """A fold number for each row; a group is in one fold.

    Then one for each row of `beside`, which may be in the rows' groups and join them: -1 where it is in none.
    """
    group = np.array(group_of([*rows, *beside]))
    names = np.unique(group[: len(rows)])
    if len(names) < count:
        raise RowError(
            f"The rows are in {len(names)} group(s), and cross-validation needs {count}. Rows with the same `group`, "
            "or that share a run of eight words, are one group; label prompts that differ more."
        )
    np.random.default_rng(seed).shuffle(names)
    place = {int(name): i % count for i, name in enumerate(names)}
    return np.array([place.get(int(g), -1) for g in group])


def out_of_fold(
    rows: Sequence[Row],
    fold: np.ndarray,
    extra: Sequence[Example],
    extra_fold: np.ndarray,
    spec: LinearSpec,
    progress: Progress,
    seed: int = 0,
    n_jobs: int = 1,
) -> tuple[Unseen, Fitted]:
    """What models say of rows that they saw neither themselves nor in a group, and a model of all rows.

    `extra` are in every training but that of their fold's judge. All are joblib tasks, so that whatever joblib back
    end is active runs them (see `--dask`): the model of all rows first, since it takes longest.
    """
    run = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    tasks = [joblib.delayed(_whole)(rows, extra, spec, seed)]
    for k in range(FOLDS):
        seen = [row for row, f in zip(rows, fold, strict=True) if f != k]
        held = [row for row, f in zip(rows, fold, strict=True) if f == k]
        others = [example for example, f in zip(extra, extra_fold, strict=True) if f != k]
        tasks.append(joblib.delayed(_unseen)(seen, held, others, spec, seed))
    found = run(tasks)
    whole = next(found)
    progress("model of all rows")
    order = np.concatenate([np.flatnonzero(fold == k) for k in range(FOLDS)])
    back = np.argsort(order)
    logits, inputs, again = [], [], []
    for k, (mine, read, later) in enumerate(found):
        logits.append(mine)
        inputs.append(read)
        again.append(later)
        progress(f"fold {k + 1} of {FOLDS}")
    return Unseen(np.concatenate(logits)[back], np.concatenate(inputs)[back], again), whole


def _whole(rows: Sequence[Row], extra: Sequence[Example], spec: LinearSpec, seed: int) -> Fitted:
    return fit_linear([*training_examples(rows, seed), *extra], HEADS, spec, seed=seed)


def _unseen(
    seen: Sequence[Row], held: Sequence[Row], extra: Sequence[Example], spec: LinearSpec, seed: int
) -> tuple[np.ndarray, np.ndarray, Again]:
    """Logits and a stack's inputs for one fold's rows, and the latter for some of them later in a conversation."""
    train = [*training_examples(seen, seed), *extra]
    fitted = fit_linear(train, READ_HEADS, spec, seed=seed)
    later = continued(held, seed)
    made, more = examples(held), examples(later)
    parts = fitted.parts([*made, *more])
    read = inputs_of(parts, [*made, *more])
    return parts[: len(made), :, : len(TIER_HEADS)].sum(axis=1), read[: len(made)], (read[len(made) :], ranks(later))


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
