"""Read what is encoded: base64 (wrapped, doubled, gzip inside), hex, percent, HTML entities, backslash escapes."""

from __future__ import annotations

import base64
import binascii
import html
import re
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

from .engine import TooLong

MAX_DEPTH = 3
MAX_INFLATED = 1 << 18  # bytes that one compressed run may give
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{14,}={0,2}(?:[ \t]?\r?\n[ \t]?[A-Za-z0-9+/_-]{4,}={0,2})*")
_HEX = re.compile(r"(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[\s:,-]?){9,}")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{3})|([nrtbf/\"'\\]))")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "", "f": "\n", "/": "/", '"': '"', "'": "'", "\\": "\\"}
_WORDS = {"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "null": "0", "eins": "1", "zwei": "2", "drei": "3", "vier": "4", "fünf": "5", "sechs": "6", "sieben": "7", "acht": "8", "neun": "9"}  # fmt: skip
_SPELLED = re.compile(rf"(?i)\b(?:(?:{'|'.join(_WORDS)})\b[\s,.-]{{0,3}}){{6,}}")


def decoded(text: str, depth: int = MAX_DEPTH) -> Iterator[str]:
    """Every reading of `text` and of what is encoded in it, `depth` layers deep; nothing for plain text.

    Raises TooLong for compressed data that expands beyond MAX_INFLATED bytes.
    """
    if depth <= 0:
        return
    for reading in _readings(text):
        yield reading
        yield from decoded(reading, depth - 1)


def _readings(text: str) -> Iterator[str]:
    plain = text
    if "%" in plain and _PERCENT.search(plain):
        plain = unquote(plain, errors="replace")
    if "&" in plain and _ENTITY.search(plain):
        plain = html.unescape(plain)
    if "\\" in plain:
        plain = _ESCAPE.sub(_unescape, plain)
    if plain != text:
        yield plain
    yield from _runs(text)
    if _SPELLED.search(text):
        yield _SPELLED.sub(lambda m: "".join(_WORDS[w.lower()] for w in re.findall(r"[^\W\d]+", m.group())) + " ", text)
    if "\u202e" in text:
        yield text[::-1]


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else ""
    if match.group(4):
        return chr(int(match.group(4), 8))
    return _LETTERS[match.group(5)]


def _runs(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        found = _from_base64(match.group())
        if found:
            yield found
    for match in _HEX.finditer(text):
        found = _from_hex(match.group())
        if found:
            yield found


def _from_base64(run: str) -> str:
    compact = "".join(run.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if len(compact) % 4 == 1:
        compact = compact[:-1]
    try:
        return _text(base64.b64decode(compact + "=" * (-len(compact) % 4)))
    except (binascii.Error, ValueError):
        return ""


def _from_hex(run: str) -> str:
    compact = re.sub(r"0x|\\x|[^0-9A-Fa-f]", "", run)
    return _text(bytes.fromhex(compact[: len(compact) // 2 * 2]))


def _text(data: bytes) -> str:
    """`data` as text where it reads as text, after inflating gzip and zlib; else nothing."""
    if data[:2] == b"\x1f\x8b" or (data[:1] == b"\x78" and len(data) > 8 and data[1] in {0x01, 0x5E, 0x9C, 0xDA}):
        inflater = zlib.decompressobj(47)
        try:
            data = inflater.decompress(data, MAX_INFLATED)
        except zlib.error:
            return ""
        if inflater.unconsumed_tail:
            raise TooLong
    for encoding in ("utf-8", "utf-16") if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8",):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if sum(c.isprintable() or c in "\n\r\t" for c in text) >= 0.95 * len(text):
            return text
    return ""
