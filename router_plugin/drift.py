"""How far today's requests are from those that the model was trained on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DRIFT_ALERT_PSI = 0.2  # Siddiqi 2006: "significant shift"
_FLOOR = 1e-4  # an empty bin counts as this share, so that the logarithm is finite

SCORE_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LENGTH_EDGES = (20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1280.0, 2560.0)  # characters


def histogram(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    """How many values lie below the first edge, between each two, and from the last one on."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[sum(value >= edge for edge in edges)] += 1
    return counts


def psi(expected: Sequence[float], actual: Sequence[float]) -> float:
    """Population stability index of two histograms over the same bins: 0 for equal shares, alert from .2 on.

    nan where one of them is empty. Errors: ValueError for different numbers of bins.
    """
    if len(expected) != len(actual):
        raise ValueError(f"The histograms have {len(expected)} and {len(actual)} bins.")
    total_expected, total_actual = sum(expected), sum(actual)
    if not total_expected or not total_actual:
        return math.nan
    index = 0.0
    for e, a in zip(expected, actual, strict=True):
        was, now = max(e / total_expected, _FLOOR), max(a / total_actual, _FLOOR)
        index += (now - was) * math.log(now / was)
    return index
