"""Walks messages, content parts and nested data of a body, and collects their text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router_plugin.conversation import Opaque, Origin, Segment, Turn
from router_plugin.errors import InvalidRequest, RequestTooLarge

MAX_DEPTH = 64  # JSON nested deeper than any client sends; a bound for the walk

# Part types whose content is text, by the providers' API references.
TEXT_PARTS = frozenset(
    {
        *("text", "input_text", "output_text", "summary_text", "reasoning_text", "refusal", "thinking"),
        *("search_result", "web_search_tool_result", "web_search_result", "mcp_tool_result", "message"),
    }
)
TOOL_CALL_PARTS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
# Parts that hide what they hold, with the kind that an operator may allow by name.
OPAQUE_PARTS = {
    **dict.fromkeys(("image_url", "input_image", "image", "computer_screenshot", "image_generation_call"), "image"),
    **dict.fromkeys(("input_audio", "audio", "output_audio"), "audio"),
    **dict.fromkeys(("file", "input_file", "container_upload"), "file"),
    **dict.fromkeys(("document", "pdf"), "document"),
    **dict.fromkeys(("video_url", "video", "input_video"), "video"),
    **dict.fromkeys(("redacted_thinking", "encrypted_content", "compaction"), "encrypted"),
    "item_reference": "previous_response",
}
# Stateful references: content that the provider holds and that this request doesn't show.
OPAQUE_FIELDS = {
    "previous_response_id": "previous_response",
    "conversation": "conversation",
    "file_id": "file",
    "file_ids": "file",
    "vector_store_ids": "file",
    "encrypted_content": "encrypted",
    "cached_content": "cached_content",
    "cachedContent": "cached_content",
    "container": "container",
}
OPAQUE_KINDS = frozenset({*OPAQUE_PARTS.values(), *OPAQUE_FIELDS.values(), "token_array", "part", "nesting"})
PAYLOAD_KEYS = frozenset({"data", "file_data", "url", "image_url", "b64_json", "result", "signature"})
# Fields of the protocol itself, and what their values look like. Anything else in them is text and is scanned.
WORD_FIELDS = frozenset({"role", "type", "object", "status"})
ID_FIELDS = frozenset({"id", "call_id", "tool_call_id", "tool_use_id"})
# Where a prefix such as ``call_`` or a run of letters ends and a number begins, or the other way round; or a word ends.
_EDGE = re.compile(r"_|(?<=[A-Za-z])[-.](?=[0-9])|(?<=[0-9])[-.](?=[A-Za-z])")
_SIGNATURE = re.compile(
    r"[A-Za-z0-9+/_-]{40,}={0,2}"
)  # an opaque token in base64; anything shorter or with spaces is text
ROLE_ORIGINS = {
    "system": Origin.SYSTEM,
    "developer": Origin.SYSTEM,
    "user": Origin.USER,
    "assistant": Origin.ASSISTANT,
    "model": Origin.ASSISTANT,
    "tool": Origin.TOOL_RESULT,
    "function": Origin.TOOL_RESULT,
}
# Responses items without a role, and whose words they are.
ITEM_ORIGINS = {
    **dict.fromkeys(("function_call", "custom_tool_call", "mcp_call", "local_shell_call"), Origin.TOOL_CALL),
    **dict.fromkeys(("function_call_output", "custom_tool_call_output", "local_shell_call_output"), Origin.TOOL_RESULT),
    "reasoning": Origin.ASSISTANT,
}


@dataclass
class Reader:
    """Collects what a body holds while it is walked. Raises RequestTooLarge over `limit` characters."""

    limit: int
    segments: list[Segment] = field(default_factory=list)
    opaque: list[Opaque] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    characters: int = 0
    depth: int = 0  # of parts inside parts

    def text(self, place: str, text: str, origin: Origin) -> None:
        if not text:
            return
        self.characters += len(text)
        if self.characters > self.limit:
            raise RequestTooLarge(
                f"The request holds more than {self.limit:,} characters of text. "
                "Send less, or raise callback_settings.router_plugin.limits.max_body_characters."
            )
        self.segments.append(Segment(place, text, origin))

    def hide(self, place: str, kind: str) -> None:
        self.opaque.append(Opaque(place, kind))

    def data(self, place: str, value: object, origin: Origin, *, protocol: bool = False) -> None:
        """Flatten nested data to one segment of ``key: value`` lines.

        `protocol`: the data is part of the API's own shape, so opaque parts and references count in it.
        """
        self.text(place, "\n".join(self._lines(place, "", value, 0, protocol)), origin)

    def ids(self, place: str, fields: Mapping[str, Any]) -> None:
        """Ids and signatures: a client may choose them, so rules read them, as they are and taken apart."""
        for key, value in fields.items():
            if isinstance(value, str) and _is_read_apart(key, value):
                apart = _EDGE.sub(" ", value)
                text = value if apart == value else f"{value}\n{apart}"
                self.text(f"{place}.{key}", text, Origin.SETTING)

    def _lines(self, place: str, key: str, value: object, depth: int, protocol: bool) -> Iterator[str]:
        if depth > MAX_DEPTH:
            self.hide(place, "nesting")
            return
        if isinstance(value, str):
            yield from self._string(place, key, value, depth)
        elif isinstance(value, Mapping):
            kind = OPAQUE_PARTS.get(str(value.get("type"))) if protocol else None
            if kind is not None:
                self.hide(place, kind)
            for raw_name, item in value.items():
                name = str(raw_name)
                if protocol and item and name in OPAQUE_FIELDS:
                    self.hide(place if place == name else f"{place}.{name}", OPAQUE_FIELDS[name])
                if kind is not None and name in PAYLOAD_KEYS and _is_payload(item):
                    continue
                if item is None or isinstance(item, (bool, Mapping, list, tuple)):
                    yield name  # a key is text too
                yield from self._lines(place, name, item, depth + 1, protocol)
        elif isinstance(value, (list, tuple)):
            for item in value:
                yield from self._lines(place, key, item, depth + 1, protocol)
        elif isinstance(value, bool) or value is None:
            return
        elif isinstance(value, (int, float)):
            yield f"{key}: {value}" if key else str(value)
        else:
            self.hide(place, "part")

    def _string(self, place: str, key: str, value: str, depth: int) -> Iterator[str]:
        """A string, and where it holds JSON (tool-call arguments do) what that says once decoded."""
        yield f"{key}: {value}" if key else value
        decoded = decode_json(value)
        if decoded is not None:
            yield from self._lines(place, key, decoded, depth + 1, False)

    def tool(self, place: str, tool: Mapping[str, Any]) -> None:
        """A tool definition: scanned whole; only its own fields are references, not the names of its parameters."""
        for name, value in tool.items():
            held = value.get("file_ids") or value.get("id") if isinstance(value, Mapping) else value
            if name in OPAQUE_FIELDS and held:
                self.hide(f"{place}.{name}", OPAQUE_FIELDS[name])
        self.data(place, tool, Origin.TOOL_DEFINITION)

    # -- messages and parts ------------------------------------------------------------------------------------

    def message(self, place: str, message: object) -> None:
        """One chat message, Anthropic message, or Responses item."""
        if not isinstance(message, Mapping):
            raise InvalidRequest(f"`{place}` must be an object with `role` and `content`.", param=place)
        kind = message.get("type")
        role = message.get("role")
        words = message.get("content")
        if len(message) == 2 and isinstance(words, str) and isinstance(role, str) and role in ROLE_ORIGINS:
            self.text(f"{place}.content", words, ROLE_ORIGINS[role])  # the most usual message, without a detour
            self.turns.append(Turn(ROLE_ORIGINS[role], words))
            return
        if role is None and kind is None:
            raise InvalidRequest(f"`{place}` has no `role`. Use system, user, assistant or tool.", param=place)
        if role is None:
            self._item(place, message, str(kind))
            return
        if not isinstance(role, str):
            raise InvalidRequest(f"`{place}.role` must be a string.", param=f"{place}.role")
        if isinstance(kind, str) and kind in OPAQUE_PARTS:
            self.hide(place, OPAQUE_PARTS[kind])
        origin = ROLE_ORIGINS.get(role, Origin.USER)
        texts: list[str] = []
        results: list[str] = []
        calls = self.content(f"{place}.content", words, origin, texts, results)
        if role not in ROLE_ORIGINS:
            self.text(f"{place}.role", role, origin)
        self.ids(place, message)
        for key, value in message.items():
            if key in {"content", "role"} or _is_protocol(key, value) or _is_read_apart(key, value):
                continue
            if key == "tool_calls" and isinstance(value, list):
                calls += len(value)
            origin_of_key = Origin.TOOL_CALL if key in {"tool_calls", "function_call"} else origin
            known = key if key in _MESSAGE_FIELDS else "field"
            if key == "audio" and value:
                self.hide(f"{place}.audio", "audio")
            self.data(f"{place}.{known}", {key: value}, origin_of_key, protocol=key not in {"tool_calls", "name"})
        if results:
            self.turns.append(Turn(Origin.TOOL_RESULT, "\n".join(results)))
        if texts or calls or not results:
            self.turns.append(Turn(origin, "\n".join(texts), calls))

    def _item(self, place: str, item: Mapping[str, Any], kind: str) -> None:
        """A Responses item that is no message: a call, an output, reasoning, or one not known here."""
        opaque = OPAQUE_PARTS.get(kind)
        origin = ITEM_ORIGINS.get(kind, Origin.TOOL_CALL if kind.endswith("_call") else Origin.USER)
        if opaque is not None:
            self.hide(place, opaque)
        elif kind not in ITEM_ORIGINS and not kind.endswith(("_call", "_call_output", "_approval_response")):
            self.part(place, item, origin, [], [])
            return
        if kind == "function_call_output" or "output" in item:
            texts: list[str] = []
            self.content(f"{place}.output", _as_content(item.get("output")), Origin.TOOL_RESULT, texts, texts)
            self.turns.append(Turn(Origin.TOOL_RESULT, "\n".join(texts)))
        elif origin is Origin.TOOL_CALL:
            self.turns.append(Turn(Origin.ASSISTANT, "", 1))
        self.ids(place, item)
        rest = {k: v for k, v in item.items() if k != "output" and not _is_protocol(k, v) and not _is_read_apart(k, v)}
        self.data(place, rest, origin, protocol=True)

    def content(self, place: str, content: object, origin: Origin, texts: list[str], results: list[str]) -> int:
        """A message's content; appends its text to `texts`, tool results to `results`; returns the tool calls."""
        if content is None:
            return 0
        if isinstance(content, str):
            self.text(place, content, origin)
            texts.append(content)
            return 0
        if isinstance(content, Mapping):
            content = [content]
        if self.depth > MAX_DEPTH:
            self.hide(place, "nesting")
            return 0
        if not isinstance(content, list):
            raise InvalidRequest(f"`{place}` must be a string or a list of content parts.", param=place)
        self.depth += 1
        calls = sum(self.part(f"{place}[{i}]", part, origin, texts, results) for i, part in enumerate(content))
        self.depth -= 1
        return calls

    def part(self, place: str, part: object, origin: Origin, texts: list[str], results: list[str]) -> int:
        """One content part; returns the number of tool calls in it."""
        if isinstance(part, str):
            self.text(place, part, origin)
            texts.append(part)
            return 0
        if not isinstance(part, Mapping):
            raise InvalidRequest(f"`{place}` must be a content part: an object with `type`.", param=place)
        kind = part.get("type")
        if kind is None and isinstance(part.get("text"), str):
            kind = "text"
        if not isinstance(kind, str):
            raise InvalidRequest(f"`{place}` has no `type`. A text part is {{type: text, text: ...}}.", param=place)
        self.ids(place, part)
        rest = {k: v for k, v in part.items() if not _is_protocol(k, v) and not _is_read_apart(k, v)}
        if kind == "tool_result":
            self._tool_result(place, rest, results)
            return 0
        if kind in TOOL_CALL_PARTS:
            self.data(f"{place}.input", rest, Origin.TOOL_CALL)
            return 1
        if kind in TEXT_PARTS:
            text = rest.pop("text", None)
            if kind == "text" and not isinstance(text, str):
                raise InvalidRequest(f"`{place}.text` must be a string.", param=f"{place}.text")
            if isinstance(text, str):
                self.text(f"{place}.text", text, origin)
                texts.append(text)
            self.data(place, rest, origin, protocol=True)
            return 0
        if kind == "document" and self._text_document(place, rest, origin, texts, results):
            return 0
        self.hide(place, OPAQUE_PARTS.get(kind, "part"))
        self.data(place, {k: v for k, v in rest.items() if not (k in PAYLOAD_KEYS and _is_payload(v))}, origin)
        return 0

    def _tool_result(self, place: str, part: dict[str, Any], results: list[str]) -> None:
        content = _as_content(part.pop("content", None))
        self.content(f"{place}.content", content, Origin.TOOL_RESULT, results, results)
        self.data(place, part, Origin.TOOL_RESULT)

    def _text_document(
        self, place: str, part: dict[str, Any], origin: Origin, texts: list[str], results: list[str]
    ) -> bool:
        """An Anthropic document whose source is text or content parts can be read; True when it was."""
        source = part.get("source")
        kind = source.get("type") if isinstance(source, Mapping) else None
        if not isinstance(source, Mapping) or not isinstance(kind, str) or kind not in {"text", "content"}:
            return False
        key = "data" if kind == "text" else "content"
        self.content(f"{place}.source.{key}", source.get(key), origin, texts, results)
        rest = {k: v for k, v in part.items() if k != "source"}
        self.data(place, {**rest, "source": {k: v for k, v in source.items() if k != key}}, origin)
        return True


