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
    """150 sessions, the same each time; sticking to the first model costs regret."""
    total: dict[str, list[float]] = {name: [0.0, 0.0, 0.0] for name in simulator.POLICIES}  # cold, regret, switches
    for seed in ("1", "2", "3"):
        arguments = ["--sessions", "50", "--seed", seed, "--config", str(SCRIPT.parents[1] / "litellm_config.yaml")]
        shown = CliRunner().invoke(simulator.main, arguments, catch_exceptions=False).output
        for name, title in simulator.POLICIES.items():
            line = next(line for line in shown.splitlines() if title in line[:50])
            found = [float(word) for word in line[50:].split()][-3:]
            total[name] = [a + b for a, b in zip(total[name], found, strict=True)]
    assert set(total) == {"none", "forever", "litellm", "ours"}
    (cold, regret, switches), (our_cold, our_regret, our_switches) = total["none"], total["ours"]
    assert our_switches < switches
    assert our_cold < cold
    assert our_regret / 3 < regret / 3 + 0.01
    assert regret < total["forever"][1]


def test_a_cache_holds_what_was_read_and_forgets(simulator: ModuleType) -> None:
    """The first read is cold, a read within five minutes isn't, for one model alone."""
    caches = simulator.Caches()
    assert caches.read("a", 0.0, 100) == 0
    assert caches.read("a", 10.0, 150) == 100
    assert caches.read("b", 11.0, 150) == 0
    assert caches.read("a", 400.0, 200) == 0
