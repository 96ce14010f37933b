"""A client that hangs up: the provider's connection is closed, the log says cancelled, nothing stays behind."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from router_plugin.fakes import FakeProvider, faults
from tests.e2e.bodies import ANALYSIS, PATHS, SSN, body
from tests.e2e.proxy import KEY, Proxy
from tests.e2e.test_decision_log import newest

SOON_SECONDS = 2.0
SLOW_DRIP = faults.drip(0.3)
SLOW_ANSWER = faults.slow_first_byte(8.0)  # longer than the client and this test wait


def hang_up(proxy: Proxy, fake: FakeProvider, shape: str, text: str, *, stream: bool) -> None:
    """A client that leaves after the first content of a stream, or while the provider works on a whole answer."""
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=30)
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    connection.request("POST", PATHS[shape], json.dumps(body(shape, text, stream=stream)), headers)
    if stream:
        connection.getresponse().read(1)
    wait_for(lambda: bool(fake.calls), 30)
    connection.close()


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("shape", ["chat", "messages", "responses"])
@pytest.mark.parametrize("provider", ["anthropic", "ollama"])
def test_the_call_ends_with_its_client(proxy: Proxy, provider: str, shape: str, stream: bool) -> None:
    """Soon, and without blame: no attempt failed, and nobody else is called."""
    fake = proxy.fakes[provider]
    fake.default_fault = SLOW_DRIP if stream else SLOW_ANSWER
    since = time.time()
    hang_up(proxy, fake, shape, SSN if provider == "ollama" else ANALYSIS, stream=stream)
    wait_for(lambda: fake.calls[0].disconnected, SOON_SECONDS)
    record = newest(proxy, since)
    assert (record["outcome"], record["status"]) == ("cancelled", 200 if stream else 499)
    assert record["attempts"] == []
    assert sum(len(fake.calls) for fake in proxy.fakes.values()) == 1
    health = proxy.client.get("/health").json()["deployments"]
    assert {deployment["circuit"] for deployment in health} == {"closed"}
