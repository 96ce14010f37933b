"""router_plugin.runtime_config: a config file fitted to what is there."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from router_plugin.capabilities import told
from router_plugin.config import check
from router_plugin.errors import ConfigError
from router_plugin.ollama import DEFAULT_URL, Ollama, Survey, normalise
from router_plugin.runtime_config import (
    EmbeddedServer,
    add_embedded,
    fit_ollama,
    has_local_chat,
    missing_models,
    ollama_models,
    point_doors,
)
from tests.unit.builders import KEYS, entry, pack

URL = "http://10.0.0.7:11434"
ALL = Ollama(URL, "0.12", frozenset({"phi3:mini", "llama3.1:8b", "codellama:13b", "nomic-embed-text:latest"}))
SERVER = EmbeddedServer("http://127.0.0.1:5555/v1", "sk-embedded", "smollm2")
NONE = Survey((URL,))
DOORS = {"auto", "auto-complexity", "auto-cost", "auto-latency", "auto-private"}


def at(*found: Ollama) -> Survey:
    """Servers that OLLAMA_HOST names and that answered."""
    return Survey(tuple(server.url for server in found), {server.url: server for server in found})


FOUND = at(ALL)


def groups(config: dict[str, Any]) -> list[str]:
    return [item["model_name"] for item in config["model_list"]]


def bases(config: dict[str, Any]) -> dict[str, str | None]:
    return {item["model_name"]: item["litellm_params"].get("api_base") for item in config["model_list"]}


def test_every_default_address_becomes_the_one_found() -> None:
    """Doors and deployments, and only those of Ollama; the file's own data stays as it was."""
    raw = pack()
    before = copy.deepcopy(raw)
    config, lines = fit_ollama(raw, FOUND)
    assert raw == before
    assert lines == []
    found = bases(config)
    assert {name for name, base in found.items() if base == URL} == {
        *DOORS,
        *("ollama-fast", "ollama-default", "ollama-code", "ollama-embed"),
    }
    assert found["azure-default"] == "os.environ/AZURE_OPENAI_ENDPOINT"
    assert check(config, KEYS).inventory.is_local_host("10.0.0.7:11434")


def test_a_model_that_is_not_pulled_is_left_out_with_its_command() -> None:
    """One line each; the doors stay."""
    config, lines = fit_ollama(pack(), at(Ollama(URL, "0.12", frozenset({"llama3.1:8b"}))))
    assert lines == [
        "ollama-fast is left out: Ollama doesn't have its model; run `ollama pull phi3:mini`",
        "ollama-code is left out: Ollama doesn't have its model; run `ollama pull codellama:13b`",
        "ollama-embed is left out: Ollama doesn't have its model; run `ollama pull nomic-embed-text`",
    ]
    assert {*groups(config)} >= {*DOORS, "ollama-default"}


def test_without_ollama_its_deployments_are_left_out() -> None:
    """The doors stay and stay local, so that the config is still right."""
    config, lines = fit_ollama(pack(), NONE)
    assert len(lines) == 4
    assert all(line.endswith(f"no Ollama answers at {URL}") for line in lines)
    assert not has_local_chat(config)
    assert check(config, KEYS).inventory.local_providers() == ()


@pytest.mark.parametrize("base", [DEFAULT_URL, f"{DEFAULT_URL}/", "http://localhost:11434"])
def test_the_default_address_in_each_spelling_is_replaced(base: str) -> None:
    """What the pack ships is no choice of the operator."""
    raw = {"model_list": [entry("ollama-default", "ollama_chat/llama3.1:8b", local=True, api_base=base)]}
    assert bases(fit_ollama(raw, FOUND)[0]) == {"ollama-default": URL}


@pytest.mark.parametrize("base", ["http://10.0.0.9:11434", "http://127.0.0.1:11435"])
def test_an_address_of_its_own_stays(base: str) -> None:
    """A second server was written on purpose; one that is down at the start may come back."""
    raw = {"model_list": [entry("ollama-default", "ollama_chat/other", local=True, api_base=base)]}
    config, lines = fit_ollama(raw, NONE)
    assert bases(config) == {"ollama-default": base}
    assert lines == [f"ollama-default at {base} waits: no Ollama answers there now; it is used once one does"]


def test_a_server_of_its_own_without_the_model_is_left_out_with_its_command() -> None:
    """The command names the server."""
    url = "http://10.0.0.9:11434"
    raw = {"model_list": [entry("ollama-default", "ollama_chat/other", local=True, api_base=url)]}
    survey = Survey((URL,), {url: Ollama(url, "0.12", frozenset({"llama3.1:8b"}))})
    command = f"OLLAMA_HOST={url} ollama pull other"
    line = f"ollama-default at {url} is left out: Ollama doesn't have its model; run `{command}`"
    assert fit_ollama(raw, survey) == ({"model_list": []}, [line])
    assert missing_models(raw, survey) == [(url, "other")]


