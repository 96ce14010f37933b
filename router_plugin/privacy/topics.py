"""Private matters without an identifier: a linear text model over windows of a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router_plugin.textmodel import TextModel
from router_plugin.tokens import is_unspaced, tokens

from .lexicon import outline
from .linear import tester

if TYPE_CHECKING:
    from .second_reader import SecondReader
    from .settings import CustomTopic, PrivacySettings

RULE = "topic.private"
WHOLE = 900  # characters of a text that is scored as it is
WINDOW = 360  # characters of one window of a longer text; about a paragraph
MIN_CHARACTERS = 12
MIN_KNOWN = 0.08  # share of a window's words and pairs that the model must know to judge it
MAX_SECOND_LOOKS = 200  # windows and lines of a text that pass the screen: beyond, the first reader goes on alone
CLOSER = 0.01  # P(private) of a window of a longer text from which its lines are judged one by one
MIN_LINE = 40  # characters of a line that is judged by itself
MAX_WORD = 16  # mean length of words; beyond it, a window is data, not language


# A case in an exam reads like a case note; the question under it gives it away.
_EXAM = (
    r"which (?:one )?of the following|most (?:likely|appropriate) (?:diagnosis|next step|explanation|cause)"
    r"|\n\(?a[.)]\s[^\n]*\n\(?b[.)]\s"
)
_HARMLESS = (0.0, False)
_Known = dict[tuple[str, ...], tuple[float, bool]]  # a window's tokens -> what was found
_NO_MODEL = {"threshold": 1.0, "agent_threshold": 1.0, "screen": {}, "screen_cut": 0.0}


_is_exam = tester(_EXAM)


class Screen:
    """A first look that most harmless windows don't pass: one weight a word, summed.

    `weights` and `cut` come from training, which picks the cut so that nearly all private rows pass.
    """

    def __init__(self, weights: Mapping[str, float], cut: float) -> None:
        self._weights = weights
        self._words = frozenset(weights)
        self._cut = cut

    def passes(self, found: list[str]) -> bool:
        """Whether the window with these tokens deserves the full model."""
        known = self._words.intersection(found)
        return sum(map(self._weights.__getitem__, known)) >= self._cut


class Topics:
    """Scores texts. A window is private from the model's own threshold on, or from the operator's.

    A session with tools holds many texts about code, of which one is enough to keep all of it local: there the model
    has a higher threshold of its own, and no second reader, who would hold back one such session in seven.
    """

    def __init__(self, model: TextModel | None, settings: PrivacySettings, second: SecondReader | None = None) -> None:
        self._model = model
        extra: Mapping[str, Any] = _NO_MODEL if model is None else model.extra
        own = settings.topic_threshold
        self._threshold = own or float(extra["threshold"])
        self._agent_threshold = max(self._threshold, float(extra["agent_threshold"]))
        self._second = second
        self._second_threshold = own or (second.threshold if second is not None else 1.0)
        self._screen = Screen(extra["screen"], float(extra["screen_cut"]))
        self._custom = {name: _Custom(topic) for name, topic in settings.custom_topics.items()}

    def find(self, text: str, *, agent: bool = False) -> set[str]:
        """Names of the topics in `text`: "topic.private" for the model's, "topic.<name>" for your own."""
        if self._model is None and not self._custom:
            return set()
        found: set[str] = set()
        exam: bool | None = None
        known: _Known = {}
        for window in dict.fromkeys(windows(text)):
            if self._model is not None and RULE not in found:
                first, private = self._judged(window, self._model, known, alone=agent)
                if not private and not agent and len(text) > WHOLE and first >= CLOSER:
                    first, private = self._closest(window, self._model, known)
                if private and not agent and exam is None:
                    exam = _is_exam(text)
                if private and (first >= self._agent_threshold or not (agent or exam)):
                    found.add(RULE)
            found.update(f"topic.{name}" for name, topic in self._custom.items() if topic.holds(window))
        return found

    def warm_up(self) -> None:
        """Let the second reader, where there is one, build what it builds at its first text."""
        if self._second is not None:
            self._second.warm_up()

    def _closest(self, window: str, model: TextModel, known: _Known) -> tuple[float, bool]:
        """Of a window's lines the most private one, where it is so beyond doubt: harmless ones beside it dilute it."""
        lines = [line for line in window.split("\n") if len(line) >= MIN_LINE]
        first = max((self._judged(line, model, known, alone=True)[0] for line in lines), default=0.0)
        return first, first >= self._agent_threshold

    def _judged(self, window: str, model: TextModel, known: _Known, *, alone: bool) -> tuple[float, bool]:
        """The linear model's P(private), and whether the window is private, by it `alone` or by both readers.

        0 for a window that isn't language, that nothing speaks for, or that the model can't read. `known` holds what
        the windows of this text have given: one that repeats itself, or only its digits change, costs its tokens.
        """
        if len(window) > MAX_WORD * (len(window.split()) + 1) and not _unspaced(window):
            return _HARMLESS
        found = tokens(window)
        if not self._screen.passes(found):
            return _HARMLESS
        key = tuple(found)
        if key not in known:
            score = model.score((found, outline(found)))
            first = score.probability(0) if score.known >= MIN_KNOWN else 0.0
            both = None
            if self._second is not None and not alone and len(known) < MAX_SECOND_LOOKS:
                both = self._second.probability(window, first)
            known[key] = first, first >= self._threshold if both is None else both >= self._second_threshold
        return known[key]


def _unspaced(window: str) -> bool:
    """Whether a sample of the window's characters has some of a script that is written without blanks."""
    return not window.isascii() and any(is_unspaced(ord(c)) for c in window[:: len(window) // 24 + 1])


class _Custom:
    def __init__(self, topic: CustomTopic) -> None:
        self._words = [word.casefold() for word in topic.words]
        self._at_least = topic.at_least

    def holds(self, window: str) -> bool:
        lowered = window.casefold()
        return sum(word in lowered for word in self._words) >= self._at_least


def views(text: str) -> tuple[str, str]:
    """What the model is trained on for a window: its words, and the outline of their classes."""
    return text, " ".join(outline(tokens(text)))


def windows(text: str) -> Iterator[str]:
    """`text` itself up to WHOLE characters; of a longer one its paragraphs, short ones together, long ones cut."""
    if len(text) <= WHOLE:
        if len(text.strip()) >= MIN_CHARACTERS:
            yield text
        return
    collected = ""
    for piece in _pieces(text):
        if collected and len(collected) + len(piece) > WINDOW:
            yield collected
            collected = ""
        collected = f"{collected}\n{piece}" if collected else piece
    if len(collected.strip()) >= MIN_CHARACTERS:
        yield collected


def _pieces(text: str) -> Iterator[str]:
    """The lines of `text`; one longer than a window is cut at the last blank before its end."""
    for line in text.split("\n"):
        start = 0
        while len(line) - start > WINDOW:
            cut = line.rfind(" ", start + WINDOW // 2, start + WINDOW)
            cut = cut if cut > 0 else start + WINDOW
            yield line[start:cut]
            start = cut
        if line[start:].strip():
            yield line[start:]


def load(path: Path) -> TextModel:
    """The topic model's file. Raises FileNotFoundError or ModelFileError, each with the cure."""
    if not path.is_file():
        raise FileNotFoundError(
            f"The topic model {path.name} is missing. Run scripts/train_privacy.py, restore the file, or set "
            "`privacy: {topics: false}` to do without it."
        )
    return TextModel.load(path).for_serving()
