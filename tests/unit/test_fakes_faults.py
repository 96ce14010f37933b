"""router_plugin.fakes.faults: each way to fail, as a client sees it."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from router_plugin.fakes import Effect, FakeProvider, Fault, faults
from tests.fakes_client import CHAT, KINDS, MESSAGES, SURFACES, WEB, ask, events, streamed_text

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[FakeProvider]:
    with FakeProvider(f"fake-{request.param}", kind=request.param) as fake:
        yield fake


@pytest.fixture
def openai() -> Iterator[FakeProvider]:
    with FakeProvider("fake-openai") as fake:
        yield fake


@pytest.fixture
def ollama() -> Iterator[FakeProvider]:
    with FakeProvider("fake-ollama", kind="ollama", models=["llama3.2", "glm-4.6-cloud"]) as fake:
        yield fake


@pytest.mark.parametrize("fault", faults.STATUSES, ids=str)
def test_a_status_comes_in_the_providers_own_shape(server: FakeProvider, fault: Fault) -> None:
    """An HTTP error has its status, the provider's error body and, when asked for, Retry-After."""
    server.default_fault = fault
    reply = ask(server)
    error = reply.json()["error"]
    assert reply.status_code == fault.status
    assert reply.headers.get("retry-after") == (None if fault.retry_after is None else f"{fault.retry_after:g}")
    assert (error if server.kind == "ollama" else error["message"]) != ""
    assert (reply.json().get("type") == "error") == (server.kind == "anthropic")
    assert (server.requests[0].status, server.requests[0].fault) == (fault.status, fault.name)


def test_a_script_of_faults_is_used_up_one_call_at_a_time(server: FakeProvider) -> None:
    """Each call takes the next fault, then the default one applies; `clear` ends both."""
    server.faults = [faults.STATUS_429, faults.STATUS_500]
    server.default_fault = faults.STATUS_503
    assert [ask(server).status_code for _ in range(4)] == [429, 500, 503, 503]
    server.clear()
    assert ask(server).status_code == 200
    assert len(server.requests) == 1


def test_probes_are_spared_unless_the_fault_says_otherwise(ollama: FakeProvider) -> None:
    """A list or `/api/show` takes no fault from the script; `everywhere` strikes them too."""
    ollama.faults = [faults.STATUS_500]
    assert WEB.get(ollama.url + "/api/tags").status_code == 200
    assert WEB.post(ollama.url + "/api/show", json={"model": "llama3.2"}).status_code == 200
    assert ask(ollama, model="llama3.2").status_code == 500
    ollama.default_fault = faults.STATUS_503.everywhere()
    assert WEB.get(ollama.url + "/api/tags").status_code == 503
    assert [request.path for request in ollama.calls] == ["/api/chat"]


def test_refused_connections_end_on_the_same_port(server: FakeProvider) -> None:
    """A server that is down refuses new connections, cuts pooled ones, and comes back where it was."""
    port = server.port
    with httpx.Client() as pooled:
        assert pooled.get(server.url + "/v1/models").status_code in {200, 404}
        with server.refusing(), pytest.raises(httpx.TransportError):
            pooled.get(server.url + "/v1/models")
        server.default_fault = faults.REFUSE
        with pytest.raises(httpx.ConnectError):
            ask(server)
        server.default_fault = None
        assert ask(server).status_code == 200
    assert server.port == port


def test_refusals_cannot_stand_in_a_script(openai: FakeProvider) -> None:
    """A connection that was refused is never seen, so a script that counts it is an error with a cure."""
    with pytest.raises(ValueError, match="default_fault"):
        openai.faults = [faults.REFUSE]


@pytest.mark.parametrize(
    ("fault", "error"),
    [(faults.RESET, httpx.ReadError), (faults.EMPTY_REPLY, httpx.RemoteProtocolError)],
    ids=str,
)
def test_a_connection_ends_before_the_first_byte(
    server: FakeProvider, fault: Fault, error: type[httpx.TransportError]
) -> None:
    """A reset and a plain close are told apart, and the request is on record all the same."""
    server.default_fault = fault
    with pytest.raises(error):
        ask(server)
    assert [request.status for request in server.calls] == [0]


def cut_stream(server: FakeProvider) -> tuple[str, bool]:
    """(the bytes of the stream as text, whether HTTP said that they were all)."""
    _, path, body = SURFACES[CHAT[server.kind]]
    read = b""
    try:
        with WEB.stream("POST", server.url + path, json={"model": "m", **body, "stream": True}) as reply:
            assert reply.status_code == 200
            for data in reply.iter_raw():
                read += data
    except httpx.TransportError:
        return read.decode(), False
    return read.decode(), True


