"""Fits the second regression (`router_plugin/stack.py`) on what the first one says of rows that it hasn't seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from router_plugin.stack import KNOTS, LIMIT, READS, Stack, inputs
from router_plugin.training.linear import CERTAIN, platt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router_plugin.training.linear import Example

C = 0.1  # scikit-learn's inverse regularisation
DECIMALS = 6
MIN_ROWS = 1_000  # fewer say too little of some two hundred terms
MAX_ROWS = 60_000  # more, which would take minutes, say nothing new of them: so many are drawn


def inputs_of(parts: np.ndarray, examples: Sequence[Example]) -> np.ndarray:
    """[example, input] for parts [example, view or numbers, head] of `examples`."""
    return np.array([inputs(part, e.dense) for part, e in zip(parts.tolist(), examples, strict=True)])


def fit_stack(found: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> Stack:
    """The stack for `inputs_of` of rows, their ranks (0, 1, 2) and what each row counts. Not calibrated yet."""
    if len(found) > MAX_ROWS:
        drawn = np.random.default_rng(0).choice(len(found), MAX_ROWS, replace=False)
        found, truth, weight = found[drawn], truth[drawn], weight[drawn]
    mean = np.round(found.mean(axis=0), DECIMALS)
    spread = found.std(axis=0)
    scale = np.round(np.where(spread > 1e-3, spread, 1.0), DECIMALS)
    plain = Stack(READS, tuple(mean.tolist()), tuple(scale.tolist()), (), ())
    terms = _terms(plain, found)
    standard = StandardScaler().fit(terms)
    rows, intercepts = [], []
    for head in (0, 1):
        above = truth > head
        if above.all() or not above.any():  # nothing to learn from
            rows.append(np.zeros(terms.shape[1]))
            intercepts.append(CERTAIN if above.all() else -CERTAIN)
            continue
        model = LogisticRegression(C=C, max_iter=300, tol=1e-3)
        model.fit(standard.transform(terms), above, sample_weight=weight)
        row = model.coef_[0] / standard.scale_
        rows.append(row)
        intercepts.append(float(model.intercept_[0] - row @ standard.mean_))
    return _rounded(plain, rows, intercepts)


def calibrated(stack: Stack, logits: np.ndarray, truth: np.ndarray) -> Stack:
    """The stack with Platt's slopes and offsets, as out-of-fold `logits` [row, head] give them, in its weights."""
    rows, intercepts = [], []
    for head in (0, 1):
        slope, offset = platt(logits[:, head], (truth > head).astype(int))
        rows.append(np.array(stack.weights[head]) * slope)
        intercepts.append(stack.intercepts[head] * slope + offset)
    return _rounded(stack, rows, intercepts)


def logits_of(stack: Stack, found: np.ndarray) -> np.ndarray:
    """[row, head] for `inputs_of` of rows."""
    return np.asarray(_terms(stack, found) @ np.array(stack.weights).T + stack.intercepts)


def _terms(stack: Stack, found: np.ndarray) -> np.ndarray:
    """`expand` of many rows at once."""
    plain = np.clip((found - stack.mean) / stack.scale, -LIMIT, LIMIT)
    first, second = np.triu_indices(plain.shape[1])
    return np.hstack([plain, *(np.maximum(plain - knot, 0.0) for knot in KNOTS), plain[:, first] * plain[:, second]])


def _rounded(stack: Stack, rows: Sequence[Any], intercepts: Sequence[float]) -> Stack:
    weights = tuple(tuple(np.round(row, DECIMALS).tolist()) for row in rows)
    return Stack(stack.reads, stack.mean, stack.scale, weights, tuple(round(x, DECIMALS) for x in intercepts))
