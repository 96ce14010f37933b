"""The benchmarks' arithmetic, and that they run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from bench import reports
from bench.arms import arms
from bench.decision import from_elsewhere, measure_elsewhere, text
from bench.peers_elsewhere import PEERS
from bench.stats import interval, quantile, r_squared
from router_plugin.build import build_router
from router_plugin.config import load
from router_plugin.paths import packaged_config
from router_plugin.report import opened, totals

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("q", "value"), [(0.0, 1.0), (0.5, 2.5), (0.25, 1.75), (1.0, 4.0)])
def test_quantiles_lie_between_neighbours(q: float, value: float) -> None:
    """Linear interpolation, whatever the order of the values."""
    assert quantile([4.0, 1.0, 3.0, 2.0], q) == value


def test_an_interval_holds_the_median_and_narrows() -> None:
    """Few values give their whole range; many give a narrow interval around the median."""
    few, many = interval([1.0, 2.0, 9.0]), interval([i / 100 for i in range(101)])
    assert (few.low, few.median, few.high, few.pairs) == (1.0, 2.0, 9.0, 3)
    assert 0.35 < many.low < many.median == 0.5 < many.high < 0.65


def test_a_line_explains_all_and_noise_little() -> None:
    """1 for points on a line; small for values that don't follow x."""
    assert r_squared([1, 2, 3], [2.0, 4.0, 6.0]) == pytest.approx(1.0)
    assert r_squared([1, 2, 3, 4], [1.0, -1.0, 1.0, -1.0]) < 0.3


def test_the_arms_call_the_same_deployments() -> None:
    """Only the plugin's arm has the router's doors; every local call goes to the bench's back end."""
    chosen = {arm.name: arm for arm in arms("http://127.0.0.1:1")}
    for name, arm in chosen.items():
        local = [e for e in arm.config["model_list"] if str(e["litellm_params"].get("api_base", "")).endswith(":1")]
        assert {e["model_name"] for e in local} >= {"ollama-default", "ollama-fast"}, name
    assert "callbacks" not in chosen["pack"].config["litellm_settings"]
    assert "router_plugin.plugin.instance" in chosen["plugin"].config["litellm_settings"]["callbacks"]
    assert "litellm_settings" not in chosen["default"].config


def test_a_made_log_is_read_by_the_page_and_the_commands(tmp_path: Path) -> None:
    """The rows are those of real decisions, some of them private, and none of them is left unread."""
    found = reports.run(300, 400, 1, lambda _: None)
    assert found["page"]["p50_ms"] > 0
    assert all(found[name]["cpu_seconds"] > 0 for name in ("savings", "replay"))
    path = tmp_path / "d.sqlite"
    reports.write(path, 300, build_router(load(packaged_config(), reports.KEYS)))
    with opened(path) as log:
        sums = totals(log)
    assert sum(part.requests for part in sums) == 300
    assert 0 < sum(part.requests for part in sums if part.private) < 150


def bare_python(folder: Path) -> Path:
    """The interpreter of a venv without packages."""
    venv.create(folder, with_pip=False)
    return folder / "bin" / "python"


def test_peers_that_are_absent_are_left_out_with_what_to_install(tmp_path: Path) -> None:
    """No figures are made up for them, and each names its package."""
    rows, absent = from_elsewhere(bare_python(tmp_path), 20)
    assert rows == {}
    assert list(absent) == list(PEERS)
    assert all(f"pip install {package} " in absent[peer] for peer, (_, package, _) in PEERS.items())


def test_a_peer_that_is_installed_but_finds_nothing_is_an_error(tmp_path: Path) -> None:
    """Its time would be that of no work."""
    python = bare_python(tmp_path)
    packages = next(tmp_path.glob("lib/python*/site-packages"))
    (packages / "datafog_core.py").write_text("def scan(text):\n    return []\n", "utf-8")
    with pytest.raises(RuntimeError, match="finds nothing in its probe"):
        measure_elsewhere(python, "datafog-core (privacy)", lambda seed: text(5, seed), 3)


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_that_is_installed_is_timed(peer: str) -> None:
    """Under the interpreter of PEERS_PYTHON, or of the tests."""
    python = Path(os.environ.get("PEERS_PYTHON", sys.executable))
    found = measure_elsewhere(python, peer, lambda seed: text(50, seed), 20)
    if found is None:
        pytest.skip(f"pip install {PEERS[peer][1]} into a venv of its own, and set PEERS_PYTHON to its python")
    assert 0 < found["p50_us"] <= found["p99_us"]


@pytest.mark.slow
def test_the_decision_bench_runs(tmp_path: Path) -> None:
    """It prints its table and writes the same figures as JSON."""
    out = tmp_path / "figures.json"
    command = [sys.executable, str(ROOT / "scripts" / "bench.py"), "--quick", "decision", "--json", str(out)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    figures = json.loads(out.read_text())["decision"]
    assert str(figures["growth_r2"]) in shown
    assert figures["prompts"]["ours (privacy, complexity, policy)"]["50 words"]["p50_us"] > 0
    assert all(peer in shown and (peer in figures["prompts"]) != (peer in figures["absent"]) for peer in PEERS)


@pytest.mark.slow
def test_latency_and_memory_are_measured_beside_a_plain_proxy(tmp_path: Path) -> None:
    """Real proxies; the router imports nothing of the training's packages, and what a decision keeps is bounded."""
    out = tmp_path / "figures.json"
    command = [sys.executable, str(ROOT / "scripts" / "bench.py"), "--quick", "latency", "memory", "--json", str(out)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=400, check=True).stdout
    figures = json.loads(out.read_text())
    assert set(figures["latency"]["arms"]) == {"default", "pack", "plugin"}
    assert f"{figures['memory']['over_default']['start_mb']}" in shown
    assert figures["memory"]["imports"]["heavy"] == []
    assert figures["memory"]["decision"]["stays_kb"] < 4
