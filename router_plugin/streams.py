"""Reads server-sent events just far enough to know whether an answer's content has begun, or has failed to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

# Events that come before any content, by the OpenAI Responses and Anthropic Messages references.
PREAMBLE = frozenset(
    {
        *("response.created", "response.in_progress", "response.queued"),
        *("response.output_item.added", "response.content_part.added"),
        *("message_start", "ping", "content_block_start"),
    }
)
# Events that end an answer, or a part of it. An answer of these alone is empty.
ENDINGS = frozenset(
    {
        *("response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed"),
        *("content_block_stop", "message_delta", "message_stop"),
    }
)
ERRORS = frozenset({"error", "response.failed"})
USUAL_ENDS = ("stop", "end_turn")  # others, such as a length or a content filter, tell the client something


class Sign(Enum):
    """What a piece of a stream shows."""

    NOTHING = "nothing"
    END = "end"  # of an answer that may be empty
    ERROR = "error"
    CONTENT = "content"  # text, a tool call, an unusual end; whatever isn't known counts as content


def first_sign(chunk: bytes) -> Sign:
    """The first sign of content or of an error in a piece of a stream; else END or NOTHING."""
    found = Sign.NOTHING
    for line in chunk.splitlines():
        sign = _sign(line[5:].strip()) if line.startswith(b"data:") else Sign.NOTHING
        if sign in (Sign.CONTENT, Sign.ERROR):
            return sign
        found = sign if sign is Sign.END else found
    return found


def _sign(data: bytes) -> Sign:
    if not data:
        return Sign.NOTHING
    if data == b"[DONE]":
        return Sign.END
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        half = data.startswith(b"{") and not data.endswith(b"}")  # half an event decides nothing; its rest will
        return Sign.NOTHING if half else Sign.CONTENT
    if not isinstance(event, Mapping):
        return Sign.CONTENT
    kind, choices = str(event.get("type", "")), event.get("choices")
    if isinstance(choices, list):
        signs = {_sign_of(choice) for choice in choices if isinstance(choice, Mapping)}
        return next((sign for sign in (Sign.CONTENT, Sign.END) if sign in signs), Sign.NOTHING)
    if kind in ERRORS or event.get("error"):
        return Sign.ERROR
    if kind in PREAMBLE:
        return Sign.NOTHING
    return Sign.END if kind in ENDINGS and _is_bare(event) else Sign.CONTENT


def _sign_of(choice: Mapping[str, Any]) -> Sign:
    delta, end = choice.get("delta"), choice.get("finish_reason")
    said = isinstance(delta, Mapping) and any(value for key, value in delta.items() if key != "role")
    if said or choice.get("text") or (end and end not in USUAL_ENDS):
        return Sign.CONTENT
    return Sign.END if end else Sign.NOTHING


def _is_bare(event: Mapping[str, Any]) -> bool:
    """Whether an ending event has neither text nor tokens that were written, nor an unusual end."""
    if event.get("text"):
        return False
    inner = [event.get(name) for name in ("response", "item", "part", "delta", "usage")]
    return not any(_tells(value) for value in inner if isinstance(value, Mapping))


def _tells(value: Mapping[str, Any]) -> bool:
    usage = value.get("usage")
    tokens = (usage if isinstance(usage, Mapping) else value).get("output_tokens")
    end = value.get("stop_reason") or "end_turn"
    texts = [part.get("text") for part in value.get("content") or () if isinstance(part, Mapping)]
    calls = value.get("type") in ("function_call", "tool_use", "reasoning")
    return bool(value.get("text") or any(texts) or tokens or calls or end not in USUAL_ENDS)
