"""A stream whose content has begun: events pass as they come, and one that fails ends with an error of its API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from router_plugin.request import Surface
from router_plugin.streams import ERRORS

CODE = "stream_broken"  # of our error events; Anthropic's shape has none
MAX_HELD_BYTES = 262_144  # of an event whose end hasn't come; then it goes on in pieces
# How each API says that an answer is over, by its reference. LiteLLM ends Responses with OpenAI's mark, too.
_DONE = r"^data:\s*\[DONE\]"
_ENDS = {
    Surface.CHAT: re.compile(_DONE.encode(), re.MULTILINE),
    Surface.COMPLETIONS: re.compile(_DONE.encode(), re.MULTILINE),
    Surface.MESSAGES: re.compile(rb'"type"\s*:\s*"message_stop"'),
    Surface.RESPONSES: re.compile(rf'{_DONE}|"type"\s*:\s*"response\.(?:completed|incomplete)"'.encode(), re.MULTILINE),
}
_EVENT_END = re.compile(rb"\r?\n\r?\n")
_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,9})')


class Midstream:
    """Takes a stream's bytes and gives those that the client may get. `broken`: it failed, or stopped before its end.

    LiteLLM tells every client of a failure in OpenAI's shape and in the provider's words, or just stops. An error in
    the client's own shape passes as it is; any other is replaced by one of ours, after which nothing passes.
    """

    def __init__(self, surface: Surface) -> None:
        self.broken = False
        self.closed = False  # nothing more may be sent
        self._surface = surface
        self._end = _ENDS.get(surface)
        self._rest = b""  # the beginning of an event whose end hasn't come
        self._ended = self._end is None
        self._sequence = -1  # the last sequence number of a Responses stream, or the count of its events less one

    def take(self, piece: bytes, served: str | None, *, last: bool = False) -> bytes:
        """What may go now. `served`: the deployment that an error event names."""
        if self.closed:
            return b""
        whole, self._rest = _split(self._rest + piece, last=last)
        at = self._error(whole)
        passes = whole[:at]
        self._ended = self._ended or (self._end is not None and self._end.search(passes) is not None)
        numbers = _NUMBER.findall(passes) if self._surface is Surface.RESPONSES else ()
        self._sequence = int(numbers[-1]) if numbers else self._sequence + passes.count(b"data:")
        if at is not None:
            return self._break_off(passes, served)
        if last and not self._ended:
            return self._break_off(whole[: _complete(whole)], served)
        return whole

    def _error(self, whole: bytes) -> int | None:
        """Where an error event begins that isn't in the client's shape; None for none. Notes one that is."""
        if b'"error"' not in whole and b"response.failed" not in whole:
            return None
        begin = 0
        for end in (*(found.end() for found in _EVENT_END.finditer(whole)), len(whole)):
            for event in _data(whole[begin:end]):
                native = self._surface in (Surface.MESSAGES, Surface.RESPONSES) and event.get("type") in ERRORS
                if native:
                    self.broken = self._ended = True
                elif event.get("error") or event.get("type") in ERRORS:
                    return begin
            begin = end
        return None

    def _break_off(self, before: bytes, served: str | None) -> bytes:
        self.broken = self.closed = True
        text = f"The stream of {served or 'the provider'} broke off. Send the request again."
        return before + error_event(self._surface, text, self._sequence + 1)


def error_event(surface: Surface, message: str, sequence: int) -> bytes:
    """An error as the last event of a stream, by each API's reference; `sequence` is its number in Responses."""
    body: dict[str, Any]
    if surface is Surface.MESSAGES:
        body = {"type": "error", "error": {"type": "api_error", "message": message}}
    elif surface is Surface.RESPONSES:
        body = {"type": "error", "code": CODE, "message": message, "param": None, "sequence_number": sequence}
    else:
        return _event({"error": {"message": message, "type": "server_error", "param": None, "code": CODE}})
    return b"event: error\n" + _event(body)


def _event(body: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()


def _split(content: bytes, *, last: bool) -> tuple[bytes, bytes]:
    """The whole events of a piece, and the beginning of another."""
    if last or content.endswith((b"\n\n", b"\r\n\r\n")):
        return content, b""
    end = _complete(content)
    return (content, b"") if len(content) - end > MAX_HELD_BYTES else (content[:end], content[end:])


def _complete(content: bytes) -> int:
    """Where the last whole event ends."""
    return max((content.rfind(mark) + len(mark) for mark in (b"\n\n", b"\r\n\r\n") if mark in content), default=0)


def _data(event: bytes) -> list[Mapping[str, Any]]:
    """The JSON objects in an event's data lines."""
    found = []
    for line in event.splitlines():
        if line.startswith(b"data:"):
            try:
                value = json.loads(line[5:])
            except (ValueError, RecursionError):
                continue
            if isinstance(value, Mapping):
                found.append(value)
    return found
