"""Switches Anthropic's prompt cache on for a conversation: its API caches only up to where a marker stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router_plugin.conversation import Surface
from router_plugin.deployments import Deployment

MARKER = "cache_control"
ANTHROPIC_API = "anthropic/"
MIN_MESSAGES = 3  # the first message is rarely read again; from the second request on, what stands before it is
# Blocks that can't carry a marker, by Anthropic's prompt caching guide.
UNMARKABLE = frozenset({"thinking", "redacted_thinking"})


def switch_on(call: dict[str, Any], deployment: Deployment, surface: Surface) -> bool:
    """Mark the last message of a multi-turn call of Anthropic's API; the words stay as they are.

    A client that sets markers of its own knows better, and is left alone. True where the marker was set.
    """
    messages = call.get("messages")
    if surface not in (Surface.CHAT, Surface.MESSAGES) or deployment.local:
        return False
    if not deployment.model.startswith(ANTHROPIC_API) or not isinstance(messages, list) or len(messages) < MIN_MESSAGES:
        return False
    if MARKER in call or any(_marked(call.get(field)) for field in ("messages", "system", "tools")):
        return False
    marked = _mark(messages[-1], surface)
    if marked is None:
        return False
    call["messages"] = [*messages[:-1], marked]
    return True


def _mark(message: object, surface: Surface) -> dict[str, Any] | None:
    """A copy of a message with the marker; None where it has no place for one."""
    if not isinstance(message, Mapping):
        return None
    content, marker = message.get("content"), {"type": "ephemeral"}
    if isinstance(content, str) and content.strip():
        if surface is Surface.CHAT:  # LiteLLM turns a message's marker into that of its block, tool results too
            return {**message, MARKER: marker}
        return {**message, "content": [{"type": "text", "text": content, MARKER: marker}]}
    if not isinstance(content, list) or not content or not isinstance(content[-1], Mapping):
        return None
    last = content[-1]
    if last.get("type") in UNMARKABLE or last.get("text") == "":
        return None
    return {**message, "content": [*content[:-1], {**last, MARKER: marker}]}


def _marked(value: object, depth: int = 0) -> bool:
    """Whether a marker stands in a body's field."""
    if isinstance(value, Mapping):
        return MARKER in value or (depth < 4 and any(_marked(item, depth + 1) for item in value.values()))
    return isinstance(value, list) and any(_marked(item, depth + 1) for item in value)
