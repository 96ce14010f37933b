"""A real proxy as a child process, cut off from the user's keys and from the network."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from router_plugin.errors import RouterPluginError
from router_plugin.leaktest.dry import INVENTED_KEY, Addresses

START_SECONDS = 180.0
STOP_SECONDS = 20.0
ANSWER_SECONDS = 120.0
LOG_TAIL = 2_000  # characters
# A child needs these of its parent's environment, and no key, address or proxy of the user's.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "VIRTUAL_ENV")
PLAIN_LITELLM = "from litellm.proxy.proxy_cli import run_server; run_server()"


class ProxyNotStarted(RouterPluginError):
    """The proxy under test ended, or did not answer in time."""


@contextlib.contextmanager
def running_proxy(
    config: Mapping[str, Any], addresses: Addresses, internet: str, folder: Path, *, plugin: bool = True
) -> Iterator[httpx.Client]:
    """A client of a proxy that runs with `config`; `plugin=False` runs LiteLLM alone.

    `internet` is a recording server that stands for every other host: the child's web proxy.
    Errors: ProxyNotStarted, with the end of the log.
    """
    path = folder / "litellm_config.yaml"
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False), encoding="utf-8")
    port = _free_port()
    command = [sys.executable, "-m", "router_plugin.cli", "serve", "--no-embedded"]
    if not plugin:
        command = [sys.executable, "-c", PLAIN_LITELLM, "--host", "127.0.0.1"]
    log = folder / "proxy.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--config", str(path), "--port", str(port)],
            cwd=folder,
            env=_environment(addresses, internet),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    headers = {"Authorization": f"Bearer {INVENTED_KEY}"}
    limits = httpx.Limits(max_connections=None)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers=headers,
            timeout=ANSWER_SECONDS,
            trust_env=False,
            limits=limits,
        ) as client:
            _wait(process, client, log)
            yield client
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(addresses: Addresses, internet: str) -> dict[str, str]:
    """Every provider's default address is a fake's too, so that a call which lost its `api_base` is seen."""
    package_root = str(Path(__file__).resolve().parents[2])
    cloud = addresses.cloud
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "PYTHONPATH": os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")])),
        "LITELLM_MASTER_KEY": INVENTED_KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",  # else LiteLLM reads a .env file
        "LITELLM_TELEMETRY": "False",
        # LiteLLM's pauses between attempts, in seconds: shorter, since the run makes hundreds of them
        "INITIAL_RETRY_DELAY": "0.05",
        "JITTER": "0.05",
        "OLLAMA_HOST": addresses.ollama,
        **dict.fromkeys(("OPENAI_API_BASE", "OPENAI_BASE_URL"), cloud["openai"]),
        **dict.fromkeys(("AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"), cloud["azure"]),
        **dict.fromkeys(("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"), cloud["anthropic"]),
        **dict.fromkeys(("OPENAI_API_KEY", "AZURE_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY"), INVENTED_KEY),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), internet),
        "AIOHTTP_TRUST_ENV": "True",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if client.get("/health/liveliness", timeout=5).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    tail = log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:]
    raise ProxyNotStarted(f"The proxy under test did not start. The end of its log:\n{tail}")
