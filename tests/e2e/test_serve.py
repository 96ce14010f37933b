"""`router-plugin serve` as a process: what it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import SSN
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import KEY, ROOT, free_port, pack, running


def test_a_stopped_proxy_leaves_no_config_behind(tmp_path: Path) -> None:
    """The fitted config may hold keys; it is gone also when the proxy was stopped with SIGTERM."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, environ={"TMPDIR": str(scratch)}) as proxy,
    ):
        assert [path.name for path in scratch.rglob("*.yaml")] == ["litellm_config.yaml"]
        assert proxy.chat("hi").status_code == 200
    assert list(scratch.iterdir()) == []


def test_a_list_of_servers_is_served_and_missing_models_are_pulled(tmp_path: Path) -> None:
    """`OLLAMA_HOST` names two, one of which has no model yet; the start tells how far the pull is."""

    def edit(config: dict[str, Any]) -> None:
        config["callback_settings"]["router_plugin"]["ollama"] = {"pull_missing": True}

    with (
        FakeProvider("one", kind="ollama", models=OLLAMA_MODELS) as one,
        FakeProvider("two", kind="ollama", models=[]) as two,
        running(
            tmp_path, ollama=one, edit=edit, environ={"OLLAMA_HOST": f"{one.base_url}, 127.0.0.1:{two.port}"}
        ) as proxy,
    ):
        log = proxy.log.read_text()
        assert f"Pulling codellama:13b at {two.base_url}" in log
        assert "100 % of 2,019 MB" in log
        assert "is left out" not in log
        assert two.backend.models is not None
        assert set(two.backend.models) == set(OLLAMA_MODELS)
        ids = [item["id"] for item in proxy.client.get("/health").json()["deployments"]]
        assert [name for name in ids if name.startswith("ollama-code")] == ["ollama-code-1", "ollama-code-1-server2"]
        one.down()
        assert proxy.chat(SSN).headers["x-router-deployment"] == "ollama-default-1-server2"
        assert proxy.cloud_calls() == []


@pytest.mark.parametrize("mode", [(), ("--dry-run",)])
def test_a_program_reads_the_start_on_the_first_line(tmp_path: Path, mode: tuple[str, ...]) -> None:
    """One JSON object on stdout: where it listens, what it serves, what is missing, where the key is, never the key."""
    config = tmp_path / "litellm_config.yaml"
    config.write_text(yaml.safe_dump(pack()))
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LITELLM", "ROUTER", "OPENAI", "OLLAMA"))}
    with (
        FakeProvider("ollama", kind="ollama", models=["llama3.1:8b"]) as ollama,
        subprocess.Popen(
            [sys.executable, "-m", "router_plugin.cli", "serve", "--json", "--port", str(port), *mode],
            cwd=tmp_path,
            env={**kept, "LITELLM_MASTER_KEY": KEY, "OLLAMA_HOST": ollama.base_url, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        process.communicate(timeout=30)
    facts = json.loads(line)
    assert facts["url"] == f"http://127.0.0.1:{port}"
    assert facts["config"] == str(config)
    assert facts["mode"] == ("shadow" if mode else "route")
    assert facts["master_key"] == {"in": "environment", "variable": "LITELLM_MASTER_KEY"}
    assert KEY not in line
    if mode:
        assert "NOTHING IS LOCKED" in facts["warnings"][0]
    else:
        assert facts["groups"] == ["ollama-default"]
        assert facts["local_models"] == ["ollama_chat/llama3.1:8b"]
        assert any("ollama pull phi3:mini" in warning for warning in facts["warnings"])
        assert "openai-default-1" in {item["id"] for item in facts["left_out"]}


def test_a_key_that_was_made_for_the_run_is_in_a_file(tmp_path: Path) -> None:
    """A program finds it where the object says, and the proxy takes it."""
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, arguments=("--json",), environ={"LITELLM_MASTER_KEY": ""}) as proxy,
    ):
        said = proxy.log.read_text()
        facts = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
        file = Path(facts["master_key"]["file"])
        key = file.read_text()
        assert key not in said
        proxy.client.headers["Authorization"] = f"Bearer {key}"
        assert proxy.client.get("/v1/models").status_code == 200
    assert not file.exists()