SECOND = "http://10.0.0.8:11434"


def test_each_server_of_the_list_with_the_model_gets_a_deployment() -> None:
    """With an id of its own from the second on; a server without a model is left out for that one."""
    some = Ollama(SECOND, "0.12", frozenset({"llama3.1:8b", "phi3:mini"}))
    config, lines = fit_ollama(pack(), at(ALL, some))
    found = {d.id: d.host for d in check(config, KEYS).inventory.of_provider("ollama")}
    assert found == {
        "ollama-fast-1": "10.0.0.7:11434",
        "ollama-fast-1-server2": "10.0.0.8:11434",
        "ollama-default-1": "10.0.0.7:11434",
        "ollama-default-1-server2": "10.0.0.8:11434",
        "ollama-code-1": "10.0.0.7:11434",
        "ollama-embed-1": "10.0.0.7:11434",
    }
    assert lines == [
        f"{name} at {SECOND} is left out: Ollama doesn't have its model; run `OLLAMA_HOST={SECOND} ollama pull {model}`"
        for name, model in (("ollama-code", "codellama:13b"), ("ollama-embed", "nomic-embed-text"))
    ]
    assert missing_models(pack(), at(ALL, some)) == [(SECOND, "codellama:13b"), (SECOND, "nomic-embed-text")]


def test_a_server_of_the_list_that_is_down_waits_where_another_has_the_model() -> None:
    """It may have it too; whether it has is seen when it answers."""
    survey = Survey((SECOND, URL), {URL: replace(ALL, models=frozenset({"llama3.1:8b"}))})
    config, lines = fit_ollama(pack(), survey)
    found = {d.id: d.host for d in check(config, KEYS).inventory.of_provider("ollama")}
    assert found == {"ollama-default-1": "10.0.0.8:11434", "ollama-default-1-server2": "10.0.0.7:11434"}
    assert f"ollama-default at {SECOND} waits: no Ollama answers there now; it is used once one does" in lines
    assert f"ollama-fast is left out: no Ollama answers at {SECOND}" in lines


def test_a_window_that_fits_is_asked_for() -> None:
    """Of a deployment without `num_ctx` the model's, or the operator's word; an embedder needs none."""
    raw = pack()
    default, code = (
        next(item for item in raw["model_list"] if item["model_name"] == f"ollama-{role}")
        for role in ("default", "code")
    )
    del default["litellm_params"]["num_ctx"]
    del code["litellm_params"]["num_ctx"]
    code["model_info"]["router"]["capabilities"] = {"context_window": 6000}
    models = ("llama3.1:8b", "codellama:13b", "nomic-embed-text", "phi3:mini")
    config, _ = fit_ollama(raw, at(replace(ALL, facts={name: {"context_window": 12_000} for name in models})))
    asked = {item["model_name"]: item["litellm_params"].get("num_ctx") for item in config["model_list"]}
    assert (asked["ollama-default"], asked["ollama-code"], asked["ollama-fast"]) == (12_000, 6000, 8192)
    assert asked["ollama-embed"] is None
    windows = {d.group: d.capabilities.window for d in check(config, KEYS).inventory.deployments}
    assert (windows["ollama-default"], windows["ollama-code"], windows["ollama-fast"]) == (12_000, 6000, 8192)


def test_no_window_is_believed_that_is_wider_than_what_is_asked_for() -> None:
    """Ollama would cut what is longer than `num_ctx`, whatever the config says beside it."""
    raw = entry("ollama-default", "ollama_chat/x", local=True, num_ctx=4096)
    raw["model_info"]["router"]["capabilities"] = {"context_window": 32_768}
    assert told(raw).window == 4096
    raw["model_info"]["router"]["capabilities"] = {"context_window": 2048}
    assert told(raw).window == 2048


def test_the_embedded_model_is_the_last_local_deployment() -> None:
    """It is declared without tools and images, and the config with it is right."""
    config, _ = fit_ollama(pack(), NONE)
    add_embedded(config, SERVER)
    point_doors(config)
    inventory = check(config, {}).inventory
    assert inventory.local_providers() == ("embedded",)
    (only,) = inventory.of_provider("embedded")
    assert (only.group, only.role, only.api_base) == ("embedded-default", "default", SERVER.base_url)
    info = config["model_list"][-1]["model_info"]
    assert (info["supports_vision"], info["supports_function_calling"]) == (False, False)
    assert {bases(config)[door] for door in DOORS} == {SERVER.base_url}


