"""router_plugin.request: one extractor for every API shape."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.errors import InvalidRequest, RequestTooLarge
from router_plugin.request import Conversation, Origin, Surface, parse, surface_of

CANARY = "canary-7f3a"


def everything(conversation: Conversation) -> str:
    return "\n".join(segment.text for segment in conversation.segments)


def user(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


SEEN: dict[str, tuple[Surface, dict[str, Any]]] = {
    "string content": (Surface.CHAT, {"messages": user(CANARY)}),
    "text part": (Surface.CHAT, {"messages": user([{"type": "text", "text": CANARY}])}),
    "earlier turn": (Surface.CHAT, {"messages": [*user(CANARY), *user("hi")]}),
    "system": (Surface.CHAT, {"messages": [{"role": "system", "content": CANARY}]}),
    "developer": (Surface.CHAT, {"messages": [{"role": "developer", "content": CANARY}]}),
    "name": (Surface.CHAT, {"messages": [{"role": "user", "name": CANARY, "content": "hi"}]}),
    "unknown message field": (Surface.CHAT, {"messages": [{"role": "user", "content": "x", "new": {"a": [CANARY]}}]}),
    "tool-call arguments": (
        Surface.CHAT,
        {
            "messages": [
                {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": f'{{"a": "{CANARY}"}}'}}]}
            ]
        },
    ),
    "escaped inside tool-call arguments": (
        Surface.CHAT,
        {
            "messages": [
                {"role": "assistant", "tool_calls": [{"function": {"arguments": '{"a": "\\u0063anary-7f3a"}'}}]}
            ]
        },
    ),
    "tool result": (Surface.CHAT, {"messages": [{"role": "tool", "tool_call_id": "1", "content": CANARY}]}),
    "tool definition": (Surface.CHAT, {"messages": user("x"), "tools": [{"function": {"description": CANARY}}]}),
    "user": (Surface.CHAT, {"messages": user("x"), "user": CANARY}),
    "metadata key": (Surface.CHAT, {"messages": user("x"), "metadata": {CANARY: True}}),
    "stop": (Surface.CHAT, {"messages": user("x"), "stop": [CANARY]}),
    "response_format": (Surface.CHAT, {"messages": user("x"), "response_format": {"json_schema": {"title": CANARY}}}),
    "prediction": (Surface.CHAT, {"messages": user("x"), "prediction": {"type": "content", "content": CANARY}}),
    "unknown field": (Surface.CHAT, {"messages": user("x"), "tomorrow": {"deep": [{"er": CANARY}]}}),
    "completions prompt": (Surface.COMPLETIONS, {"prompt": CANARY}),
    "completions prompts": (Surface.COMPLETIONS, {"prompt": ["x", CANARY]}),
    "suffix": (Surface.COMPLETIONS, {"prompt": "x", "suffix": CANARY}),
    "embeddings input": (Surface.EMBEDDINGS, {"input": ["x", CANARY]}),
    "responses string": (Surface.RESPONSES, {"input": CANARY}),
    "responses message": (Surface.RESPONSES, {"input": user([{"type": "input_text", "text": CANARY}])}),
    "instructions": (Surface.RESPONSES, {"input": "x", "instructions": CANARY}),
    "function_call": (Surface.RESPONSES, {"input": [{"type": "function_call", "arguments": f'{{"q":"{CANARY}"}}'}]}),
    "function_call_output": (Surface.RESPONSES, {"input": [{"type": "function_call_output", "output": CANARY}]}),
    "reasoning": (
        Surface.RESPONSES,
        {"input": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": CANARY}]}]},
    ),
    "prompt variables": (Surface.RESPONSES, {"input": "x", "prompt": {"id": "p", "variables": {"who": CANARY}}}),
    "anthropic system blocks": (
        Surface.MESSAGES,
        {"system": [{"type": "text", "text": CANARY}], "messages": user("x")},
    ),
    "tool_use": (
        Surface.MESSAGES,
        {"messages": [{"role": "assistant", "content": [{"type": "tool_use", "id": "t", "input": {"a": CANARY}}]}]},
    ),
    "tool_result": (
        Surface.MESSAGES,
        {"messages": user([{"type": "tool_result", "content": [{"type": "text", "text": CANARY}]}])},
    ),
    "thinking": (
        Surface.MESSAGES,
        {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": CANARY}]}]},
    ),
    "text document": (
        Surface.MESSAGES,
        {"messages": user([{"type": "document", "source": {"type": "text", "data": CANARY}}])},
    ),
    "document title": (
        Surface.MESSAGES,
        {"messages": user([{"type": "document", "title": CANARY, "source": {"type": "base64", "data": "AA"}}])},
    ),
    "gemini part": (Surface.GEMINI, {"contents": [{"parts": [{"text": CANARY}]}]}),
    "gemini system": (Surface.GEMINI, {"contents": "x", "systemInstruction": {"parts": [{"text": CANARY}]}}),
    "gemini function": (
        Surface.GEMINI,
        {"contents": [{"parts": [{"functionResponse": {"response": {"a": CANARY}}}]}]},
    ),
}


@pytest.mark.parametrize("case", SEEN)
def test_text_anywhere_in_a_request_is_collected(case: str) -> None:
    """Whatever a client can write ends up in a segment."""
    surface, body = SEEN[case]
    assert CANARY in everything(parse(body, surface))


OPAQUE: dict[str, tuple[Surface, dict[str, Any], str]] = {
    "image": (
        Surface.CHAT,
        {"messages": user([{"type": "image_url", "image_url": {"url": "https://x/y.png"}}])},
        "image",
    ),
    "audio": (Surface.CHAT, {"messages": user([{"type": "input_audio", "input_audio": {"data": "AA"}}])}, "audio"),
    "file": (Surface.CHAT, {"messages": user([{"type": "file", "file": {"file_id": "f"}}])}, "file"),
    "unknown part": (Surface.CHAT, {"messages": user([{"type": "hologram", "data": "x"}])}, "part"),
    "token array": (Surface.COMPLETIONS, {"prompt": [1, 2, 3]}, "token_array"),
    "token arrays": (Surface.EMBEDDINGS, {"input": [[1, 2], [3]]}, "token_array"),
    "previous response": (Surface.RESPONSES, {"previous_response_id": "resp_1"}, "previous_response"),
    "conversation": (Surface.RESPONSES, {"input": "x", "conversation": "conv_1"}, "conversation"),
    "item reference": (Surface.RESPONSES, {"input": [{"type": "item_reference", "id": "i"}]}, "previous_response"),
    "encrypted reasoning": (
        Surface.RESPONSES,
        {"input": [{"type": "reasoning", "encrypted_content": "e"}]},
        "encrypted",
    ),
    "file in a variable": (
        Surface.RESPONSES,
        {"input": "x", "prompt": {"id": "p", "variables": {"f": {"type": "input_file", "file_id": "f"}}}},
        "file",
    ),
    "vector store": (
        Surface.RESPONSES,
        {"input": "x", "tools": [{"type": "file_search", "vector_store_ids": ["v"]}]},
        "file",
    ),
    "pdf": (
        Surface.MESSAGES,
        {"messages": user([{"type": "document", "source": {"type": "base64", "data": "AA"}}])},
        "document",
    ),
    "redacted thinking": (
        Surface.MESSAGES,
        {"messages": [{"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]}]},
        "encrypted",
    ),
    "image in a tool result": (
        Surface.MESSAGES,
        {"messages": user([{"type": "tool_result", "content": [{"type": "image", "source": {"data": "AA"}}]}])},
        "image",
    ),
    "gemini inline data": (Surface.GEMINI, {"contents": [{"parts": [{"inlineData": {"data": "AA"}}]}]}, "image"),
}


@pytest.mark.parametrize("case", OPAQUE)
def test_what_cannot_be_text_is_listed_as_opaque(case: str) -> None:
    """A part that hides what it holds is named with its kind."""
    surface, body, kind = OPAQUE[case]
    assert kind in {item.kind for item in parse(body, surface).opaque}


def test_plain_text_has_no_opaque_part() -> None:
    """Ordinary requests with tools and settings hide nothing."""
    body = {
        "messages": [
            *user("hi"),
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "4"},
        ],
        "temperature": 0.3,
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        "metadata": {"file_id": "a-name-of-their-own"},
    }
    conversation = parse(body, Surface.CHAT)
    assert conversation.opaque == ()
    assert conversation.tools == 1


BAD: dict[str, tuple[Surface, Any]] = {
    "no messages": (Surface.CHAT, {}),
    "empty messages": (Surface.CHAT, {"messages": []}),
    "messages is a string": (Surface.CHAT, {"messages": "hi"}),
    "message is a string": (Surface.CHAT, {"messages": ["hi"]}),
    "no role": (Surface.CHAT, {"messages": [{"content": "hi"}]}),
    "role is a number": (Surface.CHAT, {"messages": [{"role": 1, "content": "hi"}]}),
    "content is a number": (Surface.CHAT, {"messages": user(5)}),
    "part is a number": (Surface.CHAT, {"messages": user([5])}),
    "part without type": (Surface.CHAT, {"messages": user([{"hello": 1}])}),
    "text part without text": (Surface.CHAT, {"messages": user([{"type": "text"}])}),
    "tools is an object": (Surface.CHAT, {"messages": user("x"), "tools": {}}),
    "no prompt": (Surface.COMPLETIONS, {}),
    "prompt holds an object": (Surface.COMPLETIONS, {"prompt": [{}]}),
    "no input": (Surface.RESPONSES, {}),
    "input is a number": (Surface.RESPONSES, {"input": 3}),
    "contents is empty": (Surface.GEMINI, {"contents": []}),
}


@pytest.mark.parametrize("case", BAD)
def test_an_unusable_body_is_refused_with_its_place(case: str) -> None:
    """A malformed body names the field that is wrong."""
    surface, body = BAD[case]
    with pytest.raises(InvalidRequest) as caught:
        parse(body, surface)
    assert caught.value.param
    assert "`" in caught.value.message


def test_a_body_over_the_limit_is_refused() -> None:
    """The limit counts all text of the request."""
    with pytest.raises(RequestTooLarge, match="max_body_characters"):
        parse({"messages": user("x" * 600), "stop": "y" * 600}, Surface.CHAT, max_characters=1000)


def test_data_nested_beyond_reason_is_opaque_and_ends() -> None:
    """Depth is bounded, and what lies deeper counts as hidden."""
    deep: Any = CANARY
    for _ in range(500):
        deep = [deep]
    conversation = parse({"messages": user("x"), "field": {"a": deep}}, Surface.CHAT)
    assert "nesting" in {item.kind for item in conversation.opaque}


def test_turns_keep_tool_traffic_apart_from_words() -> None:
    """A tool result is its own turn, and an assistant's calls are counted."""
    body = {
        "messages": [
            *user("fix it"),
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "run", "input": {}}]},
            *user([{"type": "tool_result", "content": "ok"}, {"type": "text", "text": "go on"}]),
        ]
    }
    turns = parse(body, Surface.MESSAGES).turns
    assert [(turn.role, turn.text, turn.tool_calls) for turn in turns] == [
        (Origin.USER, "fix it", 0),
        (Origin.ASSISTANT, "", 1),
        (Origin.TOOL_RESULT, "ok", 0),
        (Origin.USER, "go on", 0),
    ]


