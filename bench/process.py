"""Proxies as processes: start, wait, CPU seconds, memory, stop. Linux only: it reads /proc."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).resolve().parents[1]
KEY = "sk-bench"
START_SECONDS = 120
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Running:
    """A proxy that answers."""

    url: str
    process: subprocess.Popen[bytes]
    ready_seconds: float  # from its start to its first answer of /health/liveliness
    log: Path

    def cpu_seconds(self) -> float:
        """User and system time of the process so far, from /proc, in steps of 1/CLK_TCK seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_mb(self) -> float:
        """Resident memory in megabytes."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


@contextlib.contextmanager
def backend() -> Iterator[str]:
    """The fast back end's address."""
    process = subprocess.Popen([sys.executable, "-m", "bench.backend"], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def proxy(
    config: Mapping[str, Any],
    folder: Path,
    *,
    core: int | None = None,
    serve: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """LiteLLM's proxy with a config, one worker, on one core where it is named. `serve`: as our own command starts it.

    `environ` is set on top of what it gets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, log = folder / "config.yaml", folder / "proxy.log"
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False), encoding="utf-8")
    port = _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LITELLM", "OPENAI", "AZURE"))},
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
        "LITELLM_MODE": "PRODUCTION",
        "PYTHONPATH": str(ROOT),
        **(environ or {}),
    }
    program = ["router_plugin.cli", "serve", "--no-embedded"] if serve else ["litellm.proxy.proxy_cli"]
    command = [sys.executable, "-m", *program, "--config", str(path), "--port", str(port)]
    begun = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1"], cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        url = f"http://127.0.0.1:{port}"
        _wait(process, url, log)
        yield Running(url, process, time.perf_counter() - begun, log)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health/liveliness", trust_env=False, timeout=5).status_code == httpx.codes.OK:
                return
        time.sleep(0.05)
    raise RuntimeError(f"The proxy did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
