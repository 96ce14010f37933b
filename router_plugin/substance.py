"""What a whole answer lacks, though its status says that all is well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router_plugin.eligibility import wanted_format
from router_plugin.request import Surface

LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
JSON_FORMATS = ("json_object", "json_schema")
TOO_LONG = ("length", "max_tokens", "max_output_tokens")  # why an answer ended, in Chat, Messages and Responses


@dataclass(frozen=True)
class Asked:
    """What a client asked of an answer: a limit to its length, and JSON."""

    limited: bool = False
    json: bool = False

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Asked:
        """What a request's body asks."""
        return cls(any(body.get(name) for name in LIMITS), wanted_format(body) in JSON_FORMATS)


@dataclass
class _Said:
    text: str = ""
    calls: list[Any] = field(default_factory=list)  # a tool call's arguments: JSON text, or an object
    refused: bool = False
    end: str = ""


def lacks(answer: bytes, surface: Surface, asked: Asked) -> str | None:
    """One word for what is wrong: empty, refused, truncated, malformed_call or not_json; None for a good answer.

    An answer of a shape that isn't known is taken for good.
    """
    try:
        said = _READERS[surface](json.loads(answer)) if surface in _READERS else None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return None
    if said is None:
        return None
    if said.refused:
        return "refused"
    if any(not _is_object(call) for call in said.calls):
        return "malformed_call"
    if said.end in TOO_LONG and not asked.limited:
        return "truncated"
    if not said.text.strip() and not said.calls:
        return "empty"
    if asked.json and not said.calls and not _is_json(said.text):
        return "not_json"
    return None


def _chat(answer: Mapping[str, Any]) -> _Said:
    choice = answer["choices"][0]
    message = choice["message"]
    calls = [call["function"]["arguments"] for call in message.get("tool_calls") or ()]
    text = str(message.get("content") or message.get("reasoning_content") or "")
    return _Said(text, calls, bool(message.get("refusal")), str(choice.get("finish_reason")))


def _messages(answer: Mapping[str, Any]) -> _Said:
    blocks = answer["content"]
    calls = [block["input"] for block in blocks if block["type"] == "tool_use"]
    text = "".join(str(block.get("text") or block.get("thinking") or "") for block in blocks)
    end = str(answer.get("stop_reason"))
    return _Said(text, calls, end == "refusal", end)


def _responses(answer: Mapping[str, Any]) -> _Said:
    items = answer["output"]
    parts = [part for item in items if item["type"] == "message" for part in item["content"]]
    calls = [item["arguments"] for item in items if item["type"] == "function_call"]
    end = str((answer.get("incomplete_details") or {}).get("reason"))
    text = "".join(str(part.get("text") or "") for part in parts)
    return _Said(text, calls, any(part["type"] == "refusal" for part in parts), end)


_READERS = {Surface.CHAT: _chat, Surface.MESSAGES: _messages, Surface.RESPONSES: _responses}


def _is_object(call: Any) -> bool:
    if isinstance(call, str):
        try:
            call = json.loads(call or "{}")
        except (ValueError, RecursionError):
            return False
    return isinstance(call, Mapping)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
