"""Replay, calibration and their commands: what other settings would have done with logged requests."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from router_plugin.calibration import CalibrationError, for_cost, for_shares
from router_plugin.cli import commands
from router_plugin.config import RouterConfig, check
from router_plugin.decision_log import DecisionLog, read
from router_plugin.prices import prices
from router_plugin.replay import Replayer
from router_plugin.report import opened

ROOT = Path(__file__).parents[2]
KEYS = {
    "OPENAI_API_KEY": "sk-test",
    "AZURE_OPENAI_API_KEY": "test",
    "AZURE_OPENAI_ENDPOINT": "https://azure.invalid",
    "ANTHROPIC_API_KEY": "sk-ant-test",
}


def _pack() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "litellm_config.yaml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def _config(**thresholds: float) -> RouterConfig:
    raw = _pack()
    if thresholds:
        raw["callback_settings"]["router_plugin"]["routing"]["thresholds"] = thresholds
    return check(raw, KEYS)


def _record(score: float, **changed: Any) -> dict[str, Any]:
    tier = "low" if score < 0.3 else "high" if score >= 0.7 else "medium"
    group, deployment = {
        "low": ("ollama-default", "ollama-default-1"),
        "medium": ("azure-default", "azure-default-1"),
        "high": ("anthropic-premium", "anthropic-premium-1"),
    }[tier]
    if score < 0.2:  # fast_below
        group, deployment = "ollama-fast", "ollama-fast-1"
    record = {
        "ts": 1.0,
        "decision_id": f"d{score}",
        "surface": "chat",
        "score": score,
        "tier": tier,
        "strategy": "complexity",
        "private": False,
        "abstained": False,
        "code_work": False,
        "reasons": [],
        "model_group": group,
        "deployment": deployment,
        "prompt_tokens": 1_000,
        "completion_tokens": 500,
        "cached_tokens": 0,
        "cost": None,
    }
    return {**record, **changed}


def _traffic(count: int = 200) -> list[dict[str, Any]]:
    return [_record((n + 0.5) / count) for n in range(count)]


def test_the_same_settings_change_nothing() -> None:
    """Replayed under the settings that decided, every request stays and costs the same."""
    result = Replayer(_config()).run(_traffic())
    assert (result.requests, result.moved, result.refused, result.unpriced) == (200, 0, 0, 0)
    assert result.cost_now == pytest.approx(result.cost_then)
    assert result.cost_then > 0


def test_a_higher_threshold_moves_requests_and_saves() -> None:
    """With `high` at .9, the requests between .7 and .9 go to the medium group, at its price."""
    config = _config(low=0.3, high=0.9)
    result = Replayer(config).run(_traffic())
    assert result.moved == 40
    assert result.tiers_now == {"low": 60, "medium": 120, "high": 20}
    known = prices(config.inventory.deployments)
    high, medium = known["anthropic-premium-1"], known["azure-premium-1"]
    assert high is not None
    assert medium is not None
    # premium_from is .7 still: Azure answers these with its premium model
    assert result.cost_then - result.cost_now == pytest.approx(40 * (high.cost(1_000, 500) - medium.cost(1_000, 500)))


@pytest.mark.parametrize(
    "changed",
    [{"reasons": ["asked.model:openai-premium"]}, {"surface": "embeddings"}, {"score": None}],
)
def test_what_a_threshold_cannot_move_is_kept(changed: dict[str, Any]) -> None:
    """Pinned requests, embeddings and records without a score stay as they were."""
    result = Replayer(_config(low=0.9, high=0.95)).run([{**_record(0.8), **changed}])
    assert (result.kept, result.moved) == (1, 0)


def test_private_requests_stay_local() -> None:
    """Whatever the thresholds, a private request is replayed to a local group."""
    record = _record(0.9, private=True, model_group="ollama-default", deployment="ollama-default-1")
    result = Replayer(_config(low=0.01, high=0.02)).run([record])
    assert result.groups_now == {"ollama-default": 1}


def test_the_logged_cost_counts() -> None:
    """What LiteLLM has billed is taken before the list's price."""
    result = Replayer(_config()).run([_record(0.9, cost=1.25)])
    assert result.cost_then == 1.25


