"""Callbacks that are shown private requests are found by the hooks that they have."""

from __future__ import annotations

from typing import Any

import pytest
from litellm.integrations.custom_guardrail import CustomGuardrail
from litellm.integrations.custom_logger import CustomLogger

from router_plugin.watchers import Watched, require_trust, untrusted


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
        require_trust(())
