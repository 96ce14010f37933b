"""router_plugin.streams: has an answer's content begun?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_plugin.streams import Sign, first_sign


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
    "cut at the limit": event({"choices": [{"delta": {}, "finish_reason": "length"}]}),
    "filtered": event({"choices": [{"delta": {}, "finish_reason": "content_filter"}]}),
    "anthropic with tokens": kind("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3}),
    "anthropic refusal": kind("message_delta", delta={"stop_reason": "refusal"}, usage={"output_tokens": 0}),
    "responses text done": kind("response.output_text.done", text="a"),
    "responses call": kind("response.output_item.done", item={"type": "function_call", "name": "f"}),
    "second choice": event({"choices": [{"delta": {}}, {"delta": {"content": "a"}}]}),
    "completions text": event({"choices": [{"text": "a"}]}),
    "responses text": kind("response.output_text.delta", delta="a"),
    "anthropic text": kind("content_block_delta", delta={"type": "text_delta", "text": "a"}),
    "unknown event": kind("something.new"),
    "no object": b"data: 3\n\n",
    "no JSON": b"data: hello\n\n",
    "no UTF-8": b"data: \xff\n\n",
    "after a preamble": kind("ping") + delta(content="a"),
    "without a space": b'data:{"choices":[{"delta":{"content":"a"}}]}\n\n',
    "carriage returns": b'data: {"choices": [{"delta": {"content": "a"}}]}\r\n\r\n',
}


END: dict[str, bytes] = {
    "finish": event({"choices": [{"delta": {}, "finish_reason": "stop"}]}),
    "finish after a preamble": delta(role="assistant") + event({"choices": [{"delta": {}, "finish_reason": "stop"}]}),
    "done": b"data: [DONE]\n\n",
    "responses done": kind("response.completed", response={"status": "completed", "output": []}),
    "responses empty text": kind("response.output_text.done", text=""),
    "anthropic stop": kind("message_stop"),
    "anthropic end": kind("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 0}),
    "anthropic block": kind("content_block_stop", index=0),
}
ERROR: dict[str, bytes] = {
    "openai": event({"error": {"message": "no"}}),
    "anthropic": kind("error", error={"type": "overloaded_error"}),
    "responses": kind("response.failed", response={"error": {"message": "no"}}),
    "after a preamble": kind("message_start", message={}) + kind("error", error={"type": "overloaded_error"}),
}
CASES = [
    *((Sign.NOTHING, name, chunk) for name, chunk in EMPTY.items()),
    *((Sign.CONTENT, name, chunk) for name, chunk in CONTENT.items()),
    *((Sign.END, name, chunk) for name, chunk in END.items()),
    *((Sign.ERROR, name, chunk) for name, chunk in ERROR.items()),
]


@pytest.mark.parametrize(("sign", "chunk"), [(s, c) for s, _, c in CASES], ids=[f"{s.value}: {n}" for s, n, _ in CASES])
def test_what_a_piece_of_a_stream_shows(sign: Sign, chunk: bytes) -> None:
    """Until something of the answer is there another deployment may still take over; what isn't known is content."""
    assert first_sign(chunk) is sign


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
    assert isinstance(first_sign(chunk), Sign)


def test_deep_nesting_can_be_judged() -> None:
    """An event nested beyond reason is unknown, so it counts as content."""
    assert first_sign(b"data: " + b"[" * 100_000 + b"]" * 100_000 + b"\n\n") is Sign.CONTENT


def test_half_an_event_is_no_content() -> None:
    """Pieces of a stream don't end where events do; the rest decides."""
    whole = delta(role="assistant")
    assert first_sign(whole[:20]) is Sign.NOTHING
