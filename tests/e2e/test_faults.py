"""The fault table: who is called how often, and what the client sees, for each way in which a back end can fail."""

from __future__ import annotations

import json
from dataclasses import dataclass

import httpx
import pytest

from router_plugin.fakes import Fault, faults
from tests.e2e.bodies import ANALYSIS, PATHS, SSN, SSN_DIGITS, body
from tests.e2e.proxy import Proxy, events
from tests.e2e.test_decision_log import record_of

pytestmark = pytest.mark.slow

SHAPES = ("chat", "messages", "responses")
NEXT, ITSELF, CLIENTS, BROKEN = "the next", "itself", "the client's error", "an error inside the stream"
CANNED = "canned reply"


@dataclass(frozen=True)
class Row:
    """`fault` at the first in the chain: its calls (fewest, most), and who answers whole and streamed."""

    fault: Fault
    calls: tuple[int, int]
    whole: str
    streamed: str

    def __str__(self) -> str:
        return self.fault.name


ROWS = (
    # a full or failing provider is tried again, then the next
    *(
        Row(fault, (2, 2), NEXT, NEXT)
        for fault in (
            *(faults.STATUS_429, faults.STATUS_429_RETRY_AFTER, faults.STATUS_500),
            *(faults.STATUS_503, faults.STATUS_503_RETRY_AFTER, faults.STATUS_529),
        )
    ),
    # a wrong key or a missing model is not tried again
    *(Row(fault, (1, 1), NEXT, NEXT) for fault in (faults.STATUS_401, faults.STATUS_403, faults.STATUS_404)),
    # what the client did wrong is told to it as it is
    *(Row(fault, (1, 1), CLIENTS, CLIENTS) for fault in (faults.STATUS_400, faults.CONTENT_POLICY)),
    # no connection, or none that lasts
    Row(faults.REFUSE, (0, 0), NEXT, NEXT),
    *(Row(fault, (1, 4), NEXT, NEXT) for fault in (faults.RESET, faults.EMPTY_REPLY)),
    # a stream that fails, or ends, before its first content goes on elsewhere in every API shape
    *(
        Row(fault, (1, 2), NEXT, NEXT)
        for fault in (
            *(faults.HEADERS_THEN_RESET, faults.HEADERS_THEN_CLOSE, faults.EMPTY_STREAM),
            *(faults.DIES_BEFORE_CONTENT_RESET, faults.DIES_BEFORE_CONTENT_CLOSE, faults.DIES_BEFORE_CONTENT_END),
            *(faults.ERROR_EVENT_FIRST, faults.ERROR_EVENT_BEFORE_CONTENT, faults.HTML_PAGE),
        )
    ),
    # once the client has read content, it gets an error event of its API; a whole answer goes on elsewhere
    Row(faults.CUT_MIDWAY_RESET, (1, 2), NEXT, BROKEN),
    Row(faults.ERROR_EVENT_MIDWAY, (1, 2), NEXT, BROKEN),
    # slow or large is no failure
    *(Row(fault, (1, 1), ITSELF, ITSELF) for fault in (faults.SLOW_FIRST_BYTE, faults.SLOW_DRIP, faults.HUGE_BODY)),
)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_chain_goes_on_as_the_table_says(proxy: Proxy, row: Row, shape: str, stream: bool) -> None:
    """The first of the chain fails; the others are well, and at most one of them is called, once."""
    proxy.fakes["anthropic"].default_fault = row.fault
    answer = proxy.post(PATHS[shape], body(shape, ANALYSIS, stream=stream))
    expected = row.streamed if stream else row.whole
    fewest, most = row.calls
    assert fewest <= len(proxy.fakes["anthropic"].calls) <= most
    others = [name for name, fake in proxy.fakes.items() if name != "anthropic" for _ in fake.calls]
    assert others == (["openai"] if expected == NEXT else [])
    if expected == CLIENTS:
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["message"]
        return
    assert answer.status_code == 200, answer.text
    served = answer.headers.get("x-router-deployment") or answer.headers["x-router-planned-deployment"]
    assert served == ("openai-premium-1" if expected == NEXT else "anthropic-premium-1")
    assert answer.headers["x-router-fallbacks"] == ("1" if expected == NEXT else "0")
    assert is_broken(answer) is (expected == BROKEN)
    if expected == BROKEN:
        assert_ends_with_an_error(answer, shape)
    if row.fault is not faults.HUGE_BODY and expected != BROKEN:
        assert text_of(answer, stream).count(CANNED) == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_private_request_meets_the_fault_at_home(proxy: Proxy, row: Row, shape: str, stream: bool) -> None:
    """Whatever the local server does, no cloud provider hears of a private request; errors have the API's shape."""
    proxy.fakes["ollama"].default_fault = row.fault
    answer = proxy.post(PATHS[shape], body(shape, SSN, stream=stream))
    assert proxy.cloud_calls() == []
    assert proxy.cloud_saw(SSN_DIGITS) == []
    if answer.status_code != 200:
        assert answer.status_code in (400, 429, 503), answer.text
        assert answer.json()["error"]["message"]
    if row.whole == ITSELF:
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("shape", SHAPES)
def test_the_error_of_a_used_up_chain_tells_status_and_time_of_each_attempt(proxy: Proxy, shape: str) -> None:
    """In the shape of the API, for streams too: nothing had been sent."""
    for fake in proxy.fakes.values():
        fake.default_fault = faults.ERROR_EVENT_FIRST if fake.name == "ollama" else faults.STATUS_500
    answer = proxy.post(PATHS[shape], body(shape, ANALYSIS, stream=True))
    assert answer.status_code == 503, answer.text
    message = answer.json()["error"]["message"]
    assert "anthropic-premium-1: 500 after 0." in message
    assert "ollama-default-1: StreamBroken after" in message
    assert answer.json().get("type") == ("error" if shape == "messages" else None)