def test_a_log_that_is_summed_up_gives_what_its_records_give(tmp_path: Path) -> None:
    """Pinned, private, unsure, code, embeddings, shadow, without a price, an answer or a score."""
    kinds: list[dict[str, Any]] = [
        *({}, {"private": True}, {"abstained": True}, {"code_work": True}, {"surface": "embeddings"}, {"score": None}),
        *({"reasons": ["complexity.low", "asked.model:x"]}, {"reasons": ["asked.provider:local", "strategy.cost"]}),
        *({"reasons": ["asked.max_tier:low"]}, {"strategy": "cost"}, {"strategy": None}, {"deployment": None}),
        *({"cost": 0.25}, {"cost": None, "deployment": "gone-1"}, {"model_group": None}, {"tier": None}),
        *({"cached_tokens": 40}, {"cached_tokens": 5_000}, {"mode": "shadow", "served_group": "gpt-4o"}),
    ]
    made = [{**_record(score / 40), **kind} for score in range(40) for kind in kinds]
    path = tmp_path / "d.sqlite"
    log = DecisionLog(path, 10_000)
    for record in made:
        log.add(record)
    log.close()
    for config in (_config(), _config(low=0.5, high=0.8)):
        with opened(path) as connection:
            summed = Replayer(config).run_log(connection).to_json()
        apart = Replayer(config).run(read(path)).to_json()
        assert _close(summed, apart), (summed, apart)
        assert summed["requests"] == len(made)
        assert summed["kept"] > 0


def _close(a: Any, b: Any) -> bool:
    """Equal, with a millionth of a dollar for the order in which sums were made."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)
    return bool(a == pytest.approx(b, abs=2e-6))


def test_shares_become_thresholds() -> None:
    """15 % of requests for the high tier, and 50 % for the low one, on even scores."""
    found = for_shares(_traffic(), _config(), high=0.15, low=0.5)
    assert (found.low, found.high) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.85, abs=0.01))
    assert found.shares == {"low": 0.5, "medium": 0.35, "high": 0.15}


def test_only_scored_public_requests_are_calibrated_on() -> None:
    """Refused, private and unknown ones have no say in the shares; how many they were is said."""
    refused = {"score": None, "private": None, "tier": None, "model_group": None, "deployment": None}
    others = [{**_record(0.9), **refused}] * 60 + [_record(0.9, private=True)] * 5 + [_record(0.9, private=None)] * 7
    found = for_shares([*others, *_traffic()], _config(), high=0.15, low=0.5)
    assert found.shares == {"low": 0.5, "medium": 0.35, "high": 0.15}
    assert (found.requests, found.left_aside, found.misses) == (200, 72, ())
    assert for_cost([*others, *_traffic()], _config(), dollars=1_000.0).left_aside == 72


@pytest.mark.parametrize(
    ("records", "wanted", "got", "why"),
    [
        (_traffic(80) + [_record(0.8)] * 20, 0.2, 0.36, "20 requests tie at score 0.8"),
        (_traffic(50) + [_record(0.95)] * 50, 0.3, 0.53, "51 requests tie at score 0.95"),
        ([_record(1.0)] * 100, 0.0, 1.0, "100 requests score 0.999 or more"),
        (_traffic(60) + [_record(0.9, reasons=["asked.model:x"])] * 40, 0.1, 0.46, "40 requests keep their tier"),
    ],
)
def test_a_share_that_is_missed_is_said_with_the_reason(
    records: list[dict[str, Any]], wanted: float, got: float, why: str
) -> None:
    """Requests with one score go to one tier together, and pinned ones stay where they were."""
    (miss,) = for_shares(records, _config(), high=wanted, low=None).misses
    assert (miss.tier, miss.wanted) == ("high", wanted)
    assert miss.share == pytest.approx(got, abs=0.015)
    assert why in miss.reason


def test_a_low_share_that_is_missed_is_said_too() -> None:
    """Only where it was asked for."""
    records = _traffic(60) + [_record(0.1)] * 40
    (miss,) = for_shares(records, _config(), high=0.1, low=0.2).misses
    assert (miss.tier, miss.wanted) == ("low", 0.2)
    assert "tie at score 0.1" in miss.reason
    assert for_shares(records, _config(), high=0.1, low=None).misses == ()


def test_a_cost_is_kept() -> None:
    """The thresholds for a cost give at most that cost, and more quality than the cheapest ones."""
    config = _config()
    before = 1000 * Replayer(config).run(_traffic()).cost_now / 200
    found = for_cost(_traffic(), config, dollars=before / 2)
    assert found.cost is not None
    assert 0 < found.cost <= before / 2
    assert found.high > 0.7


@pytest.mark.parametrize(
    ("records", "dollars"), [(_traffic(10), 1.0), ([{**r, "model_group": None} for r in _traffic()], -1.0)]
)
def test_what_cannot_be_calibrated_is_an_error(records: list[dict[str, Any]], dollars: float) -> None:
    """Too little traffic, and a cost that nothing reaches, end with the reason."""
    with pytest.raises(CalibrationError):
        for_cost(records, _config(), dollars=dollars)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A decision log in SQLite."""
    path = tmp_path / "decisions.sqlite"
    writer = DecisionLog(path, 10_000)
    for record in _traffic():
        writer.add(record)
    writer.close()
    return path


