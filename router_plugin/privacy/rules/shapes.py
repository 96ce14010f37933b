"""Gates that many rules share in form. The engine merges all words into one tree, and all prefixes into another."""

from __future__ import annotations

import re
from collections.abc import Iterable

NO_LETTER = r"(?:^|[^a-zA-Z0-9])"
LONG = r"[0-9](?:[ .\-/_]{0,2}[0-9]){11}"  # twelve digits, however they are grouped
_WORD = (rf"(?i:{NO_LETTER}(?:", r")(?:$|[^a-zA-Z]|s[^a-zA-Z]|n[ou]|id|nr|code))")
_CLASS_OR_BLANK = re.compile(r"\[[^\]]*\]|( )\??")
_PREFIX = (r"(?:(?:^|[^A-Za-z0-9_])(?:", r"))")


def word(words: str) -> str:
    """A gate for words in any case, whole or with "number", "no" or "id" grown on."""
    return words.join(_WORD)


def as_keys(words: str) -> str:
    """`words` so that a blank in them may also be missing, "_" or "-", as in dateOfBirth and date_of_birth."""
    return _CLASS_OR_BLANK.sub(lambda found: "[ _-]?" if found[1] else found[0], words)


def prefix(prefixes: str) -> str:
    """A gate for what a token starts with."""
    return prefixes.join(_PREFIX)


def merged(gates: Iterable[str]) -> str:
    """One alternation of `gates`; gates of the same form share it, so that an automaton reads them as one tree."""
    words: list[str] = []
    prefixes: list[str] = []
    others: list[str] = []
    for gate in gates:
        for (head, tail), pile in ((_WORD, words), (_PREFIX, prefixes)):
            if gate.startswith(head) and gate.endswith(tail):
                pile.append(gate[len(head) : -len(tail)])
                break
        else:
            others.append(f"(?:{gate})")
    if words:
        others.append(word("|".join(words)))
    if prefixes:
        others.append(prefix("|".join(prefixes)))
    return "|".join(others)


def is_word(gate: str) -> bool:
    """Whether `gate` comes from `word` or `prefix`: letters without counted repeats."""
    return gate.startswith((_WORD[0], _PREFIX[0]))
