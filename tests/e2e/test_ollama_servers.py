"""Several Ollama servers behind one model group, in a real proxy: a dead one costs nobody anything."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import SSN
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import KEY, Proxy, events, running
from tests.exposition import sample

CHECK_SECONDS = 2.0
LOADING = {"num_ctx": 64, "num_gpu": 0, "keep_alive": 0}  # what a client may not change for all others
MADE_FOR = 8192  # tokens; what the fake says of its models
REQUESTS = 300


@dataclass
class Pair:
    """A proxy whose local groups have a deployment at each of two fakes."""

    proxy: Proxy
    one: FakeProvider
    two: FakeProvider

    def both_seen(self) -> None:
        """Wait until the proxy has looked at both since now."""
        marks = [len(fake.requests) for fake in (self.one, self.two)]
        until = time.monotonic() + 10 * CHECK_SECONDS
        while time.monotonic() < until:
            fakes = zip((self.one, self.two), marks, strict=True)
            if all(any(r.path == "/api/ps" for r in fake.requests[mark:]) for fake, mark in fakes):
                time.sleep(0.1)
                return
            time.sleep(0.05)
        raise AssertionError("the proxy did not look after its servers")


def second_server(two: FakeProvider) -> Callable[[dict[str, Any]], None]:
    """An edit of the config pack: each local deployment once more, at another address."""

    def edit(config: dict[str, Any]) -> None:
        for entry in list(config["model_list"]):
            if entry["model_name"].startswith("ollama-"):
                info = {**entry["model_info"], "id": entry["model_info"]["id"].replace("-1", "-2")}
                entry["litellm_params"]["keep_alive"] = "30m"
                entry["litellm_params"].pop("num_ctx", None)
                params = {**entry["litellm_params"], "api_base": two.base_url}
                config["model_list"].append({**entry, "litellm_params": params, "model_info": info})
        config["callback_settings"]["router_plugin"]["ollama"] = {"check_seconds": CHECK_SECONDS}

    return edit


@pytest.fixture(scope="module")
def _pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with contextlib.ExitStack() as stack:
        one, two = (
            stack.enter_context(FakeProvider(f"ollama-{name}", kind="ollama", models=OLLAMA_MODELS))
            for name in ("one", "two")
        )
        folder = tmp_path_factory.mktemp("servers")
        proxy = stack.enter_context(running(folder, ollama=one, edit=second_server(two)))
        yield Pair(proxy, one, two)


@pytest.fixture
def pair(_pair: Pair) -> Pair:
    """Both fakes well, with nothing in memory, and seen so by the proxy."""
    _pair.proxy.reset()
    for fake in (_pair.one, _pair.two):
        fake.clear()
        fake.backend.loaded.clear()
        fake.latency = 0.0
        fake.up()
    _pair.both_seen()
    for fake in (_pair.one, _pair.two):
        fake.clear()
    return _pair


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": SSN}]}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": SSN}], "stream": True, **LOADING}),
        ("/v1/messages", {"messages": [{"role": "user", "content": SSN}], "max_tokens": 20}),
        ("/v1/responses", {"input": SSN}),
        ("/v1/completions", {"prompt": SSN}),
    ],
)
def test_every_call_asks_for_its_window_and_how_long_to_keep_the_model(pair: Pair, path: str, body: Any) -> None:
    """In each API, and whatever the client asks for: Ollama would cut a prompt that is longer than its default."""
    answer = pair.proxy.post(path, {"model": "auto", **body})
    assert answer.status_code == 200
    (sent,) = [call.json for call in (*pair.one.calls, *pair.two.calls)]
    assert sent["options"]["num_ctx"] == MADE_FOR
    assert sent["keep_alive"] == "30m"
    assert "num_gpu" not in sent["options"]


def test_a_private_prompt_that_is_longer_than_the_window_is_refused_and_not_cut(pair: Pair) -> None:
    """What is refused and what is asked for are the same number; tokens are counted with a margin of a fifth."""
    assert pair.proxy.chat(f"{SSN} {'word ' * 6_000}").status_code == 200
    answer = pair.proxy.chat(f"{SSN} {'word ' * 7_000}")
    assert answer.status_code == 413
    assert f"{MADE_FOR:,}" in answer.text
    assert len(pair.one.calls) + len(pair.two.calls) == 1
    assert pair.proxy.cloud_calls() == []


def calls(proxy: Proxy, result: str, ending: str) -> float:
    """Calls of the deployments whose id ends so, by their result."""
    text = proxy.client.get("/metrics").text
    names = [f"ollama-{role}{ending}" for role in ("default", "fast", "code", "embed")]
    found = (sample(text, "router_deployment_calls_total", {"deployment": name, "result": result}) for name in names)
    return sum(value or 0.0 for value in found)


@pytest.mark.slow
def test_a_dead_server_of_two_costs_nobody_anything(pair: Pair) -> None:
    """Of 300 requests all are answered, under 1 % of them touch the dead one, and it comes back by itself."""
    proxy = pair.proxy
    pair.one.backend.loaded[:] = OLLAMA_MODELS  # so the first request is sure to try it
    pair.both_seen()
    assert proxy.chat(SSN).headers["x-router-deployment"] == "ollama-default-1"
    failed, answered, seconds = calls(proxy, "failed", "-1"), calls(proxy, "answered", "-2"), []
    pair.one.down()
    for _ in range(REQUESTS):
        begun = time.monotonic()
        answer = proxy.chat(SSN)
        seconds.append(time.monotonic() - begun)
        assert answer.status_code == 200
        assert answer.headers["x-router-deployment"] == "ollama-default-2"
        assert answer.headers["x-router-fallbacks"] == "0"
    until = time.monotonic() + 10
    while calls(proxy, "answered", "-2") - answered < REQUESTS and time.monotonic() < until:
        time.sleep(0.2)  # a record waits for its usage
    touched = calls(proxy, "failed", "-1") - failed
    print(f"{touched:.0f} of {REQUESTS} requests touched the dead server; the slowest took {max(seconds):.2f} s")
    assert touched < REQUESTS / 100
    assert proxy.cloud_calls() == []
    pair.one.up()
    pair.two.backend.loaded.clear()
    pair.both_seen()
    assert proxy.chat(SSN).headers["x-router-deployment"] == "ollama-default-1"  # it is the warm one


def test_each_server_is_shown(pair: Pair) -> None:
    """By `/metrics`, `/health` and the page: which are up, and what they have in memory."""
    pair.two.backend.loaded[:] = ["phi3:mini"]
    pair.both_seen()
    pair.one.down()
    hosts = [fake.url.removeprefix("http://") for fake in (pair.one, pair.two)]
    until = time.monotonic() + 5 * CHECK_SECONDS
    while (servers := pair.proxy.client.get("/health").json()["servers"])[0]["up"] and time.monotonic() < until:
        time.sleep(0.1)
    assert [(item["server"], item["up"]) for item in servers] == [(hosts[0], False), (hosts[1], True)]
    assert (servers[1]["loaded"], servers[1]["outstanding"]) == (["phi3:mini"], 0)
    text = pair.proxy.client.get("/metrics").text
    assert [sample(text, "router_server_up", {"server": host}) for host in hosts] == [0, 1]
    time.sleep(2.5)  # open pages share a reading of that age
    shown = pair.proxy.client.get("/router", auth=("anyone", KEY)).text
    assert ">down<" in shown
    assert ">up<" in shown


def test_if_both_are_dead_the_error_says_so(pair: Pair) -> None:
    """A private request is refused with 503, and no cloud sees it."""
    pair.one.down()
    pair.two.down()
    answer = pair.proxy.chat(SSN)
    assert answer.status_code == 503
    assert "No Ollama answers" in answer.text or "ConnectionRefused" in answer.text
    assert pair.proxy.cloud_calls() == []


@pytest.mark.parametrize("fault", ["status-500", "status-503", "cut-before-first-byte-close"])
def test_a_retry_goes_to_the_other_server(pair: Pair, fault: str) -> None:
    """One failed call each, not two at the same server."""
    pair.one.backend.loaded[:] = OLLAMA_MODELS
    pair.both_seen()
    pair.one.default_fault = BY_NAME[fault]
    answer = pair.proxy.chat(SSN)
    assert answer.headers["x-router-deployment"] == "ollama-default-2"
    assert answer.headers["x-router-fallbacks"] == "0"
    assert (len(pair.one.calls), len(pair.two.calls)) == (1, 1)


@pytest.mark.parametrize("fault", ["cut-before-content-rst", "cut-before-first-byte-rst", "status-500"])
def test_a_stream_that_breaks_before_its_content_goes_on_at_the_other_server(pair: Pair, fault: str) -> None:
    """With the same model, and unseen by the client."""
    pair.one.backend.loaded[:] = OLLAMA_MODELS
    pair.both_seen()
    pair.one.default_fault = BY_NAME[fault]
    body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": SSN}]}
    answer = pair.proxy.post("/v1/chat/completions", body)
    assert answer.status_code == 200
    assert "served by ollama-two" in "".join(
        choice["delta"].get("content") or "" for event in events(answer) for choice in event["choices"]
    )
    assert answer.headers["x-router-deployment"] == "ollama-default-2"
    assert answer.headers["x-router-fallbacks"] == "0"
    assert pair.one.calls  # LiteLLM's HTTP client itself tries once more after a reset connection
    assert len(pair.two.calls) == 1


def test_requests_at_once_are_spread_over_both(pair: Pair) -> None:
    """While one is busy the other is asked."""
    for fake in (pair.one, pair.two):
        fake.latency = 1.0
        fake.backend.loaded[:] = OLLAMA_MODELS
    pair.both_seen()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: pair.proxy.chat(SSN), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert (len(pair.one.calls), len(pair.two.calls)) == (4, 4)


def test_embeddings_work_and_pass_over_a_dead_server(pair: Pair) -> None:
    """The same model at another server has the same vectors; the private text stays local."""
    pair.one.down()
    body = {"model": "ollama-embed", "input": [SSN, "a second text"]}
    for _ in range(4):
        answer = pair.proxy.post("/v1/embeddings", body)
        assert answer.status_code == 200
        assert answer.headers["x-router-deployment"] == "ollama-embed-2"
        assert [len(item["embedding"]) for item in answer.json()["data"]] == [32, 32]
    assert [(call.path, call.json["keep_alive"]) for call in pair.two.calls] == [("/api/embed", "30m")] * 4
    assert pair.proxy.cloud_calls() == []
