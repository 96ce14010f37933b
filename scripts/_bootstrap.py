"""What scripts/serve and scripts/test share: make the checkout's virtual environment once, then go on in it.

The environment is complete when its stamp holds the fingerprint of what was asked for. A set-up that was interrupted
leaves a mark instead of a stamp and is made anew; one at a time is made, under a lock that ends with its process.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("ROUTER_VENV") or ROOT / ".venv").absolute()
LOCKS = {"serve": "requirements.lock", "dev": "requirements-dev.lock"}  # dev holds all of serve
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMP, MARK = VENV / "router-plugin-stamp.json", VENV / "router-plugin-incomplete"
STEP = 20  # packages a progress line, where the output is no terminal
# Where pip would install, and what it would refuse or add, is for this script to say; a mirror or proxy is the user's.
DROPPED = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_QUIET")
# A test run must neither find a cloud key nor the developer's own Ollama or settings.
SECRET_PREFIXES = ("OPENAI_", "ANTHROPIC_", "AZURE_", "OLLAMA_", "LITELLM_", "ROUTER_")

CURES = {  # what pip says -> what it means
    "DO NOT MATCH THE HASHES": """A file from the package index is not the one that was locked, so it was not installed.
A mirror or proxy may serve another file: check your pip settings (`pip config list`), or fetch a fresh checkout.""",
    "No space left": "The disk is full: about 1.2 GB is needed.",
    "Retrying|Could not fetch URL|onnection (error|refused)|timed out|SSLError": """The package index could not be
reached. Check the network; behind a proxy set HTTPS_PROXY, with a mirror set PIP_INDEX_URL. Then run this again.""",
    "No matching distribution": """A package has no prebuilt file for this machine. Supported: Linux with glibc (x86_64,
aarch64), macOS and Windows. Alpine has none: use an image with glibc, such as python:3.12-slim.""",
    "": "The lines above say why. Run this again to start over.",
}


def fail(message: str) -> None:
    sys.exit(f"error: {message}")


def environment(*, without: tuple[str, ...] = ()) -> dict[str, str]:
    """The caller's environment less what would mix other installations into this one."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in DROPPED and name != "PYTHONDONTWRITEBYTECODE" and not name.startswith(("__PYVENV", *without))
    }
    return {
        **kept,
        "PYTHONNOUSERSITE": "1",
        "VIRTUAL_ENV": str(VENV),
        "PATH": f"{BIN}{os.pathsep}{kept.get('PATH', '')}",
    }


