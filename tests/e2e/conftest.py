"""Two proxies for the whole run: one with the embedded model, one with a fake Ollama."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.local_model import is_installed
from tests.e2e.proxy import Proxy, running

OLLAMA_MODELS = ["phi3:mini", "llama3.1:8b", "codellama:13b", "nomic-embed-text"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder starts a process."""
    for item in items:
        if "e2e" in Path(item.fspath).parts:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def embedded_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy whose local model is the real embedded one."""
    if not is_installed():
        pytest.skip("the embedded model is not installed; scripts/test installs it")
    with running(tmp_path_factory.mktemp("embedded")) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def _ollama_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path_factory.mktemp("ollama"), ollama=ollama) as proxy,
    ):
        yield proxy


@pytest.fixture
def proxy(_ollama_proxy: Proxy) -> Proxy:
    """A proxy with fakes for all four providers; they start each test empty and well."""
    _ollama_proxy.reset()
    return _ollama_proxy


@pytest.fixture
def embedded(embedded_proxy: Proxy) -> Proxy:
    """The proxy with the embedded model; its cloud fakes start each test empty and well."""
    embedded_proxy.reset()
    return embedded_proxy
