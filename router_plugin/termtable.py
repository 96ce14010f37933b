"""The tf-idf blocks of a text model as they are looked up: one table a view, the numbers of a term in one integer."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass
from operator import add, mul
from struct import Struct
from typing import TYPE_CHECKING

from router_plugin.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from router_plugin.textmodel import Block

LANE = 64  # bits of one number
UNIT = 1 << 30  # numbers are kept as multiples of 1 / UNIT
ZERO = 1 << LANE - 1  # what a column may sum to, in units
_ROOT = math.sqrt(UNIT)
_TWO, _LOW = 2 * LANE // 8, (1 << LANE) - 1


@dataclass(frozen=True)
class Table:
    """Blocks that are looked up together: term -> for each block its idf squared, then idf x weight for each head.

    A row's numbers stand side by side in one integer: adding up the rows of a text adds up all columns at once, in a
    seventh of the time that a sum a column takes, and a row takes a third of the memory of a tuple of floats.
    """

    view: int
    analyzer: str
    below: tuple[int, ...]  # of each block: it counts for texts of fewer words; 0: for all
    lanes: Struct
    rows: dict[str, int]

    def row(self, term: str) -> list[float] | None:
        """The numbers of a term; None for an unknown one."""
        row = self.rows.get(term)
        if row is None:
            return None
        raw = self._lanes(row, self.lanes.size * 8 // LANE)
        return [(lane + (before < 0)) / UNIT for before, lane in zip((0, *raw), raw, strict=False)]

    def add(self, terms: list[str], size: int, logits: list[float]) -> tuple[int, int]:
        """Add the blocks' l2-normalised dot products to `logits`; returns how many distinct terms were known, and all.

        `size`: words of the text. Term frequencies are sublinear, 1 + ln n, as scikit-learn's TfidfVectorizer has them.
        """
        counts = Counter(terms)
        hits = list(filter(None, map(self.rows.get, counts)))  # no row is 0: every term has an idf
        if not hits:
            return 0, len(counts)
        width = 1 + len(logits)
        blocks = sum(not below or size < below for below in self.below)  # those for short texts come last
        sums: list[float] = list(self._lanes(sum(hits), width * blocks))  # as if each term occurred once
        if len(counts) != len(terms):
            for repeats, rows in self._repeated(counts).items():
                more = math.log(repeats)
                # What the square of 1 + ln n exceeds 1 by, and what 1 + ln n does.
                factors = [(more + 2.0) * more, *[more] * len(logits)] * blocks
                sums = list(map(add, sums, map(mul, factors, self._lanes(sum(rows), width * blocks))))
        for start in range(0, width * blocks, width):
            if sums[start] > 0.0:
                norm = math.sqrt(sums[start]) * _ROOT
                for head in range(len(logits)):
                    logits[head] += sums[start + 1 + head] / norm
        return len(hits), len(counts)

    def _repeated(self, counts: Counter[str]) -> dict[int, list[int]]:
        """The rows of the terms that occur more than once, by how often they do."""
        rows: dict[int, list[int]] = {}
        for term, repeats in [item for item in counts.items() if item[1] > 1]:
            if row := self.rows.get(term):
                rows.setdefault(repeats, []).append(row)
        return rows

    def _lanes(self, total: int, count: int) -> tuple[int, ...]:
        """The first numbers in a row or a sum of rows, in units; too small by 1 where the one before is negative."""
        if self.lanes.size == _TWO:  # one block, one head: the first is a square, never negative
            return (total & _LOW, total >> LANE)[:count]
        kept = total & (1 << LANE * count) - 1
        return self.lanes.unpack(kept.to_bytes(self.lanes.size, "little"))[:count]


def merged(blocks: Sequence[Block], heads: int) -> tuple[Table, ...]:
    """One table a view and analyzer, but "singles" are looked up with the "edged" or "words" of their view.

    Errors: ModelFileError for weights so large that their sum could overflow.
    """
    groups: dict[tuple[int, str], list[Block]] = {}
    names: dict[str, str] = {}  # a term of several views is kept once
    holds = {block.view: block.analyzer for block in blocks if block.analyzer in ("edged", "words")}  # the single words
    for block in blocks:
        analyzer = holds.get(block.view, "singles") if block.analyzer == "singles" else block.analyzer
        groups.setdefault((block.view, analyzer), []).append(block)
    return tuple(_table(view, analyzer, members, 1 + heads, names) for (view, analyzer), members in groups.items())


def _table(view: int, analyzer: str, members: Sequence[Block], width: int, names: dict[str, str]) -> Table:
    lanes = Struct(f"<{len(members) * width}q")
    rows: dict[str, int] = {}
    # The largest block in the lowest lanes: a term of that one alone is then a small number. Those for short texts come
    # last, the least short first, so that the blocks that count for a text stand side by side.
    members = sorted(members, key=lambda member: (member.below > 0, -member.below, -len(member.terms)))
    for position, block in enumerate(members):
        columns = (map(mul, block.idf, block.idf), *(map(mul, block.idf, weights) for weights in block.weights))
        terms = [names.setdefault(term, term) for term in block.terms]
        made = zip(terms, _in_lanes(columns, position * width * LANE), strict=True)
        if not rows:
            rows.update(made)
            continue
        for term, number in made:
            rows[term] = rows.get(term, 0) + number
    return Table(view, analyzer, tuple(member.below for member in members), lanes, rows)


def _in_lanes(columns: Sequence[Iterable[float]], shift: int) -> Iterator[int]:
    """The n-th numbers of all columns side by side in one integer, the first in the lowest lane after `shift` bits."""
    lanes = []
    for column in columns:
        values = array("q", (round(UNIT * value) for value in column))
        if sum(map(abs, values)) >= ZERO:
            raise ModelFileError("A model's weights are too large to be added up; regularise more (a smaller C).")
        lanes.append(map(ZERO.__add__, values))
    # Unsigned lanes can be packed in one go; what makes them unsigned is taken off again from all of them at once.
    pack = Struct(f"<{len(lanes)}Q").pack
    zeros = int.from_bytes(pack(*[ZERO] * len(lanes)), "little")
    for packed in map(pack, *lanes):
        yield int.from_bytes(packed, "little") - zeros << shift
