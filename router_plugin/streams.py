"""Reads server-sent events just far enough to know whether an answer's content has begun."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# Events that come before any content, by the OpenAI Responses and Anthropic Messages references.
PREAMBLE_EVENTS = frozenset(
    {"response.created", "response.in_progress", "response.queued", "message_start", "ping", "content_block_start"}
)


def has_content(chunk: bytes) -> bool:
    """Whether a piece of a stream holds content: text, a tool call, a finish, or an error. Unknown events count."""
    return any(_event_has_content(line[5:].strip()) for line in chunk.splitlines() if line.startswith(b"data:"))


def _event_has_content(data: bytes) -> bool:
    if not data:
        return False
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return not data.startswith(b"{") or data.endswith(b"}")  # half an event decides nothing; its rest will
    if not isinstance(event, Mapping):
        return True
    choices = event.get("choices")
    if isinstance(choices, list):
        return any(_choice_has_content(choice) for choice in choices if isinstance(choice, Mapping))
    kind = str(event.get("type", ""))
    return kind not in PREAMBLE_EVENTS and not kind.startswith(
        ("response.output_item.added", "response.content_part.added")
    )


def _choice_has_content(choice: Mapping[str, Any]) -> bool:
    if choice.get("finish_reason") or choice.get("text"):
        return True
    delta = choice.get("delta")
    return isinstance(delta, Mapping) and any(value for key, value in delta.items() if key != "role")
