"""`router-plugin init`: a config that the checks accept, from nothing or from an existing LiteLLM config."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from router_plugin.cli.init import init
from router_plugin.config import check
from router_plugin.errors import ConfigError
from router_plugin.fakes import FakeProvider
from router_plugin.joining import join

ROOT = Path(__file__).parents[2]
KEYS = {"OPENAI_API_KEY": "sk-invented", "GROQ_API_KEY": "gsk-invented", "AZURE_API_KEY": "0123"}


def entry(name: str, model: str, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **params}}


MIXED = {
    "model_list": [
        entry("gpt-4o", "openai/gpt-4o", api_key="os.environ/OPENAI_API_KEY"),
        entry("mini", "openai/gpt-4o-mini", api_key="os.environ/OPENAI_API_KEY", rpm=100),
        entry("llama", "ollama_chat/llama3.1:8b", api_base="http://127.0.0.1:11434"),
    ],
    "router_settings": {"fallbacks": [{"llama": ["mini"]}], "num_retries": 3},
    "litellm_settings": {"success_callback": ["langfuse"], "context_window_fallbacks": [{"mini": ["gpt-4o"]}]},
}
CLOUD_ONLY = {
    "model_list": [
        entry("groq", "groq/llama-3.1-8b-instant", api_key="os.environ/GROQ_API_KEY"),
        entry("anything", "openai/*", api_key="os.environ/OPENAI_API_KEY") | {"model_name": "*"},
    ]
}
BALANCED = {
    "model_list": [
        {**entry("chat", "azure/prod", api_base="https://a.openai.azure.com", api_key="x", api_version="2024-10-21")},
        {**entry("chat", "openai/gpt-4o", api_key="sk-x"), "model_info": {"id": "chat"}},
        {**entry("chat", "ollama/qwen2.5:7b"), "model_info": {"id": "same"}},
        {**entry("vectors", "openai/text-embedding-3-small", api_key="sk-x"), "model_info": {"id": "same"}},
    ],
    "general_settings": {"master_key": "sk-literal"},
    "router_settings": {"model_group_alias": {"chat-local": "chat"}},
}
OWN_SERVERS = {
    "model_list": [
        entry("auto", "openai/gpt-4o", api_key="sk-x"),
        entry("vllm", "hosted_vllm/qwen", api_base="http://192.168.1.9:8000/v1"),
        entry("gateway", "openai/some-model", api_base="http://127.0.0.1:9000/v1", api_key="x"),
        entry("far", "ollama/llama3", api_base="https://ollama.example.com"),
        entry("turbo", "ollama/gpt-oss:120b-cloud"),
    ],
    "litellm_settings": {"callbacks": "prometheus", "global_disable_no_log_param": True},
    "callback_settings": {"otel": {"message_logging": False}, "router_plugin": {"mode": "shadow"}},
}
CONFIGS = {"mixed": MIXED, "cloud only": CLOUD_ONLY, "balanced": BALANCED, "own servers": OWN_SERVERS}


@pytest.mark.parametrize("raw", CONFIGS.values(), ids=list(CONFIGS))
def test_a_joined_config_passes_every_check(raw: dict[str, Any]) -> None:
    """It can be locked; each model that was there is there still, with its own arguments."""
    before = copy.deepcopy(raw)
    joined = join(raw, KEYS)
    assert raw == before
    config = check(joined.config, KEYS)
    assert config.settings.mode == "route"
    assert any(d.local for d in config.inventory.deployments)
    wanted = [e["litellm_params"] for e in raw["model_list"] if "*" not in e["model_name"]]
    now = [e["litellm_params"] for e in joined.config["model_list"]]
    for params in wanted:
        assert any(params.items() <= found.items() for found in now), params


def test_locality_and_roles_are_marked() -> None:
    """What is clearly local; the dear one is premium; doors lead to a local deployment."""
    config = check(join(MIXED, KEYS).config, KEYS)
    found = {d.group: (d.provider, d.role, d.local) for d in config.inventory.deployments}
    assert found == {
        "gpt-4o": ("openai", "premium", False),
        "mini": ("openai", "default", False),
        "llama": ("ollama", "default", True),
    }
    names = [e["model_name"] for e in join(MIXED, KEYS).config["model_list"]]
    assert names[:5] == ["auto", "auto-complexity", "auto-cost", "auto-latency", "auto-private"]


def test_fallbacks_to_the_cloud_are_removed_and_told() -> None:
    """LiteLLM would take them for private requests, too."""
    joined = join(MIXED, KEYS)
    assert "context_window_fallbacks" not in joined.config["litellm_settings"]
    assert joined.config["router_settings"]["fallbacks"][0]["*"][0] == "auto"
    assert any("router_settings.fallbacks" in note for note in joined.notes)
    assert joined.config["litellm_settings"]["success_callback"] == ["langfuse"]


def test_nothing_that_may_be_a_cloud_becomes_local() -> None:
    """A gateway, a far Ollama, a cloud model of Ollama's: none is marked."""
    config = check(join(OWN_SERVERS, KEYS).config, KEYS)
    assert {d.group for d in config.inventory.deployments if d.local} == {"vllm"}


