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
from router_plugin.redis_store import RedisStore

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD, RULES = DEPLOY / "grafana-dashboard.json", DEPLOY / "prometheus-rules.yml"
SUFFIXES = ("_total", "_bucket", "_count", "_sum", "")


@pytest.mark.parametrize("path", [DASHBOARD, RULES])
def test_every_metric_exists(path: Path) -> None:
    """A renamed metric would leave a panel or an alert silent for ever."""
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    metrics.show_shared(budget=None, store=RedisStore("redis://127.0.0.1:9/0", "test:", 0.05))
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


# Instructions and parameters of Ollama's Modelfile reference, with the type of each parameter's value.
INSTRUCTIONS = {"FROM", "PARAMETER", "TEMPLATE", "SYSTEM", "ADAPTER", "LICENSE", "MESSAGE", "REQUIRES"}
PARAMETERS: dict[str, type] = {
    **dict.fromkeys(("num_ctx", "repeat_last_n", "seed", "num_predict", "top_k"), int),
    **dict.fromkeys(("repeat_penalty", "temperature", "top_p", "min_p"), float),
    "stop": str,
}


def modelfile(text: str) -> list[tuple[str, str]]:
    """(instruction, argument) in order; an argument in three quotes may have several lines. Errors: AssertionError."""
    found = []
    lines = iter(text.splitlines())
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        name, _, argument = line.partition(" ")
        assert name.upper() in INSTRUCTIONS, line
        if argument.startswith('"""'):
            argument = argument[3:]
            while not argument.endswith('"""'):
                following = next(lines, None)
                assert following is not None, f"{name} isn't closed"
                argument += "\n" + following
            argument = argument[:-3]
        assert argument.strip(), line
        found.append((name.upper(), argument.strip()))
    return found


def test_the_modelfile_parses() -> None:
    """A base that the pack has too, known parameters of the right type, and one system prompt."""
    parsed = modelfile((DEPLOY / "Modelfile").read_text(encoding="utf-8"))
    names = [name for name, _ in parsed]
    assert (names.count("FROM"), names.count("SYSTEM")) == (1, 1)
    base = dict(parsed)["FROM"]
    assert f"ollama_chat/{base}" in (DEPLOY.parent / "litellm_config.yaml").read_text(encoding="utf-8")
    values = {}
    for name, value in (argument.split(" ", 1) for instruction, argument in parsed if instruction == "PARAMETER"):
        values[name] = PARAMETERS[name](value)
    assert {"num_ctx", "temperature"} <= set(values)
    assert 2048 <= values["num_ctx"] <= 16_384  # what Code Llama was made for


@pytest.mark.parametrize(
    "text", ["FORM x", "FROM", 'SYSTEM """never closed', "PARAMETER"], ids=["word", "empty", "open", "bare"]
)
def test_a_broken_modelfile_does_not_parse(text: str) -> None:
    """The test above can fail."""
    with pytest.raises(AssertionError):
        modelfile(text)
