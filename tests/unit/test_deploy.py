"""What `deploy/` holds names metrics that the router has, and Prometheus' own tool accepts it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from router_plugin.metrics import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD, RULES = DEPLOY / "grafana-dashboard.json", DEPLOY / "prometheus-rules.yml"
SUFFIXES = ("_total", "_bucket", "_count", "_sum", "")


@pytest.mark.parametrize("path", [DASHBOARD, RULES])
def test_every_metric_exists(path: Path) -> None:
    """A renamed metric would leave a panel or an alert silent for ever."""
    registry = CollectorRegistry()
    Metrics(registry)
    known = {f"{family.name}{suffix}" for family in registry.collect() for suffix in SUFFIXES}
    named = set(re.findall(r"\brouter_[a-z_]+", path.read_text(encoding="utf-8")))
    assert named
    assert named <= known


def test_the_dashboard_is_whole() -> None:
    """Each panel has a title of its own and a query, and none lies on another."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["title"] for panel in panels}) == len({panel["id"] for panel in panels}) == len(panels)
    assert all(target["expr"] for panel in panels for target in panel["targets"])
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)


@pytest.mark.parametrize(("verb", "name"), [("check", "prometheus-rules.yml"), ("test", "prometheus-rules.test.yml")])
def test_promtool_accepts_the_rules(verb: str, name: str) -> None:
    """The alerts parse, and fire and keep quiet as their tests say."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool found; on Debian: apt-get install prometheus")
    done = subprocess.run([promtool, verb, "rules", str(DEPLOY / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
