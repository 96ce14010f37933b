"""What probes and Prometheus ask of a running proxy, and what Kubernetes' and Compose's schemas say of the files."""

from __future__ import annotations

import subprocess

import httpx
import pytest

from tests.e2e import clients
from tests.e2e.proxy import ROOT, Proxy

DEPLOY = ROOT / "deploy"
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.stem != "kustomization")


@pytest.mark.parametrize("path", ["/health/liveliness", "/health/readiness"])
def test_probes_need_no_key(proxy: Proxy, path: str) -> None:
    """A probe gets 200 without a key, and nothing about models."""
    answer = httpx.get(proxy.url + path, trust_env=False)
    assert answer.status_code == 200
    assert "gpt-4o" not in answer.text
    assert proxy.cloud_calls() == []


def test_a_scrape_needs_the_key(proxy: Proxy) -> None:
    """As deploy/prometheus.yml asks: with the master key as the bearer; without it 401."""
    assert proxy.client.get("/metrics").status_code == 200
    assert httpx.get(proxy.url + "/metrics", trust_env=False).status_code == 401


def test_schemas_accept_the_files() -> None:
    """The manifests are valid for an old and a new Kubernetes, without unknown fields; the Compose file is valid."""
    tools = clients.client_tools("kubernetes-validate", "check-jsonschema")
    for version in ("1.30", "1.37"):
        command = [tools[0], "-k", version, "--strict", *map(str, MANIFESTS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    command = [tools[1], "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
