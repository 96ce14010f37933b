"""HTTP/1.1 as a fake speaks it: every byte that arrives is kept, and a reply can break at any byte."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import re
import socket
import struct
import zlib
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from router_plugin.fakes.faults import Ending

HEAD_LIMIT = 1 << 20
POLL_SECONDS = 0.01
RESET_GRACE_SECONDS = 0.03  # lets the client read what was sent; a reset may drop what is still under way
LINGER_RESET = struct.pack("ii", 1, 0)  # close() sends RST


class GoneError(ConnectionError):
    """The client hung up."""


@dataclass
class Recorded:
    """One request as it arrived. `at` is in seconds, by the server's clock, when the last byte was in.

    `complete` is False when the client hung up inside the request, or when it wasn't HTTP. `disconnected`
    turns True when the client hangs up before the whole reply is out. `fault` is the name of the fault it got.
    """

    method: str
    path: str  # with the query
    headers: dict[str, str]  # names in lower case
    head: bytes = field(repr=False)
    body: bytes = field(repr=False)
    at: float = 0.0
    complete: bool = True
    asks_model: bool = False
    fault: str = ""
    status: int = 0
    disconnected: bool = False

    def __repr__(self) -> str:
        return f"Recorded({self.method} {urlsplit(self.path).path}, {len(self.body)} bytes, status {self.status})"

    @property
    def json(self) -> Any:
        """The body as JSON, or None."""
        try:
            return json.loads(unpacked(self))
        except ValueError:
            return None

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    def holds(self, text: str) -> bool:
        """Whether `text` is in the raw bytes, the URL decoded, or any JSON string, nested JSON too."""
        body = unpacked(self)
        raw = self.head + b"\n" + body
        if text.encode() in raw or text in unquote(self.path) or text in unquote_plus(self.path):
            return True
        if text in unescaped(body.decode("utf-8", "replace")):
            return True
        return json_holds(self.json, text)


def unpacked(request: Recorded) -> bytes:
    """The body without its Content-Encoding (gzip, deflate); as it came where that fails."""
    encoding = request.headers.get("content-encoding", "")
    with contextlib.suppress(OSError, EOFError, zlib.error):
        if encoding == "gzip":
            return gzip.decompress(request.body)
        if encoding == "deflate":
            return zlib.decompress(request.body)
    return request.body


def unescaped(text: str) -> str:
    """Backslash-u escapes decoded: for bodies that aren't whole JSON."""
    decoded = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def json_holds(value: Any, text: str) -> bool:
    """Whether a string in `value`, key or value, holds `text`; strings that are JSON are opened."""
    if isinstance(value, dict):
        return any(json_holds(key, text) or json_holds(inner, text) for key, inner in value.items())
    if isinstance(value, list):
        return any(json_holds(inner, text) for inner in value)
    if not isinstance(value, str):
        return text == json.dumps(value)
    if text in value:
        return True
    if value.lstrip()[:1] not in ("{", "[", '"'):
        return False
    try:
        return json_holds(json.loads(value), text)
    except (ValueError, RecursionError):
        return False


class Connection:
    """One client connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._chunked = False
        self._http10 = False
        self.open = True  # whether another request may follow
        self.aborted = False  # whether it was the server that hung up

    async def read_request(self) -> Recorded | None:
        """The next request, or None when the client has gone."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if not error.partial:
                return None
            return Recorded("", "", {}, error.partial, b"", complete=False, disconnected=True)
        except asyncio.LimitOverrunError:
            return Recorded("", "", {}, await self._reader.read(HEAD_LIMIT), b"", complete=False)
        except OSError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/"):
            return Recorded("", "", {}, head, b"", complete=False)
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
        }
        self._http10 = words[2] == "HTTP/1.0"
        self.open = not self._http10 and headers.get("connection", "").lower() != "close"
        if headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, complete = await self._read_body(headers)
        return Recorded(words[0], words[1], headers, head, body, complete=complete, disconnected=not complete)

    async def _read_body(self, headers: dict[str, str]) -> tuple[bytes, bool]:
        body = b""
        try:
            if headers.get("transfer-encoding", "").lower() == "chunked":
                while size := int((await self._reader.readuntil(b"\r\n")).split(b";")[0], 16):
                    body += await self._reader.readexactly(size)
                    await self._reader.readexactly(2)
                while await self._reader.readuntil(b"\r\n") != b"\r\n":  # trailers
                    pass
                return body, True
            return await self._reader.readexactly(int(headers.get("content-length", "0"))), True
        except asyncio.IncompleteReadError as error:
            return body + error.partial, False
        except (OSError, ValueError, asyncio.LimitOverrunError):
            return body, False

    def gone(self) -> bool:
        """Whether the client has hung up."""
        return self._writer.is_closing() or self._reader.at_eof() or self._reader.exception() is not None

    async def pause(self, seconds: float) -> None:
        """Waits, and raises GoneError as soon as the client hangs up."""
        clock = asyncio.get_running_loop()
        until = clock.time() + seconds
        while (left := until - clock.time()) > 0:
            if self.gone():
                raise GoneError
            await asyncio.sleep(min(POLL_SECONDS, left))

    async def send_head(self, status: int, headers: tuple[tuple[str, str], ...], length: int | None) -> None:
        """The status line and headers; `length=None` starts a body of unknown length."""
        self._chunked = length is None and not self._http10
        if length is None and self._http10:
            self.open = False
        framing = ("Transfer-Encoding", "chunked") if self._chunked else ("Content-Length", str(length))
        if length is None and self._http10:
            framing = ("Connection", "close")
        reason = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
        lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in (*headers, framing))]
        await self._write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def send(self, data: bytes) -> None:
        """A part of the body."""
        await self._write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    async def end_body(self) -> None:
        if self._chunked:
            await self._write(b"0\r\n\r\n")

    async def _write(self, data: bytes) -> None:
        if self.gone():
            raise GoneError
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise GoneError from error

    async def finish(self, ending: Ending) -> None:
        """Ends the body or the connection as told."""
        if ending is Ending.END:
            await self.end_body()
            return
        self.open = False
        if ending is Ending.RESET:
            await asyncio.sleep(RESET_GRACE_SECONDS)
            self.reset()
        else:
            self._writer.close()

    def reset(self) -> None:
        """Closes at once with a TCP RST."""
        self.open, self.aborted = False, True
        if not self._writer.is_closing():
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        self._writer.transport.abort()

    async def close(self) -> None:
        self.open = False
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
