"""Find spans in bytes in linear time: RE2 where it can be imported, else Python's `re`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

try:
    import re2
except ImportError:  # no wheel for this platform, for example musl
    re2 = None

Search = Callable[[bytes, int], "tuple[int, int] | None"]
Test = Callable[[str], bool]
Spans = list[tuple[int, int]]  # of a match and of its groups; (-1, -1) for a group that took no part
NOWHERE = (-1, -1)


def spans(pattern: str, options: Any) -> Callable[[bytes, int, int], Spans]:
    """A function (data, start, end) -> the spans of RE2's next match, the first NOWHERE where there is none.

    It calls RE2's binding itself: the package's match objects cost several times what most searches do.
    """
    match: Any = re2._Regexp(pattern, options)._regexp.Match
    anywhere = re2._Anchor.UNANCHORED

    def search(data: bytes, start: int, end: int) -> Spans:
        found: Spans = match(anywhere, data, start, end) if start <= end else [NOWHERE]
        return found

    return search


def tester(pattern: str) -> Test:
    """A function that says whether `pattern` occurs in a string, in any case."""
    if re2 is None:
        compiled = re.compile(pattern, re.IGNORECASE)
        return lambda text: compiled.search(text) is not None
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    search = spans(pattern, options)

    def test(text: str) -> bool:
        data = text.encode("utf-8", "ignore")
        return search(data, 0, len(data))[0] != NOWHERE

    return test


def finder(pattern: str) -> Search:
    """A function (data, position) -> span of the next match in UTF-8 bytes, or None."""
    if re2 is None:
        return _finder_re(pattern)
    options = re2.Options()
    options.never_capture = True
    following = spans(pattern, options)

    def search(data: bytes, position: int) -> tuple[int, int] | None:
        span = following(data, position, len(data))[0]
        return None if span == NOWHERE else span

    return search


def runner(pattern: str) -> Callable[[bytes, int], int]:
    """A function (data, position) -> where the match of `pattern` that starts at `position` ends; `position` for none.

    For ASCII patterns only.
    """
    if re2 is None:
        compiled = re.compile(pattern.encode("ascii"))

        def end_re(data: bytes, position: int) -> int:
            match = compiled.match(data, position)
            return match.end() if match else position

        return end_re
    options = re2.Options()
    options.never_capture = True
    match_at: Any = re2._Regexp(pattern, options)._regexp.Match
    start: Any = re2._Anchor.ANCHOR_START

    def end(data: bytes, position: int) -> int:
        found: Spans = match_at(start, data, position, len(data))
        return position if found[0] == NOWHERE else found[0][1]

    return end


def _finder_re(pattern: str) -> Search:
    compiled = re.compile(pattern)

    def search(data: bytes, position: int) -> tuple[int, int] | None:
        head = data[:position].decode("utf-8", "replace")
        text = data.decode("utf-8", "replace")
        match = compiled.search(text, len(head))
        if match is None:
            return None
        start = len(text[: match.start()].encode("utf-8"))
        return start, start + len(match.group().encode("utf-8"))

    return search
