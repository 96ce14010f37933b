"""Prometheus metrics of the router: counts, seconds, tokens and dollars by deployment; never text of a request.

Labels are names from the config or words of this package. Names and units follow Prometheus' naming practice. With
several workers `PROMETHEUS_MULTIPROC_DIR` names a folder that all of them write to, and each can answer for all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from router_plugin.breaker import Breaker, Circuit
from router_plugin.budget import Budget
from router_plugin.health import Health
from router_plugin.outcome import Record
from router_plugin.redis_store import RedisStore

MULTIPROCESS = ("PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir")  # the names that prometheus_client reads
NONE = "none"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
CIRCUIT_VALUES = {Circuit.CLOSED: 0, Circuit.HALF_OPEN: 1, Circuit.OPEN: 2}


class Metrics:
    """Counts the records of `outcome.Recorder`; `add` is a listener of it."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._before: list[Callable[[], None]] = []
        self.requests = Counter(
            "router_requests",
            "Requests by what was decided and how they ended.",
            ("tier", "strategy", "private", "outcome"),
            registry=registry,
        )
        self.refusals = Counter("router_refusals", "Requests refused, by error code.", ("code",), registry=registry)
        self.abstained = Counter("router_abstained", "Requests whose tier was a guess.", registry=registry)
        self.findings = Counter("router_findings", "Private requests by rule.", ("rule",), registry=registry)
        self.cache_hits = Counter("router_cache_hits", "Requests answered from the cache.", registry=registry)
        self.fallbacks = Counter("router_fallbacks", "Model groups tried after the first.", registry=registry)
        self.calls = Counter(
            "router_deployment_calls", "Calls of a deployment.", ("deployment", "result"), registry=registry
        )
        self.seconds = Histogram(
            "router_request_seconds",
            "Time from a request to the end of its answer.",
            ("deployment",),
            buckets=SECONDS,
            registry=registry,
        )
        self.first_content = Histogram(
            "router_first_content_seconds",
            "Time from a request to the first content of its answer.",
            ("deployment",),
            buckets=SECONDS,
            registry=registry,
        )
        self.tokens = Counter(
            "router_tokens", "Tokens as counted by LiteLLM.", ("deployment", "kind"), registry=registry
        )
        self.cost = Counter("router_cost_dollars", "Cost by LiteLLM's price list.", ("deployment",), registry=registry)
        self.circuit = Gauge(
            "router_circuit",
            "A deployment's circuit: 0 closed, 1 half open, 2 open.",
            ("deployment",),
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.server_up = Gauge(
            "router_server_up",
            "Whether an Ollama server answered when it was last looked after: 1 or 0.",
            ("server",),
            multiprocess_mode="livemin",
            registry=registry,
        )

    def add(self, record: Record) -> None:
        """Count one request."""
        deployment = record.get("deployment") or NONE
        self.requests.labels(
            record.get("tier") or NONE,
            record.get("strategy") or NONE,
            _word(record.get("private")),
            record.get("outcome") or NONE,
        ).inc()
        if record.get("code"):
            self.refusals.labels(record["code"]).inc()
        if record.get("abstained"):
            self.abstained.inc()
        if record.get("private"):
            for rule in record.get("findings") or ():
                self.findings.labels(rule).inc()
        if record.get("cache"):
            self.cache_hits.inc()
        self.fallbacks.inc(record.get("fallbacks") or 0)
        for attempt in record.get("attempts") or ():
            self.calls.labels(str(attempt).partition(":")[0], "failed").inc()
        if deployment == NONE:
            return
        if record.get("outcome") in ("answered", "cancelled"):  # a broken one stands among the attempts
            self.calls.labels(deployment, record["outcome"]).inc()
        self.seconds.labels(deployment).observe(record.get("latency") or 0.0)
        if record.get("ttft") is not None:
            self.first_content.labels(deployment).observe(record["ttft"])
        for kind in ("prompt", "completion", "cached"):
            self.tokens.labels(deployment, kind).inc(record.get(f"{kind}_tokens") or 0)
        self.cost.labels(deployment).inc(record.get("cost") or 0.0)

    def show_shared(self, budget: Budget | None, store: RedisStore | None) -> None:
        """At each scrape: dollars spent and allowed, and whether Redis answers; each only where it is set."""
        if budget is not None:
            spent = self._gauge("router_budget_spent_dollars", "Spent in this period (UTC), by all proxies.", "period")
            limit = self._gauge("router_budget_limit_dollars", "The budget of a period.", "period")

            def show_budget() -> None:
                for standing in budget.standings():
                    spent.labels(standing.name).set(standing.spent)
                    limit.labels(standing.name).set(standing.limit)

            self._before.append(show_budget)
        if store is not None:
            up = self._gauge("router_store_up", "Whether Redis answered last time: 1 or 0.", mode="livemin")
            self._before.append(lambda: up.set(store.up))

    def _gauge(self, name: str, text: str, *labels: str, mode: Literal["livemax", "livemin"] = "livemax") -> Gauge:
        return Gauge(name, text, labels, multiprocess_mode=mode, registry=self._registry)

    def show_circuits(self, breaker: Breaker, deployments: tuple[str, ...]) -> None:
        """Set the gauge of each deployment from this process's breaker."""
        for name in deployments:
            self.circuit.labels(name).set(CIRCUIT_VALUES[breaker.circuit(name)])

    def show_servers(self, health: Health) -> None:
        """Set the gauge of each server from what this process last saw."""
        for server in health.servers:
            self.server_up.labels(server).set(health.status(server).up)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """(text, content type) in the format that a scraper's `Accept` header asks for; of all workers."""
        for show in self._before:
            show()
        registry = self._registry
        if any(os.environ.get(name) for name in MULTIPROCESS):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type


def _word(private: object) -> str:
    return NONE if private is None else "true" if private else "false"
