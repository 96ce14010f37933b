"""router_plugin.cli.serve: what is said before several workers start."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from router_plugin.checks.machine import APART
from router_plugin.cli.serve import METRICS_FOLDER, _fit, several_workers
from router_plugin.cli.startup import Startup
from tests.e2e.proxy import pack

URL = "redis://127.0.0.1:9/0"


@pytest.mark.parametrize(
    ("arguments", "variable", "several"),
    [
        (("--num_workers", "2"), "", True),
        (("--num_workers=4",), "", True),
        (("--num_workers", "1"), "", False),
        (("--num_workers", "1"), "3", False),
        (("--debug",), "3", True),
        ((), "1", False),
        ((), "many", False),
        ((), "", False),
    ],
)
def test_several_workers_are_known_by_option_and_by_variable(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], variable: str, several: bool
) -> None:
    """LiteLLM reads NUM_WORKERS where the option isn't given."""
    monkeypatch.setenv("NUM_WORKERS", variable)
    assert several_workers(arguments) is several


@pytest.mark.parametrize(("several", "redis", "warned"), [(True, None, True), (True, URL, False), (False, None, False)])
def test_several_workers_without_a_redis_are_warned_of(
    monkeypatch: pytest.MonkeyPatch, several: bool, redis: str | None, warned: bool
) -> None:
    """The warning says what is missing, and what to set."""
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv(METRICS_FOLDER, "anywhere")
    raw: dict[str, Any] = pack()
    raw["callback_settings"]["router_plugin"]["store"] = {"redis_url": redis}
    startup = Startup(as_json=False)
    with contextlib.ExitStack() as stack:
        _fit(raw, False, several, startup, stack)
    assert (APART in startup.warnings) is warned
    assert "store.redis_url" in APART


def test_workers_get_a_folder_to_count_together_which_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker needs none; programs started later aren't sent to it."""
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.delenv(METRICS_FOLDER, raising=False)
    for several in (False, True):
        with contextlib.ExitStack() as stack:
            _fit(pack(), False, several, Startup(as_json=False), stack)
            folder = os.environ.get(METRICS_FOLDER)
            assert (folder is not None) is several
            assert folder is None or Path(folder).is_dir()
        assert folder is None or not Path(folder).exists()
        assert METRICS_FOLDER not in os.environ
