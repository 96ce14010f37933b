"""Keeps request text out of the proxy's log: what LiteLLM would write is reduced to where and what kind it was."""

from __future__ import annotations

import ipaddress
import logging
import re

from router_plugin.endpoints import READ_ONLY, ROUTED
from router_plugin.state import current

# LiteLLM quotes providers' error bodies, and tracebacks quote arguments; both may repeat a prompt. asyncio tells
# what ended a background task of LiteLLM's.
QUOTING_LOGGERS = ("LiteLLM", "LiteLLM Proxy", "LiteLLM Router", "asyncio")
ACCESS_LOGGER = "uvicorn.access"
ERROR_LOGGER = "uvicorn.error"
_ERROR_NAME = re.compile(r"\b[A-Z][A-Za-z]{2,60}(?:Error|Exception|Timeout)\b")
_HANDSHAKE = re.compile(r'^(.*) - "WebSocket (.*)"', re.DOTALL)
MAX_NAMES = 4
MAX_PORT = 65_535
ACCESS_CLIENT, ACCESS_PATH = 0, 2  # positions among the arguments of uvicorn's access records

# Words of paths that may be logged: those of open endpoints, and of closed ones that clients are known to try.
PATH_WORDS = frozenset(
    {
        *(word for path in (*ROUTED, *READ_ONLY) for word in path.split("/")),
        *("count_tokens", "api", "explain", "sections", "style.css", "live.js", "favicon.ico", "docs", "openapi.json"),
        *("images", "generations", "edits", "audio", "speech", "transcriptions", "moderations", "rerank", "files"),
        *("batches", "threads", "assistants", "realtime", "v2", "v1beta", "anthropic", "openai", "azure", "mcp"),
    }
)


class Withhold(logging.Filter):
    """Reduces a record to its place and the exceptions that it names; drops what is below WARNING."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written; changes it in place."""
        state = current()
        if record.levelno < logging.WARNING or (state is not None and state.hit is not None):
            return False  # LiteLLM takes a request that the gate answers from the cache for a failed one
        try:
            names = list(dict.fromkeys(_ERROR_NAME.findall(record.getMessage())))[:MAX_NAMES]
        except Exception:  # noqa: BLE001 - a record that can't be formatted is withheld whole
            names = []
        kinds = f": {', '.join(names)}" if names else ""
        record.msg = f"{record.filename}:{record.lineno}{kinds} (text withheld; logs.litellm: full shows it)"
        _strip(record)
        record.args = None
        return True


class WithoutText(logging.Filter):
    """Drops tracebacks, which may quote a request, and reduces client and path of websocket handshakes, logged here."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; changes the record in place."""
        _strip(record)
        if "WebSocket" in str(record.msg):  # an earlier filter of LiteLLM's may have filled the arguments in
            record.msg = _HANDSHAKE.sub(_known_handshake, record.getMessage())
            record.args = None
        return True


class OnlyKnownPaths(logging.Filter):
    """Reduces the paths in the access log to words of known APIs; other words become `*`, queries are cut off.

    A client that is no address becomes `*` too: behind a web proxy uvicorn takes it from `X-Forwarded-For` unread.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; changes the record in place."""
        if isinstance(record.args, tuple) and len(record.args) > ACCESS_PATH:
            shown = list(record.args)
            shown[ACCESS_CLIENT] = known_client(str(shown[ACCESS_CLIENT]))
            shown[ACCESS_PATH] = known_path(str(shown[ACCESS_PATH]))
            record.args = tuple(shown)
        return True


def known_path(path: str) -> str:
    """A path that is safe to log: a client may put anything into one, on closed endpoints too."""
    bare = path.split("?", 1)[0]
    return "/".join(part if part in PATH_WORDS else "*" for part in bare.split("/"))


def known_client(client: str) -> str:
    """A client, written `host:port`, that is safe to log: it may come from a header, where anything can stand."""
    host, _, port = client.rpartition(":")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "*"
    # the zone of an IPv6 address, and the port, are as free as any word
    return client if "%" not in host and port.isdecimal() and int(port) <= MAX_PORT else "*"


def _known_handshake(match: re.Match[str]) -> str:
    return f'{known_client(match[1])} - "WebSocket {known_path(match[2])}"'


def install() -> None:
    """Put the filters on LiteLLM's, asyncio's and the server's loggers; a second call changes nothing."""
    for name in QUOTING_LOGGERS:
        _add(name, Withhold())
    _add(ERROR_LOGGER, WithoutText())
    _add(ACCESS_LOGGER, OnlyKnownPaths())


def _add(name: str, item: logging.Filter) -> None:
    logger = logging.getLogger(name)
    if not any(isinstance(known, type(item)) for known in logger.filters):
        logger.addFilter(item)


def _strip(record: logging.LogRecord) -> None:
    record.exc_info = None
    record.exc_text = None
    record.stack_info = None
