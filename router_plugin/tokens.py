"""Text -> terms for the linear text models: words and pairs, where a text begins and ends, parts of words."""

from __future__ import annotations

import itertools
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STEM, LONG_STEM, ENDING = 4, 6, 3  # letters
FEATURE_VERSION = "terms-2"  # part of every model file: change it whenever a function here returns something else

# Scripts written without spaces are taken character by character; pairs of neighbours then give bigrams.
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han, also the three below
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3134F),
)


def is_unspaced(code: int) -> bool:
    """Is this code point of a script that is written without spaces?"""
    return code >= 0x0E00 and any(first <= code <= last for first, last in _UNSPACED)


_HANGUL = ("\uac00", "\ud7a3")  # the first and the last syllable
_FOLD_LIMIT = 30_000  # code points kept, and words; more than any real mix of languages needs


class _Fold(dict[int, str]):
    """Code point -> what it counts as, worked out once each: a table for `str.translate`.

    Letters in lower case without accents, digits as 0, a character of an unspaced script as a word of its own, the
    vowel signs of Indic scripts as they are, everything else a space.
    """

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Mn" and (0x0300 <= code <= 0x036F or 0x064B <= code <= 0x065F):
            folded = ""  # a combining accent or an Arabic vowel mark
        elif category in ("Mn", "Mc"):
            folded = character
        elif category == "Nd":
            folded = "0"
        elif category[0] in "LN":
            parts = unicodedata.normalize("NFKD", character.lower())
            kept = "".join(c for c in parts if c.isalnum() or not 0x0300 <= ord(c) <= 0x036F)
            folded = unicodedata.normalize("NFC", kept).lower()
        else:
            folded = " "
        if is_unspaced(code):
            folded = f" {folded} "
        if len(self) < _FOLD_LIMIT:
            self[code] = folded
        return folded


_FOLD = _Fold()
for _code in range(128):
    _FOLD[_code]  # fills the table
_ASCII = "".join(map(_FOLD.__getitem__, range(128))).encode("ascii").ljust(256)


def tokens(text: str) -> list[str]:
    """The words of a text, folded; one character each in scripts without spaces."""
    if text.isascii():  # most texts are: bytes are folded at a tenth of the cost
        return text.encode("ascii").translate(_ASCII).decode("ascii").split()
    return text.translate(_FOLD).split()


def word_terms(found: list[str]) -> list[str]:
    """Words and pairs of neighbours, and of words that begin in Korean the characters and pairs of these as well.

    Particles and endings are written together with a Korean word, so that most of its forms are rare.
    """
    terms = found + [f"{a} {b}" for a, b in itertools.pairwise(found)]
    if "".join(found).isascii():
        return terms
    syllables = [syllable for word in found if _HANGUL[0] <= word[0] <= _HANGUL[1] for syllable in word]
    return terms + syllables + [f"{a} {b}" for a, b in itertools.pairwise(syllables)]


FIRST, OPENING, LAST = "^", "^^", "$"  # begin terms for a text's first word, its first three, its last one


def edged_terms(found: list[str]) -> list[str]:
    """`word_terms`, and how the text begins and ends: the first word, the first three, the last word.

    A request names what is to be done at either end far more often than amid it. No word holds the signs before these.
    """
    terms = word_terms(found)
    if found:
        terms += (f"{FIRST} {found[0]}", f"{OPENING} {' '.join(found[:3])}", f"{LAST} {found[-1]}")
    return terms


def readable(term: str) -> str:
    """A term for people: one of `edged_terms` says where it stands."""
    sign, _, rest = term.partition(" ")
    place = {FIRST: "begins: ", OPENING: "begins: ", LAST: "ends: "}.get(sign)
    return term if place is None else place + rest


def char_terms(found: list[str]) -> list[str]:
    """Character 4-grams over the words joined by single spaces."""
    joined = f" {' '.join(found)} "
    return [joined[i : i + 4] for i in range(len(joined) - 3)]


def single_terms(found: list[str]) -> list[str]:
    """The words alone."""
    return found


class _Stems(dict[str, tuple[str, ...]]):
    """Word -> its beginnings and its ending; a short word is its own."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        found: tuple[str, ...] = (word,)
        if len(word) > STEM:
            found = (word[:STEM] + "-", "-" + word[-ENDING:])
            found += (word[:LONG_STEM] + "-",) if len(word) > LONG_STEM else ()
        if len(self) < _FOLD_LIMIT:
            self[word] = found
        return found


_STEMS_OF = _Stems()


def stem_terms(found: list[str]) -> list[str]:
    """Beginnings and endings of words: what a word shares with its other forms, at a fraction of 4-grams' number."""
    return list(itertools.chain.from_iterable(map(_STEMS_OF.__getitem__, found)))


TERMS: dict[str, Callable[[list[str]], list[str]]] = {
    "words": word_terms,
    "edged": edged_terms,
    "chars": char_terms,
    "singles": single_terms,
    "stems": stem_terms,
}
