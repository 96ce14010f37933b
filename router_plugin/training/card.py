"""MODEL_CARD.md for a model that somebody trained on labels of their own: what it is made of, how good, where weak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router_plugin.training.complexity import Outcome

NAME = "MODEL_CARD.md"
MARK = "<!-- Written by training. Delete this line to keep your own words. -->"
MIN_ROWS = 8  # fewer rows of a kind say nothing about it
WEAK = 0.05  # a kind this far below the whole is named


def write_card(output: Path, outcome: Outcome, data: Sequence[Path]) -> bool:
    """Write the card beside the model, unless one is there that people wrote; returns whether it was written."""
    path = output / NAME
    if path.is_file() and MARK not in path.read_text("utf-8"):
        return False
    path.write_text(card(outcome.metrics["cross_validation"], outcome.model.version, [p.name for p in data]), "utf-8")
    return True


def card(figures: Mapping[str, Any], version: str, data: Sequence[str]) -> str:
    """The card's text from the cross-validated figures. Holds no text of a prompt."""
    named = {"this model": figures, "its first stage alone": figures["without_stack"], **figures["baselines"]}
    rows = "\n".join(
        f"| {name} | {row['accuracy']:.3f} | {row['off_by_two']:.3f} | {row['macro_f1']:.3f} |"
        for name, row in named.items()
    )
    weak = [
        f"- {kind} `{name or 'unnamed'}`: accuracy {row['accuracy']:.3f} on {row['rows']} rows."
        for kind, key in (("shape", "by_shape"), ("language", "by_lang"), ("source", "by_source"))
        for name, row in figures[key].items()
        if row["rows"] >= MIN_ROWS and row["accuracy"] < figures["accuracy"] - WEAK
    ]
    return f"""{MARK}
# Complexity model {version}

Trained on {figures["rows"]} labelled prompts from {", ".join(data)}. Their licence is yours to state.
The shipped model's card says how such a model works and what did not help it.

All figures are from five folds; look-alikes and groups are in one fold. On prompts of other people expect less.

| | accuracy | off by two | macro F1 |
|---|---|---|---|
{rows}

Calibration error (ECE): {figures["ece_beyond_local"]} for "a local model suffices",
{figures["ece_beyond_mid"]} for "a mid model suffices".

## Weaker kinds

{chr(10).join(weak) or f"No kind with {MIN_ROWS} rows or more is more than {WEAK:.2f} below the whole."}

## Not known

No model's answers were measured: the labels are judgements, and nobody but their author has checked them unless you
did.
"""
