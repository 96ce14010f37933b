"""router_plugin.shadow: it watches, it is never a default, and no locked part runs in it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from router_plugin.config import check
from router_plugin.errors import ConfigError
from router_plugin.outcome import Ending
from router_plugin.settings import Settings, read_settings
from router_plugin.shadow_report import shadow_sums
from tests.unit.builders import pack, router, user

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:pydantic"),
]
SHADOW = Settings(mode="shadow")
PLAIN = {"model_list": [{"model_name": "gpt-4o", "litellm_params": {"model": "openai/gpt-4o", "api_key": "sk-x"}}]}
WATCHED = {**PLAIN, "callback_settings": {"router_plugin": {"mode": "shadow"}}}


@pytest.fixture(autouse=True)
def _fresh_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    from router_plugin import state

    token = state._current.set(None)
    yield
    state._current.reset(token)


def shadow(given: Any = None) -> Any:
    from router_plugin.shadow import ShadowPlugin_PROXY_

    return ShadowPlugin_PROXY_(given or router(settings=SHADOW))


def test_shadow_is_no_default() -> None:
    """It must be written into the config; a wrong word is an error and not shadow."""
    assert Settings().mode == read_settings({})[0].mode == check(pack(), {}).settings.mode == "route"
    settings, problems = read_settings({"mode": "shade"})
    assert settings.mode == "route"
    assert "mode" in problems[0]


def test_the_environment_has_no_word_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable switches the lock off."""
    names = ("MODE", "ROUTER_MODE", "ROUTER_PLUGIN_MODE", "ROUTER_SHADOW")
    for name in names:
        monkeypatch.setenv(name, "shadow")
    assert check(pack(), dict.fromkeys(names, "shadow")).settings.mode == "route"


@pytest.mark.parametrize("field", ["mode", "shadow"])
def test_a_client_has_no_word_for_it(field: str) -> None:
    """Header and metadata are refused as unknown wishes."""
    from router_plugin.errors import InvalidRequest
    from router_plugin.steering import read_steering

    inventory = router().config.inventory
    with pytest.raises(InvalidRequest):
        read_steering("auto", {f"x-router-{field}": "shadow"}, None, inventory)
    with pytest.raises(InvalidRequest):
        read_steering("auto", {}, {"router": {field: "shadow"}}, inventory)


def test_a_plain_config_is_taken_in_shadow_mode_only() -> None:
    """Without ids, marks and doors: in `route` each is a problem, in `shadow` it is guessed."""
    with pytest.raises(ConfigError):
        check(PLAIN, {})
    config = check(WATCHED, {})
    assert [(d.group, d.provider, d.local) for d in config.inventory.deployments] == [("gpt-4o", "openai", False)]
    assert config.settings.decision_log.path == "router_decisions.sqlite"


def test_wrong_settings_stop_shadow_mode_too() -> None:
    """A typo is found at start, whatever the mode."""
    raw = copy.deepcopy(WATCHED)
    raw["callback_settings"]["router_plugin"]["routng"] = {}  # type: ignore[index]
    with pytest.raises(ConfigError, match="routng"):
        check(raw, {})


def test_what_locks_refuses_a_shadow_config() -> None:
    """Neither the hooks that lock nor the in-process router start on a config that was not checked for the lock."""
    from router_plugin.hooks import RouterPlugin_PROXY_
    from router_plugin.sdk import Engine

    with pytest.raises(ConfigError, match="nothing is locked"):
        RouterPlugin_PROXY_(router(settings=SHADOW))
    with pytest.raises(ConfigError, match="nothing is locked"):
        Engine(WATCHED)


async def test_it_changes_nothing_in_the_request() -> None:
    """The hook returns nothing, and what it was shown is as it was."""
    data = {"model": "azure-premium", "messages": user("hello"), "metadata": {"a": 1}, "fallbacks": ["x"]}
    data["proxy_server_request"] = {"body": dict(data), "headers": {"x-router-strategy": "nonsense"}}
    before = copy.deepcopy(data)
    assert await shadow().async_pre_call_hook(None, None, data, "acompletion") is None
    assert data == before


async def test_only_the_hooks_that_watch_are_there() -> None:
    """A filter or a check in this class would be a change."""
    from litellm.integrations.custom_logger import CustomLogger

    kind = type(shadow())
    own = {name for name in vars(kind) if name in vars(CustomLogger) and not name.startswith("__")}
    assert own == {"async_pre_call_hook", "async_log_success_event"}


async def test_a_failure_reaches_no_client_and_counts_as_private() -> None:
    """An exception in a stage is logged by its class; the record says private, since nobody looked."""
    from router_plugin.state import current

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("a secret text")

    watching = shadow()
    from dataclasses import replace

    watching.router = replace(watching.router, detector=Broken())
    data = {"model": "azure-default", "messages": user("hello")}
    assert await watching.async_pre_call_hook(None, None, data, "acompletion") is None
    state = current()
    assert state is not None
    record = watching.record(state, Ending(200, True, 1.0, 0.5))
    assert (record["private"], record["left"], record["would_deployment"]) == (True, True, None)


async def test_a_refusal_is_only_written_down() -> None:
    """What could not be read had been refused; it went all the same."""
    from router_plugin.state import current

    watching = shadow()
    assert await watching.async_pre_call_hook(None, None, {"model": "x", "messages": "?"}, "acompletion") is None
    state = current()
    assert state is not None
    record = watching.record(state, Ending(200, True, 1.0, 0.5))
    assert (record["would_refuse"], record["private"], record["left"], record["code"]) == (
        *("invalid_request", True, True, None),
    )


async def test_a_model_that_the_config_lacks_is_not_logged() -> None:
    """A client may put any text there."""
    from router_plugin.state import current

    await shadow().async_pre_call_hook(None, None, {"model": "my secret", "messages": user("x")}, "acompletion")
    state = current()
    assert state is not None
    assert state.asked is None


def test_sums_count_shadow_records_only() -> None:
    """Saved is what was paid less what had been; unpriced ones are in neither sum."""
    records = [
        {"mode": "shadow", "cost": 3.0, "would_cost": 1.0, "private": True, "left": True, "would_deployment": "a"},
        {"mode": "shadow", "cost": 9.0, "would_cost": None, "deployment": "b", "would_deployment": "b"},
        {"cost": 100.0, "would_cost": 1.0},
    ]
    found = shadow_sums(records)
    assert (found.requests, found.priced, found.saved, found.left, found.moved) == (2, 1, 2.0, 1, 1)
