"""router_plugin.diagnosis: each broken set-up is found, and has a cure of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router_plugin.checks import machine
from router_plugin.diagnosis import CHECKS, look, read_set_up, set_up
from router_plugin.fakes import FakeProvider
from router_plugin.joining import join
from router_plugin.paths import model_dir
from router_plugin.textmodel import TextModel
from tests.unit.builders import entry
from tests.unit.checks.broken import BROKEN, QUIET, ours

pytestmark = QUIET


def test_a_right_set_up_has_no_finding(healthy: dict[str, Any]) -> None:
    """Every check has looked, and none complains; the embedded-model check says what it saw."""
    checks = look(set_up(**healthy))
    assert [check for check in checks if not check.ok] == []
    assert {"ollama", "config", "local model", "classifier", "decision log", "port", "litellm"} <= {
        c.name for c in checks
    }


@pytest.mark.parametrize(("break_it", "name", "cure"), BROKEN, ids=[case[0].__name__ for case in BROKEN])
def test_each_broken_set_up_has_its_own_cure(
    healthy: dict[str, Any], break_it: Callable[[dict[str, Any]], None], name: str, cure: str
) -> None:
    """One thing is broken in a healthy set-up; a finding that fails names what to do."""
    break_it(healthy)
    setup = set_up(**healthy)
    # loading the models takes longer than all else, so it is done only where it is what is broken
    looked = [checker for checker in CHECKS if checker is not machine.classifier or name == "classifier"]
    found = [check for checker in looked for check in checker(setup) if check.name == name and check.fails]
    assert found
    assert any(cure in check.cure for check in found), found
    assert "sk-invented" not in str(found)


def test_the_cures_are_different_ones() -> None:
    """No two set-ups share the words that the test looks for."""
    assert len({cure for _, _, cure in BROKEN}) == len(BROKEN)


def test_a_missing_master_key_is_advice(healthy: dict[str, Any]) -> None:
    """`serve` makes one, so it is no failure."""
    del healthy["environment"]["LITELLM_MASTER_KEY"]
    found = [check for check in look(set_up(**healthy)) if not check.ok]
    assert [(c.name, c.advice, c.fails) for c in found] == [("master key", True, False)]


def test_a_missing_key_is_advice(healthy: dict[str, Any]) -> None:
    """The router does without that provider; the tip says how to have it, and how to be told of it no more."""
    del healthy["environment"]["OPENAI_API_KEY"]
    found = [check for check in look(set_up(**healthy)) if not check.ok]
    assert {check.seen.split()[0] for check in found} == {"openai-default-1", "openai-premium-1"}
    assert [(c.name, c.fails) for c in found] == [("provider", False)] * 2
    assert all("set OPENAI_API_KEY in the environment" in c.cure for c in found)
    assert all("callback_settings.router_plugin.providers.openai.enabled: false" in c.cure for c in found)


def test_a_provider_that_is_switched_off_is_as_it_should_be(healthy: dict[str, Any]) -> None:
    """The tip's own cure leaves nothing to complain of."""
    del healthy["environment"]["OPENAI_API_KEY"]
    ours(healthy).setdefault("providers", {})["openai"] = {"enabled": False}
    found = [check for check in look(set_up(**healthy)) if check.name == "provider"]
    assert found
    assert all(check.ok and not check.cure and "switched off" in check.seen for check in found)


@pytest.mark.parametrize("kind", ["trained", "heuristic"])
def test_the_classifier_is_named_as_people_know_it(healthy: dict[str, Any], kind: str) -> None:
    """Which model, and from where; a class's name says nothing."""
    ours(healthy)["routing"]["classifier"] = kind
    (found,) = [check for check in machine.classifier(set_up(**healthy)) if check.name == "classifier"]
    version = TextModel.load(model_dir() / "complexity.json").version
    expected = f"trained model {version} at complexity.json" if kind == "trained" else "keywords, as routing.classifier"
    assert found.ok
    assert found.seen.startswith(expected)


def test_the_default_ollama_is_looked_for_only_where_an_entry_calls_it(
    healthy: dict[str, Any], ollama: FakeProvider
) -> None:
    """A config with its Ollama elsewhere is right without one here, also as `init --from` writes it."""
    del healthy["environment"]["OLLAMA_HOST"]
    own = {"model_name": "mine", "litellm_params": {"model": "ollama_chat/llama3.1:8b", "api_base": ollama.base_url}}
    joined = join({"model_list": [own]}, healthy["environment"]).config
    found = [check for check in look(set_up(joined, healthy["environment"])) if check.name == "ollama"]
    assert [(check.ok, ollama.base_url in check.seen) for check in found] == [(True, True)]
    joined["model_list"].append(entry("here", "ollama_chat/phi3:mini", local=True))
    found = [check for check in look(set_up(joined, healthy["environment"])) if check.name == "ollama"]
    assert any("http://127.0.0.1:11434" in check.seen for check in found)


def test_a_cloud_model_without_a_price_is_advice(healthy: dict[str, Any]) -> None:
    """Costs leave it out; the cure names base_model."""
    healthy["raw"]["model_list"].append(entry("openai-other", "openai/never-heard-of", api_key="sk-invented"))
    healthy["raw"]["model_list"][-1]["model_info"]["router"]["role"] = "default"
    found = [check for check in look(set_up(**healthy)) if not check.ok]
    assert [(c.name, c.advice) for c in found] == [("price", True)]
    assert "base_model" in found[0].cure


def test_a_taken_port_is_found_unless_it_is_the_proxy_itself(healthy: dict[str, Any]) -> None:
    """Another program's port is a finding."""
    with FakeProvider("other") as other:
        healthy["environment"]["ROUTER_PORT"] = str(other.port)
        found = [check for check in look(set_up(**healthy)) if check.name == "port"]
    assert [(c.ok, "--port" in c.cure) for c in found] == [(False, True)]


def test_a_model_that_ollama_runs_elsewhere_is_not_local(healthy: dict[str, Any], ollama: FakeProvider) -> None:
    """The name doesn't tell; `/api/show` does."""
    ollama.backend.remote = frozenset({"llama3.1:8b"})
    try:
        found = [check for check in look(set_up(**healthy)) if check.name == "locality"]
    finally:
        ollama.backend.remote = frozenset()
    assert found
    assert "remove `local: true`" in found[0].cure


@pytest.mark.parametrize(
    ("content", "cure"),
    [
        (b"model_list:\n\t- a", "no tabs"),
        (b"\xff\xfe", "save it as UTF-8"),
        (b"- a list", "router-plugin init"),
        (None, "--config"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, cure: str) -> None:
    """Broken YAML, another encoding, no mapping, no file."""
    path = tmp_path / "c.yaml"
    if content is not None:
        path.write_bytes(content)
    found = read_set_up(path, {})
    assert isinstance(found, list)
    assert found[0].fails
    assert cure in found[0].cure
