"""router_plugin.streams: has an answer's content begun?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_plugin.streams import has_content


def event(value: Any, name: str | None = None) -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value)}\n\n".encode()


def delta(**fields: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": fields, "finish_reason": None}]})


def kind(name: str, **fields: Any) -> bytes:
    return event({"type": name, **fields}, name)


EMPTY: dict[str, bytes] = {
    "nothing": b"",
    "comment": b": keep-alive\n\n",
    "event name alone": b"event: ping\n\n",
    "empty data": b"data:\n\n",
    "role": delta(role="assistant"),
    "role and empty text": delta(role="assistant", content="", tool_calls=None, refusal=None),
    "usage": event({"choices": [], "usage": {"total_tokens": 3}}),
    "empty completions text": event({"choices": [{"text": "", "finish_reason": None}]}),
    "responses created": kind("response.created", response={"id": "r", "output": []}),
    "responses in progress": kind("response.in_progress"),
    "responses item": kind("response.output_item.added", item={"type": "message", "content": []}),
    "responses part": kind("response.content_part.added", part={"type": "output_text", "text": ""}),
    "anthropic start": kind("message_start", message={"content": [], "usage": {"input_tokens": 3}}),
    "anthropic ping": kind("ping"),
    "anthropic block": kind("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    "several": delta(role="assistant") + b": x\n\n" + kind("ping"),
    "carriage returns": b'data: {"choices": [{"delta": {"role": "assistant"}}]}\r\n\r\n',
}
CONTENT: dict[str, bytes] = {
    "text": delta(content="a"),
    "a space": delta(content=" "),
    "reasoning": delta(reasoning_content="hm"),
    "refusal": delta(refusal="no"),
    "tool call": delta(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": ""}}]),
    "finish": event({"choices": [{"delta": {}, "finish_reason": "stop"}]}),
    "second choice": event({"choices": [{"delta": {}}, {"delta": {"content": "a"}}]}),
    "completions text": event({"choices": [{"text": "a"}]}),
    "responses text": kind("response.output_text.delta", delta="a"),
    "responses done": kind("response.completed"),
    "anthropic text": kind("content_block_delta", delta={"type": "text_delta", "text": "a"}),
    "anthropic stop": kind("message_stop"),
    "openai error": event({"error": {"message": "no"}}),
    "anthropic error": kind("error", error={"type": "overloaded_error"}),
    "done": b"data: [DONE]\n\n",
    "unknown event": kind("something.new"),
    "no object": b"data: 3\n\n",
    "no JSON": b"data: hello\n\n",
    "no UTF-8": b"data: \xff\n\n",
    "after a preamble": kind("ping") + delta(content="a"),
    "without a space": b'data:{"choices":[{"delta":{"content":"a"}}]}\n\n',
    "carriage returns": b'data: {"choices": [{"delta": {"content": "a"}}]}\r\n\r\n',
}


@pytest.mark.parametrize("case", EMPTY)
def test_a_preamble_is_no_content(case: str) -> None:
    """Until something of the answer is there, another deployment may still take over."""
    assert not has_content(EMPTY[case])


@pytest.mark.parametrize("case", CONTENT)
def test_an_answer_an_end_or_anything_unknown_is_content(case: str) -> None:
    """Text, a tool call, a finish, an error, and what isn't known here."""
    assert has_content(CONTENT[case])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["choices", "delta", "type", "x"]), inner)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=60) | JSON.map(event))
def test_any_bytes_can_be_judged(chunk: bytes) -> None:
    """A provider may send anything."""
    assert has_content(chunk) in (True, False)


def test_deep_nesting_can_be_judged() -> None:
    """An event nested beyond reason is unknown, so it counts as content."""
    assert has_content(b"data: " + b"[" * 100_000 + b"]" * 100_000 + b"\n\n")


def test_half_an_event_is_no_content() -> None:
    """Pieces of a stream don't end where events do; the rest decides."""
    whole = delta(role="assistant")
    assert not has_content(whole[:20])
