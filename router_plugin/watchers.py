"""Who else is shown requests: callbacks, guardrails and alerts that LiteLLM hands the text of private ones, too.

`no-log`, which private requests carry, silences success and failure logging. LiteLLM calls every other hook all the
same: before and after the call, at each attempt, on errors. Each callback that has one could carry text elsewhere, so
each must be vouched for by name.

Alerts are no callbacks, and nothing silences them: LiteLLM posts the error of a failed request with its messages, the
provider's words about it, and the metadata that the client sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from litellm.integrations.custom_guardrail import CustomGuardrail
from litellm.integrations.custom_logger import CustomLogger

from router_plugin.errors import RouterPluginError

SETTING = "callback_settings.router_plugin.trusted_callbacks"
# Silenced by `no-log`, unless the class name holds this.
NOT_SILENCED = "_PROXY_"
SILENCED = frozenset(
    {
        *("log_success_event", "log_failure_event", "log_stream_event", "log_event", "async_log_event"),
        *("async_log_success_event", "async_log_failure_event", "async_log_stream_event"),
    }
)
# Methods that are given no request.
WITHOUT_TEXT = frozenset(
    {
        *("get_callback_env_vars", "handle_callback_failure", "async_log_audit_log_event", "redacts_messages_itself"),
        *("async_pre_call_check", "pre_call_check", "truncate_standard_logging_payload_content"),
    }
)
# LiteLLM's own, which keep what they see in this process: limits, budgets, ids, caches, metrics.
AT_HOME = ("litellm.proxy.hooks.", "litellm._service_logger", "litellm.router", "litellm.caching", "router_plugin.")
AT_HOME_EXACTLY = frozenset(
    {
        "litellm.integrations.prometheus",
        "litellm.integrations.anthropic_cache_control_hook",
        # As a callback it is silenced; what it posts beside that is in `alerts`.
        "litellm.integrations.SlackAlerting.slack_alerting",
    }
)
INPUT_LOGS = frozenset({"sentry", "supabase"})  # told of each call before it is made
INPUT_LISTS = ("input_callback", "_async_input_callback")  # LiteLLM moves coroutine functions to the second
LISTS = (
    *("callbacks", *INPUT_LISTS, "success_callback", "failure_callback"),
    *("_async_success_callback", "_async_failure_callback"),
)
ALERTS = "alerting."  # what an alert's channel is trusted as: `alerting.slack`


class Watched(RouterPluginError):
    """A callback or an alert that nobody vouched for is shown private requests, so the proxy must not start."""


def require_trust(trusted: Iterable[str], alerting: Iterable[Any]) -> None:
    """Errors: Watched, which names every callback and alert that could carry private text away.

    `alerting`: see `alerts`.
    """
    known = {*trusted}
    strangers = (*untrusted(registered(), known), *(name for name in alerts(alerting) if name not in known))
    if strangers:
        raise Watched(
            f"LiteLLM shows private requests to {', '.join(strangers)} too, whatever the router decides. Remove what "
            f"sends text elsewhere; list in {SETTING} what keeps it at home."
        )


def untrusted(callbacks: Mapping[str, Iterable[Any]], trusted: Iterable[str]) -> tuple[str, ...]:
    """Names of the callbacks that could see a private request and aren't vouched for.

    `callbacks` maps LiteLLM's lists (`LISTS`) to what is in them: instances, functions, or names of built-in ones.
    """
    known = {*trusted}
    names = (name for key, items in callbacks.items() for item in items if (name := _watcher(item, key)))
    return tuple(name for name in dict.fromkeys(names) if name not in known and _class_of(name) not in known)


def alerts(settings: Iterable[Any]) -> tuple[str, ...]:
    """Names of the channels that LiteLLM's alerts go to. All count: what each is told changes with LiteLLM.

    `settings` are values of `general_settings.alerting`, which LiteLLM takes as they are: lists, a name, or None.
    """
    channels = (
        channel
        for setting in settings
        if setting
        for channel in (setting if isinstance(setting, list | tuple | set | frozenset) else (setting,))
    )
    return tuple(dict.fromkeys(f"{ALERTS}{channel}" for channel in channels))


def alerting_now() -> tuple[Any, ...]:
    """Where LiteLLM's alerts go now: the proxy's, and those of its router (`router_settings.alerting_config`)."""
    from litellm.proxy import proxy_server

    proxy = proxy_server.proxy_logging_obj
    of_router = getattr(proxy_server.llm_router, "slack_alerting_logger", None)
    return proxy.alerting, proxy.slack_alerting_instance.alerting, getattr(of_router, "alerting", None)


def leave_out_messages() -> None:
    """Keep messages out of LiteLLM's errors and slow-answer alerts, whatever the config says.

    For alerts at home, and for those that are set up after the start. It's no substitute for trust: an error still
    holds the provider's words, which may repeat a prompt.
    """
    import litellm

    litellm.redact_messages_in_exceptions = True


def registered() -> dict[str, list[Any]]:
    """LiteLLM's lists of callbacks as they are now."""
    import litellm

    return {key: list(getattr(litellm, key, None) or ()) for key in LISTS}


def _watcher(item: Any, key: str) -> str | None:
    """The name by which an operator knows a callback that is shown requests; None for one that isn't."""
    if isinstance(item, str):
        kind = _builtin(item)
        sees = item in INPUT_LOGS if kind is None else _sees_text(kind)
        return item if sees and (kind is not None or key in ("callbacks", *INPUT_LISTS)) else None
    if isinstance(item, CustomGuardrail):
        return str(getattr(item, "guardrail_name", None) or type(item).__name__)
    if isinstance(item, CustomLogger):
        return _name(type(item)) if _sees_text(type(item)) else None
    return _name(item) if key in INPUT_LISTS and callable(item) else None


def _sees_text(kind: type[CustomLogger]) -> bool:
    if kind.__module__.startswith(AT_HOME) or kind.__module__ in AT_HOME_EXACTLY:
        return False
    silenced = frozenset() if NOT_SILENCED in kind.__name__ else SILENCED
    hooks = {name for name in dir(CustomLogger) if not name.startswith("_")} - silenced - WITHOUT_TEXT
    return any(getattr(kind, name) is not getattr(CustomLogger, name) for name in hooks)


def _builtin(name: str) -> type[CustomLogger] | None:
    """The class that LiteLLM makes for a built-in name; None for one that only logs successes and failures."""
    from litellm.litellm_core_utils.custom_logger_registry import CustomLoggerRegistry

    kind = CustomLoggerRegistry.CALLBACK_CLASS_STR_TO_CLASS_TYPE.get(name)
    return kind if isinstance(kind, type) and issubclass(kind, CustomLogger) else None


def _class_of(name: str) -> str | None:
    """A built-in callback's class, under which LiteLLM lists it once it has made one."""
    kind = _builtin(name)
    return _name(kind) if kind is not None else None


def _name(item: Any) -> str:
    return f"{item.__module__}.{getattr(item, '__qualname__', type(item).__name__)}"
