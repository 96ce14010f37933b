"""router_plugin.failures: what a failed call says."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest

from router_plugin.failures import connection_refused, cure, retry_after
from tests.unit.builders import deployment


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


@pytest.mark.parametrize(
    ("status", "model", "key", "words"),
    [
        (401, "openai/gpt-4o", "TEAM_KEY", "check TEAM_KEY"),
        (401, "openai/gpt-4o", None, "check `api_key` of its entry"),
        (403, "anthropic/claude-opus-4-6", "ANTHROPIC_API_KEY", "the rights of ANTHROPIC_API_KEY"),
        (404, "azure/gpt-4o", None, "no deployment `gpt-4o`"),
        (404, "ollama_chat/phi3:mini", None, "`ollama pull phi3:mini` at 127.0.0.1:11434"),
        (404, "ollama/hf.co/acme/tiny", None, "`ollama pull hf.co/acme/tiny`"),
        (404, "openai/acme-1", None, "doesn't know `acme-1`"),
    ],
)
def test_a_set_up_that_cannot_work_has_a_cure(status: int, model: str, key: str | None, words: str) -> None:
    """The advice names the key's variable or the model."""
    found = deployment("d1", model=model, key_variable=key, api_base="http://127.0.0.1:11434")
    assert words in (cure(status, found) or "")
    assert cure(500, found) is None


def test_an_unknown_deployment_has_a_cure_of_its_own() -> None:
    """LiteLLM may fail before it names the deployment."""
    assert cure(401, None)
    assert cure(404, None)
    assert cure(None, None) is None


def test_without_headers_there_is_no_wish() -> None:
    """An error that is no answer has no header."""
    assert retry_after(Exception()) is None
