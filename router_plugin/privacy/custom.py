"""An operator's own words and patterns as rules."""

from __future__ import annotations

import re

from .rule import Rule
from .settings import PrivacySettings


def rules(settings: PrivacySettings) -> tuple[Rule, ...]:
    """One rule for each word ("custom.word_1", in the order given) and each pattern ("custom.<name>")."""
    words = (
        Rule(f"custom.word_{number}", _word(word), _word(word), digits="", strong=True)
        for number, word in enumerate(settings.words, start=1)
    )
    patterns = (
        Rule(f"custom.{name}", pattern, pattern, digits="", strong=True) for name, pattern in settings.patterns.items()
    )
    return (*words, *patterns)


def _word(word: str) -> str:
    """The word or phrase in any case, with any blanks between its parts, not inside a longer word."""
    parts = [re.escape(part) for part in word.split()]
    head = r"\b" if word.strip()[0].isascii() and word.strip()[0].isalnum() else ""
    tail = r"\b" if word.strip()[-1].isascii() and word.strip()[-1].isalnum() else ""
    return "(?i)" + head + r"\s{1,4}".join(parts) + tail
