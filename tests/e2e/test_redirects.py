"""A local server that redirects its callers: what it was sent is not sent on."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import PATHS, SSN, body
from tests.e2e.proxy import running


@contextmanager
def redirecting_to(target: str) -> Iterator[str]:
    """The address of a server that answers each request with a 307 to the same path at `target`."""

    class Redirect(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(307)
            self.send_header("location", f"{target}{self.path}")
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *given: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirect)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_local_server_cannot_send_a_request_on(tmp_path: Path) -> None:
    """LiteLLM's clients follow redirects, with the whole body; for local deployments they must not."""
    with FakeProvider("far", kind="openai") as far, redirecting_to(far.url) as near:

        def edit(config: dict[str, Any]) -> None:
            marks = {"provider": "vllm", "role": "default", "local": True, "capabilities": {"context_window": 32_000}}
            config["model_list"].append(
                {
                    "model_name": "vllm-default",
                    "litellm_params": {"model": "openai/some", "api_key": "none", "api_base": f"{near}/v1"},
                    "model_info": {"id": "vllm-default-1", "router": marks},
                }
            )

        with running(tmp_path, edit=edit, arguments=("--no-embedded",)) as proxy:
            for shape, path in PATHS.items():
                for stream in (False, True):
                    answer = proxy.post(path, body(shape, SSN, model="vllm-default", stream=stream))
                    assert answer.status_code == 503, answer.text
            assert proxy.cloud_calls() == []
        assert far.requests == []
