"""scan(conversation) -> Verdict: the detector."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from router_plugin.request import Conversation, Origin, Segment
from router_plugin.textmodel import TextModel

from . import custom, second_reader
from .decode import decoded
from .engine import Engine, TooLong
from .memory import Memory
from .normalise import fold
from .rule import Hit, Rule
from .rules import RULES
from .rules.shapes import LONG
from .settings import PrivacySettings
from .splits import Border, borders, few_numbers, joined
from .tables import headed
from .topics import Topics, load
from .verdict import Finding, Judgement, Verdict

# Schemas and settings describe; they don't tell of anyone. Rules still read them.
_WITHOUT_TOPICS = frozenset({Origin.IDENTITY, Origin.TOOL_DEFINITION, Origin.SETTING})


_TOOL_TRAFFIC = frozenset({Origin.TOOL_CALL, Origin.TOOL_RESULT})
# Ordinary in kind: prose, code, numbers, lines, encoded and accented text, and values that rules look at closely.
_SAMPLES = (
    "Could we move the meeting on 12 May 2024 to room 4? She lives near the station – call me on Monday.\n" * 3,
    "def load(path):\n    return config['api_key'], 0x12ab34, \"2001:db8::1\"  # token: str | None\n" * 4,
    "4111 1111 1111 1111, 078-05-1120, +49 30 901820, 12 Elm Street, mira@posteo.de, 81.2.69.160\n48211\n39172\n",
    "password: Xk29!vbQz, api_key = 'b7f3c1d9e8a64f52', DE89 3704 0044 0532 0130 00, born on 17 April 1986",
    "%41%42 &#65; \\u0041 aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91 68 65 6c 6c 6f 20 77 6f 72 6c 64 Où est la gare ?",
)
_PUBLIC = Verdict(Judgement.PUBLIC)


class Detector:
    """Looks for private data in whole requests. One instance serves all threads.

    `topics` is the topic model's file, beside which the second reader's lies, or the model itself, without a second
    reader. Raises FileNotFoundError or ModelFileError where topics are on and a file can't be used, ValueError where
    they are on and no model is given, and EmbeddingUnavailable where the second reader's packages are missing.
    """

    def __init__(self, settings: PrivacySettings, topics: TextModel | Path | None = None) -> None:
        self._settings = settings
        if not settings.topics:
            topics = None
        elif topics is None:
            raise ValueError("Topics are on, so the detector needs the topic model: pass it, or set topics to false.")
        self._topics = _topics(topics, settings)
        rules = _chosen(settings)
        harmless = _Allowed(settings)
        self._all = Engine(rules, harmless=harmless)
        strong = [rule for rule in rules if rule.strong]
        self._strong = Engine(strong, harmless=harmless)
        # Closing up a table's lines makes numbers of any length: there, a number needs a word beside it.
        self._wrapped = Engine([r for r in strong if r.gate != LONG or r.name.endswith("_told")], harmless=harmless)
        self._memory = Memory(settings.limits.cache_entries)

    def warm_up(self, *, places: bool = False) -> None:
        """Look at sample texts, so that the first request doesn't wait while RE2 builds its automata.

        `places`: `locate` will be asked too, which takes every rule's pattern.
        """
        for text in _SAMPLES:
            for engine in (self._all, self._strong, self._wrapped):
                with contextlib.suppress(TooLong):
                    list(engine.scan(text))
            self._rules(text)
            self._topics.find(text, agent=False)
        if places:
            self.locate(_SAMPLES[0])
        self._topics.warm_up()

    def scan(self, conversation: Conversation) -> Verdict:
        """The verdict on a request. Never raises: whatever goes wrong makes the request private."""
        try:
            return self._scan(conversation)
        except Exception:  # noqa: BLE001 - never raising is this method's promise
            return Verdict(Judgement.PRIVATE, (Finding("error.scan", ""),))

    def locate(self, text: str) -> list[tuple[int, int, str]]:
        """Where rules hold in a text as it stands: start, end (characters) and the rule's name, in order.

        What hides, is encoded or is split has no place there. Errors: TooLong, a ValueError.
        """
        return sorted(self._all.locate(text))

    def _scan(self, conversation: Conversation) -> Verdict:
        if conversation.characters > self._settings.limits.max_characters:
            return Verdict(Judgement.PRIVATE, (Finding("limit.length", ""),))
        private: dict[Finding, None] = {}
        dropped: dict[Finding, None] = {}
        agent = any(segment.origin in _TOOL_TRAFFIC for segment in conversation.segments)
        segments = conversation.segments
        digests: list[bytes] = []
        for segment in segments:
            digest, names = self._segment(segment, agent)
            digests.append(digest)
            if names:
                target = dropped if segment.origin is Origin.IDENTITY else private
                target.update(dict.fromkeys(Finding(name, segment.place) for name in names))
        for border in borders(segments) if len(segments) > 1 else ():
            if names := self._border(border, segments, digests):
                private.update(dict.fromkeys(Finding(name, segments[border.position].place) for name in names))
        opaque = [
            Finding(f"opaque.{part.kind}", part.place)
            for part in conversation.opaque
            if part.kind not in self._settings.allow_uninspectable
        ]
        judgement = Judgement.UNINSPECTABLE if opaque else Judgement.PUBLIC
        if private:
            judgement = Judgement.PRIVATE
        if not (private or opaque or dropped):
            return _PUBLIC
        places = dict.fromkeys(finding.place for finding in dropped)
        return Verdict(judgement, (*private, *opaque, *dropped), tuple(places))

    def _segment(self, segment: Segment, agent: bool) -> tuple[bytes, tuple[str, ...]]:
        """The key of a segment's text, and the names of what is found in it."""
        with_topics = segment.origin not in _WITHOUT_TOPICS
        kind = ("agent" if agent else "whole") if with_topics else "rules"
        digest = self._memory.digest(segment.text, kind=kind)
        found = self._memory.get(digest)
        if found is None:
            names = self._rules(segment.text)
            if with_topics and not names:
                names = self._topics.find(segment.text, agent=agent)
            found = tuple(sorted(names))
            self._memory.put(digest, found)
        return digest, found

    def _border(self, border: Border, segments: Sequence[Segment], digests: Sequence[bytes]) -> tuple[str, ...]:
        """Names of what stands across a border. It is known again by the keys of the segments on both sides."""
        digest = self._memory.joined(digests, border.position, border.before)
        found = self._memory.get(digest)
        if found is None:
            names: set[str] = set()
            tight, spaced, apart = border.sides(segments)
            for joint, gap in ((tight, spaced), (fold(tight), fold(spaced))):
                names |= _names(self._strong.scan(joint)) | _names(self._all.scan(gap))
            # What stands on one side alone is that segment's finding, or harmless for a reason that was cut off here.
            for side in (apart, fold(apart)) if names else ():
                names -= _names(self._all.scan(side))
            found = tuple(sorted(names))
            self._memory.put(digest, found)
        return found

    def _rules(self, text: str) -> set[str]:
        """Names of the rules that hold in the first reading of `text` in which one does: that settles it."""
        try:
            self._all.check_length(text)
            return next((names for reading in _readings(text) if (names := self._look(reading))), set())
        except TooLong:
            return {"limit.work"}

    def _look(self, text: str) -> set[str]:
        """Names of the rules that hold in `text` as it stands, in its tables, and with what is torn put together."""
        found = _names(self._all.scan(text))
        if not found and (cells := headed(text)):
            found = _names(self._all.scan(cells))
        if found or not (together := joined(text)):
            return found
        return _names((self._all if few_numbers(text) else self._wrapped).scan(together))