def _run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(commands, arguments, catch_exceptions=False)


def test_replay_command(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`replay` reads a log and a config, and prints what would have changed."""
    raw = _pack()
    raw["callback_settings"]["router_plugin"]["routing"]["thresholds"] = {"low": 0.3, "high": 0.9}
    config = tmp_path / "new.yaml"
    config.write_text(yaml.safe_dump(raw), encoding="utf-8")
    result = _run(["replay", str(log), "--config", str(config), "--json"], monkeypatch)
    assert result.exit_code == 0
    assert json.loads(result.output)["moved"] == 40
    assert "cost now" in _run(["replay", str(log), "--config", str(config)], monkeypatch).output


def test_replay_of_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of prompts is scored with today's model."""
    path = tmp_path / "prompts.jsonl"
    path.write_text('{"text": "Hello!"}\n{"messages": [{"role": "user", "content": "What is 2 + 2?"}]}\n')
    found = json.loads(_run(["replay", str(path), "--json"], monkeypatch).output)
    assert found["requests"] == 2
    assert found["tiers"]["now"] == {"low": 2}


def test_calibrate_writes_and_keeps_comments(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`calibrate --write` changes the one line and leaves the rest, with the old file beside it."""
    config = tmp_path / "litellm_config.yaml"
    before = (ROOT / "litellm_config.yaml").read_text(encoding="utf-8")
    config.write_text(before, encoding="utf-8")
    result = _run(["calibrate", str(log), "--config", str(config), "--high-share", "0.1", "--write"], monkeypatch)
    assert result.exit_code == 0
    changed = [
        (old, new)
        for old, new in zip(before.splitlines(), config.read_text("utf-8").splitlines(), strict=True)
        if old != new
    ]
    assert len(changed) == 1
    assert "thresholds: {low: 0.3" in changed[0][1]
    assert (tmp_path / "litellm_config.yaml.bak").read_text("utf-8") == before


def test_calibrate_keeps_a_config_as_private_as_it_was(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file and the old one beside it have its mode, since it may hold keys; a link to it stays a link."""
    config, link = tmp_path / "real.yaml", tmp_path / "litellm_config.yaml"
    shutil.copyfile(ROOT / "litellm_config.yaml", config)
    config.chmod(0o600)
    link.symlink_to(config)
    result = _run(["calibrate", str(log), "--config", str(link), "--high-share", "0.1", "--write"], monkeypatch)
    assert result.exit_code == 0
    assert link.is_symlink()
    for path in (config, tmp_path / "real.yaml.bak"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_calibrate_says_what_it_left_aside_and_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words, and as data."""
    path = tmp_path / "decisions.sqlite"
    writer = DecisionLog(path, 10_000)
    for record in [*_traffic(80), *[_record(0.8)] * 20, *[{**_record(0.8), "score": None, "private": None}] * 9]:
        writer.add(record)
    writer.close()
    run = ["calibrate", str(path), "--high-share", "0.2"]
    text = _run(run, monkeypatch).output
    assert "on these 100 public requests with a score:" in text
    assert "left aside: 9 " in text
    assert "not 20.0%, go to the high tier: 20 requests tie at score 0.8" in text
    found = json.loads(_run([*run, "--json"], monkeypatch).output)
    assert (found["requests"], found["left_aside"]) == (100, 9)
    (miss,) = found["missed"]
    assert (miss["tier"], miss["wanted"], miss["share"]) == ("high", 0.2, found["shares"]["high"])
    assert "20 requests tie" in miss["reason"]


def test_calibrate_wants_one_goal(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No goal, or two, is a usage error."""
    assert _run(["calibrate", str(log)], monkeypatch).exit_code == 2
