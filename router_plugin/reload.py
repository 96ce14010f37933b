"""A complexity scorer that takes up a new model file between two requests."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from router_plugin.complexity import Complexity, ComplexityScorer, Thresholds, TrainedScorer
from router_plugin.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from router_plugin.conversation import Conversation

CHECK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class ReloadingScorer(ComplexityScorer):
    """Scores with the file at `path`; looks for another one at most once in `every` seconds.

    A file that can't be used is named in one log warning, and the model before it goes on.
    """

    def __init__(
        self,
        path: Path,
        thresholds: Thresholds | None = None,
        *,
        every: float = CHECK_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._thresholds = thresholds
        self._every = every
        self._clock = clock
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._scorer = TrainedScorer.load(path, thresholds)
        self._next_check = clock() + every

    @property
    def current(self) -> TrainedScorer:
        """The scorer in use."""
        return self._scorer

    def score(self, conversation: Conversation, *, explain: bool = False) -> Complexity:
        """As `TrainedScorer.score`, with the newest usable model."""
        if self._clock() >= self._next_check and self._lock.acquire(blocking=False):
            try:
                self._next_check = self._clock() + self._every
                self._take_up()
            finally:
                self._lock.release()
        return self._scorer.score(conversation, explain=explain)

    def _take_up(self) -> None:
        stamp = _stamp(self._path)
        if stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp  # also for a bad file: one warning, not one a second
        try:
            self._scorer = TrainedScorer.load(self._path, self._thresholds)
        except (OSError, ModelFileError) as error:
            _log.warning("The new complexity model is refused, version %s goes on: %s", self.version, error)
        except Exception as error:  # noqa: BLE001 - a file that is wrong in a way nobody thought of mustn't fail requests
            name = type(error).__name__
            _log.warning("The new complexity model can't be read (%s), version %s goes on", name, self.version)
        else:
            _log.info("Complexity model %s is in use", self.version)

    @property
    def version(self) -> str:
        """Version of the model in use."""
        return self._scorer.model.version


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
