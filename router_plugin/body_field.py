"""The decision inside an answer's JSON, for clients that don't show response headers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

FIELD = "router"
PREFIX = "x-router-"
_FIRST_EVENT = re.compile(rb"^data: ?(\{.*\})\r?$", re.MULTILINE)


def with_decision(body: bytes, headers: Iterable[tuple[bytes, bytes]], *, stream: bool) -> bytes:
    """The body with a field `router` that holds the decision's headers by their short names.

    In a stream's bytes it goes into the first event that is a JSON object. Anything else comes back as it was.
    """
    facts = {name.decode().removeprefix(PREFIX): value.decode("latin-1") for name, value in headers}
    if not stream:
        return _added(body, facts)
    event = _FIRST_EVENT.search(body)
    if event is None:
        return body
    start, end = event.span(1)
    return body[:start] + _added(event[1], facts) + body[end:]


def _added(text: bytes, facts: dict[str, str]) -> bytes:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if not isinstance(value, dict):
        return text
    return json.dumps({**value, FIELD: facts}, ensure_ascii=False, separators=(",", ":")).encode()
