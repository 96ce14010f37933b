"""The decision as attributes of a request's span, where requests are traced: FastAPI starts one for each request.

OpenTelemetry's API comes with recent versions of FastAPI; without it, or without its SDK, nothing is traced.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

try:
    from opentelemetry.trace import get_current_span
except ImportError:  # an older FastAPI
    get_current_span = None  # type: ignore[assignment]

HEADER, ATTRIBUTE = "x-router-", "router."
TYPES: dict[str, Callable[[str], str | bool | int | float]] = {
    "private": lambda value: value == "true",
    "confidence": float,
    "fallbacks": int,
}


def current_span() -> Any:
    """The span of the request that is running; None where it isn't recorded."""
    span = get_current_span() if get_current_span is not None else None
    return span if span is not None and span.is_recording() else None


def describe(span: Any, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Set `router.tier` and so on, from the decision's headers `x-router-tier` and so on. Never raises."""
    if span is None:
        return
    for name, value in headers:
        key = name.decode().removeprefix(HEADER)
        with contextlib.suppress(Exception):  # a trace is worth no answer
            span.set_attribute(ATTRIBUTE + key.replace("-", "_"), TYPES.get(key, str)(value.decode("latin-1")))
