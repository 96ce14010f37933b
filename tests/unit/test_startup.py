"""router_plugin.cli.startup: where the master key is, and what a program reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from router_plugin.cli.startup import Startup, key_place, master_key, new_key
from router_plugin.config import RouterConfig
from router_plugin.settings import Settings
from tests.unit.builders import router

NAMED: dict[str, Any] = {"general_settings": {"master_key": "os.environ/OUR_KEY"}}
LITERAL: dict[str, Any] = {"general_settings": {"master_key": "sk-in-the-config"}}


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LITELLM_MASTER_KEY", "OUR_KEY"):
        monkeypatch.setenv(name, "")  # set first, so that what the test sets is undone
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("raw", "environment", "dotenv", "place"),
    [
        ({}, {"LITELLM_MASTER_KEY": "sk-a"}, "", {"in": "environment", "variable": "LITELLM_MASTER_KEY"}),
        (NAMED, {"OUR_KEY": "sk-a"}, "", {"in": "environment", "variable": "OUR_KEY"}),
        (NAMED, {"LITELLM_MASTER_KEY": "sk-a"}, "", None),
        ({}, {}, "LITELLM_MASTER_KEY=sk-a", {"in": "file", "variable": "LITELLM_MASTER_KEY"}),
        ({}, {}, "LITELLM_MASTER_KEY=", None),
        (LITERAL, {}, "", {"in": "config", "setting": "general_settings.master_key"}),
        ({"general_settings": None}, {}, "", None),
        ({}, {}, "", None),
    ],
)
def test_the_place_of_the_key_is_told_and_never_the_key(
    raw: Any, environment: Any, dotenv: str, place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the environment, in `.env` beside the config, or in the config itself."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if dotenv:
        (tmp_path / ".env").write_text(dotenv)
    found = key_place(tmp_path / "config.yaml", raw)
    assert "sk-" not in json.dumps(found)
    assert (None if found is None else {k: v for k, v in found.items() if k != "file"}) == place


@pytest.mark.parametrize(
    ("general", "key"),
    [({"master_key": "sk-own"}, "sk-own"), ({"master_key": "os.environ/OUR_KEY"}, "sk-ours"), ({}, "sk-usual")],
)
def test_the_key_that_opens_names_conversations(general: Any, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that several proxies with one config find each other's in their Redis."""
    monkeypatch.setenv("OUR_KEY", "sk-ours")
    monkeypatch.setenv("LITELLM_MASTER_KEY", "sk-usual")
    assert master_key({"general_settings": general}) == key


def test_a_new_key_is_shown_to_people_and_put_into_a_file_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """The file is this user's alone, and is gone afterwards."""
    import os

    with new_key(Startup(as_json=False), "OUR_KEY"):
        assert os.environ["OUR_KEY"] in capsys.readouterr().out
    with new_key(Startup(as_json=True), "OUR_KEY") as place:
        file = Path(place["file"])
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text() == os.environ["OUR_KEY"]
    assert not file.exists()
    said = capsys.readouterr()
    assert os.environ["OUR_KEY"] not in said.out + said.err


def test_a_program_reads_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Progress goes to stderr, warnings into the object."""
    startup = Startup(as_json=True)
    startup.tell("Pulling")
    startup.warn("No local model")
    checked = RouterConfig(Settings(), router().config.inventory)
    startup.ready("http://127.0.0.1:4000", Path("c.yaml"), checked, {"in": "environment"})
    said = capsys.readouterr()
    assert said.err == "Pulling\n"
    facts = json.loads(said.out)
    assert facts["warnings"] == ["No local model"]
    assert facts["url"] == "http://127.0.0.1:4000"
    assert facts["groups"] == list(checked.inventory.groups)
    assert set(facts["local_models"]) == {d.model for d in checked.inventory.deployments if d.local}
