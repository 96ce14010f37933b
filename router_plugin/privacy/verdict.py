"""What a scan says: a judgement, and findings that name a rule and a place but never hold text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Judgement(str, Enum):
    """The three answers. Only PUBLIC may leave; UNINSPECTABLE counts as private unless the operator opened its kind."""

    PUBLIC = "public"
    PRIVATE = "private"
    UNINSPECTABLE = "uninspectable"


@dataclass(frozen=True)
class Finding:
    """`rule` is ``family.kind`` ("identity.us_ssn", "topic.health", "opaque.image", "error.scan"); `place` a path."""

    rule: str
    place: str


@dataclass(frozen=True)
class Verdict:
    """The most restrictive judgement over a request, with the findings that led to it.

    `droppable` holds places (`user`, `metadata...`) whose findings alone don't make the request private: the caller
    drops or pseudonymises these fields before a cloud call.
    """

    judgement: Judgement
    findings: tuple[Finding, ...] = ()
    droppable: tuple[str, ...] = ()

    @property
    def private(self) -> bool:
        """Whether the request must stay local: anything but PUBLIC."""
        return self.judgement is not Judgement.PUBLIC
