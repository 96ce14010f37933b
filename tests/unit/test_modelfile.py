"""router_plugin.modelfile: what a training says before it drops a model that could be rolled back to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from router_plugin.modelfile import PREVIOUS, lost_by_training

ROOT = Path(__file__).parents[2]
COMMANDS = (["scripts/train_classifier.py"], ["-m", "router_plugin.cli", "train"])


def test_only_a_second_training_drops_a_model(tmp_path: Path) -> None:
    """The first one keeps the model that it replaces, so there is nothing to say."""
    (tmp_path / "complexity.json").write_text("{}", encoding="utf-8")
    assert lost_by_training(tmp_path) is None
    assert lost_by_training(tmp_path / "nowhere") is None
    (tmp_path / PREVIOUS).write_text("{}", encoding="utf-8")
    said = lost_by_training(tmp_path)
    assert said is not None
    assert f"{tmp_path.name}/{PREVIOUS}" in said
    for cure in ("copy it", "--output", "git restore classifier_model/complexity.json", "--force-reinstall"):
        assert cure in said


@pytest.mark.parametrize("command", COMMANDS, ids=["script", "command"])
def test_it_is_said_before_anything_is_trained(tmp_path: Path, command: list[str]) -> None:
    """There are minutes left then to stop; labels that can't be used end it here, and nothing is changed."""
    data, out = tmp_path / "bad.jsonl", tmp_path / "out"
    data.write_text('{"text": "a"}\n', encoding="utf-8")
    out.mkdir()
    (out / PREVIOUS).write_text("{}", encoding="utf-8")
    options = ["--data", str(data), "--output", str(out)]
    ended = subprocess.run([sys.executable, *command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"note: out/{PREVIOUS} is kept")
    assert (out / PREVIOUS).read_text(encoding="utf-8") == "{}"


def test_training_keeps_the_model_before_under_that_name() -> None:
    """The name is written where models are, which this module doesn't import."""
    from router_plugin.training import publish

    assert publish.__file__ is not None
    assert PREVIOUS in Path(publish.__file__).read_text(encoding="utf-8")
