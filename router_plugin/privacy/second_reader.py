"""A second reader of private matters: a sentence encoder, whose vector a support vector machine judges.

It reads only what the linear topic model doesn't find plainly harmless, and both opinions count. The encoder is the
semantic cache's; it knows English best and no script but the Latin one, so other texts are left to the first reader.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from router_plugin import modelfile
from router_plugin.errors import ModelFileError
from router_plugin.textmodel import sigmoid

if TYPE_CHECKING:
    from router_plugin.embedding import Vector

FORMAT = "router-second-reader/1"
NAME = "topics_encoder.json"  # lies beside the topic model
MIN_WORDS = 6  # shorter texts ("What are my options?") tell of nothing, or not in a way that a sentence encoder sees
FOREIGN_SHARE = 0.25  # of a text's characters
CURE = "Restore the shipped models, or run scripts/train_privacy.py --encoder."

_foreign = re.compile("[^\x00-\u024f\u1e00-\u1eff\u2000-\u20cf]").findall  # no letter or sign of the Latin script


class Encoder(Protocol):
    """What turns a text into a vector of length 1; None where it can't."""

    @property
    def name(self) -> str:
        """Which encoder it is."""

    def vector(self, text: str) -> Vector | None:
        """The text's vector."""


class SecondReader:
    """Judges a window with what the first reader says of it.

    `threshold` is that of `probability`, as the first reader has its own. Errors: ModelFileError for a content that
    lacks something, or that was trained for another encoder or topic model.
    """

    def __init__(self, content: Mapping[str, Any], encoder: Encoder, topics_version: str) -> None:
        import numpy as np

        if content.get("encoder") != encoder.name or content.get("topics") != topics_version:
            raise ModelFileError(f"{NAME} was trained for another topic model or encoder. {CURE}")
        try:
            self.threshold = float(content["threshold"])
            self._floor = float(content["floor"])
            self._gamma = float(content["gamma"])
            self._offset = float(content["intercept"])
            self._first, self._second, self._both = (
                float(content["stack"][key]) for key in ("first", "second", "both")
            )
            weights = np.frombuffer(base64.b64decode(content["weights"], validate=True), dtype="<f4")
            raw = np.frombuffer(base64.b64decode(content["vectors"], validate=True), dtype=np.int8)
            self._vectors = raw.reshape(len(weights), -1).astype(np.float32) * np.float32(content["step"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"{NAME} lacks a part or has it in a wrong shape: {error}. {CURE}") from error
        self._weights = weights
        self._squares = (self._vectors**2).sum(axis=1)
        self._encoder = encoder

    def probability(self, window: str, first: float) -> float | None:
        """P(private) by both readers, where the first one says `first`; None where its word is to stand alone."""
        if (
            first < self._floor
            or len(window.split()) < MIN_WORDS
            or len(_foreign(window)) > FOREIGN_SHARE * len(window)
        ):
            return None
        vector = self._encoder.vector(window)
        if vector is None:
            return None
        return sigmoid(self._first * logit(first) + self._second * self.decision(vector) + self._both)

    def decision(self, vector: Vector) -> float:
        """The support vector machine's value for an encoder's vector: sum of weight * exp(-gamma * distance^2)."""
        import numpy as np

        distances = self._squares + float(vector @ vector) - 2.0 * (self._vectors @ vector)
        return float(np.exp(-self._gamma * distances) @ self._weights) + self._offset

    def warm_up(self) -> None:
        """Let the encoder build what it builds at its first text."""
        self._encoder.vector("a first text")


def logit(probability: float) -> float:
    """log(p / (1 - p)), within the bounds of a double."""
    bounded = min(max(probability, 1e-9), 1.0 - 1e-9)
    return math.log(bounded / (1.0 - bounded))


def load(path: Path, topics_version: str) -> SecondReader:
    """The second reader's file. Errors: ModelFileError, and EmbeddingUnavailable where packages are missing."""
    from router_plugin.embedding import MiniLm

    try:
        content = modelfile.read(path, FORMAT)
    except FileNotFoundError:
        raise ModelFileError(f"{path.name} is missing. {CURE} Or set `privacy: {{topic_encoder: false}}`.") from None
    return SecondReader(content, MiniLm(), topics_version)
