"""The access log: paths without what clients put into them."""

from __future__ import annotations

import logging

import pytest

from router_plugin.redact import WithoutText, known_path


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/messages/count_tokens", "/v1/messages/count_tokens"),
        ("/router/api/sections", "/router/api/sections"),
        ("/v1/chat/completions?user=078-05-1120", "/v1/chat/completions"),
        ("/v1/models/078-05-1120", "/v1/models/*"),
        ("/v1/responses/resp_078-05-1120/cancel", "/v1/responses/*/*"),
        ("/078%2D05%2D1120", "/*"),
        ("//v1/Maria%20Gomez/", "//v1/*/"),
    ],
)
def test_a_logged_path_holds_words_of_known_apis_only(path: str, logged: str) -> None:
    """Ids, names and queries in a path may be private, whichever endpoint they are sent to."""
    assert known_path(path) == logged


def test_a_websocket_handshake_is_logged_without_its_words() -> None:
    """The server writes refused handshakes to its error log, with path and query."""
    given = (("127.0.0.1", 5), "/v1/realtime?model=078-05-1120", 403)
    record = logging.LogRecord("uvicorn.error", logging.INFO, "f", 1, '%s - "WebSocket %s" %d', given, None)
    assert WithoutText().filter(record)
    assert record.getMessage().endswith('"WebSocket /v1/realtime" 403')
