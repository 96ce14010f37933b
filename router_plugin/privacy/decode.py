"""Read what is encoded: base64 (wrapped, doubled, gzip in it), base32, hex, percent, entities, escapes, spelled digits."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

import base64
import binascii
import html
import re
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from .engine import TooLong
from .linear import finder, runner

MAX_DEPTH = 3
MAX_INFLATED = 1 << 18  # bytes that one compressed run may give
MAX_RUNS = 4_000  # encoded runs in one text

_WORDS = {"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "null": "0", "eins": "1", "zwei": "2", "drei": "3", "vier": "4", "sechs": "6", "sieben": "7", "fünf": "5", "acht": "8", "neun": "9", "zéro": "0", "un": "1", "deux": "2", "trois": "3", "quatre": "4", "cinq": "5", "sept": "7", "huit": "8", "neuf": "9", "cero": "0", "uno": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6", "siete": "7", "ocho": "8", "nueve": "9", "due": "2", "tre": "3", "quattro": "4", "cinque": "5", "sei": "6", "sette": "7", "otto": "8", "nove": "9"}  # fmt: skip
_BASE64 = r"(?:[A-Za-z0-9+/_-]{16}|[A-Za-z0-9+/_-]{10,15}={1,2})"
# In base64 of ASCII text every fourth character is one of these, because the top bit of each third byte is 0.
_ASCII_HEADS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
_LINE, _OVERLAP = 20_000, 400  # characters
_LONG_RUN = 40  # bytes; a longer run is decoded whatever it looks like
# Pairs of hex digits that may be UTF-8 text; what follows may be anything.
_PAIR = "(?:[2-9A-Fa-f][0-9A-Fa-f]|0[09ADad])"
_HEX = rf"{_PAIR}(?:[\s:,-]{{0,2}}(?:0x|\\x)?{_PAIR}){{8}}"
_PERCENT = r"%[0-9A-Fa-f]{2}"
_ENTITY = r"&(?:#[0-9]|#[xX]|[a-zA-Z]{2,8};)"
_ESCAPE = r"\\(?:u[0-9A-Fa-f{]|x[0-9A-Fa-f]|[0-7]{3}|[nrt]|[!-/:-@\[-`{-~])"  # Markdown escapes any sign
# Bytes as JSON has them of a buffer: printable ASCII and blanks, in decimal.
_BYTE = r"(?:9|10|13|3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6])"
_BYTES = rf"{_BYTE}(?:\s?,\s?{_BYTE}){{7}}"
# Marks of a terminal, of HTML and of Markdown between digits.
_MARK = r"\x1b\[[0-9;]*m|[0-9] ?</?[a-zA-Z][^<>\n]{0,80}>|>[0-9]|(?:\*\*|__)[0-9]|[0-9](?:\*\*|__)"
_SPELLED = rf"(?i:(?:{'|'.join(_WORDS)})(?:[\s,.-]{{1,3}}(?:{'|'.join(_WORDS)})){{5,}})"

_any = finder("|".join(f"(?:{p})" for p in (_BASE64, _HEX, _PERCENT, _ENTITY, _ESCAPE, _SPELLED, _BYTES, _MARK)))
_next_base64, _next_hex, _next_spelled = finder(_BASE64), finder(_HEX), finder(_SPELLED)
_next_base32 = finder(r"\b[A-P][A-Z2-7]{14}")  # the top bit of ASCII is 0: A to P
_base32_run = runner(r"[A-Z2-7]+={0,6}")
_next_bytes, _next_mark = finder(_BYTES), finder(_MARK)
_bytes_run = runner(rf"{_BYTE}(?:\s?,\s?{_BYTE})*")
_MARKS = re.compile(r"\x1b\[[0-9;]*m|</?[a-zA-Z][^<>\n]{0,80}>|\*\*|__")
_base64_run = runner(r"[A-Za-z0-9+/_-]+={0,2}(?:[ \t>]*(?:\\r)?(?:\r?\n|\\n)[ \t>]*[A-Za-z0-9+/_-]{2,}={0,2})*")
_MIXED = re.compile(rb"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=[^0-9]*[0-9])|H4sI")
_hex_run = runner(r"[0-9A-Fa-f]{2}(?:[\s:,-]{0,2}(?:0x|\\x)?[0-9A-Fa-f]{2})*")
_ESCAPED = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([0-7]{3})|([nrtbf]|[!-/:-@\[-`{-~]))"
)
_FIRST = re.compile(rb"[\s>]+|\\[nr]")
_PERCENTED = re.compile(_PERCENT)
_NUL_ENTITY = re.compile(r"&#(?:x?0+);", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "", "f": "\n"}  # any other sign stands for itself


def decoded(text: str, depth: int = MAX_DEPTH) -> Iterator[str]:
    """Readings of what is encoded in `text`, `depth` layers deep; nothing for plain text.

    Raises TooLong for more than MAX_RUNS runs, or compressed data that expands beyond MAX_INFLATED bytes.
    """
    if depth <= 0:
        return
    for reading in _readings(text):
        yield reading
        yield from decoded(reading, depth - 1)


def _readings(text: str) -> Iterator[str]:
    if "\u202e" in text:
        yield text[::-1]
    data = text.encode("utf-8", "replace")
    if _any(data, 0) is None:
        return
    marked = (
        line[start : start + _LINE + _OVERLAP]  # in pieces, so that other threads get their turn in a long line
        for line in text.split("\n")
        if "%" in line or "&" in line or "\\" in line
        for start in range(0, len(line), _LINE)
    )
    plain = "\n".join(unquoted for line in marked for unquoted in _unquoted(line))
    if plain:
        yield plain
    yield from (
        *_runs(data, _next_base64, _base64_run, _from_base64),
        *_runs(data, _next_base32, _base32_run, _from_base32),
        *_runs(data, _next_hex, _hex_run, _from_hex),
        *_runs(data, _next_bytes, _bytes_run, _from_bytes),
    )
    if _next_mark(data, 0):
        yield "\n".join(_MARKS.sub("", line) for line in text.split("\n") if _MARKS.search(line))
    spelled = _next_spelled(data, 0)
    if spelled:
        words = re.findall(r"[^\W\d_]+", data[spelled[0] : spelled[1]].decode("utf-8", "ignore").lower())
        before = data[max(0, spelled[0] - 60) : spelled[0]].decode("utf-8", "ignore")
        yield before + "".join(_WORDS.get(word, "") for word in words)


def _unquoted(line: str) -> Iterator[str]:
    """The line without percent, entity and backslash escapes, where it has any."""
    plain = line
    if "%" in plain and _PERCENTED.search(plain):
        plain = unquote(plain, errors="replace")
    if "&" in plain:
        plain = html.unescape(_NUL_ENTITY.sub("", plain))
    if "\\" in plain:
        plain = _ESCAPED.sub(_unescape, plain)
        if _SURROGATE.search(plain):  # JSON writes a character beyond U+FFFF as two
            plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if plain != line:
        yield plain


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else ""
    if match.group(4):
        return chr(int(match.group(4), 8))
    return _LETTERS.get(match.group(5), match.group(5))


def _runs(
    data: bytes,
    following: Callable[[bytes, int], tuple[int, int] | None],
    run: Callable[[bytes, int], int],
    read: Callable[[bytes], str],
) -> Iterator[str]:
    position = count = 0
    while span := following(data, position):
        count += 1
        if count > MAX_RUNS + len(data) // 50:
            raise TooLong
        end = run(data, span[0])
        position = max(span[1], end)
        if found := read(data[span[0] : end]):
            yield found


def _from_base64(run: bytes) -> str:
    """The text in a run, or in its first line where words follow that are not part of it."""
    compact = run.replace(b"\\n", b"").replace(b"\\r", b"").translate(None, b"> \t\r\n\f\v")
    if len(compact) < _LONG_RUN and compact[::4].strip(_ASCII_HEADS) and not _MIXED.match(compact):
        return ""  # an identifier or a path
    return _base64(compact) or (_base64(_FIRST.split(run, 1)[0]) if len(compact) < len(run) else "")


def _base64(compact: bytes) -> str:
    compact = compact.replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
    compact = compact[:-1] if len(compact) % 4 == 1 else compact
    try:
        return _text(base64.b64decode(compact + b"=" * (-len(compact) % 4)))
    except (binascii.Error, ValueError):
        return ""


def _from_base32(run: bytes) -> str:
    whole = run.rstrip(b"=")
    try:
        return _text(base64.b32decode(whole + b"=" * (-len(whole) % 8)))
    except binascii.Error:
        return ""  # no number of letters that whole bytes give


def _from_hex(run: bytes) -> str:
    compact = run.replace(b"0x", b"").translate(None, b"\\x \t\n\r\f\v:,-")
    return _text(bytes.fromhex(compact[: len(compact) // 2 * 2].decode("ascii")))


def _from_bytes(run: bytes) -> str:
    return _text(bytes(map(int, run.split(b","))))


def _text(data: bytes) -> str:
    """`data` as text where it reads as text, after inflating gzip and zlib; else nothing."""
    if data[:2] == b"\x1f\x8b" or (data[:1] == b"\x78" and data[1:2] in {b"\x01", b"\x5e", b"\x9c", b"\xda"}):
        inflater = zlib.decompressobj(47)
        try:
            data = inflater.decompress(data, MAX_INFLATED)
        except zlib.error:
            return ""
        if inflater.unconsumed_tail:
            raise TooLong
    # Invisible characters and NUL are what hides things in a text; other controls and broken UTF-8 are no text.
    head = data[:256].decode("utf-8", "replace")
    if sum(c == "\ufffd" or ("\x00" < c < "\x20" and c not in "\n\r\t") for c in head) > 0.1 * len(head):
        return ""
    return data.decode("utf-8", "replace")
