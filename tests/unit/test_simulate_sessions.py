"""scripts/simulate_sessions.py: the four policies on the same sessions."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

SCRIPT = Path(__file__).parents[2] / "scripts" / "simulate_sessions.py"


@pytest.fixture(scope="module")
def simulator() -> ModuleType:
    """The script as a module."""
    found = importlib.util.spec_from_file_location("simulate_sessions", SCRIPT)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["simulate_sessions"] = module
    found.loader.exec_module(module)
    return module


def test_ours_switches_less_than_no_stickiness_at_about_the_same_regret(simulator: ModuleType) -> None:
    """The same sessions each time; sticking to the first model costs regret."""
    arguments = ["--sessions", "40", "--config", str(SCRIPT.parents[1] / "litellm_config.yaml")]
    shown = CliRunner().invoke(simulator.main, arguments, catch_exceptions=False).output
    rows = {
        name: line for name, title in simulator.POLICIES.items() for line in shown.splitlines() if title in line[:50]
    }
    numbers = {name: [float(word) for word in line[50:].split()] for name, line in rows.items()}
    assert set(numbers) == {"none", "forever", "litellm", "ours"}
    *_, cold, regret, switches = numbers["none"]
    *_, our_cold, our_regret, our_switches = numbers["ours"]
    assert our_switches < switches
    assert our_cold < cold
    assert our_regret < regret + 0.01
    assert regret < numbers["forever"][-2]


def test_a_cache_holds_what_was_read_and_forgets(simulator: ModuleType) -> None:
    """The first read is cold, a read within five minutes isn't, for one model alone."""
    caches = simulator.Caches()
    assert caches.read("a", 0.0, 100) == 0
    assert caches.read("a", 10.0, 150) == 100
    assert caches.read("b", 11.0, 150) == 0
    assert caches.read("a", 400.0, 200) == 0
