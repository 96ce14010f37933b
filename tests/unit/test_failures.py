"""router_plugin.failures: what a failed call says."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest

from router_plugin.failures import connection_refused, retry_after


class ConnectError(Exception):
    """httpx's name, which LiteLLM uses for a connection that was reset, too."""


def wrapped(inner: Exception) -> Exception:
    error = RuntimeError("LiteLLM's own words")
    error.__cause__ = inner
    return error


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), True),
        (wrapped(ConnectionRefusedError(errno.ECONNREFUSED, "refused")), True),
        (ConnectError("All connection attempts failed"), True),
        (Exception("Cannot connect to host 127.0.0.1:9 ssl:default [Connect call failed ('127.0.0.1', 9)]"), True),
        (ConnectError("[Errno 104] Connection reset by peer"), False),
        (wrapped(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")), False),
        (Exception("Server disconnected"), False),
        (TimeoutError(), False),
    ],
    ids=str,
)
def test_only_a_refused_connection_means_that_nothing_listens(error: Exception, refused: bool) -> None:
    """A reset or a hang-up comes from a server that is there."""
    assert connection_refused(error) is refused


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2", 2.0), ("0.5", 0.5), ("Thu, 01 Jan 1970 00:00:30 GMT", 20.0), ("soon", None), ("-1", None), ("inf", None)],
)
def test_a_servers_wish_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    """What can't be read, or lies in the past, is no wish."""
    error = Exception()
    error.response = SimpleNamespace(headers={"retry-after": value})  # type: ignore[attr-defined]
    assert retry_after(error, now=10.0) == seconds


def test_without_headers_there_is_no_wish() -> None:
    """An error that is no answer has no header."""
    assert retry_after(Exception()) is None
