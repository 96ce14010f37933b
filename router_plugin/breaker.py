"""A circuit breaker for each deployment: so many failures in a row open it, a pause later one call may try again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

HOLD_OFF_SECONDS = 5.0  # after a refused connection; doubles with each refused trial, up to `recovery`
PROBE_SECONDS = 120.0  # a trial call that hasn't reported by then is taken for lost


class Circuit(str, Enum):
    """The state of a deployment's circuit."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass
class _Record:
    failures: int = 0
    opened_at: float | None = None
    probe_at: float | None = None
    pause: float = 0.0  # seconds, while open
    refusals: int = 0


@dataclass
class Breaker:
    """Counts failures by deployment id. `recovery` and the clock are in seconds."""

    threshold: int = 5
    recovery: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _records: dict[str, _Record] = field(default_factory=dict)

    def circuit(self, deployment: str) -> Circuit:
        """Closed, open, or half open: the pause is over and a trial call may run or is running."""
        record = self._records.get(deployment)
        if record is None or record.opened_at is None:
            return Circuit.CLOSED
        return Circuit.HALF_OPEN if self.clock() - record.opened_at >= record.pause else Circuit.OPEN

    def allows(self, deployment: str) -> bool:
        """Whether a call may be made now; half open, one at a time."""
        state = self.circuit(deployment)
        if state is not Circuit.HALF_OPEN:
            return state is Circuit.CLOSED
        probe_at = self._records[deployment].probe_at
        return probe_at is None or self.clock() - probe_at >= PROBE_SECONDS

    def begin(self, deployment: str) -> bool:
        """A call starts; half open, it is the trial call. False: it must not, since others changed the circuit."""
        if not self.allows(deployment):
            return False
        if self.circuit(deployment) is Circuit.HALF_OPEN:
            self._records[deployment].probe_at = self.clock()
        return True

    async def claim(self, deployment: str) -> bool:  # noqa: ARG002 - it matters where circuits are shared
        """After `begin`: whether no other process makes the trial call. This breaker has the process to itself."""
        return True

    def succeeded(self, deployment: str) -> None:
        """A call was answered: the circuit closes."""
        self._records.pop(deployment, None)

    def failed(self, deployment: str) -> None:
        """A call failed: counted, and at the threshold, or on a failed trial, the circuit opens.

        Calls that were under way when it opened don't prolong the pause.
        """
        record = self._records.setdefault(deployment, _Record())
        trial = self.circuit(deployment) is Circuit.HALF_OPEN
        record.failures += 1
        record.probe_at = None
        if trial or (record.opened_at is None and record.failures >= self.threshold):
            record.opened_at, record.pause, record.refusals = self.clock(), self.recovery, 0

    def refused(self, deployment: str) -> None:
        """Nothing listens there: the circuit opens at once, for a short pause, and one trial call looks again."""
        record = self._records.setdefault(deployment, _Record())
        if self.circuit(deployment) is Circuit.OPEN:
            return
        record.refusals += 1
        record.probe_at = None
        record.opened_at = self.clock()
        record.pause = min(self.recovery, HOLD_OFF_SECONDS * 2.0 ** min(record.refusals - 1, 10))

    def released(self, deployment: str) -> None:
        """A call was given up and tells nothing; if it was the trial call, another may be."""
        if deployment in self._records:
            self._records[deployment].probe_at = None

    def open_since(self, deployment: str, opened_at: float) -> None:
        """Others have seen it fail: open since then, by this breaker's clock, and no trial call is under way."""
        self._records[deployment] = _Record(failures=self.threshold, opened_at=opened_at, pause=self.recovery)
