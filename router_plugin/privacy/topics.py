"""Private matters without an identifier: a linear text model over windows of a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..textmodel import TextModel
from .settings import CustomTopic, PrivacySettings

RULE = "topic.private"
WINDOW = 1_200  # characters of one window; about a paragraph
MIN_CHARACTERS = 12


class Topics:
    """Scores texts. `threshold`: the probability at which a window is private."""

    def __init__(self, model: TextModel | None, settings: PrivacySettings) -> None:
        self._model = model
        default = float(model.extra["threshold"]) if model is not None else 1.0
        self._threshold = settings.topic_threshold or default
        self._custom = {name: _lowered(topic) for name, topic in settings.custom_topics.items()}

    def find(self, text: str) -> set[str]:
        """Names of the topic rules that hold in `text`: "topic.private" for the model, "topic.<name>" for your own."""
        found: set[str] = set()
        for window in windows(text):
            if self._model is not None and RULE not in found:
                score = self._model.score(window)
                if score.probabilities[0] >= self._threshold:
                    found.add(RULE)
            for name, topic in self._custom.items():
                lowered = window.casefold()
                if sum(word in lowered for word in topic.words) >= topic.at_least:
                    found.add(f"topic.{name}")
        return found


def _lowered(topic: CustomTopic) -> CustomTopic:
    return CustomTopic(words=tuple(word.casefold() for word in topic.words), at_least=topic.at_least)


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
