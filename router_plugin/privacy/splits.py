"""Put together what is split: over lines, over letters set apart, over parts and neighbouring messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from router_plugin.request import Origin, Segment

from .linear import finder, runner

EDGE = 160  # characters of each side that are joined at a border
MAX_BREAKS = 500  # line breaks in one text that are looked at one by one; more of them: all are closed up at once
REACH = 64  # bytes of a line on each side of a break
CHAIN = 8  # lines of one token each that can be pieces of one identifier
SHORTEST = 8  # characters of the shortest identifier that is looked for
_MARGIN = b" \t>|*#\r"  # what stands around a quoted, commented or indented line
_TOKEN = "[A-Za-z0-9_+/=@.-]"  # noqa: S105 - a pattern
# A line break inside a token that has a digit or an at sign near the break.
_NEXT = r"[ \t]*\r?\n[ \t>|*#]*"
_BREAK = rf"[0-9@][A-Za-z_+/=.-]*{_NEXT}{_TOKEN}|{_TOKEN}{_NEXT}[A-Za-z_+/=.-]*[0-9@]|[A-Z]{{6}}{_NEXT}[A-Z]{{6}}"
_APART = rf"(?:{_TOKEN}[ \t\n.,|-]){{11}}{_TOKEN}"
# Digits set apart, one to three at a time: an address of the internet has four groups, and no rule takes that for more
# than it is. They are fewer than letters: a social security number has nine. What stands before says what they are.
_BETWEEN = r"[ \t.,;|_/*+-]"
_DIGITS_APART = rf"\b[0-9]{{1,3}}(?:{_BETWEEN}{{1,3}}[0-9]{{1,3}}){{4,18}}\b"
DIGITS = range(9, 20)
BEFORE = 48  # bytes
_next_break, _next_apart, _next_digits = finder(_BREAK), finder(_APART), finder(_DIGITS_APART)
_next_of_any = finder(f"{_BREAK}|{_APART}|{_DIGITS_APART}")
_apart_run = runner(r"(?:[A-Za-z0-9_+/=@.-][ \t\n.,|-])+[A-Za-z0-9_+/=@.-]?")
# Lines of numbers, more than an identifier has pieces: a table.
_next_column = finder(r"(?:^|\n)(?:[ \t]*-?[0-9A-Fa-f][0-9A-Fa-f.,;:|/ \t-]+\r?\n){9,}")
# Four lines of four digits that begin like a card of a large scheme, set off from other lines of digits.
_MARK = r"[ \t]*(?:[-*>•][ \t]*|[0-9][.)][ \t]+)?"
_END = r"[ \t]*\r?(?:\n|$)"
_next_stacked = finder(
    rf"(?:^|\n){_MARK}(?:4[0-9]|5[1-5]|2[2-7]|60|65)[0-9]{{2}}{_END}{_MARK}[0-9]{{4}}{_END}{_MARK}[0-9]{{4}}{_END}{_MARK}[0-9]{{4}}{_END}"
)
_FOUR = re.compile(rb"[0-9]{4}")
_LINE_OF_DIGITS = re.compile(rb"[ \t>*-]*[0-9. \t,-]+\r?(?:\n|$)")
_GROUP = re.compile(rb"[0-9]+")
_PIECE = re.compile(rb"[^ ]+|[0-9][0-9 .-]*")
_NUMBERED_LINE = re.compile(r"[0-9][^\n]*")


def joined(text: str) -> str:
    """What line breaks and blanks may have torn apart in `text`, put together, one a line; nothing to do: ""."""
    data = text.encode("utf-8", "replace")
    if _next_of_any(data, 0) is None:
        return ""
    data = _without_columns(data)
    pieces: list[bytes] = []
    position = count = 0
    while span := _next_break(data, position):
        count += 1
        if count > MAX_BREAKS:
            pieces = [b"".join(line.strip(_MARGIN) for line in data.split(b"\n"))]
            break
        at = data.index(b"\n", span[0])
        position = at + 1
        pieces += _across(data, at)
    position = 0
    while span := _next_apart(data, position):
        position = max(span[1], _apart_run(data, span[0]))
        pieces.append(data[span[0] : position : 2])
    position = 0
    while span := _next_digits(data, position):
        position = span[1]
        digits = b"".join(_GROUP.findall(data, *span))
        if len(digits) in DIGITS:
            pieces.append(data[max(0, span[0] - BEFORE) : span[0]] + digits)
    pieces += _stacked(data)
    return b"\n".join(pieces).decode("utf-8", "ignore")


def _stacked(data: bytes) -> Iterator[bytes]:
    """Four lines of four digits each, as the groups of one number."""
    position = 0
    while span := _next_stacked(data, position):
        position = span[1] - 1
        above = data[data.rfind(b"\n", 0, span[0]) + 1 : span[0]]
        if not (_LINE_OF_DIGITS.fullmatch(above) or _LINE_OF_DIGITS.match(data, span[1])):
            yield b" ".join(_FOUR.findall(data, *span))


def _without_columns(data: bytes) -> bytes:
    """`data` without its tables: closing up their lines would make numbers of any length."""
    parts = []
    position = 0
    while span := _next_column(data, position):
        parts.append(data[position : span[0]])
        position = span[1]
    return b"\n\n".join((*parts, data[position:])) if parts else data


def _across(data: bytes, at: int) -> Iterator[bytes]:
    """The line before the break at `at` and the start of the next, and longer chains where lines are one token."""
    left = [line.strip(_MARGIN) for line in data[max(0, at - CHAIN * REACH) : at].split(b"\n")[-CHAIN:]]
    right = [line.strip(_MARGIN) for line in data[at + 1 : at + 1 + CHAIN * REACH].split(b"\n")[:CHAIN]]
    if left[-1].endswith(b"=") and left[-1][-2:-1].isalnum():  # a soft line break of quoted-printable
        left[-1] = left[-1][:-1]
    if not left[-1] or not right[0] or not _long_enough(left[-1], right[0]):
        return
    end = 1
    while end < len(right) and _PIECE.fullmatch(right[end - 1]) and right[end]:
        end += 1
    tail = b"".join(right[: end - 1]) + right[end - 1][:REACH]
    start = len(left) - 1
    head = left[start][-REACH:]
    yield head + tail
    while start > 0 and _PIECE.fullmatch(left[start]) and left[start - 1]:
        start -= 1
        head = left[start][-REACH:] + head
        yield head + tail


def _long_enough(left: bytes, right: bytes) -> bool:
    """Whether the tokens at the break, or the groups of digits around it, can be an identifier together."""
    if len(left.split()[-1]) + len(right.split()[0]) >= SHORTEST:
        return True
    around = left[-24:] + right[:24]
    return len(around) - len(around.translate(None, b"0123456789")) >= SHORTEST


def few_numbers(text: str) -> bool:
    """Whether so few lines hold a number that closing them up can't turn a table into an identifier."""
    return len(text) <= 4_000 and len(_NUMBERED_LINE.findall(text)) <= 3


