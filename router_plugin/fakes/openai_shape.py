"""The API of OpenAI and of Azure OpenAI: chat, completions, embeddings, models; Responses is next door."""

from __future__ import annotations

import base64
import re
import struct
import time
from typing import Any

from router_plugin.fakes import responses_shape
from router_plugin.fakes.faults import Problem
from router_plugin.fakes.reply import (
    EMBEDDING_DIMENSIONS,
    Call,
    Json,
    Reply,
    dump,
    embedding,
    new_id,
    sse,
    text_of,
    tokens,
    wanted_tools,
    whole,
    words,
)

AZURE_PATH = re.compile(r"/openai/(?:v1/|deployments/(?P<deployment>[^/]+)/)?(?P<route>.+)")
DONE = b"data: [DONE]\n\n"
SSE_TYPE = "text/event-stream; charset=utf-8"

# (type, code, message) by problem, in the providers' words where LiteLLM maps errors by their words.
ERRORS: dict[Problem, tuple[str, str | None, str]] = {
    Problem.BAD_REQUEST: ("invalid_request_error", "unsupported_value", "Unsupported value in the request."),
    Problem.AUTH: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-fake."),
    Problem.FORBIDDEN: ("invalid_request_error", "unsupported_country", "This request is not allowed."),
    Problem.NOT_FOUND: ("invalid_request_error", "model_not_found", "The model `{model}` does not exist."),
    Problem.RATE_LIMIT: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    Problem.SERVER: ("server_error", None, "The server had an error while processing your request."),
    Problem.UNAVAILABLE: ("server_error", "unavailable", "The engine is currently unavailable."),
    Problem.OVERLOADED: ("server_error", "overloaded", "The engine is currently overloaded."),
    Problem.CONTEXT_WINDOW: (
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
    ),
    Problem.CONTENT_POLICY: (
        "invalid_request_error",
        "content_policy_violation",
        "Your request was rejected as a result of our safety system.",
    ),
}
AZURE_DENIED = "Access denied due to invalid subscription key or wrong API endpoint."
AZURE_FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
    "Please modify your prompt and retry."
)
AZURE_FILTER_RESULTS = {
    kind: {"filtered": kind == "violence", "severity": "high" if kind == "violence" else "safe"}
    for kind in ("hate", "self_harm", "sexual", "violence")
}


def answer(call: Call) -> Reply | None:
    path, azure = call.path, call.backend.kind == "azure"
    if azure:
        match = AZURE_PATH.fullmatch(path)
        if match is None:
            return None
        if "/openai/v1/" not in path and "api-version" not in call.query:
            return error(call, Problem.NOT_FOUND, 404)
        route, model = match["route"], match["deployment"] or call.model
    else:
        route, model = path.removeprefix("/v1/"), call.model
        if not path.startswith("/v1/"):
            return None
    if call.method == "GET":
        return _models(call, route)
    handler = {
        "chat/completions": _chat,
        "completions": _completion,
        "embeddings": _embeddings,
        "responses": responses_shape.answer,
    }.get(route)
    if handler is None or call.method != "POST":
        return None
    if not call.backend.knows(model):
        return error(call, Problem.NOT_FOUND, 404)
    return handler(call, model)


def error(call: Call, problem: Problem, status: int) -> Reply:
    return whole({"error": _error_object(call, problem, status)}, status)


def error_event(call: Call, problem: Problem) -> bytes:
    if call.path.endswith("/responses"):
        return responses_shape.error_event(ERRORS[problem])
    return sse({"error": _error_object(call, problem, 500)})


def broken_event(call: Call) -> bytes:
    return b'data: {"id":"chatcmpl-broken","object":"chat.completion.chunk","choices":[{"index":0,\n\n'


def _error_object(call: Call, problem: Problem, status: int) -> Json:
    kind, code, message = ERRORS[problem]
    message = message.format(model=call.model)
    if call.backend.kind != "azure":
        return {"message": message, "type": kind, "param": None, "code": code}
    if problem is Problem.CONTENT_POLICY:
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": AZURE_FILTER_RESULTS}
        shared = {"message": AZURE_FILTERED, "type": None, "param": "prompt", "code": "content_filter"}
        return {**shared, "status": status, "innererror": inner}
    if problem is Problem.CONTEXT_WINDOW:
        return {"message": message, "type": kind, "param": "messages", "code": code}
    code = "DeploymentNotFound" if problem is Problem.NOT_FOUND else str(status)
    return {"code": code, "message": AZURE_DENIED if problem is Problem.AUTH else message}


