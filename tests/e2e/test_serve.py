"""`router-plugin serve` as a process: what it leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import SSN
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import running


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
