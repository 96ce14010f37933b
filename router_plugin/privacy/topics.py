"""Private matters without an identifier: a linear text model over windows of a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router_plugin.textmodel import TextModel
from router_plugin.tokens import tokens

from .lexicon import outline

if TYPE_CHECKING:
    from .settings import CustomTopic, PrivacySettings

RULE = "topic.private"
WINDOW = 1_000  # characters of one window; about a paragraph
MIN_CHARACTERS = 12
MIN_KNOWN = 0.08  # share of a window's words and pairs that the model must know to judge it
MAX_WORD = 16  # mean length of words; beyond it, an ASCII window is data, not language


_NO_MODEL = {"threshold": 1.0, "agent_threshold": 1.0, "screen": {}, "screen_cut": 0.0}


class Screen:
    """A first look that most harmless windows don't pass: one weight a word, summed.

    `weights` and `cut` come from training, which picks the cut so that nearly all private rows pass.
    """

    def __init__(self, weights: Mapping[str, float], cut: float) -> None:
        self._weight = dict(weights).get
        self._cut = cut

    def passes(self, text: str) -> bool:
        """Whether the window deserves the full model."""
        weight = self._weight
        return sum([weight(token, 0.0) for token in set(tokens(text))]) >= self._cut


class Topics:
    """Scores texts. A window is private from the model's own threshold on, or from the operator's.

    A session with tools holds many texts about code, of which one is enough to keep all of it local: there the model
    has a higher threshold of its own.
    """

    def __init__(self, model: TextModel | None, settings: PrivacySettings) -> None:
        self._model = model
        extra: Mapping[str, Any] = _NO_MODEL if model is None else model.extra
        self._threshold = settings.topic_threshold or float(extra["threshold"])
        self._agent_threshold = max(self._threshold, float(extra["agent_threshold"]))
        self._screen = Screen(extra["screen"], float(extra["screen_cut"]))
        self._custom = {name: _Custom(topic) for name, topic in settings.custom_topics.items()}

    def find(self, text: str, *, agent: bool = False) -> set[str]:
        """Names of the topics in `text`: "topic.private" for the model's, "topic.<name>" for your own."""
        if self._model is None and not self._custom:
            return set()
        found: set[str] = set()
        for window in windows(text):
            if self._model is not None and RULE not in found and self._private(window, self._model, agent):
                found.add(RULE)
            found.update(f"topic.{name}" for name, topic in self._custom.items() if topic.holds(window))
        return found

    def _private(self, window: str, model: TextModel, agent: bool) -> bool:
        if window.isascii() and len(window) > MAX_WORD * (len(window.split()) + 1):
            return False
        if not self._screen.passes(window):
            return False
        threshold = self._agent_threshold if agent else self._threshold
        score = model.score(views(window))
        return score.known >= MIN_KNOWN and score.probabilities[0] >= threshold


class _Custom:
    def __init__(self, topic: CustomTopic) -> None:
        self._words = [word.casefold() for word in topic.words]
        self._at_least = topic.at_least

    def holds(self, window: str) -> bool:
        lowered = window.casefold()
        return sum(word in lowered for word in self._words) >= self._at_least


def views(text: str) -> tuple[str, str]:
    """What the model reads of a window: its words, and the outline of their classes."""
    return text, outline(text)


def windows(text: str) -> Iterator[str]:
    """Paragraphs of `text`, short ones together, long ones cut, each up to WINDOW characters."""
    if len(text) <= WINDOW:
        if len(text.strip()) >= MIN_CHARACTERS:
            yield text
        return
    collected = ""
    for paragraph in text.split("\n\n"):
        for start in range(0, max(1, len(paragraph)), WINDOW):
            piece = paragraph[start : start + WINDOW]
            if collected and len(collected) + len(piece) > WINDOW:
                yield collected
                collected = ""
            collected = f"{collected}\n\n{piece}" if collected else piece
    if len(collected.strip()) >= MIN_CHARACTERS:
        yield collected


def load(path: Path) -> TextModel:
    """The topic model's file. Raises FileNotFoundError or ModelFileError, each with the cure."""
    if not path.is_file():
        raise FileNotFoundError(
            f"The topic model {path.name} is missing. Run scripts/train_privacy.py, restore the file, or set "
            "`privacy: {topics: false}` to do without it."
        )
    return TextModel.load(path)
