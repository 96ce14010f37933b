"""The client in the server's logs: an address, or nothing that a header put in its place."""

from __future__ import annotations

import logging

import pytest

from router_plugin.redact import OnlyKnownPaths, WithoutText, known_client

FREE_TEXT = (
    "card 4111111111111111:0",
    "4111111111111111:0",
    "Maria Gomez, 10.0.0.1:0",
    "127.0.0.1:4111111111111111",
    "127.0.0.1:-4111",
    "127.0.0.1:",
    "fe80::1%card 4111111111111111:0",
    "[::1] 4111111111111111:0",
    "127.0.0.1\ncard 4111111111111111:0",
    'x - "WebSocket /v1" 4111111111111111:0',
    "4111111111111111",
    "",
)


@pytest.mark.parametrize("client", ["127.0.0.1:50123", "10.1.2.3:0", "::1:65535", "2001:db8::7:443"])
def test_an_address_is_logged(client: str) -> None:
    """Who asked, and from which port, is what the log is for."""
    assert known_client(client) == client


@pytest.mark.parametrize("client", FREE_TEXT)
def test_what_is_no_address_is_not_logged(client: str) -> None:
    """Behind a web proxy uvicorn shows what `X-Forwarded-For` says, and a client may write anything there."""
    given = (client, "POST", "/v1/chat/completions?user=4111111111111111", "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "f", 1, '%s - "%s %s HTTP/%s" %d', given, None)
    assert OnlyKnownPaths().filter(record)
    assert record.getMessage() == '* - "POST /v1/chat/completions HTTP/1.1" 200'


@pytest.mark.parametrize("client", FREE_TEXT)
@pytest.mark.parametrize("filled_in", [False, True])
def test_nor_is_it_with_a_websocket_handshake(client: str, filled_in: bool) -> None:
    """The error log holds those, with the same client, and LiteLLM may have filled the arguments in."""
    given = (client, "/v1/realtime?model=078-05-1120", 403)
    told, left = '%s - "WebSocket %s" %d', given
    record = logging.LogRecord(
        "uvicorn.error", logging.INFO, "f", 1, told % given if filled_in else told, None if filled_in else left, None
    )
    assert WithoutText().filter(record)
    assert record.getMessage() == '* - "WebSocket /v1/realtime" 403'


def test_a_handshake_keeps_an_address() -> None:
    """An operator still sees who was refused."""
    given = ("10.1.2.3:50123", "/v1/realtime", 403)
    record = logging.LogRecord("uvicorn.error", logging.INFO, "f", 1, '%s - "WebSocket %s" %d', given, None)
    assert WithoutText().filter(record)
    assert record.getMessage() == '10.1.2.3:50123 - "WebSocket /v1/realtime" 403'
