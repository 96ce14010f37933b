"""Shadow mode on a plain LiteLLM config: everything goes where it went, and the log says what would have happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router_plugin.decision_log import read
from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import SSN
from tests.e2e.plain import LITELLM, plain
from tests.e2e.proxy import ROOT, Proxy, events

pytestmark = pytest.mark.slow

WAIT_SECONDS = 15.0
SERVE = ("-m", "router_plugin.cli", "serve", "--dry-run")


def plain_config(openai: FakeProvider, ollama: FakeProvider) -> dict[str, Any]:
    """What someone without the router has: no ids, no marks, fallbacks to the cloud."""

    def entry(name: str, model: str, fake: FakeProvider) -> dict[str, Any]:
        return {"model_name": name, "litellm_params": {"model": model, "api_base": fake.base_url, "api_key": "sk-x"}}

    return {
        "model_list": [
            entry("gpt-4o", "openai/gpt-4o", openai),
            entry("mini", "openai/gpt-4o-mini", openai),
            entry("llama", "ollama_chat/llama3.1:8b", ollama),
            entry("embed", "openai/text-embedding-3-small", openai),
        ],
        "router_settings": {"fallbacks": [{"llama": ["mini"]}], "num_retries": 0},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }


THREE_LINES = {
    "litellm_settings": {"callbacks": ["router_plugin.plugin.instance"]},
    "callback_settings": {"router_plugin": {"mode": "shadow"}},
}


@pytest.fixture(scope="module", params=["three lines", "serve --dry-run"])
def watched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """LiteLLM's own command with three lines more, or our command with the config as it was."""
    folder = tmp_path_factory.mktemp("shadow")
    with (
        FakeProvider("openai", kind="openai") as openai,
        FakeProvider("ollama", kind="ollama", models=["llama3.1:8b"]) as ollama,
    ):
        ours = request.param == "three lines"
        config = plain_config(openai, ollama) | (THREE_LINES if ours else {})
        fakes = {"openai": openai, "ollama": ollama}
        with plain(folder, config, fakes, LITELLM if ours else SERVE) as proxy:
            yield proxy


@pytest.fixture
def proxy(watched: Proxy) -> Proxy:
    watched.reset()
    return watched


def newest(proxy: Proxy, count: int) -> list[dict[str, Any]]:
    """The newest records, once there are `count` in all."""
    path = proxy.log.parent / "router_decisions.sqlite"
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = list(read(path)) if path.exists() else []
        if len(found) >= count:
            return found
        time.sleep(0.1)
    raise AssertionError("the decision was not logged")


def logged(proxy: Proxy) -> int:
    path = proxy.log.parent / "router_decisions.sqlite"
    return len(list(read(path))) if path.exists() else 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_goes_where_its_client_named_it(proxy: Proxy, stream: bool) -> None:
    """An easy question for gpt-4o is answered by gpt-4o, untouched; the log has the local model and both prices."""
    before = logged(proxy)
    messages = [{"role": "user", "content": "What is 2 + 2?"}]
    answer = proxy.post("/v1/chat/completions", {"model": "gpt-4o", "messages": messages, "stream": stream})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("x-router")]
    assert not stream or events(answer)
    sent = proxy.fakes["openai"].requests[-1].json
    assert (sent["model"], sent["messages"]) == ("gpt-4o", messages)
    assert proxy.fakes["ollama"].requests == []
    record = newest(proxy, before + 1)[-1]
    assert (record["mode"], record["asked"], record["served_group"], record["provider"]) == (
        *("shadow", "gpt-4o", "gpt-4o", "openai"),
    )
    assert (record["outcome"], record["private"], record["left"]) == ("answered", False, False)
    assert record["would_provider"] == "ollama"
    assert record["cost"] > record["would_cost"] == 0
    assert "2 + 2" not in json.dumps(record)


def test_private_text_leaves_and_the_log_says_so(proxy: Proxy) -> None:
    """Nothing is locked: a social security number reaches the cloud, and the record counts it."""
    before = logged(proxy)
    assert proxy.chat(SSN, model="mini").status_code == 200
    assert proxy.fakes["openai"].saw("078-05-1120")
    record = newest(proxy, before + 1)[-1]
    assert (record["private"], record["left"], record["would_provider"]) == (True, True, "ollama")
    assert "078-05-1120" not in json.dumps(record)
    before = logged(proxy)
    assert proxy.chat(SSN, model="llama").status_code == 200
    record = newest(proxy, before + 1)[-1]
    assert (record["private"], record["left"], record["served_group"]) == (True, False, "llama")


def test_litellms_own_fallbacks_and_endpoints_stay(proxy: Proxy) -> None:
    """A fallback of the config is taken, an unknown model is LiteLLM's error, and no endpoint is closed."""
    before = logged(proxy)
    with proxy.fakes["ollama"].refusing():
        assert proxy.chat("hello", model="llama").status_code == 200
    assert len(proxy.fakes["openai"].requests) == 1
    assert newest(proxy, before + 1)[-1]["served_group"] == "mini"
    assert "x-router" not in str(proxy.chat("hello", model="nonsense").headers)
    assert proxy.client.get("/openapi.json").status_code == 200
    embedded = proxy.post("/v1/embeddings", {"model": "embed", "input": "hello"})
    assert embedded.status_code == 200
    assert proxy.fakes["openai"].requests[-1].json["model"] == "text-embedding-3-small"


def test_a_client_can_pin_nothing_with_the_routers_headers(proxy: Proxy) -> None:
    """Wishes to the router change nothing, wrong ones neither."""
    answer = proxy.chat("hello", model="mini", x_router_provider="nobody", x_router_mode="route")
    assert answer.status_code == 200
    assert proxy.fakes["openai"].requests[-1].json["model"] == "gpt-4o-mini"


def test_the_start_says_loudly_that_nothing_is_locked(proxy: Proxy) -> None:
    """In capitals, in the proxy's log."""
    assert "SHADOW MODE: NOTHING IS LOCKED" in proxy.log.read_text()


def test_the_reports_read_a_shadow_log(proxy: Proxy) -> None:
    """decisions, savings and replay say what would have been; private text that left is counted."""
    before = logged(proxy)
    proxy.chat(SSN, model="gpt-4o")
    newest(proxy, before + 1)
    config = proxy.log.parent / "watched.yaml"
    import yaml

    raw = yaml.safe_load((proxy.log.parent / "plain.yaml").read_text())
    config.write_text(yaml.safe_dump(raw | THREE_LINES))

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "router_plugin.cli", *arguments, "--config", str(config), "--json"],
            cwd=proxy.log.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    sums = json.loads(run("savings"))
    assert sums["left"] >= 1
    assert sums["saved"] > 0
    assert json.loads(run("decisions").splitlines()[-1])["left"] is True
    replayed = json.loads(run("replay", str(Path("router_decisions.sqlite"))))
    assert replayed["groups"]["then"]["gpt-4o"] >= 1
    assert replayed["cost_now"] < replayed["cost_then"]
