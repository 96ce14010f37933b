"""A real proxy as a process: `router-plugin serve` with the config pack, its cloud addresses turned to fakes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from router_plugin.fakes import FakeProvider

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-router-test"
START_SECONDS = 120
HOLD_OFF_SECONDS = 0.2
CHECK_SECONDS = 0.3
CLOUD = ("azure", "openai", "anthropic")

Edit = Callable[[dict[str, Any]], None]


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Proxy:
    """A running proxy and the fakes behind it."""

    url: str
    fakes: Mapping[str, FakeProvider]
    log: Path
    process: subprocess.Popen[bytes]
    client: httpx.Client = field(repr=False)
    routes: bool = False  # it has circuits; elsewhere `/health` is LiteLLM's, which calls models

    @property
    def cloud(self) -> list[FakeProvider]:
        """The fakes that stand for the cloud."""
        return [self.fakes[name] for name in CLOUD]

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """One request; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, json=body, headers=named)

    def chat(self, text: str, *, model: str = "auto", **headers: str) -> httpx.Response:
        """One chat request with one user message."""
        return self.post(
            "/v1/chat/completions", {"model": model, "messages": [{"role": "user", "content": text}]}, **headers
        )

    def reset(self) -> None:
        """Forget what the fakes were sent and told."""
        self._clear()
        if (
            self.routes and self._open_circuits()
        ):  # what refused a connection is left alone for a moment, and then tried once
            time.sleep(HOLD_OFF_SECONDS + 2 * CHECK_SECONDS)
            for identity in self._open_circuits():
                self.chat("What is 2 + 2?", x_router_model=identity)
            self._clear()

    def _open_circuits(self) -> list[str]:
        found = self.client.get("/health").json().get("deployments") or ()
        return [deployment["id"] for deployment in found if deployment["circuit"] != "closed"]

    def _clear(self) -> None:
        for fake in self.fakes.values():
            fake.clear()
            fake.faults = []
            fake.default_fault = None

    def untouched(self) -> bool:
        """Whether no model was asked, and no cloud fake received anything; a local one may have been looked at."""
        return not self.cloud_calls() and not any(fake.calls for fake in self.fakes.values())

    def cloud_saw(self, text: str) -> list[str]:
        """Names of the cloud fakes that received a text."""
        return [fake.name for fake in self.cloud if fake.saw(text)]

    def cloud_calls(self) -> list[str]:
        """Names of the cloud fakes that received anything, once for each request."""
        return [fake.name for fake in self.cloud for _ in fake.requests]


def pack() -> dict[str, Any]:
    """The config pack as data."""
    loaded = yaml.safe_load((ROOT / "litellm_config.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def point_at(config: dict[str, Any], fakes: Mapping[str, FakeProvider]) -> None:
    """Turn the pack's provider addresses to fakes."""
    for entry in config["model_list"]:
        params = dict(entry["litellm_params"])
        provider = entry["model_info"]["router"]["provider"]
        if provider in fakes and provider in CLOUD:
            params["api_base"] = fakes[provider].base_url
        entry["litellm_params"] = params


@contextlib.contextmanager
def running(
    folder: Path,
    *,
    ollama: FakeProvider | None = None,
    edit: Edit | None = None,
    arguments: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
) -> Iterator[Proxy]:
    """A proxy with three cloud fakes, and with a fake Ollama or else the embedded model; `environ` is set on top."""
    with contextlib.ExitStack() as stack:
        fakes = {name: stack.enter_context(FakeProvider(name, kind=name)) for name in CLOUD}
        config = pack()
        point_at(config, fakes)
        # tests share a proxy and break its back ends at will; the breaker has tests and a proxy of its own
        config["callback_settings"]["router_plugin"]["routing"]["breaker"] = {
            "failures": 1_000_000,
            "recovery_seconds": HOLD_OFF_SECONDS,
        }
        # pauses are shorter, since the tests make hundreds of them
        config["callback_settings"]["router_plugin"]["routing"]["retry_pause_seconds"] = 0.05
        config["callback_settings"]["router_plugin"].setdefault("ollama", {})["check_seconds"] = CHECK_SECONDS
        if edit is not None:
            edit(config)
        path = folder / "litellm_config.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("LITELLM", "ROUTER", "OPENAI"))},
            "LITELLM_MASTER_KEY": KEY,
            "OPENAI_API_KEY": "sk-openai-test",
            "AZURE_OPENAI_API_KEY": "azure-test",
            "AZURE_OPENAI_ENDPOINT": fakes["azure"].base_url,
            "ANTHROPIC_API_KEY": "sk-ant-test",
            "OLLAMA_HOST": ollama.base_url if ollama is not None else "http://127.0.0.1:9",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
            "NO_PROXY": "127.0.0.1,localhost",
            **(environ or {}),
        }
        port = free_port()
        log = folder / "proxy.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "router_plugin.cli",
                    "serve",
                    "--config",
                    str(path),
                    "--port",
                    str(port),
                    *arguments,
                ],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        stack.callback(_stop, process)
        url = f"http://127.0.0.1:{port}"
        client = stack.enter_context(
            httpx.Client(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, timeout=120, trust_env=False)
        )
        _wait(process, client, log)
        known = {**fakes, **({"ollama": ollama} if ollama is not None else {})}
        yield Proxy(url, known, log, process, client, routes="--dry-run" not in arguments)


def _wait(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError):
            if client.get("/health/liveliness").status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    raise AssertionError(f"the proxy did not start:\n{log.read_text(errors='replace')[-4000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def events(response: httpx.Response) -> list[Any]:
    """The JSON payloads of a streamed answer, in order."""
    lines = (line[5:].strip() for line in response.text.splitlines() if line.startswith("data:"))
    return [json.loads(line) for line in lines if line not in ("", "[DONE]")]
