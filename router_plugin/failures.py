"""What a failed call says: whether nothing listens there, how long to wait, and what an operator should do."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator, Mapping

from router_plugin.capabilities import OLLAMA_API
from router_plugin.deployments import Deployment

# The standard library's and aiohttp's. httpx's ConnectError is none: LiteLLM raises it for a reset connection too.
REFUSED_CLASSES = frozenset({"ConnectionRefusedError", "ClientConnectorError"})
# LiteLLM keeps some errors' words only. The words of errno ECONNREFUSED, httpx and aiohttp, in this order.
REFUSED_WORDS = (
    "connection refused",
    "all connection attempts failed",
    "cannot connect to host",
    "connect call failed",
)
DEEPEST = 12  # causes below an exception


def connection_refused(error: BaseException) -> bool:
    """Whether a call failed for want of a connection: nothing was sent, and nothing listens there."""
    return any(
        type(cause).__name__ in REFUSED_CLASSES or any(word in str(cause)[:400].lower() for word in REFUSED_WORDS)
        for cause in _causes(error)
    )


def retry_after(error: BaseException, now: float | None = None) -> float | None:
    """The seconds that the server asks to wait (RFC 9110, 10.2.3: seconds or a date); None where it names none."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    given = getattr(error, "litellm_response_headers", None) or headers
    value = given.get("retry-after") if isinstance(given, Mapping) else None
    if not isinstance(value, str):
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now)
        except (TypeError, ValueError):
            return None
    return seconds if 0 <= seconds < float("inf") else None


def cure(status: int | None, deployment: Deployment | None) -> str | None:
    """What an operator should do about a 401, 403 or 404; None for other answers. Holds no request text."""
    key = (deployment.key_variable if deployment is not None else None) or "`api_key` of its entry"
    if status == 401:
        return f"its key is missing or wrong: check {key}"
    if status == 403:
        return f"its key may not use this model: check the rights of {key}, or the region"
    if status != 404:
        return None
    if deployment is None:
        return "there is no such model or deployment there"
    kind, _, name = deployment.model.partition("/")
    if kind in OLLAMA_API:
        return f"Ollama doesn't have its model: run `ollama pull {name}` at {deployment.host}"
    if kind == "azure":
        return f"the resource has no deployment `{name}`: write your deployment's name into its entry"
    return f"the provider doesn't know `{name}`: correct the name in its entry, or ask the provider for access"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(DEEPEST):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__
