"""The prompts that the complexity model is judged by were never trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from router_plugin.complexity import Tier
from router_plugin.paths import model_dir

HELD_OUT = Path(__file__).parents[1] / "data" / "prompts_held_out.jsonl"


def test_no_held_out_prompt_looks_like_a_training_prompt() -> None:
    """None shares an id, its words or a run of eight of them with a training row; every tier is there in number."""
    pytest.importorskip("sklearn")
    from router_plugin.training.rows import group_of, read_rows

    held, trained = read_rows(HELD_OUT), read_rows(model_dir() / "prompts.jsonl")
    groups = group_of([*trained, *held])
    assert {row.id for row in held}.isdisjoint(row.id for row in trained)
    assert set(groups[: len(trained)]).isdisjoint(groups[len(trained) :])
    assert min(sum(row.tier is tier for row in held) for tier in Tier) > 200
