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


def finder(pattern: str) -> Search:
    """A function (data, position) -> span of the next match, or None. `pattern` is plain ASCII in RE2 syntax."""
    compiled: Any = re2._Regexp(pattern.encode(), re2.Options()) if re2 is not None else re.compile(pattern.encode())

    def search(data: bytes, position: int = 0) -> tuple[int, int] | None:
        match = compiled.search(data, position)
        return match.span() if match else None

    return search
