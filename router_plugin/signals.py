"""What a complexity model saw in a request, for explanations: named features and words, with what each adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from router_plugin import features
from router_plugin.stack import inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router_plugin.stack import Stack
    from router_plugin.textmodel import Contribution, TextModel

MAX_SIGNALS = 12
SUMMED = 3  # outputs whose sums a stack reads
_ALL = 1_000_000  # contributions, before they are merged


@dataclass(frozen=True)
class Signal:
    """What one feature adds, signed: upwards is harder. `is_text`: the name is request text, so never log it."""

    name: str
    weight: float
    is_text: bool

    def __repr__(self) -> str:
        name = f"<{len(self.name)} characters>" if self.is_text else self.name
        return f"Signal({name}, {self.weight:+.3f})"


def signals_of(
    model: TextModel, stack: Stack | None, views: Sequence[str], dense: Sequence[float], head: int, *, merge: bool
) -> tuple[Signal, ...]:
    """The strongest signals of one request for an output (0 or 1), at most MAX_SIGNALS, strongest first.

    Each weighs what the output's logit loses without it; where a stack decides, these need not add up. `merge`:
    nothing was pasted, so that a number of the text and of the whole of it are one thing.
    """
    parts = model.score(views, dense).parts
    groups: dict[tuple[str, bool], list[tuple[int, Contribution]]] = {}
    for output in range(SUMMED):
        for one in model.contributions(views, dense, head=output, top=_ALL):
            name = one.name.removeprefix(features.WHOLE) if merge and not one.is_text else one.name
            groups.setdefault((name, one.is_text), []).append((output, one))
    if stack is None:
        weights = {key: sum(one.weight for output, one in adds if output == head) for key, adds in groups.items()}
    else:
        whole = stack.logits(inputs(parts, dense))[head]
        weights = {key: whole - stack.logits(_without(parts, dense, adds))[head] for key, adds in groups.items()}
    strongest = sorted(weights.items(), key=lambda item: -abs(item[1]))[:MAX_SIGNALS]
    return tuple(Signal(name, weight, is_text) for (name, is_text), weight in strongest)


def _without(
    parts: Sequence[Sequence[float]], dense: Sequence[float], adds: Sequence[tuple[int, Contribution]]
) -> list[float]:
    """A stack's inputs for a request that lacks what adds to the outputs."""
    less, numbers = [list(part) for part in parts], list(dense)
    for output, one in adds:
        less[one.view][output] -= one.weight
        if not one.is_text:
            numbers[features.NAMES.index(one.name)] = 0.0
    return inputs(less, numbers)
