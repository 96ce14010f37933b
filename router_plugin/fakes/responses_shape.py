"""OpenAI's Responses API, whole and streamed; the routes and the error bodies are in `openai_shape`."""

from __future__ import annotations

import time
from typing import Any

from router_plugin.fakes.reply import Call, Json, Reply, dump, new_id, sse, text_of, tokens, wanted_tools, whole, words

SSE_TYPE = "text/event-stream; charset=utf-8"


def answer(call: Call, model: str) -> Reply:
    items = _tool_items(call.body) or [_message(call)]
    asked, answered = tokens(call.body.get("input")), tokens(items)
    shared = {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": int(time.time()),
        "model": model,
        "error": None,
        "incomplete_details": None,
        "instructions": call.body.get("instructions"),
        "max_output_tokens": call.body.get("max_output_tokens"),
        "metadata": call.body.get("metadata") or {},
        "parallel_tool_calls": True,
        "previous_response_id": call.body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "store": call.body.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": call.body.get("tool_choice") or "auto",
        "tools": call.body.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
        "user": None,
    }
    usage = {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answered,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked + answered,
    }
    done = {**shared, "status": "completed", "output": items, "usage": usage}
    if not call.body.get("stream"):
        return whole(done)
    return _stream({**shared, "status": "in_progress", "output": [], "usage": None}, done, items)


def error_event(error: tuple[str, str | None, str]) -> bytes:
    kind, code, message = error
    return sse(
        {"type": "error", "code": code or kind, "message": message, "param": None, "sequence_number": 0}, "error"
    )


def _message(call: Call) -> Json:
    wanted = ((call.body.get("text") or {}).get("format") or {}).get("type")
    text = call.backend.reply_text()
    if wanted in ("json_object", "json_schema"):
        text = dump({"served_by": call.backend.name}).decode()
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": new_id("msg_"), "type": "message", "status": "completed", "role": "assistant", "content": [part]}


def _tool_items(body: Json) -> list[Json]:
    asked: Any = body.get("input")
    last = asked[-1] if isinstance(asked, list) and asked else {"role": "user", "content": asked}
    if not isinstance(last, dict) or last.get("role") != "user" or body.get("tool_choice") == "none":
        return []
    pairs = [
        (tool["name"], tool.get("parameters") or {})
        for tool in body.get("tools") or []
        if tool.get("type") == "function"
    ]
    return [
        {
            "id": new_id("fc_"),
            "type": "function_call",
            "status": "completed",
            "call_id": new_id("call_"),
            "name": name,
            "arguments": dump(arguments).decode(),
        }
        for name, arguments in wanted_tools(text_of(last.get("content")), pairs)
    ]


def _stream(begun: Json, done: Json, items: list[Json]) -> Reply:
    events: list[Json] = [{"type": "response.created", "response": begun}]
    events.append({"type": "response.in_progress", "response": begun})
    preamble = 0
    for index, item in enumerate(items):
        place = {"item_id": item["id"], "output_index": index}
        fresh: Json = {**item, "status": "in_progress"}
        fresh["content" if item["type"] == "message" else "arguments"] = [] if item["type"] == "message" else ""
        events.append({"type": "response.output_item.added", "output_index": index, "item": fresh})
        if item["type"] == "message":
            part = item["content"][0]
            place["content_index"] = 0
            events.append({"type": "response.content_part.added", **place, "part": {**part, "text": ""}})
            preamble = preamble or len(events)
            deltas = [{"type": "response.output_text.delta", "delta": word} for word in words(part["text"])]
            events += [{**delta, **place, "logprobs": []} for delta in deltas]
            events.append({"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []})
            events.append({"type": "response.content_part.done", **place, "part": part})
        else:
            preamble = preamble or len(events) - 1
            name, arguments = item["name"], item["arguments"]
            half = len(arguments) // 2
            for piece in (arguments[:half], arguments[half:]):
                events.append({"type": "response.function_call_arguments.delta", **place, "delta": piece})
            closing = {"type": "response.function_call_arguments.done", "name": name, "arguments": arguments}
            events.append({**closing, **place})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": done})
    parts = tuple(sse({**event, "sequence_number": number}, event["type"]) for number, event in enumerate(events))
    return Reply(parts, content_type=SSE_TYPE, stream=True, preamble=preamble, tail=1)
