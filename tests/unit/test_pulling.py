"""router_plugin.pulling: a model is pulled with visible progress, or it is said why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from router_plugin.pulling import PullFailed, progress, pull


@pytest.fixture
def ollama() -> Iterator[FakeProvider]:
    with FakeProvider("ollama", kind="ollama", models=[]) as fake:
        yield fake


def test_progress_is_told_and_the_model_is_there(ollama: FakeProvider) -> None:
    """A line for each step, and for the file's tenths."""
    told: list[str] = []
    pull(ollama.base_url, "phi3:mini", told.append)
    assert told[0] == "pulling manifest"
    assert [line.split(": ")[1] for line in told[1:6]] == [f"{n} % of 2,019 MB" for n in (0, 20, 40, 70, 100)]
    assert told[6:] == ["verifying sha256 digest", "writing manifest"]
    assert ollama.backend.models == ["phi3:mini"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("error-event-first", "more system memory"),
        ("status-500", "llama runner process has terminated"),
        ("html-instead-of-json", "isn't JSON"),
        ("cut-before-first-byte-close", "connection"),
        ("cut-after-3-chunks-end", "before Ollama had finished"),
    ],
)
def test_a_failure_is_told(ollama: FakeProvider, fault: str, reason: str) -> None:
    """What Ollama says, or how the connection ended; never a success that wasn't."""
    ollama.default_fault = replace(BY_NAME[fault], probes=True)
    with pytest.raises(PullFailed, match=reason):
        pull(ollama.base_url, "phi3:mini", lambda _: None)


def test_no_server_is_a_failure(ollama: FakeProvider) -> None:
    """It has gone between the look and the pull."""
    ollama.down()
    with pytest.raises(PullFailed, match="ConnectError"):
        pull(ollama.base_url, "phi3:mini", lambda _: None)


def test_lines_within_a_tenth_are_the_same() -> None:
    """Ollama sends hundreds of them."""
    lines = [{"status": "pulling x", "total": 5_000_000_000, "completed": n * 1_000_000} for n in range(5001)]
    assert len({progress(line) for line in lines}) == 11
    assert progress({"status": "pulling x", "total": 0}) == "pulling x"
