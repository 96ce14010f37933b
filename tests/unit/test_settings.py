"""router_plugin.settings: the schema, its defaults, and what it says about mistakes."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.config import check
from router_plugin.errors import ConfigError
from router_plugin.settings import KEY, Settings, Strategy, read_settings, store_url
from tests.unit.builders import pack


@pytest.mark.parametrize("raw", [None, {}], ids=["none", "empty"])
def test_no_settings_mean_the_documented_defaults(raw: dict[str, Any] | None) -> None:
    """Thresholds 0.3 and 0.7, two attempts, premium from 0.7, fast below 0.2, pins are rerouted."""
    settings, problems = read_settings(raw)
    assert problems == []
    routing = settings.routing
    assert (routing.thresholds.low, routing.thresholds.high) == (0.3, 0.7)
    assert (routing.fast_below, routing.premium_from, routing.max_retries) == (0.2, 0.7, 2)
    assert routing.default_strategy is Strategy.COMPLEXITY
    assert routing.fallback_enabled
    assert settings.on_private_pin == "reroute"
    assert settings.limits.private_timeout_seconds == 300
    assert settings.endpoints.open == ()
    assert routing.chains.low == ("local", "azure", "openai")
    assert routing.chains.medium == ("azure", "openai", "local", "anthropic")
    assert routing.chains.high == ("anthropic", "openai", "azure", "local")


def test_the_config_pack_spells_out_the_defaults() -> None:
    """A reader of the pack sees what holds without it."""
    written, problems = read_settings(pack()["callback_settings"]["router_plugin"])
    assert problems == []
    assert written.routing == Settings().routing
    assert {name: written.provider(name) for name in written.providers} == {
        name: Settings().provider(name) for name in written.providers
    }


@pytest.mark.parametrize(
    ("name", "priority"), [("ollama", 1), ("azure", 2), ("openai", 3), ("anthropic", 4), ("embedded", 5), ("mine", 9)]
)
def test_a_provider_that_is_not_named_is_on_with_its_usual_priority(name: str, priority: int) -> None:
    """Only what differs needs to be written."""
    provider = Settings().provider(name)
    assert (provider.enabled, provider.priority) == (True, priority)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown section": ({"routeing": {}}, "routeing"),
    "unknown key": ({"routing": {"max_retry": 3}}, "routing.max_retry"),
    "unknown key of a provider": ({"providers": {"ollama": {"on": True}}}, "providers.ollama.on"),
    "unknown strategy": ({"routing": {"default_strategy": "cheapest"}}, "routing.default_strategy"),
    "unknown classifier": ({"routing": {"classifier": "llm"}}, "routing.classifier"),
    "section is a list": ({"routing": []}, "routing"),
    "section is empty": ({"routing": None}, "routing"),
    "text for a number": ({"routing": {"max_retries": "many"}}, "routing.max_retries"),
    "no attempt at all": ({"routing": {"max_retries": 0}}, "routing.max_retries"),
    "too many attempts": ({"routing": {"max_retries": 11}}, "routing.max_retries"),
    "threshold of 0": ({"routing": {"thresholds": {"low": 0}}}, "routing.thresholds.low"),
    "threshold of 1": ({"routing": {"thresholds": {"high": 1}}}, "routing.thresholds.high"),
    "threshold that is no number": ({"routing": {"thresholds": {"low": float("nan")}}}, "routing.thresholds.low"),
    "thresholds the wrong way round": ({"routing": {"thresholds": {"low": 0.8}}}, "routing.thresholds"),
    "thresholds that are equal": ({"routing": {"thresholds": {"low": 0.5, "high": 0.5}}}, "routing.thresholds"),
    "premium above 1": ({"routing": {"premium_from": 1.5}}, "routing.premium_from"),
    "empty chain": ({"routing": {"chains": {"low": []}}}, "routing.chains"),
    "chain that names one twice": ({"routing": {"chains": {"high": ["azure", "azure"]}}}, "routing.chains"),
    "chain is a string": ({"routing": {"chains": {"low": "local"}}}, "routing.chains.low"),
    "unknown chain": ({"routing": {"chains": {"middle": ["local"]}}}, "routing.chains.middle"),
    "provider is a word": ({"providers": {"ollama": "on"}}, "providers.ollama"),
    "priority of 0": ({"providers": {"ollama": {"priority": 0}}}, "providers.ollama.priority"),
    "unknown answer to a private pin": ({"on_private_pin": "allow"}, "on_private_pin"),
    "limit too small": ({"limits": {"max_body_characters": 10}}, "limits.max_body_characters"),
    "timeout of 0": ({"limits": {"private_timeout_seconds": 0}}, "limits.private_timeout_seconds"),
    "endpoints is a string": ({"endpoints": {"open": "/v1/files"}}, "endpoints.open"),
    "unknown privacy rule": ({"privacy": {"disabled_rules": ["no.such"]}}, "privacy.disabled_rules"),
    "key that is no text": ({1: {}}, "1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_named_with_its_key(case: str) -> None:
    """Every problem begins with the key that is wrong."""
    raw, key = WRONG[case]
    _, problems = read_settings(raw)
    assert [problem.split(":")[0] for problem in problems] == [f"{KEY}.{key}"]


def test_all_mistakes_are_listed_in_one_error() -> None:
    """A reader mends the file once."""
    raw = {"routing": {"max_retries": 0, "nope": 1, "default_strategy": "x"}, "on_private_pin": "maybe", "extra": 1}
    with pytest.raises(ConfigError) as caught:
        check({**pack(), "callback_settings": {"router_plugin": raw}}, {})
    assert len(caught.value.problems) == 5
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    assert "5 problem(s)" in str(caught.value)


def test_an_unknown_key_is_explained_with_a_cure() -> None:
    """A misspelt key points to the list of keys."""
    _, problems = read_settings({"routing": {"treshold": 1}})
    assert "unknown setting" in problems[0]
    assert "router-plugin schema" in problems[0]


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_entry_opens_nothing(blank: str) -> None:
    """An empty prefix is a mistake, not a wish to switch the gate off."""
    _, problems = read_settings({"endpoints": {"open": [blank]}})
    assert problems


def test_settings_cannot_be_changed_after_the_start() -> None:
    """What was checked is what holds."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().routing.max_retries = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "environment", "found"),
    [
        (None, {}, None),
        ("redis://localhost:6379/0", {}, "redis://localhost:6379/0"),
        ("os.environ/A", {"A": "rediss://u:p@redis.example.com/1"}, "rediss://u:p@redis.example.com/1"),
    ],
)
def test_the_shared_store_has_an_address_or_none(
    url: str | None, environment: dict[str, str], found: str | None
) -> None:
    """It may stand in the environment; a password in it isn't shown."""
    settings, _ = read_settings({"store": {"redis_url": url}})
    assert store_url(settings.store, environment) == found
    assert "localhost" not in repr(settings)


@pytest.mark.parametrize("environment", [{}, {"A": ""}, {"A": "localhost:6379"}])
def test_an_address_that_the_environment_lacks_is_an_error(environment: dict[str, str]) -> None:
    """State that an operator wants shared isn't quietly kept apart."""
    settings, _ = read_settings({"store": {"redis_url": "os.environ/A"}})
    with pytest.raises(ConfigError, match=r"store\.redis_url: set A"):
        store_url(settings.store, environment)


def test_an_address_of_another_kind_is_an_error() -> None:
    """The message says what it may begin with, and doesn't quote it."""
    settings, problems = read_settings({"store": {"redis_url": "http://user:secret@localhost"}})
    assert settings.store.redis_url is None
    assert "redis://" in problems[0]
    assert "secret" not in problems[0]
