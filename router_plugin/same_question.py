"""Whether two prompts ask the same: the guard behind the semantic cache, since embeddings can't tell 2014 from 2018.

Nearness of vectors takes "import a CSV" and "export a CSV" for one question. So both prompts are brought to a plain
reading, and only equal readings are the same question. A reading keeps every word that can change an answer:
numbers, units, negations, names, identifiers, languages, formats, and their order. It leaves out politeness and
grammar, and puts one word for several of one meaning (`wordings`). What isn't in those tables counts as a difference.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from router_plugin import wordings

QUOTED = re.compile(r'"([^"]*)"|(?<!\w)\'([^\']+)\'(?!\w)')
QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "’": "'", "‘": "'"})
WORD = re.compile(r"(?:[^\W\d_]{2,}-)*[^\W\d_]{2,}(?:'[^\W\d_]*)?|[^\W\d_]{1,2}'[^\W\d_]+(?:-[^\W\d_]+)*|[^\W\d_]")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MAX_CHARS = 2_000  # a longer prompt isn't read: two of one meaning are rare, and reading takes time
PASSES = 2  # politeness first, then what it hid
BEFORE, AFTER = "¿¡", ".,;:?!…"  # the marks of a sentence, at a word's ends
FILLED = "\N{SYMBOL FOR SPACE}"  # stands for a space inside a quotation
CONTRACTED = (
    (re.compile(r"\b(what|who|where|when|how|why|it|that|there|here)'s\b"), r"\1 is"),
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'(re|m)\b"), " are"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'s\b"), ""),  # whose it is; the order of the words still says it
)
HAVING = frozenset({"have", "has", "contain", "contains"})  # "how many bones has", "how many bones are in"
SELF = frozenset({"i", "we", "me", "us"})
MEANING = ["what", "does"]
ASKING = frozenset({"what", "who", "is", "are", "was", "were"})  # "what is in bread" isn't "what is bread"


@dataclass(frozen=True)
class Reading:
    """What a prompt asks: `words` in their order, `loose` wherever they stand. Its repr shows no text."""

    words: tuple[str, ...]
    loose: frozenset[str]

    def __repr__(self) -> str:
        return f"Reading({len(self.words)} words)"


def comparable(a: str, b: str) -> bool:
    """Whether an answer to one prompt answers the other. False wherever that isn't sure."""
    if not (lasting(a) and lasting(b)):
        return False
    first, second = reading(a), reading(b)
    return first is not None and first == second


def lasting(text: str) -> bool:
    """Whether the answer is the same tomorrow: False for what names today, the latest, the weather, what was said."""
    words = _plain_words(text)
    line = f" {' '.join(words)} "
    return not wordings.FLEETING.intersection(words) and not any(f" {p} " in line for p in wordings.FLEETING_PHRASES)


def reading(text: str) -> Reading | None:
    """A prompt's reading, or None where it asks nothing that could be compared. Lines and code are read as they are."""
    if len(text) > MAX_CHARS:
        return None
    if "\n" in text.strip() or "`" in text or "\t" in text:
        return Reading((text.strip(),), frozenset())
    pieces = _active(_shorten(_pieces(unicodedata.normalize("NFC", text).translate(QUOTES))))
    words = _literal(pieces) if wordings.ABOUT_WORDS.intersection(pieces) else _rooted(pieces)
    named = [word for word in words if word.lower() in wordings.LANGUAGES]
    loose = {
        "past",
        *(wordings.LOOSE.intersection(words[: wordings.LOOSE_PLACES])),
        *(named if len(named) == 1 else ()),
    }
    ordered = tuple(word for word in words if word not in loose)
    asked = frozenset(word for word in words if word in loose)
    if len(asked & wordings.LOOSE) > 1:
        asked -= {"what"}  # "explain how", "what is the reason why"
    return Reading(ordered, asked) if ordered or named else None


def _rooted(pieces: list[str]) -> list[str]:
    """The words that count, each as the one that stands for its meaning; as they are where two would become one."""
    kept = _turned(_sifted(pieces))
    words = [_root(piece) for piece in kept]
    return words if len(set(words)) == len(set(kept)) else kept


def _literal(pieces: list[str]) -> list[str]:
    """All words of a prompt that is about words, but the "into" before a language and the "does" of "what does"."""
    return [
        piece
        for place, piece in enumerate(pieces)
        if not (piece in {"in", "into", "to"} and wordings.TONGUES.intersection(pieces[place + 1 : place + 2]))
        and not (piece in {"does", "mean"} and pieces[:2] == MEANING)
    ]