def fingerprint(kind: str) -> str:
    """Changes with the lock, the project's metadata, the Python version and the checkout's place."""
    digest = hashlib.sha256(f"{kind} {sys.version_info[:2]} {ROOT} {VENV}".encode())
    for name in (LOCKS[kind], "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def complete(kind: str) -> bool:
    try:
        done = json.loads(STAMP.read_text())
        return (BIN / "python").exists() and any(done.get(k) == fingerprint(k) for k in (kind, "dev"))
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other set-up of this environment runs. The system frees the lock of processes that died."""
    path = VENV.with_name(f"{VENV.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                print("Another scripts/serve or scripts/test is setting up; waiting for it.", flush=True)
                fcntl.flock(file, fcntl.LOCK_EX)
            os.set_inheritable(file.fileno(), True)  # a pip that outlives this process still holds the lock
        yield


def set_up(kind: str) -> None:
    """Make or update the environment. Ends the program with the cause and the cure where that fails."""
    if complete(kind):
        return
    with alone():
        if complete(kind):
            return
        started = time.monotonic()
        prepare_folder()
        install(ROOT / LOCKS[kind])
        text = json.dumps({kind: fingerprint(kind), "python": sys.version.split()[0]})
        part = STAMP.with_suffix(".part")
        part.write_text(text)
        part.replace(STAMP)
        MARK.unlink()
        print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


def prepare_folder() -> None:
    """A virtual environment of this Python, marked as incomplete. A folder that was made otherwise is left alone."""
    ours = STAMP.exists() or MARK.exists()
    if VENV.exists() and not ours and any(VENV.iterdir()):
        fail(f"{VENV} exists and was not made by this script. Move it away, or name another: ROUTER_VENV=FOLDER.")
    reusable = False
    with contextlib.suppress(OSError, ValueError):
        same = json.loads(STAMP.read_text()).get("python") == sys.version.split()[0]
        reusable = same and not MARK.exists() and (BIN / "python").exists()
    if reusable:
        print(f"Updating {VENV}", flush=True)
    else:
        print(f"Making {VENV} with Python {sys.version.split()[0]}", flush=True)
        if VENV.exists():  # moved first: a half-deleted one would have neither stamp nor mark
            VENV.rename(VENV.with_name(f"{VENV.name}.old-{os.getpid()}"))
        for old in VENV.parent.glob(f"{VENV.name}.old-*"):
            shutil.rmtree(old, ignore_errors=True)
        VENV.mkdir(parents=True)
    MARK.touch()
    STAMP.unlink(missing_ok=True)
    if not reusable:
        made = subprocess.run(
            [sys.executable, "-m", "venv", str(VENV)], env=environment(), capture_output=True, text=True, check=False
        )
        if made.returncode:
            fail(f"No virtual environment could be made in {VENV}: {(made.stderr or made.stdout).strip()}")


def install(lock: Path) -> None:
    """The locked packages, each by its hash, then the checkout itself, which needs no network."""
    pip = [str(BIN / "python"), "-m", "pip", "install", "--no-deps", "--no-user", "--disable-pip-version-check"]
    total = sum("==" in line for line in lock.read_text().splitlines())
    print(f"Installing {lock.name}: about {total} packages, each checked by its hash", flush=True)
    # Compiling everything takes longer than the first import, which keeps what it compiles.
    locked = [*pip, "--require-hashes", "--only-binary", ":all:", "--no-compile", "--progress-bar", "off"]
    run_pip([*locked, "--retries", "2", "-r", str(lock)], total)
    run_pip([*pip, "--no-build-isolation", "--no-index", "-e", str(ROOT)], 0)


def run_pip(command: list[str], total: int) -> None:
    said: list[str] = []
    count = 0
    with subprocess.Popen(
        command,
        env=environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        close_fds=False,  # see alone()
    ) as process:
        for line in process.stdout or ():
            said.append(line.rstrip())
            if line.startswith(("Collecting ", "Processing ")):
                count += 1
                show(count, total, line.split()[1])
            elif line.startswith("Ignoring "):  # its marker is for another platform or Python
                total -= 1
            elif line.startswith("Installing collected packages") and total:
                end = "\n" if sys.stdout.isatty() and count else ""
                print(f"{end}  unpacking {line.count(',') + 1} packages", flush=True)
            elif "Retrying" in line:
                print("  the package index doesn't answer; trying again", flush=True)
    if process.returncode:
        text = "\n".join(said)
        errors = [line for line in said if line.startswith("ERROR") or "error:" in line][:3] or said[-3:]
        cure = next(cure for signs, cure in CURES.items() if re.search(signs, text))
        fail(
            "\n".join(
                ["The packages could not be installed.", *(f"  {line}" for line in errors), " ".join(cure.split())]
            )
        )


def show(count: int, total: int, name: str) -> None:
    """One line that rewrites itself on a terminal, else a line each STEP packages."""
    if sys.stdout.isatty():
        print(f"\r\033[K  {count}/{total} {name}", end="", flush=True)
    elif count % STEP == 0 or count == total:
        print(f"  {count}/{total}", flush=True)


def read_env_file() -> None:
    """Take NAME=value lines from the checkout's .env; a variable that is already set wins."""
    path = ROOT / ".env"
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip() and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("'\""))


def serve(arguments: list[str]) -> None:
    set_up("serve")
    read_env_file()
    command = [str(BIN / "router-plugin"), "serve", *arguments]
    if os.name == "nt":
        sys.exit(subprocess.call(command, env=environment()))
    os.execve(command[0], command, environment())


def test(arguments: list[str]) -> None:
    set_up("dev")
    everything = "--all" in arguments
    chosen = [a for a in arguments if a != "--all"]
    python = str(BIN / "python")
    steps = {
        "lint": [python, "-m", "ruff", "check", "."],
        "format": [python, "-m", "ruff", "format", "--check", "."],
        "types": [python, "-m", "mypy"],
        "tests": [python, "-m", "pytest", *([] if everything else ["-m", "not slow"]), *chosen],
    }
    variables = {**environment(without=SECRET_PREFIXES), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    results = {}
    for name, command in steps.items():
        print(f"== {name}: {' '.join(command[2:])}", flush=True)
        started = time.monotonic()
        code = subprocess.call(command, cwd=ROOT, env=variables)
        results[name] = f"{'ok' if code == 0 else f'FAILED (exit code {code})'}, {time.monotonic() - started:.0f} s"
    print("\n".join(["== summary", *(f"{name}: {result}" for name, result in results.items())]))
    sys.exit(any("FAILED" in result for result in results.values()))


if __name__ == "__main__":
    try:
        {"serve": serve, "test": test}[sys.argv[1]](sys.argv[2:])
    except KeyboardInterrupt:
        sys.exit(130)
