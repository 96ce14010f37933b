"""The proxy's log: paths without what clients put into them, and errors without the text that they quote."""

from __future__ import annotations

import asyncio
import logging
import sys

import pytest

from router_plugin.redact import QUOTING_LOGGERS, Withhold, WithoutText, install, known_path


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


def test_the_end_of_a_background_task_is_logged_without_its_words() -> None:
    """LiteLLM logs calls in tasks of its own; what ends one may quote the answer, and asyncio writes it whole."""
    assert "asyncio" in QUOTING_LOGGERS
    try:
        int("078-05-1120")
    except ValueError:
        told = "Task exception was never retrieved\nfuture: <Task exception=ValueError('078-05-1120')>"
        record = logging.LogRecord("asyncio", logging.ERROR, "base_events.py", 1, told, None, sys.exc_info())
    assert Withhold().filter(record)
    shown = logging.Formatter().format(record)
    assert shown.startswith("base_events.py:1: ValueError")
    assert "078" not in shown


def test_asyncio_writes_through_the_filter() -> None:
    """The logger that asyncio itself uses has the filter, once, however often it is installed."""
    logger = logging.getLogger("asyncio")
    before = list(logger.filters)
    try:
        install()
        install()
        assert asyncio.log.logger is logger  # type: ignore[attr-defined]
        assert sum(isinstance(known, Withhold) for known in logger.filters) == 1
    finally:
        logger.filters[:] = before