def _sifted(pieces: list[str]) -> list[str]:
    """The words that can change an answer, and "of" for `_turned`."""
    idle = wordings.IDLE.union(*(words for signs, words in wordings.IDLE_ELSEWHERE if signs.intersection(pieces)))
    if "you" not in pieces:
        idle |= SELF | ({"my"} if "how" in pieces else set())
    if "many" in pieces:
        idle |= HAVING
    kept = []
    for place, piece in enumerate(pieces):
        before, after = pieces[place - 1 : place], pieces[place + 1 : place + 2]
        article = piece in {"a", "an"} and wordings.TWO_FACED.intersection(after)
        inside = piece in {"in", "at", "with"} and ASKING.intersection(before) and "many" not in pieces
        if piece not in idle or article or inside or (piece == "do" and not after) or piece == "of":
            kept.append(piece)
    return kept


def _pieces(text: str) -> list[str]:
    """Words in lower case; quotations, numbers and whatever holds other signs as they are."""
    quotations: list[str] = []

    def keep(match: re.Match[str]) -> str:
        quotations.append('"' + (match[1] or match[2] or "").replace(" ", FILLED) + '"')
        return f" {quotations[-1]} "

    found: list[str] = []
    for chunk in QUOTED.sub(keep, text).split():
        if chunk in quotations:
            found.append(chunk)
            continue
        bare = _bare(chunk)
        if not bare:
            continue
        if WORD.fullmatch(bare):
            found += _words(bare, first=not found)
        elif bare.endswith("%") and NUMBER.fullmatch(bare[:-1]):
            found += [bare[:-1], "%"]
        else:
            found.append(bare)
    return found


def _bare(chunk: str) -> str:
    """A chunk without the marks of a sentence. "5!" and "x!" keep theirs, and so do signs alone, but a last "?"."""
    chunk = chunk.lstrip(BEFORE)
    if re.search(r"\w", chunk):
        chunk = chunk.rstrip("?")
    bare = chunk.rstrip(AFTER)
    if not re.search(r"\w", bare):
        return "" if set(chunk) <= {"?", ".", "…"} else chunk
    return chunk if chunk.endswith("!") and not re.search(r"[^\W\d_]{2}$", bare) else bare


def _words(bare: str, *, first: bool) -> list[str]:
    """The words in a chunk of letters, apostrophes and hyphens."""
    low = bare.lower()
    if len(bare) == 1 and bare != "I" and not (first and bare == "A"):
        return [bare]
    if bare.isupper() and len(bare) > 1 and low in wordings.IDLE:
        return [bare]  # "the US" isn't "us"
    if low in wordings.TWO_FACED and bare != low and not first:
        return [bare]
    for pattern, plain in CONTRACTED:
        low = pattern.sub(plain, low)
    parts = re.split(r"['\s-]+", low.strip("'"))
    return [low] if "-" in low and wordings.IDLE.intersection(parts) else parts  # an in-law is no law


def _shorten(pieces: list[str]) -> list[str]:
    """The phrases of the table put for what they come down to."""
    line = f" {wordings.START} {' '.join(pieces)} "
    for _ in range(PASSES):
        for phrase, plain in wordings.PHRASES.items():
            line = line.replace(f" {phrase} ", f" {plain} " if plain else " ")
    return [piece for piece in line.split(" ") if piece and piece != wordings.START]


def _active(pieces: list[str]) -> list[str]:
    """ "How is bread made" and "how can bread be made" as "how make bread"."""
    if pieces[:2] in (["how", "is"], ["how", "are"], ["how", "can"]):
        for place, piece in enumerate(pieces):
            if piece in wordings.DONE and (pieces[1] != "can" or pieces[place - 1] == "be"):
                middle = [word for word in pieces[2:place] if word != "be"]
                return ["how", wordings.DONE[piece], *middle, *pieces[place + 1 :]]
    return pieces


def _turned(pieces: list[str]) -> list[str]:
    """ "The capital of France" as "France capital", so that "France's capital" reads the same."""
    turned: list[str] = []
    waiting = ""
    for place, piece in enumerate(pieces):
        if piece == "of" and turned and not waiting and place + 1 < len(pieces):
            waiting = turned.pop()
            continue
        turned += [piece, waiting] if waiting else [piece]
        waiting = ""
    return turned


def _root(piece: str) -> str:
    """One word for all of its meaning: singular, verb without its ending, the first of its line in the table."""
    word = wordings.DOING.get(piece, piece)
    if word in wordings.SAME:
        return wordings.SAME[word]
    single = _singular(word)
    return wordings.SAME.get(single, single)


def _singular(word: str) -> str:
    if (
        not word.isalpha()
        or len(word) < 4
        or not word.islower()
        or word in wordings.PLURALS
        or word.endswith(("ss", "us", "is", "os"))
    ):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word.removesuffix("s")


def _plain_words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", text).lower())
