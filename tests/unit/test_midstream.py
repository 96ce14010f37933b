"""router_plugin.midstream: what a client gets of a stream that has begun, and of one that fails."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_plugin.midstream import MAX_HELD_BYTES, Midstream, error_event
from router_plugin.request import Surface

API = (Surface.CHAT, Surface.COMPLETIONS, Surface.MESSAGES, Surface.RESPONSES)
LITELLMS = b'data: {"error": {"message": "secret words", "type": null, "param": null, "code": "500"}}\n\n'


def event(value: Any) -> bytes:
    return f"event: {value.get('type', 'x')}\ndata: {json.dumps(value)}\n\n".encode()


TEXT = {
    Surface.CHAT: event({"choices": [{"delta": {"content": 'say "error": response.failed'}}]}),
    Surface.COMPLETIONS: event({"choices": [{"text": 'say "error"'}]}),
    Surface.MESSAGES: event({"type": "content_block_delta", "delta": {"text": '{"type": "message_stop"} "error"'}}),
    Surface.RESPONSES: event({"type": "response.output_text.delta", "delta": '"error"', "sequence_number": 7}),
}
END = {
    Surface.CHAT: b"data: [DONE]\n\n",
    Surface.COMPLETIONS: b"data: [DONE]\n\n",
    Surface.MESSAGES: event({"type": "message_stop"}),
    Surface.RESPONSES: event({"type": "response.completed", "response": {"error": None}, "sequence_number": 8}),
}
NATIVE = {
    Surface.MESSAGES: event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    Surface.RESPONSES: event({"type": "response.failed", "response": {"error": {"code": "server_error"}}}),
}


def run(surface: Surface, *pieces: bytes) -> tuple[bytes, bool]:
    """All that the client gets, and whether the stream counts as broken."""
    stream = Midstream(surface)
    got = b"".join(stream.take(piece, "openai-1") for piece in pieces) + stream.take(b"", "openai-1", last=True)
    return got, stream.broken


def data_of(raw: bytes) -> Any:
    return json.loads(raw.rpartition(b"data: ")[2])


@pytest.mark.parametrize("surface", API)
def test_a_good_stream_passes_unchanged(surface: Surface) -> None:
    """Text that talks of errors and of ends is text."""
    assert run(surface, TEXT[surface], TEXT[surface], END[surface]) == (TEXT[surface] * 2 + END[surface], False)


@given(st.sampled_from(API), st.lists(st.integers(0, 400), max_size=8), st.booleans())
def test_it_does_not_matter_how_a_stream_is_cut(surface: Surface, cuts: list[int], fails: bool) -> None:
    """Pieces don't end where events do; each piece that is sent holds whole events."""
    whole = TEXT[surface] * 2 + (LITELLMS if fails else END[surface])
    marks = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    stream = Midstream(surface)
    sent = [stream.take(whole[a:b], "openai-1") for a, b in itertools.pairwise(marks)]
    sent.append(stream.take(b"", "openai-1", last=True))
    assert all(not part or part.endswith(b"\n\n") for part in sent)
    assert (b"".join(sent), stream.broken) == run(surface, whole)
    assert stream.broken is fails


@pytest.mark.parametrize("surface", API)
def test_litellms_error_is_replaced_and_ends_the_stream(surface: Surface) -> None:
    """No word of the provider's is left, and nothing follows, not even an end that would look like success."""
    got, broken = run(surface, TEXT[surface], LITELLMS, TEXT[surface], END[surface])
    text = "The stream of openai-1 broke off. Send the request again."
    assert got == TEXT[surface] + error_event(surface, text, 8 if surface is Surface.RESPONSES else 1)
    assert broken


@pytest.mark.parametrize("surface", API)
def test_a_stream_that_just_stops_ends_with_an_error(surface: Surface) -> None:
    """LiteLLM does so for some providers' errors; half an event before it is dropped."""
    got, broken = run(surface, TEXT[surface], TEXT[surface][:30])
    assert broken
    assert got.startswith(TEXT[surface])
    assert b"broke off" in got[len(TEXT[surface]) :]
    assert got.count(b"data: ") == 2


@pytest.mark.parametrize("surface", list(NATIVE))
def test_an_error_in_the_clients_own_shape_passes_once(surface: Surface) -> None:
    """The provider's word stands, and the stream counts as broken."""
    assert run(surface, TEXT[surface], NATIVE[surface]) == (TEXT[surface] + NATIVE[surface], True)


def test_an_error_event_follows_each_apis_reference() -> None:
    """Messages and Responses name the event; Responses counts it; Chat has OpenAI's error object."""
    assert error_event(Surface.MESSAGES, "no", 5).startswith(b"event: error\ndata: {")
    assert data_of(error_event(Surface.MESSAGES, "no", 5)) == {
        "type": "error",
        "error": {"type": "api_error", "message": "no"},
    }
    assert error_event(Surface.RESPONSES, "no", 5).startswith(b"event: error\ndata: {")
    assert data_of(error_event(Surface.RESPONSES, "no", 5)) == {
        "type": "error",
        "code": "stream_broken",
        "message": "no",
        "param": None,
        "sequence_number": 5,
    }
    assert data_of(error_event(Surface.CHAT, "no", 5)) == {
        "error": {"message": "no", "type": "server_error", "param": None, "code": "stream_broken"}
    }


def test_an_end_without_its_blank_line_is_an_end() -> None:
    """A client reads it as one."""
    assert run(Surface.CHAT, TEXT[Surface.CHAT], b"data: [DONE]") == (TEXT[Surface.CHAT] + b"data: [DONE]", False)


def test_a_huge_event_is_not_held_for_ever() -> None:
    """Beyond a bound its pieces go on as they come."""
    stream = Midstream(Surface.CHAT)
    assert stream.take(b'data: {"a": "' + b"x" * 100, None) == b""
    assert len(stream.take(b"x" * MAX_HELD_BYTES, None)) == MAX_HELD_BYTES + 113
    assert stream.take(b'"}\n\ndata: [DONE]\n\n', None, last=True).endswith(b"[DONE]\n\n")
    assert not stream.broken


def test_a_shape_whose_end_is_not_known_is_never_called_cut() -> None:
    """Only an error in it is seen."""
    assert run(Surface.GEMINI, b'data: {"candidates": []}\n\n') == (b'data: {"candidates": []}\n\n', False)
