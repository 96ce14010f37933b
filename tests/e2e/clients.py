"""Clients as programs: found, or skipped with a reason that says what to install, and run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.proxy import KEY, ROOT, Proxy

FOLDER = ROOT / ".clients"
VENV_PYTHON = FOLDER / "venv" / "bin" / "python"
MODULES = FOLDER / "node_modules"


def client_python() -> str:
    """The Python of the clients that can't share the proxy's packages."""
    if not VENV_PYTHON.exists():
        pytest.skip("LangChain and the ollama client have an environment of their own; scripts/clients installs it")
    return str(VENV_PYTHON)


def program(name: str, cure: str) -> str:
    """The path of a program on PATH."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} found; {cure}")
    return found


def npm_package(name: str) -> Path:
    """The folder of an installed npm package."""
    if not (MODULES / name).is_dir():
        pytest.skip(f"the npm package {name} is not installed; scripts/clients installs it")
    return MODULES / name


def run(command: list[str], folder: Path, environ: Mapping[str, str]) -> str:
    """What a program prints. It knows the proxy and its key, and no provider."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI", "ANTHROPIC", "LITELLM"))}
    environment = {**kept, "NO_PROXY": "127.0.0.1,localhost", "LITELLM_LOCAL_MODEL_COST_MAP": "True", **environ}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def run_against(proxy: Proxy, command: list[str], folder: Path) -> str:
    """What an example prints when it runs against the proxy."""
    return run(command, folder, {"ROUTER_URL": proxy.url, "LITELLM_MASTER_KEY": KEY})


def client_tools(*names: str) -> list[str]:
    """The paths of programs in the clients' environment."""
    paths = [VENV_PYTHON.parent / name for name in names]
    if not all(path.exists() for path in paths):
        pytest.skip(f"{', '.join(names)} are not installed; scripts/clients installs them")
    return [str(path) for path in paths]
