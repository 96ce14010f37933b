"""Put together what is split: over lines, over letters set apart, over parts and neighbouring messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..request import Origin, Segment
from .linear import finder

EDGE = 160  # characters of each side that are joined at a border
SHORT = 4_000  # characters; in a text up to this length every single line break is also tried by itself
_MARGIN = " \t>|*#"  # what stands at the start of a quoted, commented or indented line
_next_apart = finder(r"(?:[A-Za-z0-9_+/=@.-][ \t.,|-]){11}[A-Za-z0-9_+/=@.-]")
_APART_RUN = re.compile(rb"(?:[A-Za-z0-9_+/=@.-][ \t.,|-])+[A-Za-z0-9_+/=@.-]?")


def joined_lines(text: str) -> str:
    """`text` with its line breaks closed up, and letters that were set apart put together; nothing to do: ""."""
    pieces: list[str] = []
    if "\n" in text:
        lines = [line.strip().strip(_MARGIN) for line in text.split("\n")]
        pieces.append("".join(lines))
        if len(text) <= SHORT and len(lines) > 2:
            pieces += ["".join(line + ("" if i % 2 == odd else "\n") for i, line in enumerate(lines)) for odd in (0, 1)]
    data = text.encode("utf-8", "replace")
    position = 0
    while span := _next_apart(data, position):
        run = _APART_RUN.match(data, span[0])
        position = max(span[1], run.end() if run else 0)
        pieces.append(re.sub(r"(.)[ \t.,|-]", r"\1", data[span[0] : position].decode("utf-8", "ignore")))
    return "\n".join(pieces)


def few_numbers(text: str) -> bool:
    """Whether so few lines hold a number that closing them up can't turn a table into an identifier."""
    return sum(any(c.isdigit() for c in line) for line in text.split("\n")[:100]) <= 3 and text.count("\n") < 100


def borders(segments: Sequence[Segment]) -> Iterator[tuple[Segment, str]]:
    """For each segment after the first: the segment, and the texts that arise where it meets what went before.

    Two neighbourhoods count: the segment right before, and the one before of the same origin (a user's two messages
    with an answer between them). Each is joined without and with a blank.
    """
    close: tuple[str, str] | None = None
    same: dict[Origin, tuple[str, str]] = {}
    for segment in segments:
        if segment.origin is Origin.IDENTITY:
            continue
        head = segment.text[:EDGE]
        before = dict.fromkeys(pair for pair in (close, same.get(segment.origin)) if pair)
        if before:
            yield segment, "\n\n".join(f"{tight}{head}\n\n{spaced} {head}" for tight, spaced in before)
        close = _tails(close, segment.text)
        same[segment.origin] = _tails(same.get(segment.origin), segment.text)


def _tails(before: tuple[str, str] | None, text: str) -> tuple[str, str]:
    if len(text) >= EDGE or before is None:
        end = text[-EDGE:]
        return end, end
    return (before[0] + text)[-EDGE:], f"{before[1]} {text}"[-EDGE:]
