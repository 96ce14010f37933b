"""Find rules in text: one alternation as the gate, then which rule, then the rule's own check.

RE2 (https://github.com/google/re2) answers in time linear in the text. Where it can't be imported, Python's `re` takes
its place for short texts, and a text that is too long for it raises `TooLong`, which the detector reads as private.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

from .linear import NOWHERE, Spans, spans
from .rule import AFTER, BEFORE, Hit, Rule
from .rules.shapes import merged

try:
    import re2
except ImportError:  # no wheel for this platform, for example musl
    re2 = None

GATE_MEMORY = 256 << 20  # bytes for the gate's automaton; RE2's default of 8 MiB makes it start over again and again
FALLBACK_CHARACTERS = 20_000
# Bounds on the work for one text: a base, and a share for each byte. Prose and code use half of it.
HITS, BYTES_A_HIT = 2_000, 160  # matches of a gate
CHECKS, BYTES_A_CHECK = 1_000, 400  # patterns that are tried there, and matches of these
NEVER = r"[^\x00-\x{10FFFF}]"
BACK = 160  # bytes before a gate's match where a rule's match may begin
AHEAD = 320  # and after it, where it may end
OVERLAP = 40  # bytes after it in which another gate that begins alike may end
_GROUP = re.compile("[0-9A-Za-z]+")
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
        self._harmless = harmless or _nothing
        self._backend: _Linear | _Backtracking = _linear(self._rules) if use_re2 else _Backtracking(self._rules)

    def check_length(self, text: str) -> None:
        """Raise TooLong for a text that this engine won't read, before anything else is done with it."""
        if isinstance(self._backend, _Backtracking) and len(text) > FALLBACK_CHARACTERS:
            raise TooLong

    def scan(self, text: str) -> Iterator[Rule]:
        """Rules found in `text`. Raises TooLong where a text can't be looked at in bounded time."""
        if not self._rules or not text:
            return iter(())
        return self._backend.scan(text, self._harmless)

    def locate(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Every place where a rule holds in `text`: start and end in characters, and the rule's name.

        Slower than `scan`, since each pattern reads the whole text. Raises TooLong as it does.
        """
        self.check_length(text)
        data = text.encode("utf-8", "replace")
        for rule, start, end in self._backend.places(data, self._harmless):
            yield len(data[:start].decode("utf-8", "ignore")), len(data[:end].decode("utf-8", "ignore")), rule.name


class _Gates:
    """The gates of some rules: one alternation to find spots, and a set that says which gates match at a spot."""

    def __init__(self, rules: Sequence[Rule], indexes: Sequence[int]) -> None:
        by_gate: dict[str, list[int]] = {}
        for index in indexes:
            by_gate.setdefault(rules[index].gate, []).append(index)
        self._behind = list(by_gate.values())  # rule indexes for each gate
        options = _options()
        options.never_capture = True
        self.search = _compile(merged(by_gate) or NEVER, options)
        self._at = re2.Set.MatchSet(options)
        for gate in by_gate:
            self._at.Add(gate)
        self._at.Compile()

    def rules_at(self, data: bytes) -> Iterator[int]:
        """Rules of the gates that match at the start of `data`.

        A set's `None` means no match or an engine error. The alternation has matched here, so it can only be the
        latter: then every rule.
        """
        for gate in self._at.Match(data) or range(len(self._behind)):
            yield from self._behind[gate]


class _Linear:
    """Gates find spots and say which rules to try there; each of those tries its pattern around the spot."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._gates = _Gates(rules, range(len(rules)))
        self._plain = _Gates(rules, [i for i, rule in enumerate(rules) if not rule.digits])

    def scan(self, text: str, harmless: Harmless) -> Iterator[Rule]:
        data = text.encode("utf-8", "replace")
        gates = self._gates if _has_digit(data) else self._plain
        done: set[int] = set()
        tried: dict[int, int] = {}  # rule -> where a gate's match must end to be worth another try
        position = 0
        hits = HITS + len(data) // BYTES_A_HIT
        budget = [CHECKS + len(data) // BYTES_A_CHECK]
        while True:
            start, end = gates.search(data, position, len(data))[0]
            if start < 0:
                return
            position = start + 1
            after = _has_digit(data[start : end + DIGIT_REACH])
            before = _has_digit(data[max(0, start - DIGIT_REACH) : start])
            hits -= 1
            for index in gates.rules_at(data[start : end + OVERLAP]):
                if index in done or tried.get(index, 0) >= end or not self._digits_fit(index, before, after):
                    continue
                tried[index] = end + AHEAD // 2
                window = (max(0, start - BACK), min(len(data), end + AHEAD))
                if self._holds(index, data, window, budget, harmless):
                    done.add(index)
                    yield self._rules[index]
            if hits < 0 or budget[0] < 0:
                raise TooLong

    def places(self, data: bytes, harmless: Harmless) -> Iterator[tuple[Rule, int, int]]:
        for rule in self._rules:
            search, position = _search(rule.pattern), 0
            while (found := search(data, position, len(data)))[0] != NOWHERE:
                whole = found[0]
                start, end = found[1] if len(found) > 1 and found[1] != NOWHERE else whole
                position = max(whole[1], whole[0] + 1)
                hit = _hit(data, whole, start, end)
                if not harmless(hit) and rule.accepts(hit):
                    yield rule, start, end
                elif rule.again:
                    position = start + _first_group(hit.value)

    def _digits_fit(self, index: int, before: bool, after: bool) -> bool:
        wanted = self._rules[index].digits
        if not wanted:
            return True
        return after if wanted == "after" else before if wanted == "before" else after or before

    def _holds(self, index: int, data: bytes, window: tuple[int, int], budget: list[int], harmless: Harmless) -> bool:
        """Does a rule hold in a window? Where it looks again inside a match, that isn't counted: a window is short."""
        rule = self._rules[index]
        budget[0] -= 1
        search, (position, stop) = _search(rule.pattern), window
        counted = position
        while (found := search(data, position, stop))[0] != NOWHERE:
            whole = found[0]
            start, end = found[1] if len(found) > 1 and found[1] != NOWHERE else whole
            hit = _hit(data, whole, start, end)
            if not harmless(hit) and rule.accepts(hit):
                return True
            if whole[0] >= counted:
                budget[0] -= 1
                counted = max(whole[1], whole[0] + 1)
            position = start + _first_group(hit.value) if rule.again else max(whole[1], whole[0] + 1)
        return False


def _first_group(value: str) -> int:
    """Bytes of the letters and digits that a match begins with: where the next one may begin."""
    found = _GROUP.match(value)
    return found.end() if found else 1


def _hit(data: bytes, whole: tuple[int, int], start: int, end: int) -> Hit:
    return Hit(
        value=data[start:end].decode("utf-8", "ignore"),
        whole=data[whole[0] : whole[1]].decode("utf-8", "ignore"),
        before=data[max(0, start - BEFORE) : start].decode("utf-8", "ignore"),
        after=data[end : end + AFTER].decode("utf-8", "ignore"),
    )


@lru_cache(maxsize=16)
def _linear(rules: tuple[Rule, ...]) -> _Linear:
    """Compiled rules are shared: they hold automata that grow with use, but no text."""
    return _Linear(rules)


@cache
def _search(pattern: str) -> Callable[[bytes, int, int], Spans]:
    """A rule's pattern, compiled when a gate first asks for it: that takes some .2 ms, and most are never asked for.

    All of them with their automata take 7 MB; only `places` needs all.
    """
    return _compile(pattern, _options(memory=4 << 20))


def _has_digit(data: bytes) -> bool:
    return len(data.translate(None, b"0123456789")) < len(data)


class _Backtracking:
    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._each = [_compile_re(rule.pattern) for rule in rules]

    def places(self, data: bytes, harmless: Harmless) -> Iterator[tuple[Rule, int, int]]:
        text = data.decode("utf-8", "ignore")
        for rule, hit, start, end in self._found(text):
            if not harmless(hit) and rule.accepts(hit):
                yield rule, len(text[:start].encode()), len(text[:end].encode())

    def scan(self, text: str, harmless: Harmless) -> Iterator[Rule]:
        if len(text) > FALLBACK_CHARACTERS:
            raise TooLong
        done: set[str] = set()
        for rule, hit, _, _ in self._found(text):
            if rule.name not in done and not harmless(hit) and rule.accepts(hit):
                done.add(rule.name)
                yield rule

    def _found(self, text: str) -> Iterator[tuple[Rule, Hit, int, int]]:
        for rule, pattern in zip(self._rules, self._each, strict=False):
            for match in pattern.finditer(text):
                group = 1 if pattern.groups and match.group(1) is not None else 0
                start, end = match.span(group)
                before, after = text[max(0, start - BEFORE) : start], text[end : end + AFTER]
                yield rule, Hit(match.group(group), match.group(), before, after), start, end


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


def _compile(pattern: str, options: Any) -> Callable[[bytes, int, int], Spans]:
    try:
        return spans(pattern, options)  # `re2.compile` keeps only the last 128 patterns
    except re2.error as error:
        raise BadPattern(str(error)) from None


def _compile_re(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern.replace(r"\b", r"(?a:\b)"))  # RE2's word boundary is one of ASCII words
    except re.error as error:
        raise BadPattern(str(error)) from None
