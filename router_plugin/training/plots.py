"""Pictures of a trained model, as SVG beside it: from out-of-fold figures, the same bytes for the same figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from router_plugin.complexity import Cuts, Tier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMES = [tier.value for tier in Tier]
# Relative prices of a low, medium and high answer, as in the outcome protocol: a small share of a frontier model's.
COSTS = np.array([0.01, 0.06, 1.0])
BINS = 10


def draw(folder: Path, truth: np.ndarray, probability: np.ndarray, cuts: Cuts, predicted: np.ndarray) -> list[str]:
    """Write reliability, confusion, coverage and cost-quality plots; returns the file names.

    `truth` and `predicted` are tier ranks; `probability` is [row, (beyond local, beyond mid)], out of fold.
    Errors: ImportError where matplotlib isn't installed.
    """
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "router"  # the same ids in every run
    from matplotlib import pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "reliability": _reliability(plt, truth, probability),
        "confusion": _confusion(plt, truth, predicted),
        "coverage": _coverage(plt, truth, probability, cuts, predicted),
        "cost_quality": _cost_quality(plt, truth, probability, predicted),
    }
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
        plt.close(figure)
    return [f"{name}.svg" for name in figures]


def draw_learning_curve(folder: Path, points: Sequence[tuple[int, float]]) -> str:
    """Write the learning curve: (training rows, out-of-fold accuracy)."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "router"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 4))
    axes.plot([n for n, _ in points], [accuracy for _, accuracy in points], marker="o")
    axes.set(xlabel="training rows", ylabel="accuracy, out of fold", title="Learning curve")
    axes.grid(alpha=0.3)
    figure.savefig(folder / "learning_curve.svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    return "learning_curve.svg"


def _reliability(plt: Any, truth: np.ndarray, probability: np.ndarray) -> Any:
    figure, axes = plt.subplots(figsize=(5, 4))
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    for head, name in enumerate(("beyond a local model", "beyond a mid-size model")):
        order = np.argsort(probability[:, head], kind="stable")
        parts = np.array_split(order, BINS)
        axes.plot(
            [probability[part, head].mean() for part in parts],
            [(truth[part] > head).mean() for part in parts],
            marker="o",
            label=name,
        )
    axes.set(xlabel="predicted probability", ylabel="observed share", title="Reliability")
    axes.legend()
    return figure


def _confusion(plt: Any, truth: np.ndarray, predicted: np.ndarray) -> Any:
    counts = np.array([[int(((truth == a) & (predicted == b)).sum()) for b in range(3)] for a in range(3)])
    figure, axes = plt.subplots(figsize=(4.5, 4))
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for (a, b), count in np.ndenumerate(counts):
        axes.text(b, a, str(count), ha="center", va="center", color="white" if a == b else "black")
    axes.set(xticks=range(3), yticks=range(3), xticklabels=NAMES, yticklabels=NAMES)
    axes.set(xlabel="predicted tier", ylabel="labelled tier", title="Confusion")
    return figure


def _coverage(plt: Any, truth: np.ndarray, probability: np.ndarray, cuts: Cuts, predicted: np.ndarray) -> Any:
    """Accuracy on the requests that it is surest of, against their share."""
    distance = np.minimum(abs(probability[:, 0] - cuts.local), abs(probability[:, 1] - cuts.mid))
    order = np.argsort(-distance, kind="stable")
    right = np.cumsum((truth == predicted)[order]) / np.arange(1, len(order) + 1)
    share = np.arange(1, len(order) + 1) / len(order)
    kept = float((distance >= cuts.band).mean())
    figure, axes = plt.subplots(figsize=(5, 4))
    axes.plot(share[len(share) // 50 :], right[len(share) // 50 :])
    axes.axvline(kept, color="0.5", linestyle="--", label=f"not abstained: {kept:.0%}")
    axes.set(xlabel="coverage", ylabel="accuracy", title="Coverage against accuracy")
    axes.legend()
    return figure


def _cost_quality(plt: Any, truth: np.ndarray, probability: np.ndarray, predicted: np.ndarray) -> Any:
    """Share of requests with a model that is good enough, against mean relative cost, for all pairs of cuts."""
    points = []
    for cut in np.linspace(0.02, 0.98, 49):
        tiers = (probability[:, 0] >= cut).astype(int) + ((probability[:, 0] >= cut) & (probability[:, 1] >= cut))
        points.append((COSTS[tiers].mean(), (tiers >= truth).mean()))
    figure, axes = plt.subplots(figsize=(5, 4))
    axes.plot(*zip(*points, strict=True), label="one cut for both")
    axes.plot(COSTS[predicted].mean(), (predicted >= truth).mean(), marker="o", linestyle="", label="chosen cuts")
    axes.set(xlabel="mean cost (all high = 1)", ylabel="model is good enough", title="Cost against quality")
    axes.legend()
    return figure
