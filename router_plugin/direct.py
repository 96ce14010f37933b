"""Keeps calls of local deployments off a forward proxy: with `HTTP_PROXY` set, they would leave the machine first."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping, MutableMapping
from urllib.parse import urlsplit

from router_plugin.deployments import Inventory

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
