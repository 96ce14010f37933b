"""router_plugin.config: configs that would leak, crash or hide a mistake, and aren't all refused yet."""

from __future__ import annotations

import pytest

from router_plugin.config import check
from tests.unit.builders import KEYS, entry, pack
from tests.unit.test_config import WRONG, Change, of_group, ours, problems

CRASHES: dict[str, Change] = {
    "entry is a word": lambda raw: raw["model_list"].append("openai-default"),
    "entry is empty": lambda raw: raw["model_list"].append(None),
    "model_info is a word": lambda raw: of_group(raw, "openai-default").update(model_info="x"),
    "model_info is a list": lambda raw: of_group(raw, "openai-default").update(model_info=["x"]),
    "model_name is a list": lambda raw: of_group(raw, "openai-default").update(model_name=["x"]),
}


@pytest.mark.parametrize("case", CRASHES)
def test_an_entry_of_the_wrong_type_is_a_listed_problem(case: str) -> None:
    """A wrong type anywhere in the model list is a ConfigError, never a traceback."""
    raw = pack()
    CRASHES[case](raw)
    assert problems(raw)


UNSAFE: dict[str, tuple[Change, str]] = {
    "base_url beside api_base": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(base_url="https://api.example.com"),
        "LiteLLM calls `base_url` where both are given, so a local deployment with one leaves",
    ),
    "the address of a cloud provider": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(
            model="openai/gpt-4o", api_base="https://api.openai.com/v1"
        ),
        "`local: true` is believed for any host, also api.openai.com",
    ),
    "Ollama's own cloud": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(api_base="https://ollama.com"),
        "`local: true` is believed for any host, also ollama.com",
    ),
    "an Azure endpoint": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(
            model="openai/gpt-4o", api_base="https://unit.openai.azure.com/openai/v1"
        ),
        "`local: true` is believed for any host, also *.openai.azure.com",
    ),
    "a cloud model in capitals": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(model="ollama_chat/gpt-oss:120b-Cloud"),
        "Ollama takes names in any case; the check for `cloud` doesn't",
    ),
    "a cloud model with a space behind it": (
        lambda raw: of_group(raw, "ollama-fast")["litellm_params"].update(model="ollama_chat/gpt-oss:120b-cloud "),
        "the check for `cloud` sees only the very end of the name",
    ),
    "an alias of a door": (
        lambda raw: raw["router_settings"].update(model_group_alias={"auto": "openai-default"}),
        "router_settings.model_group_alias can point `auto` to a cloud group and isn't checked",
    ),
    "an alias of a local group": (
        lambda raw: raw["router_settings"].update(model_group_alias={"ollama-fast": {"model": "openai-default"}}),
        "router_settings.model_group_alias can point a local group to a cloud one and isn't checked",
    ),
    "the plugin is not loaded": (
        lambda raw: raw["litellm_settings"].pop("callbacks"),
        "config.CALLBACK is not used: a config that doesn't load the plugin passes, and has no lock at all",
    ),
    "a mixed group whose cloud half has no key today": (
        lambda raw: raw["model_list"].append(
            {
                **entry("ollama-default", "openai/gpt-4o", api_key="os.environ/NOT_SET"),
                "model_info": {"id": "other-1"},
            }
        ),
        "_mixed_groups looks at what can be used now, but LiteLLM loads every entry of the group",
    ),
    "a misspelt mark": (
        lambda raw: of_group(raw, "ollama-fast")["model_info"].update(
            router={"provider": "ollama", "role": "fast", "locl": True}
        ),
        "unknown keys in model_info.router are ignored, though they are settings of ours",
    ),
    "a mark of the wrong type": (
        lambda raw: of_group(raw, "ollama-fast")["model_info"]["router"].update(local="yes"),
        "`local: yes` as text is taken for false without a word",
    ),
    "callback_settings is a list": (
        lambda raw: raw.update(callback_settings=["router_plugin"]),
        "callback_settings of another type is taken for no settings at all",
    ),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_a_config_that_could_leak_is_refused(case: str) -> None:
    """Whatever would let a private request leave, or silently switches protection off, stops the start."""
    raw = pack()
    UNSAFE[case][0](raw)
    assert problems(raw)


@pytest.mark.parametrize("case", ["our settings are a list", "no model list"])
def test_a_wrong_type_does_not_hide_other_mistakes(case: str) -> None:
    """The error lists what is wrong elsewhere as well."""
    raw = pack()
    WRONG["a cloud default fallback"][0](raw)
    WRONG[case][0](raw)
    found = problems(raw)
    assert [line for line in found if WRONG["a cloud default fallback"][1] in line]
    assert [line for line in found if WRONG[case][1] in line]


def test_missing_ids_are_not_called_duplicates() -> None:
    """Two entries without an id give two lines, each with its cure."""
    raw = pack()
    for group in ("openai-default", "openai-premium"):
        del of_group(raw, group)["model_info"]["id"]
    assert len(problems(raw)) == 2


def test_a_provider_is_known_by_its_models_too() -> None:
    """An entry without marks of ours belongs to the provider of its model, also for the chains."""
    raw = pack()
    raw["model_list"].append(
        {"model_name": "g", "litellm_params": {"model": "groq/llama"}, "model_info": {"id": "g-1"}}
    )
    ours(raw)["routing"]["chains"]["high"] = ["groq", "local"]
    assert problems(raw) == []


def test_the_embedded_model_can_be_configured_while_it_is_absent() -> None:
    """Its priority may stand in the file, whether or not this start needs it."""
    raw = pack()
    ours(raw)["providers"]["embedded"] = {"priority": 2}
    assert problems(raw) == []


def test_a_provider_may_be_named_by_an_alias_in_both_places() -> None:
    """`azure_openai` means azure wherever a provider is named."""
    raw = pack()
    providers = ours(raw)["providers"]
    providers["azure_openai"] = {**providers.pop("azure"), "enabled": False}
    assert problems(raw) == []
    assert "azure" not in check(raw, KEYS).inventory.providers()


def test_a_fallback_to_a_local_group_that_is_switched_off_is_no_leak() -> None:
    """Locality follows from the entry, not from whether it can be used now."""
    raw = pack()
    raw["router_settings"]["fallbacks"] = [{"*": ["ollama-default"]}]
    ours(raw)["providers"]["ollama"]["enabled"] = False
    assert problems(raw) == []