def test_shadow_mode_ends_with_joining() -> None:
    """A config that was watched is locked by `init --from`; other callbacks' settings stay."""
    settings = join(OWN_SERVERS, KEYS).config["callback_settings"]
    assert "mode" not in settings["router_plugin"]
    assert settings["otel"] == {"message_logging": False}


def test_without_a_local_model_one_is_added() -> None:
    """One that Ollama has, else the pack's with the command that pulls it."""
    added = join(CLOUD_ONLY, KEYS, ["nomic-embed-text", "qwen2.5:7b"]).config["model_list"][-1]
    assert added["litellm_params"]["model"] == "ollama_chat/qwen2.5:7b"
    assert any("ollama pull llama3.1:8b" in note for note in join(CLOUD_ONLY, KEYS).notes)


@pytest.mark.parametrize("raw", [{}, {"model_list": []}, {"model_list": "x"}])
def test_without_a_model_list_nothing_is_joined(raw: dict[str, Any]) -> None:
    """An error names the key."""
    with pytest.raises(ConfigError, match="model_list"):
        join(raw, {})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("OPENAI", "ANTHROPIC", "AZURE", "OLLAMA", "LITELLM_MASTER")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")

    def start(*arguments: str, answers: str = "") -> Result:
        return CliRunner().invoke(init, list(arguments), input=answers)

    return start


def test_from_nothing_the_pack_is_written(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes the check; keys are named, never written; models that Ollama has are taken."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with FakeProvider("ollama", kind="ollama", models=["mistral:7b", "mxbai-embed-large"]) as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.base_url)
        done = run("--yes", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["keys"] == ["OPENAI_API_KEY"]
    assert told["ollama"] == {"found": True, "models": ["mistral:7b", "mxbai-embed-large"]}
    text = Path("litellm_config.yaml").read_text() + Path(".env.example").read_text()
    assert "sk-very-secret" not in text + done.output
    raw = yaml.safe_load(Path("litellm_config.yaml").read_text())
    check(raw, KEYS)
    models = {e["litellm_params"]["model"] for e in raw["model_list"]}
    assert {"ollama_chat/mistral:7b", "ollama/mxbai-embed-large"} <= models


def test_the_example_of_variables_is_the_checkouts(run: Callable[..., Result]) -> None:
    """What `init` writes names the same variables with the same values as the file beside the shipped config."""
    assert run("--yes").exit_code == 0
    written, shipped = (
        re.findall(r"^#([A-Z_]+)=(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for path in (Path(".env.example"), ROOT / ".env.example")
    )
    assert len(written) >= 8
    assert written == shipped


def test_nothing_is_overwritten_without_a_yes(run: Callable[..., Result]) -> None:
    """Where nobody can be asked a file stays, `--force` overwrites it; the exit code says that it was kept."""
    Path("litellm_config.yaml").write_text("mine")
    assert run().exit_code == 1
    assert run("--yes").exit_code == 1
    assert Path("litellm_config.yaml").read_text() == "mine"
    assert run("--force").exit_code == 0
    assert Path("litellm_config.yaml").read_text() != "mine"


def test_the_config_that_is_read_is_not_the_one_that_is_written(run: Callable[..., Result]) -> None:
    """`--from` in place keeps it."""
    Path("litellm_config.yaml").write_text(yaml.safe_dump(MIXED))
    assert run("--from", "litellm_config.yaml").exit_code == 1
    assert yaml.safe_load(Path("litellm_config.yaml").read_text()) == MIXED
    done = run("--from", "litellm_config.yaml", "-o", "new.yaml", "--yes")
    assert done.exit_code == 0, done.output
    check(yaml.safe_load(Path("new.yaml").read_text()), KEYS)
