"""The rows that the topic model is judged by were never trained on."""

from __future__ import annotations

import json
from pathlib import Path

from router_plugin.paths import model_dir
from router_plugin.tokens import tokens

HELD_OUT = Path(__file__).parents[2] / "data" / "topics_held_out.jsonl"


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_no_held_out_row_is_among_the_training_rows() -> None:
    """Neither by its id nor by its words; and both labels are there in number."""
    held, trained = read(HELD_OUT), read(model_dir() / "topics_prompts.jsonl")
    assert {row["id"] for row in held}.isdisjoint(row["id"] for row in trained)
    assert {tuple(tokens(str(row["text"]))) for row in held}.isdisjoint(tuple(tokens(str(r["text"]))) for r in trained)
    assert min(sum(row["private"] is label for row in held) for label in (True, False)) > 300