def test_the_embedded_model_comes_after_ollama() -> None:
    """Where both are there, Ollama is asked first, and the doors lead to it."""
    config, _ = fit_ollama(pack(), FOUND)
    add_embedded(config, SERVER)
    point_doors(config)
    assert check(config, {}).inventory.local_providers() == ("ollama", "embedded")
    assert {bases(config)[door] for door in DOORS} == {URL}


def test_the_doors_lead_to_a_local_chat_model_that_is_there() -> None:
    """The default if there is one, else another; never the embedder, never the cloud."""
    fast = entry("ollama-fast", "ollama_chat/phi3:mini", local=True)
    embed = entry("ollama-embedding", "ollama/nomic-embed-text", local=True)
    door = entry("auto", "ollama_chat/llama3.1:8b", local=True)
    config = {"model_list": [door, entry("openai-default", "openai/x"), embed, fast]}
    assert has_local_chat(config)
    point_doors(config)
    assert config["model_list"][0]["litellm_params"] == fast["litellm_params"]
    config["model_list"].append(entry("ollama-default", "ollama_chat/llama3.1:8b", local=True))
    point_doors(config)
    assert config["model_list"][0]["litellm_params"]["model"] == "ollama_chat/llama3.1:8b"


@pytest.mark.parametrize("others", [[], [entry("openai-default", "openai/x")]], ids=["nothing", "cloud"])
def test_without_a_local_chat_model_the_doors_stay_where_they_are(others: list[dict[str, Any]]) -> None:
    """A dead local address is safer than a live cloud."""
    door = entry("auto", "ollama_chat/llama3.1:8b", local=True)
    config = {"model_list": [door, *others, entry("ollama-embedding", "ollama/e", local=True)]}
    before = copy.deepcopy(door)
    assert not has_local_chat(config)
    point_doors(config)
    assert config["model_list"][0] == before


def test_the_embedded_key_is_not_shown() -> None:
    """A representation may be logged."""
    assert SERVER.api_key not in repr(SERVER)


@pytest.mark.parametrize(
    "host", ["https://ollama.com", "ollama.com", "https://ollama.com:443/", "https://api.ollama.com"]
)
def test_a_public_ollama_is_not_made_local(host: str) -> None:
    """OLLAMA_HOST may name Ollama's own cloud; private requests must not go there."""
    url = normalise(host)
    config, _ = fit_ollama(pack(), at(Ollama(url, "0.12", ALL.models)))
    with pytest.raises(ConfigError):
        check(config, {})


BROKEN: dict[str, dict[str, Any]] = {
    "entry is a word": {"model_list": ["x"]},
    "model list is a mapping": {"model_list": {"a": 1}},
    "parameters are a list": {"model_list": [{"model_name": "x", "litellm_params": ["model"]}]},
    "an Ollama entry without a name": {
        "model_list": [{"litellm_params": {"model": "ollama/x", "api_base": DEFAULT_URL}}]
    },
    "model_info is a word": {"model_list": [{**entry("x-default", "openai/x"), "model_info": "x"}]},
    "callback_settings is empty": {"model_list": [], "callback_settings": None},
    "our settings are empty": {"model_list": [], "callback_settings": {"router_plugin": None}},
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_comes_through_to_the_check(case: str) -> None:
    """Fitting never fails: what is wrong is for `check` to list."""
    config, _ = fit_ollama(BROKEN[case], FOUND)
    has_local_chat(config)
    add_embedded(config, SERVER)
    point_doors(config)


def test_what_ollama_says_about_a_model_is_noted_and_the_operators_word_stays() -> None:
    """The window of a deployment with its own `num_ctx` is that."""
    raw = pack()
    mine = next(item for item in raw["model_list"] if item["model_name"] == "ollama-code")
    mine["model_info"]["router"]["capabilities"] = {"tools": True}
    del mine["litellm_params"]["num_ctx"]
    facts = {name: {"tools": False, "context_window": 2048} for name in ("llama3.1:8b", "codellama:13b")}
    config, _ = fit_ollama(raw, at(replace(ALL, facts=facts)))
    found = {d.group: d.capabilities for d in check(config, KEYS).inventory.deployments}
    assert (found["ollama-default"].can("tools"), found["ollama-default"].window) == (False, 16384)
    assert (found["ollama-code"].can("tools"), found["ollama-code"].window) == (True, 2048)
    assert found["ollama-fast"].can("tools") is None
    assert ollama_models(raw) == {None: ["llama3.1:8b", "phi3:mini", "codellama:13b", "nomic-embed-text"]}
