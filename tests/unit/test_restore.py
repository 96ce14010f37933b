"""Identifiers come back into answers, wherever a stream is cut."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from router_plugin.pseudonyms import StandIns
from router_plugin.restore import Restored, Restorer
from router_plugin.state import RequestState

VALUES = (
    ("EMAIL", "mira@posteo.de"),
    ("EMAIL", "mira@posteo.dev"),
    ("ADDRESS", "Müllerstraße 4"),
    ("PHONE", "+49 30 901820"),
    ("IBAN", "DE89 3704 0044 0532 0130 00"),
    ("ID", "EMAIL_PLACEHOLDER_"),  # what looks like half a stand-in is not looked at again
)
NOISE = (
    "E",
    "EM",
    "EMAIL",
    "EMAIL_PLACEHOLDER_ ",
    "EMAIL_PLACEHOLDER_A ",
    "_",
    "\n",
    " ",
    "é",
    "😀",
    "A",
    "PHONE_P",
    '"',
)


def cut(text: str, rng: random.Random) -> list[str]:
    """The text in pieces, some of them empty."""
    cuts = sorted(rng.choices(range(len(text) + 1), k=rng.randrange(0, max(2, len(text) // 2))))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def made_up(rng: random.Random, stand_ins: StandIns) -> tuple[str, str]:
    """A random text, and the same with stand-ins."""
    plain = masked = ""
    for _ in range(rng.randrange(1, 10)):
        if rng.random() < 0.5:
            kind, value = rng.choice(VALUES)
            plain, masked = plain + value, masked + stand_ins.of(kind, value)
        else:
            word = rng.choice(NOISE)
            plain, masked = plain + word, masked + word
    return plain, masked


def block(event: dict[str, Any], name: str = "") -> str:
    """One server-sent event."""
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(event)}\n\n"


def events(stream: bytes) -> list[dict[str, Any]]:
    """The JSON of a stream's events."""
    lines = [line[5:].strip() for line in stream.decode().splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def chat(texts: dict[str, str], rng: random.Random) -> Iterator[str]:
    """A Chat stream: text of one choice and arguments of a tool call by turns; another choice beside them."""
    yield block({"choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]})
    pieces = [(0, piece) for piece in cut(texts["text"], rng)]
    for piece in reversed(cut(texts["other"], rng)):
        at = next((number for number, (index, _) in enumerate(pieces) if index == 1), len(pieces))
        pieces.insert(rng.randrange(at + 1), (1, piece))
    for index, piece in pieces:
        yield block({"choices": [{"index": index, "delta": {"content": piece}, "finish_reason": None}]})
    for piece in cut(texts["json"], rng):
        call = {"index": 0, "function": {"arguments": piece}}
        yield block({"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]})
    for index in (0, 1):
        yield block({"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]})
    yield block({"choices": [], "usage": {"total_tokens": 7}})
    yield "data: [DONE]\n\n"


def read_chat(found: list[dict[str, Any]]) -> dict[str, str]:
    """What a client puts together."""
    texts = {"text": "", "other": "", "json": ""}
    for choice in (choice for event in found for choice in event["choices"]):
        delta = choice["delta"]
        texts["other" if choice["index"] else "text"] += delta.get("content") or ""
        for call in delta.get("tool_calls") or ():
            texts["json"] += call["function"]["arguments"]
    return texts


def messages(texts: dict[str, str], rng: random.Random) -> Iterator[str]:
    """A Messages stream: two text blocks and one of a tool's input, with pings between the pieces."""
    yield block({"type": "message_start", "message": {"id": "m"}}, "message_start")
    kinds = {
        "text": ("text_delta", "text"),
        "other": ("text_delta", "text"),
        "json": ("input_json_delta", "partial_json"),
    }
    for index, (name, (kind, field)) in enumerate(kinds.items()):
        yield block({"type": "content_block_start", "index": index, "content_block": {}}, "content_block_start")
        for piece in cut(texts[name], rng):
            event = {"type": "content_block_delta", "index": index, "delta": {"type": kind, field: piece}}
            yield block(event, "content_block_delta")
            if rng.random() < 0.2:
                yield block({"type": "ping"}, "ping")
        yield block({"type": "content_block_stop", "index": index}, "content_block_stop")
    yield block({"type": "message_stop"}, "message_stop")


def read_messages(found: list[dict[str, Any]]) -> dict[str, str]:
    """What a client puts together."""
    texts, open_blocks = ["", "", ""], set[int]()
    for event in found:
        if event["type"] == "content_block_start":
            open_blocks.add(event["index"])
        elif event["type"] == "content_block_stop":
            open_blocks.remove(event["index"])
        elif event["type"] == "content_block_delta":
            assert event["index"] in open_blocks  # a text that waited comes before its block's end
            texts[event["index"]] += event["delta"].get("text") or event["delta"].get("partial_json") or ""
    return dict(zip(("text", "other", "json"), texts, strict=True))


def responses(texts: dict[str, str], rng: random.Random) -> Iterator[str]:
    """A Responses stream; each text comes in pieces and then once more whole."""
    fields = {"text": "output_text", "other": "output_text", "json": "function_call_arguments"}
    for index, (name, kind) in enumerate(fields.items()):
        place = {"item_id": f"i{index}", "output_index": index, "content_index": 0}
        for piece in cut(texts[name], rng):
            yield block({"type": f"response.{kind}.delta", **place, "delta": piece}, f"response.{kind}.delta")
        done = {"type": f"response.{kind}.done", **place, "text": texts[name]}
        yield block(done, f"response.{kind}.done")
    yield block({"type": "response.completed", "response": {"output": texts}}, "response.completed")


def read_responses(found: list[dict[str, Any]]) -> dict[str, str]:
    """What a client puts together; the whole texts must agree with it."""
    texts = ["", "", ""]
    for event in found:
        if event["type"].endswith(".delta"):
            texts[event["output_index"]] += event["delta"]
        elif event["type"].endswith("done"):
            assert event["text"] == texts[event["output_index"]]
    made = dict(zip(("text", "other", "json"), texts, strict=True))
    assert found[-1]["response"]["output"] == made
    return made


Write = Callable[[dict[str, str], random.Random], Iterator[str]]
Read = Callable[[list[dict[str, Any]]], dict[str, str]]
SHAPES: list[tuple[Write, Read]] = [(chat, read_chat), (messages, read_messages), (responses, read_responses)]


@pytest.mark.parametrize("streams", [100, pytest.param(3_400, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("write", "read"), SHAPES, ids=["chat", "messages", "responses"])
def test_streams_come_back_whole(write: Write, read: Read, streams: int) -> None:
    """However texts are cut into events and events into chunks, the values stand in them again."""
    rng = random.Random(write.__name__)
    for _ in range(streams):
        stand_ins = StandIns(rng.randbytes(8))
        plain, masked = {}, {}
        for name in ("text", "other"):
            plain[name], masked[name] = made_up(rng, stand_ins)
        inner, hidden = made_up(rng, stand_ins)
        plain["json"] = json.dumps({"x": inner}, ensure_ascii=False)
        masked["json"] = json.dumps({"x": hidden}, ensure_ascii=False)
        stream = "".join(write(masked, rng)).encode()
        restorer = Restorer(stand_ins)
        cuts = sorted(rng.choices(range(len(stream) + 1), k=rng.randrange(0, 30)))
        chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        got = b"".join(map(restorer.feed, chunks)) + restorer.close()
        assert read(events(got)) == plain
        assert json.loads(read(events(got))["json"])["x"] == inner


def delta(text: str) -> bytes:
    """An event of a Chat stream."""
    return block({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}).encode()


def shown(sent: bytes) -> str:
    """The text in a piece of a Chat stream."""
    return read_chat(events(sent))["text"]


def test_only_what_may_become_a_stand_in_waits() -> None:
    """Text goes out at once; the tail that waits is the shortest possible."""
    stand_ins = StandIns(b"s")
    name = stand_ins.of("EMAIL", "mira@posteo.de")
    restorer = Restorer(stand_ins)
    assert shown(restorer.feed(delta("Write to E"))) == "Write to "
    assert shown(restorer.feed(delta("va, or EMA"))) == "Eva, or "
    assert shown(restorer.feed(delta(name[3:]))) == "mira@posteo.de"
    assert shown(restorer.feed(delta("."))) == "."
    assert restorer.close() == b""
    assert shown(restorer.feed(delta("EMAIL_"))) == ""
    assert shown(restorer.close()) == "EMAIL_"


def test_a_broken_stream_gives_what_it_has() -> None:
    """An event that was cut off, and one that is no JSON, are sent as they came, with the values back."""
    stand_ins = StandIns(b"s")
    name = stand_ins.of("EMAIL", "mira@posteo.de")
    restorer = Restorer(stand_ins)
    assert restorer.feed(f": note\n\ndata: {name}\n\n".encode()) == b": note\n\ndata: mira@posteo.de\n\n"
    assert restorer.feed(b'data: {"choices": [') == b""
    assert restorer.close() == b'data: {"choices": ['


async def through(parts: list[dict[str, Any]], stand_ins: StandIns | None) -> list[dict[str, Any]]:
    """What a client gets of an answer."""
    got: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        got.append(dict(message))

    state = RequestState()
    state.stand_ins = stand_ins
    restored = Restored(send, state)
    for part in parts:
        await restored(part)
    return got


def test_a_whole_answer_gets_its_length_anew() -> None:
    """And an answer to a request without stand-ins passes untouched."""
    stand_ins = StandIns(b"s")
    body = json.dumps({"content": f"To {stand_ins.of('ADDRESS', 'Müllerstraße 4')}."}).encode()
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))],
    }
    parts = [
        start,
        {"type": "http.response.body", "body": body[:20], "more_body": True},
        {"type": "http.response.body", "body": body[20:], "more_body": False},
    ]
    assert asyncio.run(through([dict(part) for part in parts], None)) == parts
    first, last = asyncio.run(through([dict(part) for part in parts], stand_ins))
    assert json.loads(last["body"])["content"] == "To Müllerstraße 4."
    assert (b"content-length", b"%d" % len(last["body"])) in first["headers"]
    assert len(first["headers"]) == 2
