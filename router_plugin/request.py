"""Any API body -> Conversation: the one text extractor for every API shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from router_plugin.content import OPAQUE_FIELDS, ROLE_ORIGINS, TOOL_CALL_PARTS, Reader, is_signature
from router_plugin.conversation import Conversation, Opaque, Origin, Segment, Surface, Turn
from router_plugin.errors import InvalidRequest

__all__ = ["Conversation", "Opaque", "Origin", "Segment", "Surface", "Turn", "parse", "surface_of"]

MAX_BODY_CHARACTERS = 8_000_000
IDENTITY_FIELDS = frozenset({"user", "metadata", "safety_identifier", "prompt_cache_key"})
# Named in places; a field that isn't here is named by its index, since its name may be text.
KNOWN_FIELDS = frozenset(
    {
        *("stop", "stop_sequences", "response_format", "prediction", "tool_choice", "logit_bias", "seed", "n"),
        *("temperature", "top_p", "max_tokens", "max_completion_tokens", "max_output_tokens", "stream"),
        *("stream_options", "text", "prompt", "suffix", "reasoning", "thinking", "web_search_options", "include"),
        *("generationConfig", "safetySettings", "toolConfig", "context_management", "output_config", "mcp_servers"),
        *("store", "logprobs", "top_logprobs", "top_k", "parallel_tool_calls", "presence_penalty", "service_tier"),
        *("frequency_penalty", "reasoning_effort", "modalities", "encoding_format", "dimensions", "truncation"),
        *("background", "max_tool_calls", "verbosity", "echo", "best_of", "drop_params", "timeout"),
    }
)
MAX_LIST_DEPTH = 2  # a list of token arrays
GEMINI_SIGNATURES = frozenset({"thoughtSignature", "thought_signature"})
SILENT_FIELDS = frozenset({"model"})  # read by the router itself
PROSE_WORDS = 7  # from so many words on, a string is a sentence rather than a name
MAX_SETTING = 9_999_999  # a token limit; a longer number may be an identifier
USER_FIELDS = frozenset({"prediction", "prompt"})  # the caller's own words outside messages
TOOL_FIELDS = ("tools", "functions")


def parse(body: Mapping[str, Any], surface: Surface, *, max_characters: int = MAX_BODY_CHARACTERS) -> Conversation:
    """Read a request body of one API shape.

    Every string, number and dict key in it becomes part of a segment; what can't be text is listed in `opaque`.
    Errors: InvalidRequest for a body that no provider could answer, RequestTooLarge over `max_characters`.
    """
    reader = Reader(limit=max_characters)
    handled = _READERS[surface](reader, body)
    tools = 0
    for index, (key, value) in enumerate(body.items()):
        if key in handled or key in SILENT_FIELDS:
            continue
        if key in TOOL_FIELDS:
            tools += _tools(reader, key, value)
            continue
        identity = key in IDENTITY_FIELDS
        named = identity or key in KNOWN_FIELDS or key in OPAQUE_FIELDS
        prose = key in USER_FIELDS or not named or _holds_prose(value)
        origin = Origin.USER if prose else Origin.IDENTITY if identity else Origin.SETTING
        if named and (value is None or isinstance(value, bool) or _is_plain_setting(value)):
            continue
        reader.data(key if named else f"field[{index}]", {key: value}, origin, protocol=not identity)
    return Conversation(surface, tuple(reader.turns), tuple(reader.segments), tuple(reader.opaque), tools)


def surface_of(body: Mapping[str, Any]) -> Surface:
    """The API shape that a body most likely has, for callers without an endpoint. Errors: InvalidRequest."""
    if "messages" in body:
        anthropic = "system" in body or any(_has_anthropic_part(message) for message in _listed(body["messages"]))
        return Surface.MESSAGES if anthropic else Surface.CHAT
    if "contents" in body:
        return Surface.GEMINI
    if "input" in body or isinstance(body.get("prompt"), Mapping):
        embeds = "encoding_format" in body or "dimensions" in body
        return Surface.EMBEDDINGS if embeds else Surface.RESPONSES
    if "prompt" in body:
        return Surface.COMPLETIONS
    raise InvalidRequest("The body has none of `messages`, `input`, `prompt` or `contents`. Send one of them.")


def _has_anthropic_part(message: object) -> bool:
    content = message.get("content") if isinstance(message, Mapping) else None
    return any(
        isinstance(part, Mapping) and str(part.get("type")) in {*TOOL_CALL_PARTS, "tool_result", "thinking"}
        for part in _listed(content)
    )


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _holds_prose(value: object, depth: int = 0) -> bool:
    """Whether a setting or a field about the caller holds sentences: then they are words like any message's."""
    if isinstance(value, str):
        return len(value.split(None, PROSE_WORDS)) >= PROSE_WORDS
    if depth > MAX_LIST_DEPTH + 2 or not isinstance(value, (list, Mapping)):
        return depth > MAX_LIST_DEPTH + 2
    inner = [*value, *value.values()] if isinstance(value, Mapping) else value
    return any(_holds_prose(item, depth + 1) for item in inner)


def _is_plain_setting(value: object) -> bool:
    """A number of the size that settings have, such as a temperature or a token limit, holds no text."""
    return isinstance(value, (int, float)) and abs(value) <= MAX_SETTING


def _tools(reader: Reader, key: str, value: object) -> int:
    """Tool definitions: scanned whole; returns how many."""
    if not isinstance(value, list) or not all(isinstance(tool, Mapping) for tool in value):
        raise InvalidRequest(f"`{key}` must be a list of tool definitions.", param=key)
    for index, tool in enumerate(value):
        reader.tool(f"{key}[{index}]", tool)
    return len(value)


