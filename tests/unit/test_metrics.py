"""Prometheus metrics: what a record of the outcome adds, and what a scraper gets."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from router_plugin.breaker import Breaker
from router_plugin.health import Health, Status
from router_plugin.metrics import Metrics
from tests.exposition import sample
from tests.unit.builders import deployment

ANSWERED: dict[str, Any] = {
    "tier": "high",
    "strategy": "complexity",
    "private": False,
    "outcome": "answered",
    "abstained": True,
    "findings": [],
    "fallbacks": 1,
    "attempts": ["anthropic-premium-1: 529", "anthropic-premium-1: Timeout"],
    "deployment": "openai-premium-1",
    "latency": 2.0,
    "ttft": 0.4,
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "cached_tokens": 60,
    "cost": 0.5,
}
CUT = {**ANSWERED, "fallbacks": 0, "deployment": "openai-small-1", "attempts": ["openai-small-1: StreamBroken"]}
REFUSED: dict[str, Any] = {"outcome": "refused", "code": "endpoint_closed", "deployment": None, "attempts": []}
PRIVATE = {**ANSWERED, "private": True, "abstained": False, "findings": ["us_ssn"], "deployment": "ollama-default-1"}


@pytest.fixture
def metrics() -> Metrics:
    """Metrics with a registry of their own."""
    return Metrics(CollectorRegistry())


def exposed(metrics: Metrics) -> str:
    """What a scraper without wishes gets."""
    text, content_type = metrics.exposition("")
    assert content_type.startswith("text/plain")
    return text.decode()


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("router_requests_total", {"tier": "high", "private": "false", "outcome": "answered"}, 1),
        ("router_requests_total", {"tier": "high", "private": "true", "outcome": "answered"}, 1),
        ("router_requests_total", {"tier": "none", "private": "none", "outcome": "refused"}, 1),
        ("router_refusals_total", {"code": "endpoint_closed"}, 1),
        ("router_abstained_total", {}, 1),
        ("router_findings_total", {"rule": "us_ssn"}, 1),
        ("router_fallbacks_total", {}, 2),
        ("router_deployment_calls_total", {"deployment": "anthropic-premium-1", "result": "failed"}, 4),
        ("router_deployment_calls_total", {"deployment": "openai-premium-1", "result": "answered"}, 1),
        ("router_request_seconds_sum", {"deployment": "openai-premium-1"}, 2.0),
        ("router_first_content_seconds_count", {"deployment": "openai-premium-1"}, 1),
        ("router_tokens_total", {"deployment": "openai-premium-1", "kind": "cached"}, 60),
        ("router_cost_dollars_total", {"deployment": "openai-premium-1"}, 0.5),
    ],
)
def test_records_are_counted(metrics: Metrics, name: str, labels: dict[str, str], value: float) -> None:
    """Each record adds to the series of its tier, deployment, rule or error code."""
    for record in (ANSWERED, PRIVATE, REFUSED):
        metrics.add(record)
    assert sample(exposed(metrics), name, labels) == value


def test_a_call_counts_once_by_what_became_of_it(metrics: Metrics) -> None:
    """A stream that broke off failed, though content had begun; one that its client cancelled did neither."""
    metrics.add({**CUT, "outcome": "broken"})
    metrics.add({**CUT, "outcome": "cancelled", "attempts": []})
    text = exposed(metrics)
    counts = [
        sample(text, "router_deployment_calls_total", {"deployment": "openai-small-1", "result": result})
        for result in ("failed", "answered", "cancelled")
    ]
    assert counts == [1, None, 1]


def test_circuits_are_shown_as_they_are(metrics: Metrics) -> None:
    """An open circuit is 2, a half-open one 1, and a closed one 0."""
    now = 0.0
    breaker = Breaker(1, 60.0, clock=lambda: now)
    breaker.failed("a")
    values = []
    for now in (0.0, 61.0):  # noqa: B007 - the breaker's clock
        metrics.show_circuits(breaker, ("a", "b"))
        text = exposed(metrics)
        values.append([sample(text, "router_circuit", {"deployment": name}) for name in "ab"])
    assert values == [[2, 0], [1, 0]]


def test_openmetrics_is_spoken_where_it_is_asked_for(metrics: Metrics) -> None:
    """The format follows the scraper's Accept header."""
    text, content_type = metrics.exposition("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert text.endswith(b"# EOF\n")


def test_each_server_has_a_gauge(metrics: Metrics) -> None:
    """Up until it is known to be down."""
    urls = ("http://10.0.0.7:11434", "http://10.0.0.8:11434")
    model = "ollama_chat/llama3.1:8b"
    health = Health([deployment("ollama-default", id=url, model=model, api_base=url) for url in urls], 10)
    health._status["10.0.0.8:11434"] = Status(up=False)
    metrics.show_servers(health)
    found = [sample(exposed(metrics), "router_server_up", {"server": url.removeprefix("http://")}) for url in urls]
    assert found == [1, 0]
