"""Put together what is split: over lines, over letters set apart, over parts and neighbouring messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..request import Origin, Segment

EDGE = 160  # characters of each side that are joined at a border
_WRAPPED = re.compile(r"[A-Za-z0-9_+/=.@-]{2,}(?:[ \t]*\r?\n[ \t>|*#]*[A-Za-z0-9_+/=.@-]{2,})+")
_DIGIT_LINES = re.compile(r"(?m)([0-9][0-9 -]{2,})[ \t]*\r?\n[ \t]*([0-9][0-9 -]{2,})")
_LETTERS_APART = re.compile(r"(?:[A-Za-z0-9_+/=@.-][ \t.,|-]){11,}[A-Za-z0-9_+/=@.-]")


def joined_lines(text: str) -> str:
    """Tokens that a line break cuts in two, put together, one a line; letters set apart likewise."""
    pieces: list[str] = []
    if "\n" in text:
        for match in _WRAPPED.finditer(text):
            tokens = re.split(r"[ \t]*\r?\n[ \t>|*#]*", match.group())
            pieces.append("".join(tokens))
            if len(tokens) > 2:
                pieces += [first + second for first, second in zip(tokens, tokens[1:])]
        for match in _DIGIT_LINES.finditer(text):
            pieces.append(match.group(1) + match.group(2))
    for match in _LETTERS_APART.finditer(text):
        pieces.append(re.sub(r"(.)[ \t.,|-]", r"\1", match.group()))
    return "\n".join(pieces)


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
