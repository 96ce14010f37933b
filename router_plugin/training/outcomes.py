"""Recipes for outcome labels: which of two models got a prompt right. Chosen apart from the intent recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from router_plugin.training import metrics
from router_plugin.training.linear import BlockSpec, Example, LinearSpec, fit_linear
from router_plugin.training.rows import RowError

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDS = 5
# Beginnings and endings of words and little else: whole words and the dense features know a source, not difficulty.
LEFT_OUT_SPEC = LinearSpec((BlockSpec("stems", 0),), C=0.3, dense_scale=0.1)
GAIN_SPEC = LinearSpec((BlockSpec("words", 0, max_features=None), BlockSpec("stems", 0)), C=1.0)
GAIN_HEADS = ("strong_wins", "weak_wins")


@dataclass(frozen=True)
class Pair:
    """A prompt and how well a weak and a strong model did on it, 0..1."""

    prompt: str
    weak: float
    strong: float


def read_pairs(records: Sequence[dict[str, Any]]) -> list[Pair]:
    """Pairs of outcome records. Errors: RowError naming the first record that lacks a part."""
    try:
        return [Pair(str(r["prompt"]), float(r["weak"]), float(r["strong"])) for r in records]
    except (KeyError, TypeError, ValueError) as error:
        raise RowError(f"an outcome record needs `prompt`, `weak` and `strong` ({type(error).__name__})") from None


def gain_scores(pairs: Sequence[Pair], *, seed: int = 0) -> np.ndarray:
    """P(strong wins) - P(weak wins) of each pair, from models that did not see it (5-fold)."""
    examples = [
        Example((pair.prompt,), (), (float(pair.strong > pair.weak), float(pair.weak > pair.strong))) for pair in pairs
    ]
    fold = np.random.default_rng(seed).permutation(np.arange(len(pairs)) % FOLDS)
    scores = np.zeros(len(pairs))
    for k in range(FOLDS):
        train = [e for e, f in zip(examples, fold, strict=True) if f != k]
        test = [e for e, f in zip(examples, fold, strict=True) if f == k]
        wins = 1.0 / (1.0 + np.exp(-fit_linear(train, GAIN_HEADS, GAIN_SPEC, seed=seed).logits(test)))
        scores[fold == k] = wins[:, 0] - wins[:, 1]
    return scores


def gain_report(pairs: Sequence[Pair], seeds: int = 5) -> dict[str, Any]:
    """APGR and CPT(50) by cross-validation, a mean over shuffles, beside random and length."""
    weak = np.array([pair.weak for pair in pairs])
    strong = np.array([pair.strong for pair in pairs])
    lengths = np.array([float(len(pair.prompt)) for pair in pairs])
    ours = [gain_scores(pairs, seed=seed) for seed in range(seeds)]
    chance = np.random.default_rng(0).random(len(pairs))
    return {
        "pairs": len(pairs),
        "ours": _both(ours, weak, strong),
        "length": _both([lengths], weak, strong),
        "random": _both([chance], weak, strong),
    }


def _both(scores: Sequence[np.ndarray], weak: np.ndarray, strong: np.ndarray) -> dict[str, float]:
    return {
        "apgr": round(float(np.mean([metrics.apgr(score, weak, strong) for score in scores])), 4),
        "cpt50": round(float(np.mean([metrics.cpt(score, weak, strong, 0.5) for score in scores])), 4),
    }
