"""Puts identifiers back into an answer that was given without them, whole or streamed, in every API shape."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from router_plugin.pseudonyms import StandIns

if TYPE_CHECKING:
    from router_plugin.answer import Message, Send
    from router_plugin.state import RequestState

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
BETWEEN = ("ping", "message_start", "content_block_start")  # events that may come while another text is under way
LAST = ("response.completed", "response.failed", "response.incomplete")
Key = tuple[Any, ...]  # names a text that is streamed
Over = Callable[[Key], bool]


@dataclass
class Run:
    """One text that is streamed in pieces: a choice's content, a content block, a tool call's arguments."""

    held: str
    event: Callable[[str], dict[str, Any]]  # an event that adds a text to this run

    def __repr__(self) -> str:
        return f"Run({len(self.held)} characters held)"


class Restorer:
    """Turns stand-ins in server-sent events back. A text's end waits only while it may be the start of a stand-in."""

    def __init__(self, stand_ins: StandIns) -> None:
        self._stand_ins = stand_ins
        self._buffer = b""
        self._runs: dict[Key, Run] = {}

    def feed(self, chunk: bytes) -> bytes:
        """What can be sent on after this piece of the stream."""
        self._buffer += chunk
        *whole, self._buffer = _BLANK_LINE.split(self._buffer)
        return b"".join(self._block(block) for block in whole)

    def close(self) -> bytes:
        """What was held back, once the stream is over; an event that was cut off is sent as it came."""
        rest, self._buffer = self._buffer, b""
        return self._flush(lambda _: True) + (
            self._stand_ins.restore(rest.decode("utf-8", "replace")).encode() if rest else b""
        )

    def _block(self, block: bytes) -> bytes:
        lines = block.splitlines()
        at = next((number for number, line in enumerate(lines) if line.startswith(b"data:")), None)
        if at is None:
            return block + b"\n\n"
        try:
            event = json.loads(lines[at][5:])
        except ValueError:
            event = None
        if not isinstance(event, dict):
            return (
                self._flush(lambda _: True)
                + self._stand_ins.restore(block.decode("utf-8", "replace")).encode()
                + b"\n\n"
            )
        over = ended(event)
        going_on = {key for key, _, _, _ in pieces(event)}
        before = self._flush(lambda key: over(key) and key not in going_on)
        self._change(event, over)
        lines[at] = b"data: " + json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        return before + b"\n".join(lines) + b"\n\n"

    def _change(self, event: dict[str, Any], over: Over) -> None:
        """Restore an event in place: pieces of texts as far as is settled, every other string whole."""
        texts = [(key, holder, name, holder[name], _alone(event, path)) for key, holder, name, path in pieces(event)]
        for _, holder, name, _, _ in texts:
            holder[name] = ""
        _restore_strings(event, self._stand_ins)
        for key, holder, name, piece, alone in texts:
            text = self._runs.pop(key).held + piece if key in self._runs else piece
            size = 0 if over(key) else self._stand_ins.open_tail(text)
            if size:
                self._runs[key] = Run(text[len(text) - size :], alone)
            holder[name] = self._stand_ins.restore(text[: len(text) - size])

    def _flush(self, over: Over) -> bytes:
        """Events for what is held back of the texts that have ended."""
        runs = [self._runs.pop(key) for key in list(self._runs) if over(key)]
        return b"".join(_written(run.event(self._stand_ins.restore(run.held))) for run in runs)


def ended(event: dict[str, Any]) -> Over:
    """Which texts have ended once an event has come; an event that isn't known ends all of them."""
    kind, choices = event.get("type"), event.get("choices")
    if isinstance(choices, list) and choices:
        over = [c.get("index") for c in choices if isinstance(c, dict) and c.get("finish_reason")]
        return lambda key: key[0] in over
    if kind == "content_block_stop":
        return lambda key: key[0] == event.get("index")
    if kind in BETWEEN or any(True for _ in pieces(event)):
        return lambda _: False
    if isinstance(kind, str) and kind.startswith("response.") and kind not in LAST:
        inner = event.get("item")
        item = event.get("item_id") or (inner.get("id") if isinstance(inner, dict) else None)
        return lambda key: kind.endswith(".done") and item in key
    return lambda _: True


