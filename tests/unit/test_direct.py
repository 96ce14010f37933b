"""Calls of local deployments bypass a forward proxy."""

from __future__ import annotations

import httpx
import pytest

from router_plugin.deployments import Inventory
from router_plugin.direct import bypass_proxies, refuse_redirects
from tests.unit.builders import deployment

PROXY = {"http": "http://proxy.example:3128"}


def inventory(*addresses: str) -> Inventory:
    """One local deployment an address, and a cloud one."""
    local = (deployment(f"ollama-{i}", local=True, api_base=base) for i, base in enumerate(addresses))
    return Inventory((*local, deployment("openai-default", local=False, api_base="https://cloud.example")))


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "gpu-box,127.0.0.1"),
        ({"NO_PROXY": "intranet.example"}, "intranet.example,gpu-box,127.0.0.1"),
        ({"no_proxy": "127.0.0.1, a"}, "127.0.0.1,a,gpu-box"),
        ({"NO_PROXY": "*"}, "*"),
    ],
)
def test_local_hosts_join_what_is_excepted(environ: dict[str, str], expected: str) -> None:
    """Each host stands once, after what the operator listed, under both names that clients read."""
    bypass_proxies(inventory("http://gpu-box:11434", "http://127.0.0.1:11434", "http://gpu-box:8000"), environ, PROXY)
    assert (environ["no_proxy"], environ["NO_PROXY"]) == (expected, expected)


def test_cloud_calls_keep_their_proxy() -> None:
    """Cloud hosts aren't excepted, and a proxy that only the system knows stays known beside our `no_proxy`."""
    environ: dict[str, str] = {}
    assert bypass_proxies(inventory("http://gpu-box:11434"), environ, PROXY) == ("gpu-box",)
    assert "cloud.example" not in environ["no_proxy"]
    assert environ["http_proxy"] == PROXY["http"]


def test_without_a_proxy_nothing_is_set() -> None:
    """An environment without proxies is left as it is."""
    environ = {"PATH": "/bin"}
    assert bypass_proxies(inventory("http://gpu-box:11434"), environ, {}) == ()
    assert environ == {"PATH": "/bin"}


def test_redirects_of_local_servers_are_returned_unfollowed() -> None:
    """A client that follows redirects follows those of other hosts only, and sends a local server's nowhere."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(200) if request.url.path == "/end" else httpx.Response(307, headers={"location": "/end"})

    refuse_redirects(inventory("http://gpu-box:11434"))
    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        assert client.post("http://gpu-box:11434/v1/chat", json={}).status_code == 307
        assert client.post("http://cloud.example/v1/chat", json={}).status_code == 200
    assert seen == ["gpu-box", "cloud.example", "cloud.example"]


def test_installing_twice_wraps_once() -> None:
    """A second config in the same process adds its hosts, not a second layer."""
    refuse_redirects(inventory("http://gpu-box:11434"))
    wrapped = httpx.AsyncClient.send
    refuse_redirects(inventory("http://other-box:11434"))
    assert httpx.AsyncClient.send is wrapped
