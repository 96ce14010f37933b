"""Two real proxies and one real Redis: circuits, conversations and the budget are one, and outages stay unseen."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, PATHS, SSN, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Edit, Proxy, running
from tests.redis_server import RedisServer, redis_server

pytestmark = pytest.mark.slow

FAILURES = 4
RECOVERY_SECONDS = 10.0
SOON = 6.0  # seconds: a fraction of one on a machine with nothing else to do; shorter than the recovery
TARGET = "anthropic-premium-1"


def settings(
    redis: str | None, providers: Proxy | None = None, recovery: float = RECOVERY_SECONDS, **ours: Any
) -> Edit:
    """The breaker and the store of these tests; with `providers`, the cloud fakes of another proxy."""

    def edit(config: dict[str, Any]) -> None:
        plugin = config["callback_settings"]["router_plugin"]
        plugin["routing"]["breaker"] = {"failures": FAILURES, "recovery_seconds": recovery}
        plugin["routing"]["max_retries"] = 1
        if redis is not None:
            # long enough that a busy machine's late answers aren't taken for an outage
            plugin["store"] = {"redis_url": redis, "timeout_seconds": 1.0}
        plugin.update(ours)
        if providers is not None:
            for entry in config["model_list"]:
                provider = entry["model_info"]["router"]["provider"]
                if provider in ("azure", "openai", "anthropic"):
                    entry["litellm_params"]["api_base"] = providers.fakes[provider].base_url

    return edit


@contextmanager
def two_proxies(folder: Path, redis: str, **ours: Any) -> Iterator[tuple[Proxy, Proxy]]:
    """Both have the providers of the first."""
    for name in ("a", "b"):
        (folder / name).mkdir()
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(folder / "a", ollama=ollama, edit=settings(redis, **ours)) as a,
        running(folder / "b", ollama=ollama, edit=settings(redis, a, **ours)) as b,
    ):
        yield a, b


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def circuit(proxy: Proxy) -> str:
    deployments = proxy.client.get("/health").json()["deployments"]
    return str(next(item["circuit"] for item in deployments if item["id"] == TARGET))


def spent(proxy: Proxy) -> float:
    return float(proxy.client.get("/health").json()["budget"][0]["spent"])


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """Seconds until it held."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, "it still doesn't hold"
        time.sleep(0.02)
    return time.monotonic() - begun


def ask_private_then_plain(first: Proxy, second: Proxy, name: str) -> str:
    """A private turn at one proxy; the reasons that the other gives for the next one, which doesn't show it."""
    named = {"metadata": {"session_id": name}}
    assert first.post(PATHS["chat"], body("chat", SSN, **named)).is_success
    return str(second.post(PATHS["chat"], body("chat", ANALYSIS, **named)).headers["x-router-reason"])


def test_two_proxies_behave_as_one_and_go_on_without_redis(tmp_path: Path, redis: RedisServer) -> None:
    """Circuits soon, one trial call, conversations and dollars; then Redis dies and comes back."""
    with two_proxies(tmp_path, redis.url, budget={"daily_usd": 100}) as (a, b):
        # the budget is counted together, by each
        for proxy in (a, b, a):
            assert proxy.chat(ANALYSIS).headers["x-router-deployment"] == TARGET
        within(SOON, lambda: spent(a) > 0 and spent(a) == spent(b))
        one = spent(a) / 3
        # a conversation is private at both
        assert "session.private" in ask_private_then_plain(a, b, "s-1")
        # a circuit is open at both, soon
        a.fakes["anthropic"].default_fault = BY_NAME["status-500"]
        calls = len(a.fakes["anthropic"].calls)
        for proxy in (a, b, a, b):
            assert proxy.chat(ANALYSIS).is_success
        took = within(SOON, lambda: circuit(a) == circuit(b) == "open")
        print(f"both open after {took:.2f} s")
        assert len(a.fakes["anthropic"].calls) == calls + FAILURES
        # one trial call of both
        within(RECOVERY_SECONDS + SOON, lambda: circuit(a) == circuit(b) == "half_open")
        askers = [threading.Thread(target=proxy.chat, args=(ANALYSIS,)) for proxy in (a, b, a, b)]
        for thread in askers:
            thread.start()
        for thread in askers:
            thread.join()
        assert len(a.fakes["anthropic"].calls) == calls + FAILURES + 1
        within(SOON, lambda: circuit(a) == circuit(b) == "open")
        # Redis is killed: nobody notices, and what was open stays open
        redis.kill()
        for proxy in (a, b):
            assert proxy.chat(ANALYSIS).headers["x-router-deployment"] == "openai-premium-1"
            assert "session.private" in ask_private_then_plain(proxy, proxy, "s-2")
        before = spent(a)
        assert before > one * 3
        # it is back, empty: they share again, and nothing is lost or counted twice
        redis.start()
        within(SOON, lambda: b"router:budget" in redis.ask("KEYS *"))
        within(SOON, lambda: spent(a) == spent(b) >= before)
        assert "session.private" in ask_private_then_plain(b, a, "s-3")
        a.fakes["anthropic"].default_fault = None
        within(RECOVERY_SECONDS + SOON, lambda: circuit(a) == "half_open")
        within(SOON, lambda: a.chat(ANALYSIS).headers["x-router-deployment"] == TARGET)
        within(SOON, lambda: circuit(a) == circuit(b) == "closed")
        for proxy in (a, b):
            log = proxy.log.read_text(encoding="utf-8")
            assert log.count("Redis doesn't answer") == 1
            assert log.count("Redis is back") == 1


