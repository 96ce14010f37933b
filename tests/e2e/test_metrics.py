"""The proxy's own metrics, from one process and from several workers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import ANALYSIS, SSN, SSN_DIGITS
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Proxy, running
from tests.exposition import sample

RECORD_SECONDS = 15.0


def scraped(proxy: Proxy, name: str, labels: dict[str, str], at_least: float) -> float:
    """The value once it has come up to what is expected; LiteLLM counts tokens after the answer has left."""
    deadline = time.monotonic() + RECORD_SECONDS
    while True:
        answer = proxy.client.get("/metrics")
        assert answer.status_code == 200, answer.text
        value = sample(answer.text, name, labels) or 0.0
        if value >= at_least or time.monotonic() > deadline:
            return value
        time.sleep(0.2)


def test_a_scraper_sees_decisions_and_no_text(proxy: Proxy) -> None:
    """Requests are counted by tier, privacy and deployment, behind the master key."""
    assert proxy.client.get("/metrics", headers={"Authorization": "Bearer sk-no"}).status_code == 401
    before = scraped(proxy, "router_findings_total", {"rule": "identity.us_ssn"}, 0)
    proxy.chat(SSN)
    proxy.chat(ANALYSIS)
    assert scraped(proxy, "router_findings_total", {"rule": "identity.us_ssn"}, before + 1) == before + 1
    assert scraped(proxy, "router_cost_dollars_total", {"deployment": "anthropic-premium-1"}, 1e-6) > 0
    assert SSN_DIGITS not in proxy.client.get("/metrics").text


@pytest.mark.slow
def test_several_workers_count_together(tmp_path: Path) -> None:
    """Whichever worker is scraped tells of the requests of all; private ones stay local in each of them."""
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, arguments=("--num_workers", "2")) as proxy,
    ):
        for _ in range(12):
            with proxy.client.__class__(base_url=proxy.url, headers=proxy.client.headers, timeout=60) as client:
                message = {"role": "user", "content": SSN}
                answer = client.post("/v1/chat/completions", json={"model": "auto", "messages": [message]})
                assert answer.status_code == 200, answer.text
        wanted = {"private": "true", "outcome": "answered"}
        assert scraped(proxy, "router_requests_total", wanted, 12) == 12
        assert proxy.cloud_calls() == []
