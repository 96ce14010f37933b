"""One deadline for all attempts of a request."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import slow_first_byte
from tests.e2e.bodies import ANALYSIS, PATHS, SSN, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import running

DEADLINE = 2.0
STALL = 30.0


@pytest.mark.slow
def test_a_chain_does_not_wait_for_one_timeout_after_the_other(tmp_path: Path) -> None:
    """Where every deployment stalls, the answer comes after the deadline, lists the attempts, and names the setting."""

    def edit(config: dict[str, Any]) -> None:
        limits = {"request_seconds": DEADLINE, "private_timeout_seconds": DEADLINE}
        config["callback_settings"]["router_plugin"]["limits"] = limits

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        for fake in proxy.fakes.values():
            fake.default_fault = slow_first_byte(STALL)
        for text in (ANALYSIS, SSN):
            for shape, stream in (("chat", False), ("messages", False), ("responses", False), ("chat", True)):
                begun = time.monotonic()
                answer = proxy.post(PATHS[shape], body(shape, text, stream=stream))
                assert time.monotonic() - begun < STALL / 3
                assert answer.status_code == 504, answer.text
                assert "limits" in answer.text
                assert "-1: " in answer.text  # a deployment and what became of it
        assert not any(fake.saw(SSN) for fake in proxy.cloud)