def _readings(text: str) -> Iterator[str]:
    """The text as it is, without what hides in it, and what is encoded in either."""
    folded = fold(text)
    for shown in (text, folded) if folded else (text,):
        yield shown
        for reading in decoded(shown):
            yield reading
            hidden = fold(reading)
            if hidden:
                yield hidden


class _Allowed:
    """The operator's allow list: exact values, and mail domains with what is below them."""

    def __init__(self, settings: PrivacySettings) -> None:
        self._values = frozenset(value.strip().casefold() for value in settings.allow_values)
        self._domains = tuple(domain.strip().lower().lstrip("@.") for domain in settings.allow_domains)

    def __call__(self, hit: Hit) -> bool:
        value = hit.value.strip().casefold()
        if value in self._values:
            return True
        domain = value.rpartition("@")[2] if "@" in value else ""
        return bool(domain) and any(domain == allowed or domain.endswith(f".{allowed}") for allowed in self._domains)


def _topics(source: TextModel | Path | None, settings: PrivacySettings) -> Topics:
    if not isinstance(source, Path):
        if source is not None and settings.topic_encoder:
            raise ValueError("With topic_encoder the detector needs the topic model's file, not the model.")
        return Topics(source, settings)
    model = load(source)
    second = second_reader.load(source.with_name(second_reader.NAME), model.version) if settings.topic_encoder else None
    return Topics(model, settings, second)


def _chosen(settings: PrivacySettings) -> list[Rule]:
    families = {**settings.families.model_dump(), "topic": settings.topics}
    disabled = set(settings.disabled_rules)
    built_in = [rule for rule in RULES if families[rule.family] and rule.name not in disabled]
    return [*built_in, *custom.rules(settings)]


def _names(rules: Iterable[Rule]) -> set[str]:
    return {rule.name for rule in rules}
