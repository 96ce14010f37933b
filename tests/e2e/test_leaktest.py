"""`router-plugin leaktest` as a user runs it: a real proxy, recording fakes, and no leak."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.proxy import ROOT


def run(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON result of `router-plugin leaktest --json` on the pack."""
    command = [
        sys.executable,
        "-m",
        "router_plugin.cli",
        "leaktest",
        "--json",
        "--config",
        str(ROOT / "litellm_config.yaml"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.stdout, done.stderr[-2000:]
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def check(code: int, result: dict[str, Any]) -> None:
    """No leak, most cases met a failure and ended clearly, and a leak would have been seen."""
    assert result["leaked"] == []
    assert result["unexpected"] == []
    assert (code, result["leaks"]) == (0, 0)
    assert result["cases"] == result["refused"] + result["answered_local"] + result["errors"]
    assert result["answered_local"] >= 10
    assert result["controls_in_cloud"] >= 5


def test_no_case_leaks_and_plain_litellm_does(tmp_path: Path) -> None:
    """Each failure on each surface: private text stays at home. The same deployments without the plugin leak."""
    code, result = run(tmp_path, "--quick", "--self-check")
    check(code, result)
    assert result["cases"] >= 120
    assert result["leaks_without_plugin"] >= 4


@pytest.mark.slow
def test_no_case_of_the_whole_matrix_leaks(tmp_path: Path) -> None:
    """All pairs of failure, surface, source of fallback, pin and place of the private text."""
    code, result = run(tmp_path)
    check(code, result)
    assert result["cases"] >= 500
