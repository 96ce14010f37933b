"""Dot products by way of distances."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from router_plugin.dotproducts import DotProducts


def test_they_are_what_exact_arithmetic_says() -> None:
    """To 1e-15 of the squares' sum, for small numbers and large ones, with zeros among them."""
    rng = random.Random(0)
    for size in (1, 11, 58, 110):
        for scale in (1e-3, 1.0, 1e3):
            vectors = [[rng.gauss(0, scale) for _ in range(size)] for _ in range(4)]
            x = [rng.choice((0.0, rng.gauss(0, 3))) for _ in range(size)]
            for found, w in zip(DotProducts(vectors)(x), vectors, strict=True):
                exact = sum(Fraction(a) * Fraction(b) for a, b in zip(x, w, strict=True))
                squares = sum(a * a for a in x) + sum(b * b for b in w)
                assert abs(found - float(exact)) <= 4e-15 * squares


def test_no_numbers_and_no_vectors() -> None:
    """A model without dense features has vectors of length 0; one without heads has none."""
    assert DotProducts([(), ()])(()) == [0.0, 0.0]
    assert DotProducts([])([1.0]) == []


def test_another_length_is_an_error() -> None:
    """Never a product of what happens to be there."""
    with pytest.raises(ValueError, match="same number of dimensions"):
        DotProducts([(1.0, 2.0)])((1.0,))
