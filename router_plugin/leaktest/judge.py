"""What became of a request, judged by the client's side: answered, refused with a clear error, or something else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import httpx

ENDS = {"message_stop", "response.completed", "response.incomplete"}


class Outcome(str, Enum):
    """How a request ended for its client. `value` is the name in the report."""

    ANSWERED = "answered_local"
    REFUSED = "refused"
    ERROR = "errors"


def judge(answer: httpx.Response) -> tuple[Outcome, str]:
    """The outcome, and what was wrong where it is ERROR."""
    request = answer.request
    if answer.is_redirect or ("upgrade" in request.headers and answer.status_code == httpx.codes.FORBIDDEN):
        return Outcome.REFUSED, ""  # a handshake's refusal has no body
    if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
        return Outcome.ERROR, "a bare 500"  # none of our refusals has this status
    if request.method == "GET" and answer.is_success:
        return Outcome.ANSWERED, ""  # a list or a status
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        error = _error(_json(answer.text))
        return (Outcome.REFUSED, "") if error else (Outcome.ERROR, f"bare {answer.status_code}")
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return _stream(answer.text)
    body = _json(answer.text)
    if _error(body):
        return Outcome.ERROR, f"an error inside a {answer.status_code}"
    return (Outcome.ANSWERED, "") if _has_answer(body) else (Outcome.ERROR, f"empty {answer.status_code}")


def _stream(text: str) -> tuple[Outcome, str]:
    """A stream may break off, with an error event for the client to see."""
    answered = ended = False
    for data in _payloads(text):
        if data == "[DONE]":
            ended = True
            continue
        event = _json(data)
        if _error(event):
            return Outcome.REFUSED, ""
        if not isinstance(event, Mapping):
            return Outcome.ERROR, "a stream with an event that is no JSON object"
        answered = answered or _has_answer(event)
        ended = ended or event.get("type") in ENDS
    if not answered:
        return Outcome.ERROR, "a stream without content or error"
    return (Outcome.ANSWERED, "") if ended else (Outcome.ERROR, "a stream that stops without an error")


def _payloads(text: str) -> Iterator[str]:
    return (line[5:].strip() for line in text.splitlines() if line.startswith("data:") and line[5:].strip())


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _error(body: Any) -> bool:
    """Whether this is an error that says something, in the shape of any of the APIs."""
    if not isinstance(body, Mapping):
        return False
    error = body.get("error")
    if not error and body.get("type") == "response.failed":
        error = (body.get("response") or {}).get("error")
    if not error and body.get("type") == "error":
        error = body
    return isinstance(error, Mapping) and bool(error.get("message"))


def _has_answer(value: Any) -> bool:
    """Whether there is text, a vector, a tool call or a count anywhere in an answer or an event."""
    if isinstance(value, list):
        return any(_has_answer(item) for item in value)
    if not isinstance(value, Mapping):
        return False
    for key in ("content", "text", "delta", "embedding", "arguments", "input_tokens"):
        found = value.get(key)
        if found and isinstance(found, (str, list, int)) and not _is_parts(found):
            return True
    inner = ("choices", "message", "delta", "content", "output", "data")
    return any(_has_answer(value[key]) for key in inner if isinstance(value.get(key), (list, Mapping)))


def _is_parts(found: Any) -> bool:
    """A list of parts is no answer by itself; its parts may be. A vector is a list of numbers."""
    return isinstance(found, list) and any(isinstance(item, Mapping) for item in found)