def pieces(event: dict[str, Any]) -> Iterator[tuple[Key, dict[str, Any], str, tuple[Any, ...]]]:
    """The texts that an event goes on with: a name for each, the object and field that hold it, and its path.

    Chat, Completions: `choices[].delta` and its `tool_calls[].function.arguments`, `choices[].text`. Messages:
    `content_block_delta`. Responses: events whose `delta` is a string.
    """
    kind, delta = event.get("type"), event.get("delta")
    if isinstance(kind, str) and isinstance(delta, str):
        names = ("item_id", "output_index", "content_index", "summary_index")
        yield (kind, *(event.get(name) for name in names)), event, "delta", ("delta",)
    elif kind == "content_block_delta" and isinstance(delta, dict):
        for name in ("text", "partial_json", "thinking"):
            if isinstance(delta.get(name), str):
                yield (event.get("index"), name), delta, name, ("delta", name)
    for at, choice in enumerate(event.get("choices") or ()):
        if not isinstance(choice, dict):
            continue
        index, inner = choice.get("index"), choice.get("delta")
        if isinstance(choice.get("text"), str):
            yield (index, "text"), choice, "text", ("choices", at, "text")
        if not isinstance(inner, dict):
            continue
        for name in ("content", "reasoning_content", "refusal"):
            if isinstance(inner.get(name), str):
                yield (index, name), inner, name, ("choices", at, "delta", name)
        for number, call in enumerate(inner.get("tool_calls") or ()):
            function = call.get("function") if isinstance(call, dict) else None
            if isinstance(function, dict) and isinstance(function.get("arguments"), str):
                path = ("choices", at, "delta", "tool_calls", number, "function", "arguments")
                yield (index, "call", call.get("index", number)), function, "arguments", path


def _alone(event: dict[str, Any], path: tuple[Any, ...]) -> Callable[[str], dict[str, Any]]:
    """Makes a copy of an event that adds another text to the same run, and does nothing else."""
    kept = copy.deepcopy(event)
    kept.pop("usage", None)

    def made(text: str) -> dict[str, Any]:
        new = copy.deepcopy(kept)
        holder: Any = new
        for step in path[:-1]:
            holder = holder[step]
        for _, other, name, other_path in list(pieces(new)):
            other[name] = text if other_path == path else ""
        for choice in new.get("choices") or ():
            choice["finish_reason"] = None
        return new

    return made


def _written(event: dict[str, Any]) -> bytes:
    """An event as a block; Messages and Responses name its kind in a line of its own."""
    kind = event.get("type")
    named = b"event: " + kind.encode() + b"\n" if isinstance(kind, str) else b""
    return named + b"data: " + json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"


def _restore_strings(value: Any, stand_ins: StandIns) -> None:
    """Restore every string inside, in place."""
    entries: Any = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(entries):
        if isinstance(item, str):
            value[key] = stand_ins.restore(item)
        elif isinstance(item, (dict, list)):
            _restore_strings(item, stand_ins)


class Restored:
    """Sends an answer on, with the identifiers back where its request went out without them."""

    def __init__(self, send: Send, state: RequestState) -> None:
        self._send = send
        self._state = state
        self._start: Message | None = None
        self._content = b""
        self._restorer: Restorer | None = None

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        stand_ins = self._state.stand_ins
        if stand_ins is None or message["type"] not in ("http.response.start", "http.response.body"):
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._begin(message, stand_ins)
        elif self._restorer is not None:
            more = bool(message.get("more_body", False))
            body = self._restorer.feed(bytes(message.get("body", b"")))
            body += b"" if more else self._restorer.close()
            if body or not more:
                await self._send({"type": "http.response.body", "body": body, "more_body": more})
        else:
            self._content += bytes(message.get("body", b""))
            if not message.get("more_body", False):
                await self._whole(stand_ins)

    async def _begin(self, start: MutableMapping[str, Any], stand_ins: StandIns) -> None:
        headers = [(name, value) for name, value in start.get("headers", ()) if name.lower() != b"content-length"]
        start["headers"] = headers
        kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
        if kind.startswith(b"text/event-stream"):
            self._restorer = Restorer(stand_ins)
            await self._send(start)
        else:
            self._start = start

    async def _whole(self, stand_ins: StandIns) -> None:
        content = stand_ins.restore(self._content.decode("utf-8", "replace")).encode()
        if self._start is not None:
            self._start["headers"] = [*self._start["headers"], (b"content-length", b"%d" % len(content))]
            await self._send(self._start)
        await self._send({"type": "http.response.body", "body": content, "more_body": False})
