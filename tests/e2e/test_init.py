"""A config that `init --from` wrote, in a real proxy: it routes, and it keeps private text at home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import SSN
from tests.e2e.plain import plain
from tests.e2e.proxy import ROOT
from tests.e2e.test_shadow import plain_config

pytestmark = pytest.mark.slow


def test_a_plain_config_with_the_router_added_starts_and_is_locked(tmp_path: Path) -> None:
    """Easy work stays local, hard work goes to the cloud, a private request for a cloud model is answered at home."""
    with (
        FakeProvider("openai", kind="openai") as openai,
        FakeProvider("ollama", kind="ollama", models=["llama3.1:8b"]) as ollama,
    ):
        (tmp_path / "own.yaml").write_text(yaml.safe_dump(plain_config(openai, ollama)))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OLLAMA_HOST": ollama.base_url}
        subprocess.run(
            [sys.executable, "-m", "router_plugin.cli", "init", "--yes", "--from", "own.yaml", "-o", "new.yaml"],
            cwd=tmp_path,
            env=environment,
            check=True,
        )
        config = yaml.safe_load((tmp_path / "new.yaml").read_text())
        command = ("-m", "router_plugin.cli", "serve", "--no-embedded")
        fakes = {"openai": openai, "ollama": ollama}
        with plain(tmp_path, config, fakes, command, {"OLLAMA_HOST": ollama.base_url}) as proxy:
            assert proxy.chat("What is 2 + 2?").headers["x-router-deployment"].startswith("llama-")
            assert openai.requests == []
            answer = proxy.chat(SSN, model="gpt-4o")
            assert (answer.status_code, answer.headers["x-router-private"]) == (200, "true")
            assert not openai.saw("078-05-1120")
            hard = proxy.chat("Design a fault tolerant, event sourced architecture for a bank and prove it consistent.")
            assert hard.headers["x-router-deployment"].startswith(("gpt-4o-", "mini-"))
            assert ollama.saw("078-05-1120")
