"""Drift of requests against the training profile."""

from __future__ import annotations

import math

import pytest

from router_plugin.drift import DRIFT_ALERT_PSI, histogram, psi


@pytest.mark.parametrize(
    ("values", "counts"),
    [([], [0, 0, 0]), ([0.0, 1.0, 1.5, 2.0, 9.0], [1, 2, 2])],
)
def test_histogram(values: list[float], counts: list[int]) -> None:
    """A value on an edge belongs to the bin above it; the outer bins are open."""
    assert histogram(values, (1.0, 2.0)) == counts


def test_psi_by_hand() -> None:
    """Equal shares give 0 whatever the counts; (.5, .5) against (.9, .1) gives .4 ln 1.8 + .4 ln 5."""
    assert psi([5, 5], [50, 50]) == 0.0
    assert psi([5, 5], [9, 1]) == pytest.approx(0.4 * math.log(1.8) + 0.4 * math.log(5.0))
    assert psi([5, 5], [9, 1]) > DRIFT_ALERT_PSI


def test_psi_of_empty_bins_and_histograms() -> None:
    """An empty bin gives a finite value, an empty histogram none, unequal bins an error."""
    assert math.isfinite(psi([10, 0], [0, 10]))
    assert math.isnan(psi([0, 0], [1, 1]))
    with pytest.raises(ValueError, match="bins"):
        psi([1], [1, 2])
