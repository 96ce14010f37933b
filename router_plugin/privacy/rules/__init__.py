"""The rules as data, one file a family."""

from __future__ import annotations

from . import contact, credentials, finance, health, identity, markers, paired, papers, secrets

FAMILIES = ("secrets", "identity", "contact", "finance", "health")
RULES = (
    *secrets.RULES,
    *credentials.RULES,
    *paired.RULES,
    *identity.RULES,
    *papers.RULES,
    *contact.RULES,
    *finance.RULES,
    *health.RULES,
    *markers.RULES,
)

__all__ = ["FAMILIES", "RULES"]