def test_unknown_field_names_do_not_appear_in_places() -> None:
    """A key that isn't part of the API may be text, so its place is an index."""
    conversation = parse({"messages": user("x"), "name of my patient": "y"}, Surface.CHAT)
    assert all("patient" not in segment.place for segment in conversation.segments)


@pytest.mark.parametrize(
    ("body", "surface"),
    [
        ({"messages": user("x")}, Surface.CHAT),
        ({"messages": user("x"), "system": "s"}, Surface.MESSAGES),
        ({"messages": user([{"type": "tool_result", "content": "x"}])}, Surface.MESSAGES),
        ({"input": "x"}, Surface.RESPONSES),
        ({"input": "x", "encoding_format": "float"}, Surface.EMBEDDINGS),
        ({"prompt": "x"}, Surface.COMPLETIONS),
        ({"contents": []}, Surface.GEMINI),
    ],
)
def test_the_shape_of_a_body_is_recognised(body: dict[str, Any], surface: Surface) -> None:
    """Callers without an endpoint get the right reader."""
    assert surface_of(body) is surface


def test_representations_hold_no_text() -> None:
    """Printing what was read shows lengths only."""
    conversation = parse({"messages": user(CANARY)}, Surface.CHAT)
    assert CANARY not in repr(conversation) + repr(conversation.segments) + repr(conversation.turns)
