"""The proxy against a mock provider that no one here wrote: `llmock`, with errors and broken streams at random."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import ANALYSIS, PATHS, SSN, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import free_port, running

REQUESTS = 20


@contextlib.contextmanager
def llmock() -> Iterator[str]:
    """An llmock server that answers 529 to a third of the requests and breaks some streams; its URL."""
    command = shutil.which("llmock", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("llmock is not installed; scripts/test installs it")
    port = free_port()
    faults = ["--error-rate", "529=0.3", "--stream-fault", "disconnect=0.2"]
    process = subprocess.Popen(
        [command, "serve", "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", *faults],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{url}/health", trust_env=False)
                break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def test_a_flapping_peer_costs_no_answer_and_no_secret(tmp_path: Path) -> None:
    """Every whole public request is answered by someone in the chain, and private ones stay local."""

    with llmock() as url, FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama:

        def edit(config: dict[str, Any]) -> None:
            for entry in config["model_list"]:
                if entry["model_info"]["router"]["provider"] == "anthropic":
                    entry["litellm_params"] = {**entry["litellm_params"], "api_base": f"{url}/anthropic"}

        with running(tmp_path, ollama=ollama, edit=edit) as proxy:
            served: set[str] = set()
            for number in range(REQUESTS):
                request = body("chat", f"{ANALYSIS} ({number})", stream=number % 4 == 0)
                answer = proxy.post(PATHS["chat"], request)
                assert answer.status_code == 200, answer.text
                served.add(answer.headers["x-router-deployment"])
            assert "anthropic-premium-1" in served
            answer = proxy.chat(SSN)
            assert answer.headers["x-router-deployment"].startswith("ollama-")