PROTOCOL_WORDS = frozenset(
    {
        *(*TEXT_PARTS, *TOOL_CALL_PARTS, *OPAQUE_PARTS, *ROLE_ORIGINS, *ITEM_ORIGINS, *OPAQUE_KINDS),
        *("function", "custom", "tool_result", "ephemeral", "base64", "url", "content", "object", "auto", "enabled"),
        *("completed", "in_progress", "incomplete", "failed", "searching", "json_object", "json_schema"),
    }
)
_MESSAGE_FIELDS = frozenset(
    {"name", "tool_calls", "function_call", "refusal", "reasoning_content", "thinking_blocks", "audio", "annotations"}
)


def decode_json(text: str) -> object | None:
    """The value of a string that holds a JSON object or array, else None."""
    if text[:1] not in "{[" or text[-1:] not in "}]" or len(text) < 2:
        stripped = text.strip()
        if stripped == text or stripped[:1] not in ("{", "["):
            return None
        text = stripped
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


def _as_content(value: object) -> object:
    """A tool's output as content: text stays, parts stay, any other data becomes one text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) or _has_type(item) for item in value):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _has_type(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("type"), str)


def _is_protocol(key: object, value: object) -> bool:
    """A word of the protocol itself, such as a role or a part's type. Ids are read: a client chooses them."""
    return key in WORD_FIELDS and isinstance(value, str) and value in PROTOCOL_WORDS


def _is_read_apart(key: object, value: object) -> bool:
    return isinstance(value, str) and (key in ID_FIELDS or (key == "signature" and is_signature(value)))


def is_signature(value: object) -> bool:
    """Whether a value is a provider's signature: long base64, which no one can read."""
    return isinstance(value, str) and _SIGNATURE.fullmatch(value) is not None


def _is_payload(value: object) -> bool:
    """The bytes of an opaque part, or a data: URI; an ordinary link is text and is scanned."""
    if isinstance(value, Mapping):
        payloads = [item for key, item in value.items() if key in PAYLOAD_KEYS]
        return bool(payloads) and all(isinstance(item, str) and _is_payload(item) for item in payloads)
    return isinstance(value, str) and (value.startswith("data:") or (len(value) > 256 and "://" not in value[:16]))
