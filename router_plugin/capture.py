"""Prompt capture: public requests as rows for `router-plugin label`, in a file, only where the operator sets one.

A row is taken when the request is decided and written when its answer has ended, so that whatever says meanwhile that
it is private keeps it out. It is scanned once more, on its own, before it is written.
"""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router_plugin.conversation import Conversation, Origin, Surface
from router_plugin.errors import RouterPluginError
from router_plugin.outcome import OK_BELOW
from router_plugin.settings import LOCAL

if TYPE_CHECKING:
    from router_plugin.decision import Decision
    from router_plugin.outcome import Ending
    from router_plugin.pipeline import Router
    from router_plugin.plan import Plan
    from router_plugin.settings import CaptureSettings
    from router_plugin.state import RequestState

log = logging.getLogger("router_plugin")

ROLES = {Origin.SYSTEM: "system", Origin.USER: "user", Origin.ASSISTANT: "assistant", Origin.TOOL_RESULT: "tool"}
SURFACES = frozenset({Surface.CHAT, Surface.MESSAGES, Surface.COMPLETIONS, Surface.RESPONSES})
MAX_CHARACTERS = 50_000  # of one row; a longer prompt is left out, since half a prompt has another tier
MAX_WAITING = 200  # rows that wait to be written
OWN_ONLY = 0o600
PUBLIC = "public"

Messages = list[dict[str, str]]


class CaptureError(RouterPluginError):
    """The file of captured prompts can't be written; raised at start."""


@dataclass(frozen=True)
class Sample:
    """The text of one request that may become a row."""

    messages: Messages = field(repr=False)


class Capture:
    """Decides which requests become rows, and writes them in a thread of its own. A failure loses a row, no request."""

    def __init__(
        self,
        path: Path,
        settings: CaptureSettings,
        is_private: Callable[[Messages], bool],
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`is_private` is the detector's word on a row; where it raises, no row is written. Errors: CaptureError."""
        self._settings, self._is_private, self._draw = settings, is_private, draw
        self._thread = ThreadPoolExecutor(1, "capture")
        self._waiting = 0
        self._file = _File(path, settings.max_rows)

    def sample(self, conversation: Conversation, decision: Decision, plan: Plan) -> Sample | None:
        """The text to keep until the answer has ended; None for what must not or need not become a row."""
        if self._file.full() or not _is_public(decision, plan) or conversation.opaque:
            return None
        if conversation.surface not in SURFACES or self._draw() >= self._settings.share:
            return None
        messages = [{"role": ROLES[turn.role], "content": turn.text} for turn in conversation.turns if turn.text]
        length = sum(len(message["content"]) for message in messages)
        return Sample(messages) if messages and length <= MAX_CHARACTERS else None

    def ended(self, state: RequestState, ending: Ending) -> None:
        """The answer has ended: the row is written if the request is public still. Doesn't block."""
        sample, state.sample = state.sample, None
        if sample is None or state.decision is None or state.plan is None or self._waiting >= MAX_WAITING:
            return
        if ending.status >= OK_BELOW or state.refusal is not None or state.shut:
            return
        if not _is_public(state.decision, state.plan):
            return
        self._waiting += 1
        self._thread.submit(self._write, state.decision.id, sample.messages)

    def close(self) -> None:
        """Write what waits, and end."""
        self._thread.shutdown()

    def _write(self, identity: str, messages: Messages) -> None:
        try:
            if not self._is_private(messages):
                self._file.append({"id": identity, "messages": messages})
        except Exception as error:  # noqa: BLE001 - its message may quote the row
            log.error("router_plugin: a prompt was not captured (%s)", type(error).__name__)
        finally:
            self._waiting -= 1


def _is_public(decision: Decision, plan: Plan) -> bool:
    """Whether nothing at all was found, and nobody asked that the request stays at home."""
    asked_home = any(reason.code == "asked.provider" and reason.detail == LOCAL for reason in decision.reasons)
    held = decision.private or decision.local_only or plan.local_only or asked_home
    return not held and decision.verdict == PUBLIC and not decision.findings


def is_private(router: Router, messages: Messages) -> bool:
    """The detector's word on a row by itself. Errors: InvalidRequest, RequestTooLarge; then it isn't written."""
    return router.scan({"messages": messages}, Surface.CHAT).private


class _File:
    """JSON lines that only this user can read, up to a number of rows. Several workers may write to one."""

    def __init__(self, path: Path, max_rows: int) -> None:
        """Errors: CaptureError."""
        self._path, self._max_rows = path, max_rows
        self._rows = self._seen = 0  # rows in the first `_seen` bytes
        self._full = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._with_lock(self._count)
        except OSError as error:
            raise CaptureError(
                f"{path.name} can't be written ({error.strerror}); mend callback_settings.router_plugin.capture.path, "
                "or set it to null."
            ) from None

    def full(self) -> bool:
        """Whether there is no room; there is again where the file was emptied or moved away."""
        if self._full:
            size = self._path.stat().st_size if self._path.exists() else 0
            self._full = size >= self._seen
        return self._full

    def append(self, row: dict[str, Any]) -> None:
        """Add a row unless the file is full. Errors: OSError."""
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"

        def write(file: int) -> None:
            self._count(file)
            if not self._full:
                os.write(file, line)
                self._count(file)

        self._with_lock(write)

    def _with_lock(self, act: Callable[[int], None]) -> None:
        import fcntl  # isn't there on every system, and is needed only where prompts are captured

        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        file = os.open(self._path, flags, OWN_ONLY)
        try:
            os.fchmod(file, OWN_ONLY)
            fcntl.flock(file, fcntl.LOCK_EX)
            act(file)
        finally:
            os.close(file)  # gives the lock back, too

    def _count(self, file: int) -> None:
        """Count the rows that have come since the last look; all of them where the file was replaced or emptied."""
        size = os.fstat(file).st_size
        if size < self._seen:
            self._rows = self._seen = 0
        while self._seen < size:
            block = os.pread(file, min(size - self._seen, 1 << 20), self._seen)
            self._rows += block.count(b"\n")
            self._seen += len(block)
        was, self._full = self._full, self._rows >= self._max_rows
        if self._full and not was:
            log.warning("router_plugin: %s holds capture.max_rows; no more prompts are captured", self._path.name)
