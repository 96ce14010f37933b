"""Fit the second reader of private matters: a support vector machine on a sentence encoder's vectors, and how both
readers' opinions add up."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from router_plugin.privacy.second_reader import FORMAT, Encoder
from router_plugin.textmodel import sigmoid

C, GAMMA = 3.0, 2.0
FLOOR_LOSES = 0.01  # of the private rows found: these the first reader may think too harmless for a second look
LEVELS = 127  # of a signed byte, in steps of STEP; hardly a number of a vector of length 1 is beyond them
STEP = 0.25 / LEVELS


def embed(encoder: Encoder, texts: Sequence[str], progress: Callable[[str], None] = lambda _: None) -> np.ndarray:
    """[text, dimension], in the steps of a signed byte; not-a-number in the rows of texts that have no vector."""
    found = []
    for number, text in enumerate(texts, 1):
        found.append(encoder.vector(text))
        if number % 1_000 == 0:
            progress(f"encoded {number} of {len(texts)}")
    width = next(len(vector) for vector in found if vector is not None)
    matrix = np.array([np.full(width, np.nan) if vector is None else vector for vector in found], dtype=np.float64)
    return np.clip(np.round(matrix / STEP), -LEVELS, LEVELS) * STEP


def fit(
    vectors: np.ndarray,
    private: np.ndarray,
    weight: np.ndarray,
    first: np.ndarray,
    fold: np.ndarray,
    false_positives: float,
    lookalike: np.ndarray,
    names: Mapping[str, str],
) -> tuple[dict[str, Any], np.ndarray]:
    """The file's content, and both readers' logits, out of fold.

    One entry a row in each array. `first`: the first reader's calibrated logits, out of fold. `false_positives`:
    the share of `lookalike` rows that may reach the threshold. `names`: what the content says of its makers.
    """
    second = np.zeros(len(private))
    for held in np.unique(fold):
        part = fold == held
        second[part] = _machine(vectors[~part], private[~part], weight[~part]).decision_function(vectors[part])
    stack = LogisticRegression(C=1e4).fit(np.column_stack([first, second]), private)
    both = stack.decision_function(np.column_stack([first, second]))
    cut = float(np.quantile(both[lookalike], 1.0 - false_positives))
    found = private & (both >= cut)
    machine = _machine(vectors, private, weight)
    content = {
        "format": FORMAT,
        **names,
        "threshold": round(sigmoid(cut), 4),
        "floor": round(sigmoid(float(np.quantile(first[found], FLOOR_LOSES))), 4),
        "gamma": GAMMA,
        "intercept": round(float(machine.intercept_[0]), 6),
        "stack": {
            "first": round(float(stack.coef_[0, 0]), 6),
            "second": round(float(stack.coef_[0, 1]), 6),
            "both": round(float(stack.intercept_[0]), 6),
        },
        "step": STEP,
        "weights": _base64(machine.dual_coef_[0].astype("<f4")),
        "vectors": _base64(np.round(machine.support_vectors_ / STEP).astype(np.int8)),
    }
    return content, both


def _machine(vectors: np.ndarray, private: np.ndarray, weight: np.ndarray) -> SVC:
    return SVC(C=C, gamma=GAMMA, cache_size=2_000).fit(vectors, private, sample_weight=weight)


def _base64(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.tobytes()).decode("ascii")
