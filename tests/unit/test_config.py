"""router_plugin.config: reading a config file, and everything that can be wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router_plugin.config import check, load, read_file
from router_plugin.errors import ConfigError
from router_plugin.settings import Settings
from tests.unit.builders import KEYS, OLLAMA_URL, PACK, entry, pack


def problems(raw: dict[str, Any], environment: dict[str, str] | None = None) -> list[str]:
    """What `check` complains about."""
    try:
        check(raw, KEYS if environment is None else environment)
    except ConfigError as error:
        return error.problems
    return []


def ours(raw: dict[str, Any]) -> dict[str, Any]:
    section = raw["callback_settings"]["router_plugin"]
    assert isinstance(section, dict)
    return section


def of_group(raw: dict[str, Any], group: str) -> dict[str, Any]:
    return next(item for item in raw["model_list"] if item["model_name"] == group)


def test_the_config_pack_is_right_with_every_key() -> None:
    """All deployments of the four providers are there; the doors are no targets."""
    config = load(PACK, KEYS)
    assert config.inventory.providers() == ("ollama", "azure", "openai", "anthropic")
    assert config.inventory.left_out == ()
    assert not [group for group in config.inventory.groups if group.startswith("auto")]
    assert {d.group for d in config.inventory.deployments if d.local} == {
        *("ollama-fast", "ollama-default", "ollama-code", "ollama-embed")
    }


def test_the_config_pack_is_right_without_any_key() -> None:
    """What has no key is left out with the variable's name, and the rest works."""
    config = load(PACK, {})
    assert config.inventory.providers() == ("ollama",)
    assert dict(config.inventory.left_out) == {
        "azure-default-1": "AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT not set",
        "azure-premium-1": "AZURE_OPENAI_API_KEY and AZURE_OPENAI_ENDPOINT not set",
        "openai-default-1": "OPENAI_API_KEY not set",
        "openai-premium-1": "OPENAI_API_KEY not set",
        "anthropic-default-1": "ANTHROPIC_API_KEY not set",
        "anthropic-premium-1": "ANTHROPIC_API_KEY not set",
    }


def test_settings_of_the_file_are_taken() -> None:
    """The checked config holds what the file says."""
    raw = pack()
    ours(raw)["routing"]["max_retries"] = 3
    assert check(raw, KEYS).settings.routing.max_retries == 3
    del raw["callback_settings"]
    assert check(raw, KEYS).settings == Settings()


Change = Callable[[dict[str, Any]], object]

