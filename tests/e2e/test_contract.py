"""What the plugin relies on in LiteLLM. A later version that changes one of these fails here, not in production."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import pytest

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_the_version_is_one_that_was_looked_at() -> None:
    """Another minor version may move hooks: look at LiteLLM's changes, run all tests, then widen this."""
    assert version("litellm").split(".")[:2] == ["1", "102"]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("async_pre_call_hook", ["self", "user_api_key_dict", "cache", "data", "call_type"]),
        (
            "async_filter_deployments",
            ["self", "model", "healthy_deployments", "messages", "request_kwargs", "parent_otel_span"],
        ),
        ("async_pre_call_deployment_hook", ["self", "kwargs", "call_type"]),
        (
            "async_post_call_failure_deployment_hook",
            ["self", "request_data", "exception", "call_type", "fallback_depth"],
        ),
    ],
)
def test_the_hooks_have_the_signatures_that_we_implement(name: str, parameters: list[str]) -> None:
    """Each hook exists on CustomLogger with these parameters."""
    from litellm.integrations.custom_logger import CustomLogger

    assert list(inspect.signature(getattr(CustomLogger, name)).parameters) == parameters


def test_the_pre_call_hook_runs_only_where_the_leaf_class_defines_it() -> None:
    """The rule that keeps the plugin class from being subclassed."""
    from litellm.proxy.utils import ProxyLogging

    assert '"async_pre_call_hook" in vars(_callback.__class__)' in inspect.getsource(ProxyLogging.pre_call_hook)


def test_a_group_name_goes_through_the_filter_and_an_id_does_not() -> None:
    """Why no deployment id may be the name of a group, and why the deployment check exists."""
    import asyncio

    import litellm
    from litellm.integrations.custom_logger import CustomLogger

    seen: list[str] = []

    class Watch(CustomLogger):
        async def async_filter_deployments(
            self, model, healthy_deployments, messages, request_kwargs=None, parent_otel_span=None
        ):  # type: ignore[no-untyped-def]
            seen.append(model)
            return healthy_deployments

    watch = Watch()
    litellm.callbacks.append(watch)
    try:
        entry = {
            "model_name": "group",
            "litellm_params": {"model": "openai/x", "api_key": "k"},
            "model_info": {"id": "one"},
        }
        router = litellm.Router(model_list=[entry])
        for name in ("group", "one"):
            asyncio.run(router.async_get_available_deployment(model=name, request_kwargs={}, messages=[]))
    finally:
        litellm.callbacks.remove(watch)
    assert seen == ["group"]