@pytest.mark.parametrize("ending", faults.Ending, ids=lambda ending: ending.value)
@pytest.mark.parametrize("after", [faults.NO_EVENT, faults.NO_CONTENT, 1, 4, 999])
def test_a_stream_is_cut_where_the_fault_says(server: FakeProvider, after: int, ending: faults.Ending) -> None:
    """So many content chunks arrive and no more; the end marker never does."""
    server.default_fault = faults.cut(after, ending)
    server.backend.text = "w1w w2w w3w w4w w5w w6w"
    text, complete = cut_stream(server)
    seen = re.findall(r"w\dw", text)
    assert complete == (ending is faults.Ending.END)
    assert len(seen) == min(max(after, 0), 6)
    assert (text == "") == (after == faults.NO_EVENT or (server.kind == "ollama" and after == 0))
    assert not any(marker in text for marker in ("[DONE]", "message_stop", '"done":true', '"finish_reason":"stop"'))


@pytest.mark.parametrize("fault", [fault for fault in faults.ALL if fault.effect is Effect.CUT], ids=str)
def test_a_whole_reply_is_cut_as_well(server: FakeProvider, fault: Fault) -> None:
    """A body that isn't streamed ends before its announced length."""
    server.default_fault = fault
    with pytest.raises(httpx.TransportError):
        ask(server)


@pytest.mark.parametrize(
    "fault", [faults.ERROR_EVENT_FIRST, faults.ERROR_EVENT_BEFORE_CONTENT, faults.ERROR_EVENT_MIDWAY]
)
def test_an_error_event_ends_a_stream_that_began_well(server: FakeProvider, fault: Fault) -> None:
    """The error is the last event of a 200, after as many events as the fault lets through; whole replies get a 500."""
    server.default_fault = fault
    found = events(ask(server, stream=True))
    assert [index for index, event in enumerate(found) if event.get("error")] == [len(found) - 1]
    assert (len(found) == 1) == (
        fault is faults.ERROR_EVENT_FIRST or (server.kind == "ollama" and fault is faults.ERROR_EVENT_BEFORE_CONTENT)
    )
    assert ask(server).status_code == 500


@pytest.mark.parametrize("fault", [faults.MALFORMED_FIRST, faults.MALFORMED_MIDWAY, faults.TRUNCATED_JSON], ids=str)
def test_broken_json_arrives_in_sound_http(server: FakeProvider, fault: Fault) -> None:
    """HTTP is whole, a chunk or the body isn't JSON."""
    server.default_fault = fault
    streamed, whole = ask(server, stream=True), ask(server)
    assert (streamed.status_code, whole.status_code) == (200, 200)
    with pytest.raises(json.JSONDecodeError):
        events(streamed)
    with pytest.raises(json.JSONDecodeError):
        whole.json()


def test_bodies_of_the_wrong_kind_or_size(server: FakeProvider) -> None:
    """A page instead of JSON has its own content type; a huge reply is sound, and as long as asked for."""
    server.faults = [faults.HTML_PAGE, faults.huge(1_000_000), faults.huge(1_000_000)]
    page, whole, streamed = ask(server), ask(server), ask(server, stream=True)
    assert page.headers["content-type"].startswith("text/html")
    assert whole.json()
    assert 900_000 < len(whole.content) < 1_100_000
    assert 900_000 < len(streamed_text(streamed)) < 1_100_000


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [
        (faults.slow_first_byte(0.3), 0.3, 3.0),
        (faults.drip(0.05), 0.3, 5.0),
        (faults.stall(2, 0.3), 0.3, 3.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_slow_replies_are_slow_and_complete(
    openai: FakeProvider, fault: Fault, least: float, most: float, stream: bool
) -> None:
    """A slow reply takes its seconds and then is the same as ever."""
    openai.default_fault = fault
    start = time.monotonic()
    reply = ask(openai, stream=stream)
    assert least <= time.monotonic() - start < most
    assert (streamed_text(reply) if stream else reply.json()["choices"][0]["message"]["content"]).startswith(
        "served by"
    )


@pytest.mark.parametrize("fault", [faults.slow_first_byte(9), faults.stall(2, 9), faults.drip(9)], ids=str)
def test_a_client_that_hangs_up_is_noticed(openai: FakeProvider, fault: Fault) -> None:
    """`disconnected` turns True soon after the client goes, without waiting for the end of the stall."""
    openai.default_fault = fault
    with pytest.raises(httpx.ReadTimeout):
        WEB.post(openai.base_url + "/chat/completions", json={**MESSAGES, "stream": True}, timeout=0.2)
    assert openai.wait_for(lambda server: server.requests[0].disconnected, 2)


def test_a_server_that_goes_down_is_not_a_client_that_hung_up(openai: FakeProvider) -> None:
    """Requests that the server itself cut off aren't marked as disconnected."""
    openai.default_fault = faults.slow_first_byte(9)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, openai)
        assert openai.wait_for(lambda server: server.requests)
        openai.down()
        assert isinstance(waiting.exception(), httpx.TransportError)
    assert not openai.requests[0].disconnected


def test_every_fault_has_a_name_of_its_own() -> None:
    """Names are unique, and are what pytest shows."""
    assert len(faults.BY_NAME) == len(faults.ALL)
    assert all(str(fault) == name for name, fault in faults.BY_NAME.items())
    assert replace(faults.RESET, name="x") != faults.RESET
