"""router_plugin.checks.machine: the LiteLLM that is installed, and the clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from router_plugin.checks import machine
from router_plugin.checks.check import Check, Setup


@pytest.mark.parametrize(
    ("version", "words"),
    [("1.102.3", "outside the range"), ("2.0.0", "outside the range"), ("1.82.8", "attacker"), ("1.107.2", "attacker")],
)
def test_another_litellm_is_found(version: str, words: str) -> None:
    """Too old, too new, or one of the stolen releases."""
    (found,) = machine.litellm_version(Setup({}, {}), version)
    assert found.fails
    assert words in found.seen


def test_the_range_of_litellm_is_that_of_the_package() -> None:
    """As pyproject.toml has it."""
    text = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    low, high = (".".join(map(str, part)) for part in (machine.LITELLM_FROM, machine.LITELLM_BELOW))
    assert f"litellm[proxy]>={low},<{high},!=1.82.7,!=1.82.8,!=1.107.*" in text


def test_a_clock_before_the_files_of_the_package_is_wrong() -> None:
    """Without asking anyone for the time."""
    assert [c.fails for c in machine.clock(Setup({}, {}), now=1_000_000_000.0)] == [True]
    assert list(machine.clock(Setup({}, {}))) == []


def test_check_says_what_it_is() -> None:
    """Advice is no failure."""
    assert not Check("a", False, "b", advice=True).fails
