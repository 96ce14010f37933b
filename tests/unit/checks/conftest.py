"""A set-up with everything in order, for tests that break it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from tests.unit.builders import pack
from tests.unit.checks.broken import MODELS, WELL, free_port


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeProvider]:
    with FakeProvider("ollama", kind="ollama", models=MODELS) as fake:
        yield fake


@pytest.fixture
def healthy(ollama: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The pack with everything set up: `raw` and `environment`, to be broken by a test."""
    monkeypatch.chdir(tmp_path)
    return {"raw": pack(), "environment": {**WELL, "OLLAMA_HOST": ollama.base_url, "ROUTER_PORT": free_port()}}