# -- one reader for each API shape; each returns the top-level fields that it has dealt with ------------------------


def _read_messages(reader: Reader, body: Mapping[str, Any]) -> set[str]:
    """Chat Completions and Anthropic Messages."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise InvalidRequest("`messages` must be a list with at least one message.", param="messages")
    if body.get("system") is not None:
        reader.message("system", {"role": "system", "content": body["system"]})
    for index, message in enumerate(messages):
        reader.message(f"messages[{index}]", message)
    return {"messages", "system"}


def _read_prompt(reader: Reader, body: Mapping[str, Any]) -> set[str]:
    """Completions: a string, a list of strings, or token arrays."""
    _strings(reader, "prompt", body.get("prompt"))
    if isinstance(body.get("suffix"), str):
        reader.text("suffix", body["suffix"], Origin.USER)
        return {"prompt", "suffix"}
    return {"prompt"}


def _read_embeddings(reader: Reader, body: Mapping[str, Any]) -> set[str]:
    _strings(reader, "input", body.get("input"))
    return {"input"}


def _strings(reader: Reader, place: str, value: object, depth: int = 0) -> None:
    """A string, strings, token ids, or lists of these. Only numbers are tokens; text beside them is read."""
    if isinstance(value, str) and value:
        reader.text(place, value, Origin.USER)
        reader.turns.append(Turn(Origin.USER, value))
        return
    if not isinstance(value, list) or not value or depth > MAX_LIST_DEPTH:
        raise InvalidRequest(f"`{place}` must be a non-empty string or list.", param=place)
    if any(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value):
        reader.hide(place, "token_array")
    for index, item in enumerate(value):
        if isinstance(item, (str, list)):
            _strings(reader, f"{place}[{index}]", item or " ", depth + 1)
        elif not isinstance(item, (int, float)) or isinstance(item, bool):
            raise InvalidRequest(f"`{place}[{index}]` must be a string or a list of token ids.", param=place)


def _read_responses(reader: Reader, body: Mapping[str, Any]) -> set[str]:
    """OpenAI Responses: `instructions`, then `input` as a string or a list of items."""
    if body.get("instructions") is not None:
        reader.message("instructions", {"role": "system", "content": body["instructions"]})
    value = body.get("input")
    if isinstance(value, str) and value:
        reader.message("input", {"role": "user", "content": value})
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            reader.message(f"input[{index}]", item)
    elif value is not None or not any(body.get(key) for key in ("prompt", "previous_response_id", "conversation")):
        # a stored prompt or conversation needs no input; its fields are read with the rest of the body
        raise InvalidRequest("`input` must be a non-empty string or a list of items.", param="input")
    return {"instructions", "input"}


def _read_gemini(reader: Reader, body: Mapping[str, Any]) -> set[str]:
    """Gemini generateContent: `systemInstruction`, `contents[].parts[]`."""
    contents = body.get("contents")
    if isinstance(contents, (str, Mapping)):
        contents = [contents]
    if not isinstance(contents, list) or not contents:
        raise InvalidRequest("`contents` must be a non-empty list.", param="contents")
    for key in ("systemInstruction", "system_instruction"):
        if body.get(key) is not None:
            _gemini_content(reader, key, body[key], "system")
    for index, content in enumerate(contents):
        _gemini_content(reader, f"contents[{index}]", content, "user")
    return {"contents", "systemInstruction", "system_instruction"}


def _gemini_content(reader: Reader, place: str, content: object, default_role: str) -> None:
    if isinstance(content, str):
        content = {"parts": [{"text": content}]}
    if not isinstance(content, Mapping):
        raise InvalidRequest(f"`{place}` must be an object with `parts`.", param=place)
    role = str(content.get("role") or default_role)
    origin = ROLE_ORIGINS.get(role, Origin.USER)
    parts = content.get("parts")
    texts: list[str] = []
    calls = 0
    for index, item in enumerate(parts if isinstance(parts, list) else [parts]):
        spot = f"{place}.parts[{index}]"
        part = {"text": item} if isinstance(item, str) else item
        if not isinstance(part, Mapping):
            raise InvalidRequest(f"`{spot}` must be an object.", param=spot)
        for key, value in part.items():
            if key == "text" and isinstance(value, str):
                reader.text(f"{spot}.text", value, origin)
                texts.append(value)
            elif key in {"functionCall", "function_call", "functionResponse", "function_response"}:
                calls += 1
                reader.data(f"{spot}.{key}", value, Origin.TOOL_CALL)
            elif key == "thought" and isinstance(value, bool):
                continue
            elif key in GEMINI_SIGNATURES and is_signature(value):
                reader.text(f"{spot}.{key}", value, Origin.SETTING)  # rules read it; it is no prose
            elif key == "thought" or key in GEMINI_SIGNATURES:
                reader.data(f"{spot}.{key}", value, origin)
            else:
                reader.hide(spot, "image" if key in {"inlineData", "inline_data"} else "file")
    reader.data(place, {k: v for k, v in content.items() if k not in {"role", "parts"}}, origin)
    reader.turns.append(Turn(origin, "\n".join(texts), calls))


_READERS: dict[Surface, Callable[[Reader, Mapping[str, Any]], set[str]]] = {
    Surface.CHAT: _read_messages,
    Surface.MESSAGES: _read_messages,
    Surface.COMPLETIONS: _read_prompt,
    Surface.EMBEDDINGS: _read_embeddings,
    Surface.RESPONSES: _read_responses,
    Surface.GEMINI: _read_gemini,
}
