"""router_plugin.checks.configured and fixes: what the text of a config shows, and how it is mended."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.checks import configured
from router_plugin.checks.check import Setup
from router_plugin.checks.fixes import FixFailed, remove_key, set_num_ctx

DOUBLED = "a: 1\nrouter_settings:\n  num_retries: 1 # first\nb: 2\nrouter_settings:\n  num_retries: 0\n"


def test_a_doubled_key_is_found_and_removed() -> None:
    """The first has no effect, so removing it changes nothing; the rest of the text stays."""
    assert configured.doubled(DOUBLED) == [("router_settings", 2)]
    assert remove_key(DOUBLED, 2, "router_settings") == "a: 1\nb: 2\nrouter_settings:\n  num_retries: 0\n"
    with pytest.raises(FixFailed):
        remove_key(DOUBLED, 1, "a")  # has an effect
    with pytest.raises(FixFailed):
        remove_key(DOUBLED, 3, "b")


def test_a_window_is_set_in_the_text() -> None:
    """Comments and everything else stay."""
    text = "model_list: # mine\n- model_name: a\n  litellm_params: {model: ollama/x, num_ctx: 512} # small\n"
    assert set_num_ctx(text, "a", 16384) == text.replace("512", "16384")
    with pytest.raises(FixFailed):
        set_num_ctx(text, "b", 16384)


@pytest.mark.parametrize(
    ("callbacks", "trusted", "found"),
    [
        (["router_plugin.plugin.instance"], (), []),
        ("my_logger.instance", (), ["my_logger.instance"]),
        (["my_logger.instance"], ("my_logger.Kept",), []),
        (["my_logger.instance"], ("other.Kept",), ["my_logger.instance"]),
        (["prometheus"], (), []),
    ],
)
def test_strangers_are_told_from_what_is_vouched_for(
    callbacks: Any, trusted: tuple[str, ...], found: list[str]
) -> None:
    """By name, before anything is loaded; guardrails count too."""
    raw = {"litellm_settings": {"callbacks": callbacks}}
    assert configured.strangers(raw, trusted) == found
    guarded = {**raw, "guardrails": [{"guardrail_name": "outside"}]}
    assert configured.strangers(guarded, trusted) == [*found, "outside"]
    assert configured.strangers(guarded, (*trusted, "outside")) == found


@pytest.mark.parametrize(
    ("raw", "trusted", "found"),
    [
        ({}, (), []),
        ({"general_settings": {"alerting": None}, "router_settings": {"alerting_config": None}}, (), []),
        ({"general_settings": {"alerting": ["slack", "email"]}}, ("alerting.slack",), ["alerting.email"]),
        ({"general_settings": {"alerting": "slack"}}, (), ["alerting.slack"]),
        ({"router_settings": {"alerting_config": {"webhook_url": "http://127.0.0.1:9"}}}, (), ["alerting.slack"]),
        ({"router_settings": {"alerting_config": {"webhook_url": "x"}}}, ("alerting.slack",), []),
        ({"general_settings": ["slack"], "router_settings": "slack"}, (), []),
    ],
)
def test_alerts_are_foreseen(raw: dict[str, Any], trusted: tuple[str, ...], found: list[str]) -> None:
    """Each channel for which the proxy would not start, of the proxy's alerts and of its router's."""
    assert configured.untrusted_alerts(raw, trusted) == found


@pytest.mark.parametrize(("mode", "count"), [("route", 1), ("shadow", 0)])
def test_in_shadow_mode_no_alert_stops_the_start(mode: str, count: int) -> None:
    """Nothing is locked there, which has a finding of its own."""
    raw = {"general_settings": {"alerting": ["slack"]}, "callback_settings": {"router_plugin": {"mode": mode}}}
    assert len(list(configured.alerts(Setup(raw, {})))) == count
