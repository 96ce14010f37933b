"""What importing costs: the core knows no LiteLLM, and no module that decides knows scikit-learn or numpy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("sklearn", "numpy", "pandas", "joblib", "torch", "matplotlib")
DECIDE = """
import os, sys
from pathlib import Path
from router_plugin.build import build_router
from router_plugin.cli.explain import explain_line
from router_plugin.config import load
router = build_router(load(Path("litellm_config.yaml"), {}))
explain_line(router, '{"text": "Write a haiku about my SSN 078-05-1120"}', {}, explain=True)
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The top-level modules that a decision has imported, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", DECIDE], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", HEAVY)
def test_a_decision_imports_nothing_heavy(imported: set[str], name: str) -> None:
    """Detector, classifier, policy and plan run without the training packages."""
    assert "router_plugin" in imported
    assert name not in imported


def test_a_decision_imports_no_litellm(imported: set[str]) -> None:
    """Only the modules at the edge do."""
    assert "litellm" not in imported
