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


def tester(pattern: str) -> Test:
    """A function that says whether `pattern` occurs in a string, in any case."""
    if re2 is None:
        compiled = re.compile(pattern, re.IGNORECASE)
        return lambda text: compiled.search(text) is not None
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    search: Any = re2._Regexp(pattern, options).search
    return lambda text: search(text.encode("utf-8", "ignore")) is not None


def finder(pattern: str) -> Search:
    """A function (data, position) -> span of the next match in UTF-8 bytes, or None."""
    if re2 is None:
        return _finder_re(pattern)
    options = re2.Options()
    options.never_capture = True
    compiled: Any = re2._Regexp(pattern, options).search

    def search(data: bytes, position: int) -> tuple[int, int] | None:
        match = compiled(data, position)
        return match.span() if match else None

    return search


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