def _models(call: Call, route: str) -> Reply | None:
    entries = [
        {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": call.backend.name}
        for model in call.backend.known_models()
    ]
    if route == "models":
        return whole({"object": "list", "data": entries})
    return next((whole(entry) for entry in entries if route == f"models/{entry['id']}"), None)


def _tool_calls(body: Json) -> list[Json]:
    messages = body.get("messages") or [{}]
    if messages[-1].get("role") != "user" or body.get("tool_choice") == "none":
        return []
    offered = [tool["function"] for tool in body.get("tools") or [] if tool.get("type") == "function"]
    offered += body.get("functions") or []
    pairs = [(function["name"], function.get("parameters") or {}) for function in offered]
    return [
        {"id": new_id("call_"), "type": "function", "function": {"name": name, "arguments": dump(arguments).decode()}}
        for name, arguments in wanted_tools(text_of(messages[-1].get("content")), pairs)
    ]


def _content(call: Call) -> str:
    wanted = (call.body.get("response_format") or {}).get("type")
    if wanted in ("json_object", "json_schema"):
        return dump({"served_by": call.backend.name}).decode()
    return call.backend.reply_text()


def _usage(prompt: Any, output: str) -> Json:
    asked, answered = tokens(prompt), tokens(output)
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _chat(call: Call, model: str) -> Reply:
    calls = _tool_calls(call.body)
    text = "" if calls else _content(call)
    usage = _usage(call.body.get("messages"), text or dump(calls).decode())
    reason = "tool_calls" if calls else "stop"
    shared = {"id": new_id("chatcmpl-"), "created": int(time.time()), "model": model, "system_fingerprint": "fp_fake"}
    if not call.body.get("stream"):
        message: Json = {"role": "assistant", "content": text or None, "refusal": None, "annotations": []}
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
        return whole({**shared, "object": "chat.completion", "choices": [choice], "usage": usage})

    def chunk(delta: Json, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return sse({**shared, "object": "chat.completion.chunk", "choices": [choice]})

    opening = [chunk({"role": "assistant", "content": None if calls else "", "refusal": None})]
    if call.backend.kind == "azure":
        filtered = [{"prompt_index": 0, "content_filter_results": {}}]
        opening.insert(0, sse({**shared, "object": "", "choices": [], "prompt_filter_results": filtered}))
    deltas = [{"content": word} for word in words(text)] if text else _tool_deltas(calls)
    closing = [chunk({}, reason)]
    if (call.body.get("stream_options") or {}).get("include_usage"):
        closing.append(sse({**shared, "object": "chat.completion.chunk", "choices": [], "usage": usage}))
    parts = (*opening, *map(chunk, deltas), *closing, DONE)
    return Reply(parts, content_type=SSE_TYPE, stream=True, preamble=len(opening), tail=len(closing) + 1)


def _tool_deltas(calls: list[Json]) -> list[Json]:
    deltas: list[Json] = []
    for index, tool in enumerate(calls):
        name, arguments = tool["function"]["name"], tool["function"]["arguments"]
        half = len(arguments) // 2
        deltas.append({"tool_calls": [{**tool, "index": index, "function": {"name": name, "arguments": ""}}]})
        pieces = (arguments[:half], arguments[half:])
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces]
    return deltas


def _completion(call: Call, model: str) -> Reply:
    text = call.backend.reply_text()
    usage = _usage(call.body.get("prompt"), text)
    shared = {"id": new_id("cmpl-"), "object": "text_completion", "created": int(time.time()), "model": model}

    def body(piece: str, finish: str | None) -> Json:
        return {**shared, "choices": [{"text": piece, "index": 0, "logprobs": None, "finish_reason": finish}]}

    if not call.body.get("stream"):
        return whole({**body(text, "stop"), "usage": usage})
    closing = [sse(body("", "stop"))]
    if (call.body.get("stream_options") or {}).get("include_usage"):
        closing.append(sse({**shared, "choices": [], "usage": usage}))
    parts = (*(sse(body(word, None)) for word in words(text)), *closing, DONE)
    return Reply(parts, content_type=SSE_TYPE, stream=True, tail=len(closing) + 1)


def _embeddings(call: Call, model: str) -> Reply:
    asked = call.body.get("input")
    several = isinstance(asked, list) and not (asked and isinstance(asked[0], int))
    dimensions = call.body.get("dimensions") or EMBEDDING_DIMENSIONS
    data = []
    for index, item in enumerate(asked if several and isinstance(asked, list) else [asked]):
        vector: Any = embedding(item if isinstance(item, str) else str(item), dimensions)
        if call.body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    count = tokens(asked)
    usage = {"prompt_tokens": count, "total_tokens": count}
    return whole({"object": "list", "data": data, "model": model, "usage": usage})
