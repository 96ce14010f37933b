"""Gates by shape, shared by rules that need no word beside them."""

from __future__ import annotations

NUMBER = r"[0-9](?:[ .\-/()]{0,3}[0-9]){6}"  # seven digits, however they are grouped
NO_LETTER = r"(?:^|[^a-zA-Z0-9])"


def word(words: str) -> str:
    """A gate for words in any case, at the start of a word."""
    return rf"(?i:{NO_LETTER}(?:{words}))"
