"""Runs joblib's tasks on a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from router_plugin.errors import RouterPluginError


class DaskNotInstalled(RouterPluginError):
    """`--dask` was given and Dask isn't there."""


@contextlib.contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Within it joblib's tasks run on the cluster at `address`; None changes nothing.

    joblib's Dask back end: https://joblib.readthedocs.io/en/stable/parallel.html. Errors: DaskNotInstalled.
    """
    if address is None:
        yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise DaskNotInstalled("--dask needs the package `distributed`: install it here and on the workers.") from None
    from joblib import parallel_config

    client: Any = Client
    with client(address), parallel_config(backend="dask"):
        yield