WRONG: dict[str, tuple[Change, str]] = {
    "unknown setting": (lambda raw: ours(raw).update(colour=1), "colour: unknown setting"),
    "wrong type": (lambda raw: ours(raw)["routing"].update(max_retries="x"), "routing.max_retries"),
    "our settings are a list": (lambda raw: raw["callback_settings"].update(router_plugin=[]), "must be a mapping"),
    "no model list": (lambda raw: raw.pop("model_list"), "model_list: must be a list"),
    "empty model list": (lambda raw: raw.update(model_list=[]), "model_list: must be a list"),
    "model list is a mapping": (lambda raw: raw.update(model_list={"a": 1}), "model_list: must be a list"),
    "no auto": (
        lambda raw: raw["model_list"].remove(of_group(raw, "auto")),
        "has no group `auto`; add it as a local deployment",
    ),
    "auto is not local": (
        lambda raw: of_group(raw, "auto")["model_info"]["router"].pop("local"),
        "the group `auto` must be local",
    ),
    "a second auto that is not local": (
        lambda raw: raw["model_list"].append({**entry("auto", "openai/gpt-4o"), "model_info": {"id": "auto-2"}}),
        "the group `auto` must be local",
    ),
    "another door is not local": (
        lambda raw: of_group(raw, "auto-cost")["model_info"].pop("router"),
        "the group `auto-cost` must be local",
    ),
    "unknown provider in a chain": (
        lambda raw: ours(raw)["routing"]["chains"].update(low=["local", "bedrock"]),
        "routing.chains.low: 'bedrock' is no provider of model_list; use local or anthropic, azure, ollama, openai",
    ),
    "settings of an unknown provider": (
        lambda raw: ours(raw)["providers"].update(groq={"enabled": True}),
        "providers.groq: no deployment in model_list has this provider",
    ),
    "api_base from the environment": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(api_base="os.environ/OLLAMA_API_BASE"),
        "(ollama-fast): `api_base` of a local deployment must be literal",
    ),
    "no api_base": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].pop("api_base"),
        "(ollama-fast): a local deployment needs a literal `api_base`",
    ),
    "empty api_base": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(api_base=""),
        "(ollama-fast): a local deployment needs a literal `api_base`",
    ),
    "api_base is a number": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(api_base=11434),
        "(ollama-fast): a local deployment needs a literal `api_base`",
    ),
    "api_base without a scheme": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(api_base="127.0.0.1:11434"),
        "is no URL; write http://HOST:PORT",
    ),
    "api_base without a host": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(api_base="http://:11434"),
        "is no URL; write http://HOST:PORT",
    ),
    "api_base with an impossible port": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(api_base="http://127.0.0.1:99999"),
        "is no URL; write http://HOST:PORT",
    ),
    "a model that is never local": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(model="anthropic/claude"),
        "`anthropic/claude` is no local kind of model",
    ),
    "an Ollama cloud model marked local": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(model="ollama_chat/gpt-oss:120b-cloud"),
        "is a cloud model that Ollama serves through localhost",
    ),
    "an Ollama model with the cloud tag": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(model="ollama_chat/glm-4.6:cloud"),
        "is a cloud model that Ollama serves through localhost",
    ),
    "a cloud model as a door": (
        lambda raw: of_group(raw, "auto").update(
            litellm_params={"model": "ollama_chat/glm-4.6:cloud", "api_base": OLLAMA_URL}
        ),
        "(auto): `ollama_chat/glm-4.6:cloud` is a cloud model",
    ),
    "a group that mixes local and cloud": (
        lambda raw: raw["model_list"].append(
            {**entry("ollama-default", "openai/gpt-4o"), "model_info": {"id": "other-1"}}
        ),
        "model group `ollama-default` mixes local and cloud deployments",
    ),
    "a cloud fallback": (
        lambda raw: raw["router_settings"].update(fallbacks=[{"*": ["auto", "openai-default"]}]),
        "router_settings.fallbacks: `openai-default` is not local",
    ),
    "a cloud default fallback": (
        lambda raw: raw["router_settings"].update(default_fallbacks=["openai-default"]),
        "router_settings.default_fallbacks: `openai-default` is not local",
    ),
    "a cloud fallback for long prompts": (
        lambda raw: raw["litellm_settings"].update(context_window_fallbacks=[{"auto": ["openai-default"]}]),
        "litellm_settings.context_window_fallbacks: `openai-default` is not local",
    ),
    "a cloud fallback for refusals": (
        lambda raw: raw["router_settings"].update(content_policy_fallbacks=[{"auto": ["openai-default"]}]),
        "router_settings.content_policy_fallbacks: `openai-default` is not local",
    ),
    "a cloud fallback as an object": (
        lambda raw: raw["router_settings"].update(fallbacks=[{"*": [{"model": "openai-default"}]}]),
        "router_settings.fallbacks: `openai-default` is not local",
    ),
    "a fallback to no group at all": (
        lambda raw: raw["router_settings"].update(fallbacks=[{"*": ["gpt-4o"]}]),
        "router_settings.fallbacks: `gpt-4o` is not local",
    ),
    "no id": (
        lambda raw: of_group(raw, "openai-default")["model_info"].pop("id"),
        "(openai-default): needs `model_info.id`, a name of its own such as openai-default-1",
    ),
    "id is a number": (
        lambda raw: of_group(raw, "openai-default")["model_info"].update(id=7),
        "(openai-default): needs `model_info.id`",
    ),
    "no model_info": (
        lambda raw: raw["model_list"].append({"model_name": "x", "litellm_params": {"model": "openai/x"}}),
        "(x): needs `model_info.id`",
    ),
    "an id that is used twice": (
        lambda raw: of_group(raw, "openai-default")["model_info"].update(id="ollama-fast-1"),
        "model_info.id 'ollama-fast-1' is used more than once",
    ),
    "an id that is a group's name": (
        lambda raw: of_group(raw, "openai-default")["model_info"].update(id="ollama-fast"),
        "model_info.id 'ollama-fast' is also the name of a model group",
    ),
    "an id that is a door's name": (
        lambda raw: of_group(raw, "openai-default")["model_info"].update(id="auto"),
        "model_info.id 'auto' is also the name of a model group",
    ),
    "unknown role": (
        lambda raw: of_group(raw, "openai-default")["model_info"]["router"].update(role="best"),
        "model_info.router.role: 'best' is none of fast, default, code, premium, embedding",
    ),
    "no model": (
        lambda raw: of_group(raw, "openai-default")["litellm_params"].pop("model"),
        "needs `model_name` and `litellm_params.model`",
    ),
    "no model name": (
        lambda raw: of_group(raw, "openai-default").pop("model_name"),
        "needs `model_name` and `litellm_params.model`",
    ),
    "parameters are a list": (
        lambda raw: of_group(raw, "openai-default").update(litellm_params=["x"]),
        "needs `model_name` and `litellm_params.model`",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_stops_the_start_and_is_named(case: str) -> None:
    """One line says which entry or key is wrong and what is allowed there."""
    change, expected = WRONG[case]
    raw = pack()
    change(raw)
    found = problems(raw)
    assert [line for line in found if expected in line], found


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda raw: raw.update(callback_setting=raw.pop("callback_settings")), "callback_setting"),
        (lambda raw: raw.update(router_plugin=raw.pop("callback_settings")["router_plugin"]), "router_plugin"),
        (
            lambda raw: raw["callback_settings"].update(router_plugn=raw["callback_settings"].pop("router_plugin")),
            "callback_settings.router_plugn",
        ),
    ],
)
def test_settings_in_the_wrong_place_are_not_dropped(wrong: Callable[[dict[str, Any]], Any], named: str) -> None:
    """A slip of the pen would take away the operator's private words, the budget and the log without a sound."""
    raw = pack()
    wrong(raw)
    assert f"{named}: is read by nobody; did you mean callback_settings.router_plugin?" in problems(raw)


