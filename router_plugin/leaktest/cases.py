"""Which cases are run: every failure on every surface, streamed and not, and all pairs of everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from router_plugin.fakes import Fault, faults
from router_plugin.leaktest.bodies import BODIES, IMAGE
from router_plugin.leaktest.canary import KINDS, TOPIC
from router_plugin.leaktest.sources import DOES_NOTHING, PINS, SOURCES

SLOW_SECONDS = 5.0  # beyond the time that the dry config gives a local deployment

FAILURES: dict[str, Fault | None] = {
    "none": None,
    "500": faults.STATUS_500,
    "429": faults.STATUS_429,
    "refused": faults.REFUSE,
    "reset": faults.RESET,
    "error-event": faults.ERROR_EVENT_FIRST,
    "cut-early": faults.DIES_BEFORE_CONTENT_RESET,
    "cut-midway": faults.CUT_MIDWAY_RESET,
    "malformed": faults.MALFORMED_FIRST,
    "malformed-midway": faults.MALFORMED_MIDWAY,
    "timeout": faults.slow_first_byte(SLOW_SECONDS),
    "context-window": faults.CONTEXT_WINDOW,
    "content-policy": faults.CONTENT_POLICY,
}
# Topics are looked for where people speak; there, only identifiers are.
WITHOUT_TOPICS = ("tool",)
# Failures that LiteLLM has a kind of fallback of its own for.
ANSWERED_BY = {"context-window": "context-window", "content-policy": "content-policy"}
REFUSED = "refused"  # a whole server refuses, so such cases run apart
FORMS = tuple(
    (surface, stream) for surface in BODIES for stream in (False, True) if not (stream and surface == "embeddings")
)
ROWS = 5  # cases for each failure and form, in the full selection
SLOW_ROWS = 2


@dataclass(frozen=True)
class Case:
    """One request of the matrix."""

    failure: str
    surface: str
    stream: bool
    source: str
    pin: str
    place: str
    kind: str  # of private text

    def __str__(self) -> str:
        form = f"{self.surface}{' stream' if self.stream else ''}"
        return f"{form}, local {self.failure}, {self.source}, {self.pin}, private {self.kind} in {self.place}"


Pair = tuple[tuple[str, object], tuple[str, object]]


def pairs(case: Case) -> Iterator[Pair]:
    """All pairs of values that a case covers; surface and stream count as one."""
    values: list[tuple[str, object]] = [
        ("failure", case.failure),
        ("form", (case.surface, case.stream)),
        ("source", case.source),
        ("pin", case.pin),
        ("place", case.place),
        ("kind", case.kind),
    ]
    return combinations(values, 2)


def select(*, quick: bool, kinds: Sequence[str] = tuple(KINDS), pictures: bool = True) -> list[Case]:
    """The cases, always the same ones for the same arguments.

    Each failure meets each surface, streamed and not; in the full selection first with LiteLLM's own way to fall back,
    then with four others. That one also covers every possible pair of failure, form, source, pin, place and kind.
    `pictures=False` where the operator lets pictures leave unread.
    """
    chooser = _Chooser(kinds, pictures)
    for row in range(1 if quick else ROWS):
        for failure in FAILURES:
            source = ANSWERED_BY.get(failure, "" if quick else DOES_NOTHING)
            fixed = {"source": source, "pin": "auto"} if row == 0 and source else {}
            if failure == "timeout" and row >= SLOW_ROWS:
                continue
            for form in FORMS:
                chooser.add(failure, form, **fixed)
    if not quick:
        chooser.fill()
    return chooser.cases


class _Chooser:
    """Picks, value by value, what covers most pairs that no case has covered yet; then what was used least."""

    def __init__(self, kinds: Sequence[str], pictures: bool) -> None:
        self.cases: list[Case] = []
        self._kinds = tuple(kinds)
        self._pictures = pictures
        self._covered: set[Pair] = set()
        self._used: Counter[tuple[str, object]] = Counter()

    def add(self, failure: str, form: tuple[str, bool], **fixed: str) -> None:
        surface, stream = form
        chosen: dict[str, object] = {"failure": failure, "form": form, **fixed}
        for name in ("source", "pin", "place", "kind"):
            if name not in chosen:
                values = self._options(name, surface, chosen)
                chosen[name] = min(values, key=lambda value: self._cost(name, value, chosen))
        case = Case(failure, surface, stream, *(str(chosen[name]) for name in ("source", "pin", "place", "kind")))
        self.cases.append(case)
        self._covered.update(pairs(case))
        self._used.update(chosen.items())

    def fill(self) -> None:
        """Add a case for each possible pair that is still missing."""
        for failure in FAILURES:
            for source in SOURCES:
                if (("failure", failure), ("source", source)) not in self._covered:
                    self.add(failure, self._idle_form(), source=source)
        for form in FORMS:
            for name, values in (("source", SOURCES), ("pin", PINS), ("place", self._places(form[0]))):
                for value in values:
                    if (("form", form), (name, value)) not in self._covered:
                        self.add(self._idle_failure(), form, **{name: value})
        for source in SOURCES:
            for name, options in (("pin", PINS), ("place", self._places("chat")), ("kind", self._kinds)):
                for value in options:
                    if (("source", source), (name, value)) not in self._covered:
                        self.add(self._idle_failure(), ("chat", False), source=source, **{name: value})

    def _options(self, name: str, surface: str, chosen: dict[str, object]) -> Iterable[str]:
        if name == "place":
            return [p for p in self._places(surface) if chosen.get("kind") != TOPIC or p not in WITHOUT_TOPICS]
        if name == "kind":
            return [kind for kind in self._kinds if kind != TOPIC or chosen["place"] not in WITHOUT_TOPICS]
        return SOURCES if name == "source" else PINS

    def _places(self, surface: str) -> list[str]:
        return [place for place in BODIES[surface] if self._pictures or place != IMAGE]

    def _idle_form(self) -> tuple[str, bool]:
        return min(FORMS, key=lambda form: self._used["form", form])

    def _idle_failure(self) -> str:
        quick = [failure for failure in FAILURES if failure != "timeout"]
        return min(quick, key=lambda failure: self._used["failure", failure])

    def _cost(self, name: str, value: str, chosen: dict[str, object]) -> tuple[int, int]:
        order = ("failure", "form", "source", "pin", "place", "kind")
        new = 0
        for other, theirs in chosen.items():
            pair = sorted(((name, value), (other, theirs)), key=lambda item: order.index(item[0]))
            new += (pair[0], pair[1]) not in self._covered
        return -new, self._used[name, value]
