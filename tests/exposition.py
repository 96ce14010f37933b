"""Reads Prometheus' text format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families


def sample(text: str, name: str, labels: Mapping[str, Any] | None = None) -> float | None:
    """The value of one sample in an exposition; None where it isn't there."""
    wanted = {key: str(value) for key, value in (labels or {}).items()}
    for family in text_string_to_metric_families(text):
        for item in family.samples:
            if item.name == name and wanted.items() <= item.labels.items():
                return float(item.value)
    return None