def test_other_callbacks_settings_and_none_at_all_are_fine() -> None:
    """Without settings the defaults count; another callback's are its own."""
    raw = pack()
    raw["callback_settings"] = {"otel": {}}
    assert not problems(raw)
    del raw["callback_settings"]
    assert not problems(raw)


def test_every_mistake_is_in_one_error() -> None:
    """Settings, doors, chains, ids, addresses, groups and fallbacks are all checked before anything is said."""
    raw = pack()
    together = (
        *("another door is not local", "settings of an unknown provider", "a cloud fallback"),
        *("no api_base", "an id that is used twice", "unknown role", "a group that mixes local and cloud"),
    )
    for case in together:
        WRONG[case][0](raw)
    found = problems(raw)
    for case in together:
        assert [line for line in found if WRONG[case][1] in line], case
    assert len(found) == len(together)


def test_a_wrong_setting_does_not_hide_a_wrong_chain() -> None:
    """A misspelt key and an unknown provider are told together."""
    raw = pack()
    for case in ("unknown setting", "unknown provider in a chain"):
        WRONG[case][0](raw)
    assert len(problems(raw)) == 2


ACCEPTED: dict[str, Change] = {
    "another local server": lambda raw: raw["model_list"].append(
        entry("vllm-default", "hosted_vllm/qwen", local=True, api_base="http://10.0.0.5:8000/v1")
    ),
    "a local server by IPv6": lambda raw: raw["model_list"].append(
        entry("vllm-default", "openai/qwen", local=True, api_base="http://[::1]:8000/v1")
    ),
    "a provider that isn't in any chain": lambda raw: raw["model_list"].append(entry("groq-default", "groq/llama")),
    "an alias of a provider in a chain": lambda raw: ours(raw)["routing"]["chains"].update(high=["claude", "local"]),
    "fallbacks to a local group": lambda raw: raw["router_settings"].update(fallbacks=[{"*": ["ollama-default"]}]),
    "no fallbacks": lambda raw: raw["router_settings"].pop("fallbacks"),
    "a provider that is off": lambda raw: ours(raw)["providers"]["azure"].update(enabled=False),
    "settings left empty": lambda raw: raw["callback_settings"].update(router_plugin=None),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_near_miss_is_accepted(case: str) -> None:
    """What looks like a mistake and isn't one starts."""
    raw = pack()
    ACCEPTED[case](raw)
    assert problems(raw) == []


FILES: dict[str, tuple[str, str]] = {
    "not YAML": ("a: [1\nb: 2", "config.yaml: not valid YAML at line 2"),
    "tabs": ("a:\n\t- 1", "config.yaml: not valid YAML at line 2"),
    "a list": ("- 1", "config.yaml: must be a mapping with `model_list`"),
    "empty": ("", "config.yaml: must be a mapping with `model_list`"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_config_is_named(case: str, tmp_path: Path) -> None:
    """The error has the file's name and what it must be."""
    text, expected = FILES[case]
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_file(path)
    assert caught.value.problems == [expected]


def test_a_missing_file_is_named_with_its_cure(tmp_path: Path) -> None:
    """A wrong path is told with the option that sets it."""
    with pytest.raises(ConfigError, match=r"nowhere.yaml: can't be read .* --config"):
        read_file(tmp_path / "nowhere.yaml")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are a ConfigError too."""
    path = tmp_path / "config.yaml"
    path.write_bytes(b"model_list: \xff\xfe")
    with pytest.raises(ConfigError):
        read_file(path)
