"""Find rules in text: one alternation as the gate, then which rule, then the rule's own check.

RE2 (https://github.com/google/re2) answers in time linear in the text. Where it can't be imported, Python's `re` takes
its place for short texts, and a text that is too long for it raises `TooLong`, which the detector reads as private.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .rule import AFTER, BEFORE, Hit, Rule

try:
    import re2
except ImportError:  # no wheel for this platform, for example musl
    re2 = None

MAX_REPEAT = 1_000  # RE2 refuses larger counted repeats
GATE_MEMORY = 256 << 20  # bytes for the gate's automaton; RE2's default of 8 MiB makes it start over again and again
FALLBACK_CHARACTERS = 20_000
MAX_HITS = 12_000  # matches of the gate in one text that get a closer look
BACK = 160  # bytes before a gate's match where a rule's match may begin
AHEAD = 320  # and after it, where it may end
OVERLAP = 32  # bytes after it in which another gate may end
DIGIT_REACH = 64  # bytes in which a rule that needs a digit looks for one


Harmless = Callable[[Hit], bool]  # a match that doesn't count, whatever its rule


def _nothing(_: Hit) -> bool:
    return False


class TooLong(ValueError):
    """A text is more than this engine looks at closely; it counts as private."""


class BadPattern(ValueError):
    """A pattern that the engine can't compile; the message quotes the engine's reason, not the pattern."""


class Engine:
    """Compiled rules. `scan` yields each rule that holds somewhere in a text, once."""

    def __init__(
        self, rules: Sequence[Rule], *, harmless: Harmless | None = None, use_re2: bool = re2 is not None
    ) -> None:
        self._rules = tuple(rules)
        backend = _Linear if use_re2 else _Backtracking
        self._backend: _Linear | _Backtracking = backend(self._rules, harmless or _nothing)

    def scan(self, text: str) -> Iterator[Rule]:
        """Rules found in `text`. Raises TooLong where a text can't be looked at in bounded time."""
        if not self._rules or not text:
            return iter(())
        return self._backend.scan(text)


class _Linear:
    """The gate finds spots; a set over the gates says which rules to try there; each tries its pattern nearby."""

    def __init__(self, rules: Sequence[Rule], harmless: Harmless) -> None:
        self._rules = rules
        self._harmless = harmless
        self._each = [_compile(rule.pattern, _options(memory=1 << 20)) for rule in rules]
        by_gate: dict[str, list[int]] = {}
        for index, rule in enumerate(rules):
            by_gate.setdefault(rule.gate, []).append(index)
        self._behind = list(by_gate.values())
        options = _options()
        options.never_capture = True
        self._gate = _compile("|".join(f"(?:{gate})" for gate in by_gate), options)
        self._which = re2.Set.SearchSet(options)
        for gate in by_gate:
            self._which.Add(gate)
        self._which.Compile()

    def scan(self, text: str) -> Iterator[Rule]:
        data = text.encode("utf-8", "replace")
        size = len(data)
        done: set[int] = set()
        looked_until = [0] * len(self._rules)
        position = hits = 0
        while match := self._gate.search(data, position):
            hits += 1
            if hits > MAX_HITS:
                raise TooLong
            start, end = match.span()
            # Other gates may begin inside this match and end behind it. A set's `None` means no match or an engine
            # error; the gate has matched here, so it can only be the latter: try everything.
            gates = self._which.Match(data[max(0, start - 2) : end + OVERLAP]) or range(len(self._behind))
            before = after = None
            for gate in gates:
                for index in self._behind[gate]:
                    if index in done or looked_until[index] >= end:
                        continue
                    wanted = self._rules[index].digits
                    if wanted == "after":
                        if after is None:
                            after = _has_digit(data[start : end + DIGIT_REACH])
                        if not after:
                            continue
                    elif wanted == "before":
                        if before is None:
                            before = _has_digit(data[max(0, start - DIGIT_REACH) : start])
                        if not before:
                            continue
                    low, high = max(0, start - BACK), min(size, end + AHEAD)
                    looked_until[index] = end + AHEAD // 2
                    if self._holds(index, data, low, high):
                        done.add(index)
                        yield self._rules[index]
            position = max(end - 1, start + 1)

    def _holds(self, index: int, data: bytes, low: int, high: int) -> bool:
        rule = self._rules[index]
        for match in self._each[index].finditer(data, low, high):
            spans = match._spans
            start, end = spans[0]
            value = spans[1] if len(spans) > 1 and spans[1][0] >= 0 else spans[0]
            hit = Hit(
                value=data[value[0] : value[1]].decode("utf-8", "ignore"),
                whole=data[start:end].decode("utf-8", "ignore"),
                before=data[max(0, value[0] - BEFORE) : value[0]].decode("utf-8", "ignore"),
                after=data[value[1] : value[1] + AFTER].decode("utf-8", "ignore"),
            )
            if not self._harmless(hit) and rule.accepts(hit):
                return True
        return False


def _has_digit(data: bytes) -> bool:
    return len(data.translate(None, b"0123456789")) < len(data)


class _Backtracking:
    def __init__(self, rules: Sequence[Rule], harmless: Harmless) -> None:
        self._harmless = harmless
        self._rules = rules
        self._each = [_compile_re(rule.pattern) for rule in rules]

    def scan(self, text: str) -> Iterator[Rule]:
        if len(text) > FALLBACK_CHARACTERS:
            raise TooLong
        for rule, pattern in zip(self._rules, self._each):
            for match in pattern.finditer(text):
                group = 1 if pattern.groups and match.group(1) is not None else 0
                start, end = match.span(group)
                before, after = text[max(0, start - BEFORE) : start], text[end : end + AFTER]
                hit = Hit(match.group(group), match.group(), before, after)
                if not self._harmless(hit) and rule.accepts(hit):
                    yield rule
                    break


def check_pattern(pattern: str) -> None:
    """Raise BadPattern with the engine's reason where `pattern` can't be used as a rule."""
    if re2 is not None:
        _compile(pattern, _options(memory=1 << 20))
    else:
        _compile_re(pattern)
    if _matches_empty(pattern):
        raise BadPattern("it matches the empty string, and so every request")


def _matches_empty(pattern: str) -> bool:
    return (re2.search(pattern, "") if re2 is not None else re.search(pattern, "")) is not None


def _options(memory: int = GATE_MEMORY) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.log_errors = False
    return options


def _compile(pattern: str, options: Any) -> Any:
    try:
        return re2._Regexp(pattern, options)  # `re2.compile` keeps only the last 128 patterns
    except re2.error as error:
        raise BadPattern(str(error)) from None


def _compile_re(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise BadPattern(str(error)) from None