class Border(NamedTuple):
    """Where a segment meets what went before: its position, and those of the segments whose ends it may go on.

    One or two runs of segments, in their order: as many as their last EDGE characters together take.
    """

    position: int
    before: tuple[tuple[int, ...], ...]

    def sides(self, segments: Sequence[Segment]) -> tuple[str, str, str]:
        """Both sides joined without a blank, joined with one, and by themselves."""
        head = segments[self.position].text[:EDGE]
        runs = [[segments[i].text for i in run] for run in self.before]
        tight, spaced = ["".join(run)[-EDGE:] for run in runs], [" ".join(run)[-EDGE:] for run in runs]
        return (
            "\n\n".join(end + head for end in tight),
            "\n\n".join(f"{end} {head}" for end in spaced),
            "\n\n".join([head, *tight, *spaced]),
        )


def borders(segments: Sequence[Segment]) -> Iterator[Border]:
    """The borders of each segment after the first.

    Two neighbourhoods count: the segment right before, and the one before of the same origin (a user's two messages
    with an answer between them); with a short one, what is before it too.
    """
    close: tuple[int, ...] = ()
    same: dict[Origin, tuple[int, ...]] = {}
    for position, segment in enumerate(segments):
        if segment.origin is Origin.IDENTITY:
            continue
        alike = same.get(segment.origin, ())
        if close:
            yield Border(position, (close, alike) if alike and alike != close else (close,))
        long = len(segment.text) >= EDGE
        close = (position,) if long else _last((*close, position), segments)
        same[segment.origin] = (position,) if long else _last((*alike, position), segments)


def _last(run: tuple[int, ...], segments: Sequence[Segment]) -> tuple[int, ...]:
    """The end of a run of segments that holds its last EDGE characters."""
    length = 0
    for count, position in enumerate(reversed(run), 1):
        length += len(segments[position].text)
        if length >= EDGE:
            return run[-count:]
    return run
