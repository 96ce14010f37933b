"""Calls of local deployments go to their server and nowhere else: past a web proxy, and without following redirects.

With `HTTP_PROXY` set they would leave the machine first; a server that answers 307 would have the prompt sent on.
"""

from __future__ import annotations

import functools
import urllib.request
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from router_plugin.deployments import Inventory, host_of

BYPASS = ("no_proxy", "NO_PROXY")  # urllib and aiohttp read either, the lower-case one first; httpx does as urllib


def bypass_proxies(
    inventory: Inventory, environ: MutableMapping[str, str], proxies: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Add the hosts of all local deployments to `no_proxy`, before any client is made; returns those added.

    `proxies` are the ones in force, scheme to address; default: the environment's or the system's. Where they come
    from the system alone they are written into `environ` too, since a `no_proxy` there would hide them.
    """
    found = dict(urllib.request.getproxies() if proxies is None else proxies)
    found.pop("no", None)
    if not found:
        return ()
    listed = [name.strip() for name in environ.get(BYPASS[0], environ.get(BYPASS[1], "")).split(",") if name.strip()]
    hosts = dict.fromkeys(urlsplit(d.api_base or "").hostname for d in inventory.deployments if d.local)
    added = tuple(host for host in hosts if host and host not in listed and "*" not in listed)
    for scheme, address in found.items():
        if not environ.get(f"{scheme}_proxy") and not environ.get(f"{scheme.upper()}_PROXY"):
            environ[f"{scheme}_proxy"] = address
    for name in BYPASS:
        environ[name] = ",".join([*listed, *added])
    return added


_local_hosts: set[str] = set()  # ``host:port``, of every config that was loaded in this process


def refuse_redirects(inventory: Inventory) -> None:
    """Have httpx, by which LiteLLM and the providers' clients call, return a local server's redirect unfollowed.

    LiteLLM makes its clients with `follow_redirects=True` and has no setting for it. Other hosts are left as they are.
    """
    _local_hosts.update(d.host for d in inventory.deployments if d.local and d.host is not None)
    for client in (httpx.Client, httpx.AsyncClient):
        if not hasattr(client.send, "__wrapped__"):
            setattr(client, "send", _unfollowed(client.send))  # noqa: B010 - mypy forbids to assign a method


def _unfollowed(send: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(send)
    def send_once(client: Any, request: httpx.Request, **given: Any) -> Any:
        if host_of(str(request.url)) in _local_hosts:
            given["follow_redirects"] = False
        return send(client, request, **given)

    return send_once
