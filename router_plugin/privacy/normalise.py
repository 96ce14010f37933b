"""Undo what hides an identifier from a pattern but not from a reader: see `fold`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters of other scripts that look like a Latin one, from Unicode's confusables data
# (https://www.unicode.org/Public/security/latest/confusables.txt), the everyday subset: Cyrillic, Greek, Armenian.
_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХЅІЈԚԜаеорсухѕіјԛԝһկոսΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονριϳɑɡıᴀᴄᴇᴏѡԁӏ",
    "ABEKMHOPCTYXSIJQWaeopcyxsijqwhknuABEZHIKMNOPTYXaovpijagiaceowdl",
)
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－⁃˗➖"), "-")
_SPACES = dict.fromkeys(map(ord, "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"), " ")
_QUOTES = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2024: ".", 0x2044: "/", 0x2215: "/"}
_MAP = {**_LOOKALIKES, **_DASHES, **_SPACES, **_QUOTES}
_ASCII_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TAG_FIRST, _TAG_LAST = 0xE0020, 0xE007E  # tag characters mirror printable ASCII


def fold(text: str) -> str:
    """`text` as a reader sees it, in plain characters; the same string where there is nothing to undo.

    Invisible characters (format, control, combining marks, lone surrogates, variation selectors) go; full-width,
    mathematical and circled letters, digits of every script, look-alike letters, tag characters, dashes and spaces
    become ASCII.
    """
    if text.isascii():
        return _ASCII_CONTROLS.sub("", text)
    decomposed = unicodedata.normalize("NFKD", text)
    odd = {character for character in set(decomposed) if character > "\x7f" or character < " "}
    return decomposed.translate({ord(character): _plain(character) for character in odd})


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    code = ord(character)
    if character in "\n\t\r":
        return character
    if _TAG_FIRST <= code <= _TAG_LAST:
        return chr(code - 0xE0000)
    if code in _MAP:
        return _MAP[code]
    category = unicodedata.category(character)
    if category in {"Mn", "Me", "Cf", "Cc", "Cs"}:
        return ""
    if category == "Zs":
        return " "
    digit = unicodedata.decimal(character, None)
    if digit is None:
        digit = unicodedata.digit(character, None)
    return character if digit is None else str(digit)
