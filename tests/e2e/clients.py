"""The clients that `scripts/clients` sets up, each found or skipped with a reason that says what to install."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.proxy import ROOT

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
