"""A second logistic regression over what the parts of a first one say: stacked generalization (Wolpert 1992).

The first one adds up what the work's words, its context and the named numbers weigh. That a long context makes the
words of a short request say less, or that being very sure should count no more than being sure, no sum can express. The
second one reads a few such sums and numbers, what each exceeds a few knots by, and their products. One of the sums says
whether the middle tier is what it takes: what speaks against it may point upwards or downwards.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from itertools import chain, combinations_with_replacement, starmap
from operator import add, mul
from typing import TYPE_CHECKING, Any

from router_plugin import features
from router_plugin.dotproducts import DotProducts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The numbers that it reads beside the sums: two of the text, then those that are 0 where the work stands alone.
READS = (
    *("length", "whole_length"),
    *("conversation", "kind_go_on", "user_turns", "task_length", "answer_length", "reply_length"),
)
SUMS = 9  # inputs that are sums: three parts for three outputs
ALONE = SUMS + 2  # inputs that are left for work that stands alone
_READ = tuple(map(features.NAMES.index, READS))
# The next two are part of `features.VERSION`: change it with them.
KNOTS = (-1.0, 0.0, 1.0)
LIMIT = 3.0  # standard deviations: inputs beyond are taken for this, so that nothing grows without bound


def inputs(parts: Sequence[Sequence[float]], dense: Sequence[float]) -> list[float]:
    """What is read of one request: what work, context and numbers say for three outputs, then READS.

    `parts` and `dense` are those of a complexity model: [view or numbers][output], and one for each of features.NAMES.
    """
    work, task, last, numbers = parts
    context = (task[0] + last[0], task[1] + last[1], task[2] + last[2])
    return [*work[:3], *context, *numbers[:3], *(dense[i] for i in _READ)]


def expand(standardised: Sequence[float]) -> list[float]:
    """Standardised inputs, what each exceeds each of KNOTS by, and the products of all pairs, squares among them."""
    found = list(standardised)
    found += [x - knot if x > knot else 0.0 for knot in KNOTS for x in standardised]
    found += starmap(mul, combinations_with_replacement(standardised, 2))
    return found


@dataclass(frozen=True)
class Stack:
    """`reads` names the dense features that are inputs after the parts; a row of weights of `expand` for each output.

    Outputs are calibrated logits: the sigmoid of one is a probability.
    """

    reads: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]  # [output][term of `expand`]
    intercepts: tuple[float, ...]

    def __post_init__(self) -> None:
        width = len(self.mean)
        terms = width * (1 + len(KNOTS)) + width * (width + 1) // 2
        if (
            len(self.scale) != width
            or len(self.reads) > width
            or not all(self.scale)
            or len(self.intercepts) != len(self.weights)
            or any(len(row) != terms for row in self.weights)
        ):
            raise ValueError("A stack's inputs and weights differ in number.")
        if not all(map(math.isfinite, (*self.mean, *self.scale, *self.intercepts, *chain(*self.weights)))):
            raise ValueError("A stack's numbers must be finite.")

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Stack:
        """What `content` made. Errors: KeyError, TypeError, ValueError."""
        return cls(
            tuple(content["reads"]),
            tuple(map(float, content["mean"])),
            tuple(map(float, content["scale"])),
            tuple(tuple(map(float, row)) for row in content["weights"]),
            tuple(map(float, content["intercepts"])),
        )

    def content(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "reads": list(self.reads),
            "mean": list(self.mean),
            "scale": list(self.scale),
            "weights": [list(row) for row in self.weights],
            "intercepts": list(self.intercepts),
        }

    def standardised(self, found: Sequence[float]) -> list[float]:
        """`inputs` in standard deviations from their means, at most LIMIT."""
        plain = [(x - mean) / scale for x, mean, scale in zip(found, self.mean, self.scale, strict=True)]
        return [x if -LIMIT < x < LIMIT else LIMIT if x > 0.0 else -LIMIT for x in plain]

    def cut(self, count: int) -> Stack:
        """A smaller stack with equal outputs, for requests whose inputs from `count` on are 0: it takes the others."""
        width = len(self.mean)
        fixed = self.standardised([0.0] * width)[count:]
        weights, intercepts = [], []
        for row, intercept in zip(self.weights, self.intercepts, strict=True):
            linear = list(row[:count])
            kept = [weight for k in range(1, 1 + len(KNOTS)) for weight in row[k * width : k * width + count]]
            start = width * (1 + len(KNOTS))
            for i in range(count):
                pairs = row[start : start + width - i]
                kept += pairs[: count - i]
                linear[i] += sum(map(mul, pairs[count - i :], fixed))
                start += width - i
            weights.append((*linear, *kept))
            whole, part = expand([0.0] * count + fixed), expand([0.0] * count)
            intercepts.append(intercept + sum(map(mul, whole, row)) - sum(map(mul, part, weights[-1])))
        reads = self.reads[: len(self.reads) - (width - count)]
        return Stack(reads, self.mean[:count], self.scale[:count], tuple(weights), tuple(intercepts))

    def logits(self, found: Sequence[float]) -> list[float]:
        """The outputs for the `inputs` of one request."""
        return list(map(add, self.intercepts, self._weights(expand(self.standardised(found)))))

    @functools.cached_property
    def _weights(self) -> DotProducts:
        return DotProducts(self.weights)
