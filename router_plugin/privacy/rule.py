"""A rule: a name, a pattern, and what else must hold before a match counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from .linear import Test, tester

BEFORE = 72  # characters of context that a rule sees before its match
AFTER = 48  # and after it


@dataclass(frozen=True)
class Hit:
    """One match. `value` is the pattern's first group, or the whole match where it has none; the rest surrounds it."""

    value: str
    whole: str
    before: str
    after: str

    def __repr__(self) -> str:
        return f"Hit({len(self.value)} characters)"


Check = Callable[[Hit], bool]


@dataclass(frozen=True)
class Rule:
    """`pattern` is RE2 syntax that Python's `re` reads alike: no look-around, no repeat above 1,000, no ``\\p``.

    `gate` is a short pattern that is part of every match, or stands right before or after it: a prefix, a word, a
    shape of digits. It must be cheap for an automaton (no long counted repeats, no gaps) and may match too often.
    `digits` says where a digit must stand for a gate's match to be worth a look: "after" it, "before" it, "around"
    it, or "" where a match needs none.
    `check` sees the match and its surroundings. `near` is a pattern that must occur beside the match, `unless` one
    that must not. `strong`: recognisable without any context, so it is also looked for in text that was put together
    from pieces (lines, parts, neighbouring messages). `again`: a match that isn't one may hide one that begins inside.
    """

    name: str
    pattern: str
    gate: str
    digits: str = "around"
    check: Check | None = None
    near: str = ""
    unless: str = ""
    strong: bool = False
    again: bool = False

    @cached_property
    def _near(self) -> Test:
        return tester(self.near)

    @cached_property
    def _unless(self) -> Test:
        return tester(self.unless)

    @property
    def family(self) -> str:
        """The part of the name before the first dot."""
        return self.name.partition(".")[0]

    def accepts(self, hit: Hit) -> bool:
        """Whether a match of the pattern is a finding."""
        if self.near and not self._near(f"{hit.before}{hit.whole}\n{hit.after}"):
            return False
        if self.unless and self._unless(f"{hit.before}{hit.whole}\n{hit.after}"):
            return False
        return self.check is None or self.check(hit)


def on_value(test: Callable[[str], bool]) -> Check:
    """A check that looks at the value alone."""
    return lambda hit: test(hit.value)


def all_of(*checks: Check) -> Check:
    """A check that holds where all of `checks` hold."""
    return lambda hit: all(check(hit) for check in checks)
