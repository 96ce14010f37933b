"""Figures of merit for tiers and probabilities. Tiers are ranks: 0 low, 1 medium, 2 high."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Ranks = np.ndarray


def accuracy(truth: Ranks, predicted: Ranks) -> float:
    """Share of equal tiers."""
    return float((truth == predicted).mean())


def off_by_two(truth: Ranks, predicted: Ranks) -> float:
    """Share of low taken for high, and the other way round."""
    return float((np.abs(truth - predicted) == 2).mean())


def macro_f1(truth: Ranks, predicted: Ranks) -> float:
    """Mean F1 over the tiers that occur in `truth`."""
    scores = []
    for tier in np.unique(truth):
        hit = float(((truth == tier) & (predicted == tier)).sum())
        wrong = float(((truth == tier) != (predicted == tier)).sum())
        scores.append(2 * hit / (2 * hit + wrong) if hit or wrong else 0.0)
    return float(np.mean(scores))


def ece(probability: np.ndarray, outcome: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over equal-count bins (Naeini 2015, with quantile bins)."""
    order = np.argsort(probability, kind="stable")
    total = 0.0
    for part in np.array_split(order, bins):
        if len(part):
            total += len(part) * abs(float(probability[part].mean() - outcome[part].mean()))
    return total / len(order)


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Area under the ROC curve; ties count half. nan where one class is missing."""
    positive = positive.astype(bool)
    n = int(positive.sum())
    if n in (0, len(positive)):
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))


def best_cuts(score: np.ndarray, truth: Ranks) -> tuple[float, float]:
    """The two cuts over one score that give the best accuracy on these rows: how far that score alone can get."""
    grid = np.unique(np.quantile(score, np.linspace(0.02, 0.98, 49)))
    best = (-1.0, grid[0], grid[-1])
    for i, low in enumerate(grid):
        for high in grid[i:]:
            found = accuracy(truth, (score >= low).astype(int) + (score >= high).astype(int))
            best = max(best, (found, low, high))
    return float(best[1]), float(best[2])


def summary(truth: Ranks, predicted: Ranks) -> dict[str, float | int]:
    """Count, accuracy, off-by-two and macro F1, rounded."""
    return {
        "rows": len(truth),
        "accuracy": round(accuracy(truth, predicted), 4),
        "off_by_two": round(off_by_two(truth, predicted), 4),
        "macro_f1": round(macro_f1(truth, predicted), 4),
    }


def by(names: Sequence[str], truth: Ranks, predicted: Ranks) -> dict[str, dict[str, float | int]]:
    """`summary` for each name."""
    labels = np.array(names)
    return {
        str(name): summary(truth[labels == name], predicted[labels == name]) for name in sorted(set(labels.tolist()))
    }


def gap_recovered(score: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """Performance gap recovered when the n prompts with the highest score go to the strong model, for n = 0 ... all.

    0 is the weak model's mean quality, 1 the strong one's (RouteLLM, Ong 2024, equation 4).
    """
    order = np.argsort(-score, kind="stable")
    gained = np.concatenate([[0.0], np.cumsum((strong - weak)[order])])
    return np.asarray(gained / gained[-1])


def apgr(score: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> float:
    """Average performance gap recovered: the area under `gap_recovered` over the share of strong calls, by deciles.

    A random score gets about .5.
    """
    recovered = gap_recovered(score, weak, strong)
    shares = np.linspace(0.0, 1.0, len(recovered))
    deciles = np.interp(np.linspace(0.0, 1.0, 11), shares, recovered)
    return float((deciles[:-1] + deciles[1:]).mean() / 2)


def cpt(score: np.ndarray, weak: np.ndarray, strong: np.ndarray, target: float) -> float:
    """Call-performance threshold: the least share of strong calls that recovers `target` of the gap."""
    recovered = gap_recovered(score, weak, strong)
    return float(np.argmax(recovered >= target) / (len(recovered) - 1))
