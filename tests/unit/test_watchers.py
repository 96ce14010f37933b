"""Callbacks that are shown private requests are found by the hooks that they have."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from litellm.integrations.custom_guardrail import CustomGuardrail
from litellm.integrations.custom_logger import CustomLogger
from litellm.integrations.SlackAlerting.slack_alerting import SlackAlerting

from router_plugin.watchers import Watched, alerts, leave_out_messages, require_trust, untrusted


class Logs(CustomLogger):
    """Has only what `no-log` silences."""

    async def async_log_success_event(self, *given: Any) -> None: ...

    async def async_log_failure_event(self, *given: Any) -> None: ...


class Logs_PROXY_(Logs):  # noqa: N801
    """LiteLLM doesn't silence a class of this name."""

    async def async_log_success_event(self, *given: Any) -> None: ...


class Sees(CustomLogger):
    """Is called before each call, silenced or not."""

    def log_pre_api_call(self, *given: Any) -> None: ...


def here(kind: type) -> str:
    """The name that an operator would list."""
    return f"{kind.__module__}.{kind.__qualname__}"


@pytest.mark.parametrize("kind", [Sees, Logs_PROXY_])
def test_a_hook_that_is_not_silenced_sees_text(kind: type[CustomLogger]) -> None:
    """It is named by module and class until it is trusted by that name."""
    assert untrusted({"callbacks": [kind()]}, ()) == (here(kind),)
    assert untrusted({"callbacks": [kind()]}, [here(kind)]) == ()


@pytest.mark.parametrize("item", [Logs(), "s3", "datadog_llm_observability", "prometheus"])
def test_what_only_logs_is_silenced(item: Any) -> None:
    """Loggers without other hooks, and LiteLLM's own that keep what they see, need no trust."""
    assert untrusted({"callbacks": [item], "input_callback": [item]}, ()) == ()


@pytest.mark.parametrize(
    ("name", "key"), [("sentry", "input_callback"), ("otel", "callbacks"), ("langfuse", "callbacks")]
)
def test_built_in_names_are_looked_up(name: str, key: str) -> None:
    """A built-in callback is judged by the class that LiteLLM will make for it."""
    assert untrusted({key: [name]}, ()) == (name,)


def test_a_built_in_name_is_trusted_by_its_class_too() -> None:
    """That is what the proxy's refusal names, and what the config's check must know it by."""
    of_class = "litellm.integrations.opentelemetry.OpenTelemetry"
    assert untrusted({"callbacks": ["otel"]}, [of_class]) == ()
    assert untrusted({"callbacks": ["otel", "langfuse"]}, [of_class]) == ("langfuse",)


def test_a_guardrail_goes_by_its_own_name() -> None:
    """Whatever hooks it has, it is made to read prompts."""
    assert untrusted({"callbacks": [CustomGuardrail(guardrail_name="cloud-check")]}, ()) == ("cloud-check",)


@pytest.mark.parametrize("key", ["input_callback", "_async_input_callback"])
def test_a_function_before_each_call_sees_text(key: str) -> None:
    """A plain function in the input lists is called with the messages; after a success it is silenced."""
    assert untrusted({key: [here], "success_callback": [here]}, ()) == (f"{__name__}.here",)


def test_the_refusal_names_each_and_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """One message lists all of them, with the cure."""
    monkeypatch.setattr("litellm.callbacks", [Sees(), Logs_PROXY_()])
    with pytest.raises(Watched, match=r"Sees, .*Logs_PROXY_ too.*trusted_callbacks"):
        require_trust((), [None])


@pytest.mark.parametrize(
    ("setting", "channels"),
    [
        (None, ()),
        ([], ()),
        (["slack"], ("alerting.slack",)),
        ("slack", ("alerting.slack",)),
        (["ms_teams", "sentry", "email"], ("alerting.ms_teams", "alerting.sentry", "alerting.email")),
        ({"slack": True}, ("alerting.{'slack': True}",)),
    ],
)
def test_every_channel_of_alerts_counts(setting: Any, channels: tuple[str, ...]) -> None:
    """LiteLLM takes the setting unread, so a shape that it shouldn't have is no way around."""
    assert alerts([None, setting, setting]) == channels


def test_an_alert_is_refused_until_it_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM lists its alerts among its callbacks for some kinds of alert only, so they are looked up apart."""
    monkeypatch.setattr("litellm.callbacks", [])
    told = [["slack", "email"], None]
    with pytest.raises(Watched, match=r"alerting\.slack, alerting\.email too.*trusted_callbacks"):
        require_trust((), told)
    with pytest.raises(Watched, match=r"requests to alerting\.email too"):
        require_trust(["alerting.slack"], told)
    require_trust(["alerting.slack", "alerting.email"], told)


def test_an_alert_about_a_slow_answer_names_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiteLLM's own switch, which its config may have set otherwise."""
    monkeypatch.setattr("litellm.redact_messages_in_exceptions", False)
    call = {"model": "phi3:mini", "messages": [{"role": "user", "content": "078-05-1120"}], "litellm_params": {}}

    async def posted() -> str:
        slack = SlackAlerting(alerting_threshold=1, alerting=["slack"], default_webhook_url="http://127.0.0.1:9")
        began = datetime(2026, 1, 1, tzinfo=timezone.utc)
        slow: Any = slack.response_taking_too_long_callback
        await slow(call, None, began, began + timedelta(seconds=9))
        return str(slack.log_queue)

    assert "078-05-1120" in asyncio.run(posted())
    leave_out_messages()
    said = asyncio.run(posted())
    assert "Responses are slow" in said
    assert "078-05-1120" not in said
