"""Medians, tails, intervals and straight lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL_95 = 1.96  # standard normal quantile for 95 % intervals


@dataclass(frozen=True)
class Interval:
    """A median with its 95 % interval, `low` to `high`; `pairs` values went into it."""

    median: float
    low: float
    high: float
    pairs: int


def quantile(values: Sequence[float], q: float) -> float:
    """The q-quantile by linear interpolation. Errors: ValueError for no values."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("There are no values.")
    place = q * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float:
    """The 0.5-quantile."""
    return quantile(values, 0.5)


def interval(values: Sequence[float]) -> Interval:
    """The median and its distribution-free interval from order statistics (Conover 1999, 3.2).

    With few values the interval is the whole range, which holds the median with less than 95 % at five or fewer.
    """
    ordered = sorted(values)
    n = len(ordered)
    reach = LEVEL_95 * math.sqrt(n) / 2
    low = max(0, math.floor(n / 2 - reach) - 1)
    high = min(n - 1, math.ceil(n / 2 + reach))
    return Interval(median(ordered), ordered[low], ordered[high], n)


def r_squared(x: Sequence[float], y: Sequence[float]) -> float:
    """How well a straight line explains y by x: 1 for all of it. Errors: ValueError where x or y doesn't vary."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    xx = sum((a - mean_x) ** 2 for a in x)
    yy = sum((b - mean_y) ** 2 for b in y)
    if not xx or not yy:
        raise ValueError("A line needs values that vary.")
    xy = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return xy * xy / (xx * yy)
