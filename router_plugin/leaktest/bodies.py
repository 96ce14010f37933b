"""The request body of each surface, with the private text in each place where it can stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from router_plugin.leaktest.canary import Canary

Json = dict[str, Any]
Build = Callable[[Canary], Json]

PATHS = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "embeddings": "/v1/embeddings",
}
ASK = "Go on with the task."
PICTURE_ASK = "What is in this picture?"


def _user(content: Any) -> Json:
    return {"role": "user", "content": content}


def _parameters(description: str) -> Json:
    return {"type": "object", "properties": {"note": {"type": "string", "description": description}}}


def _arguments(canary: Canary) -> str:
    return json.dumps({"note": canary.text})


def _chat(*messages: Json, **more: Any) -> Json:
    return {"messages": list(messages), **more}


def _chat_call(arguments: str) -> Json:
    call = {"id": "call_1", "type": "function", "function": {"name": "save", "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _chat_tool(description: str) -> Json:
    return {"type": "function", "function": {"name": "save", "description": "", "parameters": _parameters(description)}}


def _image_url(canary: Canary) -> str:
    return f"data:image/png;base64,{canary.picture}"


CHAT: dict[str, Build] = {
    "user": lambda c: _chat(_user(c.text)),
    "system": lambda c: _chat({"role": "system", "content": c.text}, _user(ASK)),
    "earlier": lambda c: _chat(_user(c.text), {"role": "assistant", "content": "Noted."}, _user(ASK)),
    "call": lambda c: _chat(
        _user(ASK),
        _chat_call(_arguments(c)),
        {"role": "tool", "tool_call_id": "call_1", "content": "saved"},
        _user(ASK),
        tools=[_chat_tool("")],
    ),
    "result": lambda c: _chat(
        _user(ASK),
        _chat_call("{}"),
        {"role": "tool", "tool_call_id": "call_1", "content": c.text},
        tools=[_chat_tool("")],
    ),
    "tool": lambda c: _chat(_user(ASK), tools=[_chat_tool(c.text)]),
    "image": lambda c: _chat(
        _user(
            [
                {"type": "text", "text": f"{PICTURE_ASK} ({c.token})"},
                {"type": "image_url", "image_url": {"url": _image_url(c)}},
            ]
        )
    ),
}


def _responses_call(arguments: str, output: str) -> list[Json]:
    return [
        _user(ASK),
        {"type": "function_call", "call_id": "call_1", "name": "save", "arguments": arguments},
        {"type": "function_call_output", "call_id": "call_1", "output": output},
        _user(ASK),
    ]


RESPONSES: dict[str, Build] = {
    "user": lambda c: {"input": c.text},
    "system": lambda c: {"instructions": c.text, "input": ASK},
    "earlier": lambda c: {"input": [_user(c.text), {"role": "assistant", "content": "Noted."}, _user(ASK)]},
    "call": lambda c: {"input": _responses_call(_arguments(c), "saved")},
    "result": lambda c: {"input": _responses_call("{}", c.text)},
    "tool": lambda c: {
        "input": ASK,
        "tools": [{"type": "function", "name": "save", "parameters": _parameters(c.text)}],
    },
    "image": lambda c: {
        "input": [
            _user(
                [
                    {"type": "input_text", "text": f"{PICTURE_ASK} ({c.token})"},
                    {"type": "input_image", "image_url": _image_url(c)},
                ]
            )
        ]
    },
}


def _messages(*messages: Json, **more: Any) -> Json:
    return {"messages": list(messages), "max_tokens": 64, **more}


def _use(given: Json) -> Json:
    return {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "save", "input": given}]}


def _result(text: str) -> Json:
    return _user([{"type": "tool_result", "tool_use_id": "toolu_1", "content": text}])


def _messages_tool(description: str) -> Json:
    return {"name": "save", "description": "Saves.", "input_schema": _parameters(description)}


MESSAGES: dict[str, Build] = {
    "user": lambda c: _messages(_user(c.text)),
    "system": lambda c: _messages(_user(ASK), system=[{"type": "text", "text": c.text}]),
    "earlier": lambda c: _messages(_user(c.text), {"role": "assistant", "content": "Noted."}, _user(ASK)),
    "call": lambda c: _messages(_user(ASK), _use({"note": c.text}), _result("saved"), tools=[_messages_tool("")]),
    "result": lambda c: _messages(_user(ASK), _use({}), _result(c.text), tools=[_messages_tool("")]),
    "tool": lambda c: _messages(_user(ASK), tools=[_messages_tool(c.text)]),
    "image": lambda c: _messages(
        _user(
            [
                {"type": "text", "text": f"{PICTURE_ASK} ({c.token})"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": c.picture}},
            ]
        )
    ),
}

BODIES: dict[str, dict[str, Build]] = {
    "chat": CHAT,
    "responses": RESPONSES,
    "messages": MESSAGES,
    "completions": {
        "user": lambda c: {"prompt": c.text},
        "earlier": lambda c: {"prompt": [c.text]},
        "suffix": lambda c: {"prompt": ASK, "suffix": c.text},
    },
    "embeddings": {
        "user": lambda c: {"input": c.text},
        "earlier": lambda c: {"input": [ASK, c.text]},
    },
}
IMAGE = "image"  # private because it can't be inspected, unless the operator lets pictures pass
