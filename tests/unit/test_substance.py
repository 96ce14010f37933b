"""What a whole answer lacks, in each API's shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router_plugin.request import Surface
from router_plugin.substance import Asked, lacks


def chat(content: Any = "Fine.", *, end: str = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content, **message}, "finish_reason": end}]}


def messages(*blocks: dict[str, Any], end: str = "end_turn") -> dict[str, Any]:
    return {"type": "message", "content": list(blocks), "stop_reason": end}


def responses(*items: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"object": "response", "output": list(items), **given}


def call(arguments: str) -> list[dict[str, Any]]:
    return [{"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}]


def written(text: str, kind: str = "output_text") -> dict[str, Any]:
    return {"type": "message", "content": [{"type": kind, "text": text}]}


PLAIN, LIMITED, JSON = Asked(), Asked(limited=True), Asked(json=True)
CASES: list[tuple[Surface, dict[str, Any], Asked, str | None]] = [
    (Surface.CHAT, chat(), PLAIN, None),
    (Surface.CHAT, chat(""), PLAIN, "empty"),
    (Surface.CHAT, chat(" \n"), PLAIN, "empty"),
    (Surface.CHAT, chat(None), PLAIN, "empty"),
    (Surface.CHAT, chat(None, refusal="I can't."), PLAIN, "refused"),
    (Surface.CHAT, chat("And then", end="length"), PLAIN, "truncated"),
    (Surface.CHAT, chat("And then", end="length"), LIMITED, None),
    (Surface.CHAT, chat(None, tool_calls=call('{"a": 1}')), PLAIN, None),
    (Surface.CHAT, chat(None, tool_calls=call("")), PLAIN, None),
    (Surface.CHAT, chat(None, tool_calls=call('{"a": ')), PLAIN, "malformed_call"),
    (Surface.CHAT, chat(None, tool_calls=call("[1]")), PLAIN, "malformed_call"),
    (Surface.CHAT, chat('{"a": 1}'), JSON, None),
    (Surface.CHAT, chat("Here it is: {"), JSON, "not_json"),
    (Surface.CHAT, chat(None, tool_calls=call("{}")), JSON, None),
    (Surface.MESSAGES, messages({"type": "text", "text": "Fine."}), LIMITED, None),
    (Surface.MESSAGES, messages(), LIMITED, "empty"),
    (Surface.MESSAGES, messages({"type": "text", "text": "No."}, end="refusal"), LIMITED, "refused"),
    (Surface.MESSAGES, messages({"type": "text", "text": "And"}, end="max_tokens"), LIMITED, None),
    (Surface.MESSAGES, messages({"type": "tool_use", "input": {"a": 1}}), LIMITED, None),
    (Surface.MESSAGES, messages({"type": "tool_use", "input": "a"}), LIMITED, "malformed_call"),
    (Surface.RESPONSES, responses(written("Fine.")), PLAIN, None),
    (Surface.RESPONSES, responses(), PLAIN, "empty"),
    (Surface.RESPONSES, responses(written("", "refusal")), PLAIN, "refused"),
    (
        Surface.RESPONSES,
        responses(written("And"), incomplete_details={"reason": "max_output_tokens"}),
        PLAIN,
        "truncated",
    ),
    (Surface.RESPONSES, responses({"type": "function_call", "arguments": "{"}), PLAIN, "malformed_call"),
    # what isn't known is left alone
    (Surface.CHAT, {"choices": []}, PLAIN, None),
    (Surface.CHAT, {"object": "other"}, PLAIN, None),
    (Surface.EMBEDDINGS, {"data": []}, PLAIN, None),
]


@pytest.mark.parametrize(("surface", "answer", "asked", "found"), CASES)
def test_what_an_answer_lacks(surface: Surface, answer: dict[str, Any], asked: Asked, found: str | None) -> None:
    """One word; None for an answer that will do, and for one of a shape that isn't known."""
    assert lacks(json.dumps(answer).encode(), surface, asked) == found


@pytest.mark.parametrize("answer", [b"", b"not JSON", b"\xff", b"[]", b"3", b"[" * 100_000])
def test_what_is_no_json_object_is_left_alone(answer: bytes) -> None:
    """Nothing is thrown away for want of understanding."""
    assert lacks(answer, Surface.CHAT, PLAIN) is None


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({}, PLAIN),
        ({"max_tokens": 5}, LIMITED),
        ({"max_completion_tokens": 5}, LIMITED),
        ({"max_output_tokens": 5, "text": {"format": {"type": "json_schema"}}}, Asked(limited=True, json=True)),
        ({"response_format": {"type": "json_object"}}, JSON),
        ({"response_format": {"type": "text"}}, PLAIN),
    ],
)
def test_what_a_client_asked(body: dict[str, Any], asked: Asked) -> None:
    """A limit of its own explains a short answer; JSON is promised only where it was asked for."""
    assert Asked.of(body) == asked
