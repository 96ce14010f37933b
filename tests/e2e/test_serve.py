"""`router-plugin serve` as a process: what it leaves behind."""

from __future__ import annotations

from pathlib import Path

from router_plugin.fakes import FakeProvider
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