def test_a_wrong_key_is_hinted_at_once_in_the_log(proxy: Proxy) -> None:
    """The first answer of that kind says what to check, further ones say nothing; no request text is in it."""
    proxy.fakes["azure"].default_fault = faults.STATUS_403
    for _ in range(3):
        proxy.chat("Write a limerick about a lighthouse keeper.", x_router_provider="azure")
    hints = [line for line in proxy.log.read_text(errors="replace").splitlines() if "answers 403" in line]
    assert len(hints) <= len(proxy.fakes["azure"].calls)
    assert len({line.split("router_plugin:")[1] for line in hints}) == len(hints) >= 1
    assert all("doctor" in line and "limerick" not in line for line in hints)
    ours = [line for line in hints if "router_plugin: azure-" in line]
    assert ours
    assert all("check the rights of AZURE_OPENAI_API_KEY" in line for line in ours)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_wait_that_a_server_asks_for_is_kept(proxy: Proxy, shape: str) -> None:
    """`Retry-After: 1` puts at least a second between two attempts."""
    proxy.fakes["anthropic"].faults = [faults.STATUS_429_RETRY_AFTER]
    answer = proxy.post(PATHS[shape], body(shape, ANALYSIS))
    assert answer.headers["x-router-deployment"] == "anthropic-premium-1"
    first, second = proxy.fakes["anthropic"].calls
    assert second.at - first.at >= 1.0


@pytest.mark.parametrize("first", ["anthropic", "openai"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_stream_that_fails_midway_is_broken_in_the_log(proxy: Proxy, shape: str, first: str) -> None:
    """With a provider of the same API and with another's; the record names the deployment whose answer broke off."""
    proxy.fakes[first].default_fault = faults.CUT_MIDWAY_RESET
    answer = proxy.post(PATHS[shape], body(shape, ANALYSIS, stream=True), x_router_provider=first)
    assert_ends_with_an_error(answer, shape)
    record = record_of(proxy, answer.headers["x-router-decision-id"])
    assert record["outcome"] == "broken"
    assert record["attempts"][-1].startswith(f"{first}-premium-1: StreamBroken after")


def assert_ends_with_an_error(answer: httpx.Response, shape: str) -> None:
    """The last event is an error as the API's reference has it, in words of ours."""
    name, _, data = answer.text.rstrip().rpartition("\n\n")[2].rpartition("data: ")
    error = json.loads(data)
    assert name == ("" if shape == "chat" else "event: error\n")
    assert error.get("type") == (None if shape == "chat" else "error")
    message = error["message"] if shape == "responses" else error["error"]["message"]
    assert "broke off" in message or message == "Overloaded"  # a provider's error in the client's own shape
    assert "litellm" not in answer.text.lower()


def text_of(answer: httpx.Response, stream: bool) -> str:
    """All text of an answer, in any of the shapes."""
    if not stream:
        return answer.text
    parts = []
    for event in events(answer):
        delta = event.get("delta")
        parts.append(delta if isinstance(delta, str) else str((delta or {}).get("text") or ""))
        parts += [str((choice.get("delta") or {}).get("content") or "") for choice in event.get("choices") or ()]
    return "".join(parts)


def is_broken(answer: httpx.Response) -> bool:
    """Whether an error event stands in a streamed answer."""
    if not answer.headers["content-type"].startswith("text/event-stream"):
        return False
    return any(event.get("error") or event.get("type") in ("error", "response.failed") for event in events(answer))
