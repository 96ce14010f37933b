"""A proxy of any config as a process: LiteLLM's own command, or one of ours, with fakes behind it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from router_plugin.fakes import FakeProvider
from tests.e2e.proxy import KEY, ROOT, Proxy, _stop, _wait, free_port

LITELLM = ("-c", "from litellm.proxy.proxy_cli import run_server; run_server()")


@contextlib.contextmanager
def plain(
    folder: Path,
    config: Mapping[str, Any],
    fakes: Mapping[str, FakeProvider],
    command: Sequence[str] = LITELLM,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Proxy]:
    """`python COMMAND --config ... --port ...` in `folder`, until the block ends."""
    import sys

    path, log, port = folder / "plain.yaml", folder / "proxy.log", free_port()
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LITELLM", "ROUTER", "OPENAI", "OLLAMA"))}
    environment = {
        **kept,
        "LITELLM_MASTER_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
        "NO_PROXY": "127.0.0.1,localhost",
        **(environ or {}),
    }
    with contextlib.ExitStack() as stack:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *command, "--config", str(path), "--port", str(port), "--host", "127.0.0.1"],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        stack.callback(_stop, process)
        client = stack.enter_context(
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {KEY}"},
                timeout=120,
                trust_env=False,
            )
        )
        _wait(process, client, log)
        yield Proxy(f"http://127.0.0.1:{port}", fakes, log, process, client)
