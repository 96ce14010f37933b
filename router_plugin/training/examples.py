"""Labelled rows as a complexity model's inputs and targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from router_plugin import features
from router_plugin.ask import read_ask
from router_plugin.training.continued import WEIGHT, continued
from router_plugin.training.linear import Example

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router_plugin.training.rows import Row

# Whose domain names say that a row is work on code, and whose say that it isn't.
CODE_DOMAINS = frozenset(
    [
        "coding_agent",
        "python",
        "sql",
        "c_cpp",
        "javascript",
        "java",
        "go",
        "rust",
        "bash",
        "typescript",
        "regex",
        "git",
        "web_css",
        "docker_k8s",
        "algorithms",
        "testing",
        "compilers",
        "kotlin",
        "other_lang",
        "mobile",
    ]
)
MIXED_DOMAINS = frozenset(
    [
        "agent",
        "ml",
        "devops_incident",
        "distributed",
        "data",
        "data_analysis",
        "data_formats",
        "ops",
        "cloud",
        "networking",
        "architecture",
        "security",
        "embedded",
        "incident",
        "spreadsheets",
        "general_tech",
        "electronics",
        "tutoring",
        "statistics",
        "support",
        "extraction",
    ]
)


def examples(rows: Sequence[Row], *, weight: float = 1.0) -> list[Example]:
    """Rows as the model's inputs and targets."""
    made = []
    for row in rows:
        ask = read_ask(row.conversation)
        made.append(
            Example(
                features.views(ask),
                tuple(features.dense(ask)),
                (row.beyond_local, row.beyond_mid, medium_label(row), code_label(row)),
                weight,
                f"{row.source}:{row.domain}" if row.tier is None else "",
            )
        )
    return made


def training_examples(rows: Sequence[Row], seed: int = 0) -> list[Example]:
    """What a model learns from: the rows, and some of them as they come later in a conversation."""
    return [*examples(rows), *examples(continued(rows, seed), weight=WEIGHT)]


def medium_label(row: Row) -> float | None:
    """P(a local model fails and a mid model suffices); None where an outcome is unknown."""
    if row.beyond_local is None or row.beyond_mid is None:
        return None
    return max(0.0, row.beyond_local - row.beyond_mid)


def code_label(row: Row) -> float | None:
    """1 for work on code, 0 for other work, None where the domain doesn't say."""
    if not row.domain or row.domain in MIXED_DOMAINS or row.tier is None:
        return None
    return float(row.domain in CODE_DOMAINS)


def ranks(rows: Sequence[Row]) -> np.ndarray:
    """0, 1 or 2 for each row: its tier, or what its outcomes say."""
    return np.array([row.rank for row in rows])
