"""The decision on a request's span."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from router_plugin import tracing
from router_plugin.tracing import current_span, describe

HEADERS = [
    (b"x-router-tier", b"low"),
    (b"x-router-private", b"true"),
    (b"x-router-confidence", b"0.56"),
    (b"x-router-fallbacks", b"1"),
    (b"x-router-model-version", b"158d0a55666c"),
]


class Span:
    """What OpenTelemetry's span does with attributes; `broken` raises, as none should."""

    def __init__(self, *, broken: bool = False) -> None:
        self.attributes: dict[str, Any] = {}
        self._broken = broken

    def set_attribute(self, key: str, value: Any) -> None:
        if self._broken:
            raise RuntimeError("the span is broken")
        self.attributes[key] = value


def test_headers_become_attributes_with_types() -> None:
    """Words stay words; what is yes or no, a probability or a count has that type."""
    span = Span()
    describe(span, HEADERS)
    assert span.attributes == {
        "router.tier": "low",
        "router.private": True,
        "router.confidence": 0.56,
        "router.fallbacks": 1,
        "router.model_version": "158d0a55666c",
    }


def test_nothing_traced_and_broken_spans_cost_no_answer() -> None:
    """Without a span nothing happens; one that raises, or a value of another kind, is left alone."""
    describe(None, HEADERS)
    describe(Span(broken=True), HEADERS)
    span = Span()
    describe(span, [(b"x-router-fallbacks", b"many"), (b"x-router-tier", b"high")])
    assert span.attributes == {"router.tier": "high"}


def test_without_tracing_there_is_no_span() -> None:
    """Outside a traced request the API gives a span that records nothing."""
    assert current_span() is None


@pytest.mark.parametrize("get", [None, lambda: None, lambda: SimpleNamespace(is_recording=lambda: False)])
def test_what_is_not_recorded_is_left_alone(monkeypatch: pytest.MonkeyPatch, get: Any) -> None:
    """Without OpenTelemetry, without a span, with one that was not sampled."""
    monkeypatch.setattr(tracing, "get_current_span", get)
    assert current_span() is None
