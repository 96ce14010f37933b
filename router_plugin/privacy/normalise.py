"""Undo what hides an identifier from a pattern but not from a reader: see `fold`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .linear import finder

# Letters of other scripts that look like a Latin one, from Unicode's confusables data
# (https://www.unicode.org/Public/security/latest/confusables.txt), the everyday subset: Cyrillic, Greek, Armenian.
_LOOKALIKES: dict[int, int] = str.maketrans(
    "АВЕКМНОРСТУХЅІЈԚԜаеорсухѕіјԛԝһկոսΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονριϳɑɡıᴀᴄᴇᴏѡԁӏ",
    "ABEKMHOPCTYXSIJQWaeopcyxsijqwhknuABEZHIKMNOPTYXaovpijagiaceowdl",
)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－⁃˗➖"), "-")
_SPACES = dict.fromkeys(
    map(ord, "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " "
)
_QUOTES = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2024: ".", 0x2044: "/", 0x2215: "/"}
_MAP: dict[int, int | str] = {**_LOOKALIKES, **_DASHES, **_SPACES, **_QUOTES}
_CONTROLS = bytes(c for c in range(32) if c not in b"\n\r\t") + b"\x7f"
_TAG_FIRST, _TAG_LAST = 0xE0020, 0xE007E  # tag characters mirror printable ASCII


# Letters and punctuation that are what they look like: nothing to undo in a line of only these.
_ORDINARY = (
    "\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b9\u00bb-\u024f\u0370-\u0373\u0376-\u03ff\u0400-\u0482\u048a-\u058f"
    "\u05d0-\u05ea\u0620-\u064a\u0904-\u0939\u0e01-\u0e3a\u2010-\u2015\u2018-\u201f\u2022\u2026\u2032\u2033\u20a0-\u20bf\u2190-\u22ff\u2500-\u2775\ue000-\uf8ff\U0001f300-\U0001faff"
    "\u3001-\u3029\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01\uff0c\uff1a\uff1b\uff1f"
)
_GREEK_TO_ARMENIAN = "[\u0370-\u058f]"
_DASH = "[\u2010-\u2015\u2212]"
_LETTER_DASH = "[\u2010-\u2013\u2015\u2212]"  # not the one that stands between words
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_next_odd = finder(
    rf"[^\x00-\x7f{_ORDINARY}]|[A-Za-z0-9]{_GREEK_TO_ARMENIAN}|{_GREEK_TO_ARMENIAN}[A-Za-z0-9]|[0-9] ?{_DASH} ?[0-9]"
    rf"|[A-Za-z0-9_]{_LETTER_DASH}[A-Za-z0-9_]|{_CONTROL}"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PIECE = 20_000  # characters
_AROUND = 240  # bytes around something odd that are folded with it


def fold(text: str) -> str:
    """The parts of `text` that hide something, as a reader sees them, in plain characters; "" where none does.

    Invisible characters (format, control, combining marks, lone surrogates, variation selectors) go; full-width,
    mathematical and circled letters, digits of every script, look-alike letters, tag characters, dashes and spaces
    become ASCII.
    """
    if text.isascii():
        data = text.encode("ascii")
        plain = data.translate(None, _CONTROLS)
        return "" if len(plain) == len(data) else plain.decode("ascii")
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:  # lone surrogates
        paired = _SURROGATE.sub("", text)
        return fold(paired) or paired
    parts: list[str] = []
    position = start = end = 0
    while span := _next_odd(data, position):
        if span[0] - _AROUND > end:
            if end:
                parts.append(_folded(data[start:end].decode("utf-8", "ignore")))
            start = max(0, span[0] - _AROUND)
        end = min(len(data), span[1] + _AROUND)
        position = max(span[1], end - _AROUND // 2)  # what is odd up to here is inside already
    if end:
        parts.append(_folded(data[start:end].decode("utf-8", "ignore")))
    return "\n".join(parts)


def _folded(text: str) -> str:
    """Piece by piece, so that other threads get their turn in a long text."""
    return "".join(_folded_piece(text[start : start + _PIECE]) for start in range(0, len(text), _PIECE))


def _folded_piece(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    odd = {character for character in set(decomposed) if character > "\x7e" or character < " "}
    return decomposed.translate({ord(character): _plain(character) for character in odd})


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    code = ord(character)
    if character in "\n\t\r":
        return character
    if _TAG_FIRST <= code <= _TAG_LAST:
        return chr(code - 0xE0000)
    plain = _MAP.get(code)
    if plain is not None:
        return plain if isinstance(plain, str) else chr(plain)
    category = unicodedata.category(character)
    if category in {"Mn", "Me", "Cf", "Cc", "Cs"}:
        return ""
    if category == "Zs":
        return " "
    digit = unicodedata.decimal(character, None)
    if digit is None:
        digit = unicodedata.digit(character, None)
    return character if digit is None else str(digit)