def test_two_workers_behave_as_one(tmp_path: Path, redis: RedisServer) -> None:
    """Both answer; a circuit, dollars and a conversation that one knows are known to the other."""
    shared = settings(redis.url, recovery=600, budget={"daily_usd": 100})
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=shared, arguments=("--num_workers", "2")) as proxy,
    ):
        assert "Several workers" not in proxy.log.read_text(encoding="utf-8")
        workers = one_connection_each(proxy)
        for worker in workers:
            assert worker.chat(ANALYSIS).headers["x-router-deployment"] == TARGET
        within(SOON, lambda: spent(workers[0]) > 0 and spent(workers[0]) == spent(workers[1]))
        assert "session.private" in ask_private_then_plain(workers[0], workers[1], "s-1")
        assert "session.private" in ask_private_then_plain(workers[1], workers[0], "s-2")
        proxy.fakes["anthropic"].default_fault = BY_NAME["status-500"]
        calls = len(proxy.fakes["anthropic"].calls)
        for worker in workers * 2:
            assert worker.chat(ANALYSIS).is_success
        within(SOON, lambda: circuit(workers[0]) == circuit(workers[1]) == "open")
        assert len(proxy.fakes["anthropic"].calls) == calls + FAILURES
        for worker in workers:
            worker.client.close()


def one_connection_each(proxy: Proxy) -> tuple[Proxy, Proxy]:
    """The proxy through a connection to each of its two workers: a connection stays with the worker that took it."""
    found: dict[int, Proxy] = {}
    spare: list[httpx.Client] = []
    until = time.monotonic() + 60
    while len(found) < 2:
        assert time.monotonic() < until, "one worker takes all connections"
        limits = httpx.Limits(max_connections=1, keepalive_expiry=600)
        client = httpx.Client(
            base_url=proxy.url, headers=proxy.client.headers, timeout=60, trust_env=False, limits=limits
        )
        client.get("/health/liveliness")
        worker = _owner(proxy.process.pid, client)
        if worker is None or worker in found:
            spare.append(client)  # kept open, so that the other worker's turn comes
        else:
            found[worker] = replace(proxy, client=client)
    for client in spare:
        client.close()
    first, second = found.values()
    return first, second


def _owner(parent: int, client: httpx.Client) -> int | None:
    """The worker process that holds the other end of a client's one connection, by Linux' table of sockets."""
    stream = client.get("/health/liveliness").extensions["network_stream"]
    ours = stream.get_extra_info("client_addr")[1]
    wanted = f":{ours:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(wanted) and row[9] != "0"}
    for worker in _children(parent):
        for link in Path(f"/proc/{worker}/fd").iterdir():
            try:
                if str(link.readlink()) in inodes:
                    return worker
            except OSError:  # closed meanwhile
                continue
    return None


def test_a_proxy_that_is_killed_under_load_harms_no_request_of_the_other(tmp_path: Path, redis: RedisServer) -> None:
    """Its dollars and its open circuit are still known to the one that is left."""
    with two_proxies(tmp_path, redis.url, budget={"daily_usd": 100}) as (a, b):
        a.fakes["anthropic"].default_fault = BY_NAME["status-500"]
        for _ in range(FAILURES):
            assert a.chat(ANALYSIS).is_success
        within(SOON, lambda: spent(b) > 0 and spent(a) == spent(b) and circuit(b) == "open")
        dollars = spent(b)
        statuses: list[int] = []
        stop = threading.Event()

        def load(proxy: Proxy, into: list[int]) -> None:
            while not stop.is_set():
                try:
                    into.append(proxy.chat(ANALYSIS).status_code)
                except Exception:
                    return

        threads = [threading.Thread(target=load, args=(b, statuses)) for _ in range(3)]
        threads += [threading.Thread(target=load, args=(a, [])) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(1.5)
        children = _children(a.process.pid)
        os.kill(a.process.pid, signal.SIGKILL)
        at_kill = len(statuses)
        time.sleep(3)
        stop.set()
        for thread in threads:
            thread.join()
        for child in children:
            os.kill(child, signal.SIGKILL)
        print(f"{len(statuses)} requests at the proxy that was left, {len(statuses) - at_kill} after the kill")
        assert len(statuses) - at_kill > 3
        assert set(statuses) == {200}
        assert spent(b) >= dollars
        assert circuit(b) != "closed"


def _children(parent: int) -> list[int]:
    path = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(child) for child in path.read_text(encoding="utf-8").split()] if path.exists() else []


def test_a_spent_budget_leaves_local_models_and_survives_a_restart(tmp_path: Path) -> None:
    """One proxy without Redis: soft, then hard; a named cloud model is refused with the limit and its cure."""
    with FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama:
        for restarted in (False, True):
            tiny = settings(None, budget={"daily_usd": 0.0001, "soft_fraction": 0.5})
            with running(tmp_path, ollama=ollama, edit=tiny) as proxy:
                if not restarted:
                    assert proxy.chat(ANALYSIS).headers["x-router-deployment"] == TARGET
                    within(SOON, lambda: spent(proxy) > 0.0001)
                    proxy.reset()
                answer = proxy.chat(ANALYSIS)
                assert answer.headers["x-router-deployment"].startswith("ollama-")
                assert "budget.hard:daily" in answer.headers["x-router-reason"]
                assert answer.headers["x-router-private"] == "false"
                refused = proxy.chat(ANALYSIS, model="gpt-4o")
                assert refused.status_code == 429
                assert "daily budget of $0.00" in refused.text
                assert "budget.daily_usd" in refused.text
                assert proxy.cloud_calls() == []
                metrics = proxy.client.get("/metrics").text
                assert 'router_budget_limit_dollars{period="daily"} 0.0001' in metrics
