"""Anthropic's API: messages, whole and streamed, token counts, models."""

from __future__ import annotations

from router_plugin.fakes.faults import Problem
from router_plugin.fakes.reply import Call, Json, Reply, dump, new_id, sse, text_of, tokens, wanted_tools, whole, words

SSE_TYPE = "text/event-stream; charset=utf-8"

# (type, message) by problem, in the provider's words where LiteLLM maps errors by their words.
ERRORS: dict[Problem, tuple[str, str]] = {
    Problem.BAD_REQUEST: ("invalid_request_error", "messages: field has a wrong value"),
    Problem.AUTH: ("authentication_error", "invalid x-api-key"),
    Problem.FORBIDDEN: ("permission_error", "Your API key may not use this resource"),
    Problem.NOT_FOUND: ("not_found_error", "model: {model}"),
    Problem.RATE_LIMIT: ("rate_limit_error", "This request would exceed your organization's rate limit"),
    Problem.SERVER: ("api_error", "Internal server error"),
    Problem.UNAVAILABLE: ("api_error", "Service temporarily unavailable"),
    Problem.OVERLOADED: ("overloaded_error", "Overloaded"),
    Problem.CONTEXT_WINDOW: ("invalid_request_error", "prompt is too long: 215000 tokens > 200000 maximum"),
    Problem.CONTENT_POLICY: ("invalid_request_error", "Output blocked by content filtering policy"),
}


def answer(call: Call) -> Reply | None:
    if call.method == "GET" and call.path.startswith("/v1/models"):
        return _models(call)
    if call.method != "POST":
        return None
    if call.path == "/v1/messages/count_tokens":
        return whole({"input_tokens": _asked(call)})
    if call.path != "/v1/messages":
        return None
    if not call.backend.knows(call.model):
        return error(call, Problem.NOT_FOUND, 404)
    return _messages(call)


def error(call: Call, problem: Problem, status: int) -> Reply:
    return whole({"type": "error", "error": _error_object(call, problem), "request_id": new_id("req_")}, status)


def error_event(call: Call, problem: Problem) -> bytes:
    return sse({"type": "error", "error": _error_object(call, problem)}, "error")


def broken_event(call: Call) -> bytes:
    return b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":\n\n'


def _error_object(call: Call, problem: Problem) -> Json:
    kind, message = ERRORS[problem]
    return {"type": kind, "message": message.format(model=call.model)}


def _models(call: Call) -> Reply | None:
    names = call.backend.known_models()
    entries = [
        {"type": "model", "id": name, "display_name": name, "created_at": "2025-01-01T00:00:00Z"} for name in names
    ]
    if call.path == "/v1/models":
        return whole({"data": entries, "has_more": False, "first_id": names[0], "last_id": names[-1]})
    return next((whole(entry) for entry in entries if call.path == f"/v1/models/{entry['id']}"), None)


def _asked(call: Call) -> int:
    return tokens([call.body.get("system"), call.body.get("messages"), call.body.get("tools")])


def _blocks(call: Call) -> list[Json]:
    """The reply's content blocks: tool calls, or one text."""
    messages = call.body.get("messages") or [{}]
    pairs = [(tool["name"], tool["input_schema"]) for tool in call.body.get("tools") or [] if tool.get("input_schema")]
    if (call.body.get("tool_choice") or {}).get("type") == "none":
        pairs = []
    asked = text_of(messages[-1].get("content")) if messages[-1].get("role") == "user" else ""
    calls = wanted_tools(asked, pairs)
    if not calls:
        return [{"type": "text", "text": call.backend.reply_text()}]
    return [{"type": "tool_use", "id": new_id("toolu_"), "name": name, "input": given} for name, given in calls]


def _messages(call: Call) -> Reply:
    blocks = _blocks(call)
    answered = tokens(blocks)
    cache = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    usage = {"input_tokens": _asked(call), **cache, "output_tokens": answered, "service_tier": "standard"}
    reason = "tool_use" if blocks[0]["type"] == "tool_use" else "end_turn"
    body = {
        "id": new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": blocks,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }
    limits = (("request-id", new_id("req_")), ("anthropic-ratelimit-requests-remaining", "999"))
    if not call.body.get("stream"):
        return whole(body, headers=limits)
    start = {**body, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    parts = [sse({"type": "message_start", "message": start}, "message_start")]
    for index, block in enumerate(blocks):
        parts += _block_events(index, block)
    ended = {"stop_reason": reason, "stop_sequence": None}
    delta = {"type": "message_delta", "delta": ended, "usage": {"output_tokens": answered}}
    parts += [sse(delta, "message_delta"), sse({"type": "message_stop"}, "message_stop")]
    return Reply(tuple(parts), content_type=SSE_TYPE, stream=True, preamble=3, tail=3, headers=limits)


def _block_events(index: int, block: Json) -> list[bytes]:
    """content_block_start, a ping after the first, the deltas, content_block_stop."""
    if block["type"] == "text":
        fresh, deltas = {**block, "text": ""}, [{"type": "text_delta", "text": word} for word in words(block["text"])]
    else:
        fresh, given = {**block, "input": {}}, dump(block["input"]).decode()
        half = len(given) // 2
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", given[:half], given[half:])]
    events = [sse({"type": "content_block_start", "index": index, "content_block": fresh}, "content_block_start")]
    if index == 0:
        events.append(sse({"type": "ping"}, "ping"))
    shared = {"type": "content_block_delta", "index": index}
    events += [sse({**shared, "delta": delta}, "content_block_delta") for delta in deltas]
    return [*events, sse({"type": "content_block_stop", "index": index}, "content_block_stop")]
