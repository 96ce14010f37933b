"""The tf-idf blocks of a text model as they are looked up: one table a view, a packed row of numbers a term."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from dataclasses import dataclass
from operator import mul
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router_plugin.textmodel import Block


@dataclass(frozen=True)
class Table:
    """Blocks that are looked up together: term -> for each block its idf squared, then idf x weight for each head.

    A row is packed doubles: a third of the memory of a tuple of floats, and its columns are summed as fast.
    """

    view: int
    analyzer: str
    blocks: int
    packed: Struct
    rows: dict[str, bytes]

    def row(self, term: str) -> tuple[float, ...] | None:
        """The numbers of a term; None for an unknown one."""
        packed = self.rows.get(term)
        return self.packed.unpack(packed) if packed is not None else None

    def add(self, terms: list[str], logits: list[float]) -> tuple[int, int]:
        """Add the blocks' l2-normalised dot products to `logits`; returns how many distinct terms were known, and all.

        Sublinear term frequency, 1 + ln n, as scikit-learn's TfidfVectorizer has it.
        """
        counts = Counter(terms)
        hits = [row for row in map(self.rows.get, counts) if row is not None]
        if not hits:
            return 0, len(counts)
        values = array("d")
        values.frombytes(b"".join(hits))
        width, columns = 1 + len(logits), self.packed.size // values.itemsize
        sums = [sum(values[column::columns]) for column in range(columns)]  # as if each term occurred once
        if len(counts) != len(terms):
            for term in [term for term, count in counts.items() if count > 1]:
                row = self.row(term)
                if row is not None:
                    tf = 1.0 + math.log(counts[term])
                    for column, value in enumerate(row):
                        sums[column] += ((tf - 1.0) if column % width else (tf * tf - 1.0)) * value
        for start in range(0, columns, width):
            if sums[start]:
                norm = math.sqrt(sums[start])
                for head in range(len(logits)):
                    logits[head] += sums[start + 1 + head] / norm
        return len(hits), len(counts)


def merged(blocks: Sequence[Block], heads: int) -> tuple[Table, ...]:
    """One table a block, but "singles" are looked up with the "words" of their view, which hold them."""
    groups: dict[tuple[int, str], list[Block]] = {}
    words_of = {block.view for block in blocks if block.analyzer == "words"}
    for block in blocks:
        joined = block.analyzer == "singles" and block.view in words_of
        groups.setdefault((block.view, "words" if joined else block.analyzer), []).append(block)
    return tuple(_table(view, analyzer, members, 1 + heads) for (view, analyzer), members in groups.items())


def _table(view: int, analyzer: str, members: Sequence[Block], width: int) -> Table:
    packed = Struct(f"{len(members) * width}d")
    size = width * array("d").itemsize
    rows: dict[str, bytes] = {}
    for position, block in enumerate(members):
        start, after = position * size, (len(members) - position - 1) * size
        pack = Struct(f"{start}x{width}d{after}x").pack  # zeros for the other blocks
        columns = (map(mul, block.idf, weights) for weights in block.weights)
        made = zip(block.terms, map(pack, map(mul, block.idf, block.idf), *columns), strict=True)
        if not rows:
            rows.update(made)
            continue
        for term, row in made:
            old = rows.get(term)
            rows[term] = row if old is None else old[:start] + row[start : start + size] + old[start + size :]
    return Table(view, analyzer, len(members), packed, rows)
