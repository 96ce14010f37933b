"""router_plugin.hooks: whatever fails inside the plugin ends refused, never in the cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:pydantic"),
]

CLOUD = "https://api.openai.com/v1"
LOCAL = "http://127.0.0.1:11434"
HELLO = [{"role": "user", "content": "What is 2 + 2?"}]
KEYS = dict.fromkeys(
    ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"), "https://invented.example"
)


class Broken:
    """Stands in for any stage, and fails at whatever is asked of it."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*args: Any, **named: Any) -> Any:
            raise RuntimeError("a stage failed")

        return fail


@pytest.fixture(scope="module")
def plugin() -> Any:
    """The hooks of the config pack, without a proxy."""
    pytest.MonkeyPatch().setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    from router_plugin.build import build_router
    from router_plugin.config import load
    from router_plugin.hooks import RouterPlugin_PROXY_ as RouterPlugin

    return RouterPlugin(build_router(load(Path(__file__).parents[2] / "litellm_config.yaml", KEYS)))


@pytest.fixture(autouse=True)
def _fresh_state() -> Iterator[None]:
    from router_plugin import state

    token = state._current.set(None)
    yield
    state._current.reset(token)


async def decide(plugin: Any, **body: Any) -> dict[str, Any]:
    """What the pre-call hook makes of a chat body."""
    data: dict[str, Any] = {"model": "auto", "messages": HELLO, **body}
    data["proxy_server_request"] = {"body": dict(data), "headers": {}}
    return await plugin.async_pre_call_hook(None, None, data, "acompletion")  # type: ignore[no-any-return]


@pytest.mark.parametrize("stage", ["detector", "scorer", "config"])
async def test_a_failing_stage_refuses_the_request(plugin: Any, stage: str) -> None:
    """An exception in any stage is a 503 that says so, and names no text of the request."""
    from fastapi import HTTPException

    from router_plugin.hooks import RouterPlugin_PROXY_ as RouterPlugin

    broken = RouterPlugin(plugin.router)
    broken.router = replace(plugin.router, **{stage: Broken()})
    with pytest.raises(HTTPException) as caught:
        await decide(broken)
    assert caught.value.status_code == 503
    assert "not sent anywhere" in str(caught.value.detail)
    assert "2 + 2" not in str(caught.value.detail)


SENT = "requester_metadata"  # where LiteLLM notes what a client sent
PRIVATE = [{"role": "user", "content": "My SSN is 078-05-1120"}]


@pytest.mark.parametrize(
    ("body", "private", "findings", "code"),
    [
        ({"messages": PRIVATE}, True, ["identity.us_ssn", "identity.us_ssn_told"], "no_local_deployment"),
        ({"model": "auto-private"}, True, [], "no_local_deployment"),
        (
            {"model": "openai-default", "metadata": {SENT: {"router": {"provider": "azure"}}}},
            False,
            [],
            "invalid_request",
        ),
        ({"model": "no-such-model"}, None, None, "invalid_request"),
    ],
    ids=["a finding", "asked to stay", "public", "not looked at"],
)
async def test_a_refused_request_is_logged_as_what_it_was_found_to_be(
    plugin: Any, body: dict[str, Any], private: bool | None, findings: list[str] | None, code: str
) -> None:
    """Private also where nothing local could take it; what was refused before it was looked at is neither."""
    from fastapi import HTTPException

    from router_plugin.hooks import RouterPlugin_PROXY_ as RouterPlugin
    from router_plugin.outcome import Ending, record_of
    from router_plugin.state import current

    config = plugin.router.config
    cloud = tuple(d for d in config.inventory.deployments if not d.local)
    bare = RouterPlugin(
        replace(plugin.router, config=replace(config, inventory=replace(config.inventory, deployments=cloud)))
    )
    with pytest.raises(HTTPException):
        await decide(bare, **body)
    state = current()
    assert state is not None
    record = record_of(state, Ending(503, complete=True, seconds=0.1, first_content_seconds=None))
    assert (record.get("private"), record.get("findings"), record["code"]) == (private, findings, code)
    assert "078-05-1120" not in str(record)


async def test_a_failing_lock_refuses_the_call(plugin: Any) -> None:
    """An exception in the last check is a refusal."""
    from litellm.exceptions import BadRequestError

    from router_plugin.egress import Lock
    from router_plugin.hooks import RouterPlugin_PROXY_ as RouterPlugin

    await decide(plugin)
    broken = RouterPlugin(plugin.router)
    broken.lock = Lock(replace(plugin.router, config=Broken()))
    with pytest.raises(BadRequestError, match="lock failed"):
        await broken.async_pre_call_deployment_hook(
            {"model": "openai/gpt-4o", "api_base": CLOUD, "messages": HELLO}, "acompletion"
        )


@pytest.mark.parametrize(
    ("call_type", "call"),
    [
        ("acompletion", {"messages": [{"role": "user", "content": "My SSN is 078-05-1120"}]}),
        ("acompletion", {"messages": HELLO, "tools": [{"function": {"description": "SSN 078-05-1120"}}]}),
        ("acompletion", {"messages": HELLO, "user": "078-05-1120"}),
        ("acompletion", {"messages": HELLO, "something_new": {"deep": ["ssn 078-05-1120"]}}),
        (
            "acompletion",
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        ),
        ("acompletion", {"messages": "not a list"}),
        ("acompletion", {}),
        ("aresponses", {"input": "SSN 078-05-1120"}),
        ("aresponses", {"input": "hi", "metadata": {"ssn": "078-05-1120"}}),
        ("anthropic_messages", {"messages": HELLO, "system": "SSN 078-05-1120"}),
        ("aembedding", {"input": ["078-05-1120 is my SSN"]}),
        ("atext_completion", {"prompt": [1, 2, 3]}),
        ("aimage_generation", {"prompt": "a cat"}),
        ("a_call_of_tomorrow", {"text": "hi"}),
        ("None", {"messages": HELLO}),
    ],
)
async def test_what_is_private_or_unknown_passes_no_cloud_call(
    plugin: Any, call_type: str, call: dict[str, Any]
) -> None:
    """After a public decision, content that changed on the way is scanned as it is sent, and refused."""
    from litellm.exceptions import BadRequestError

    await decide(plugin)
    with pytest.raises(BadRequestError):
        await plugin.async_pre_call_deployment_hook({"model": "openai/gpt-4o", "api_base": CLOUD, **call}, call_type)


async def test_a_public_call_passes_after_a_decision_and_only_then(plugin: Any) -> None:
    """The same call is refused where no decision stands behind it."""
    from litellm.exceptions import BadRequestError

    call = {"model": "openai/gpt-4o", "api_base": CLOUD, "messages": HELLO}
    with pytest.raises(BadRequestError, match="not decided"):
        await plugin.async_pre_call_deployment_hook(dict(call), "acompletion")
    await decide(plugin)
    passed = await plugin.async_pre_call_deployment_hook(dict(call), "acompletion")
    assert 0 < passed.pop("timeout") <= plugin.router.config.settings.limits.request_seconds
    assert passed == call


async def test_a_request_that_was_asked_to_stay_stays(plugin: Any) -> None:
    """Harmless content may not leave either where the caller asked for a local answer."""
    from litellm.exceptions import BadRequestError

    routed = await decide(plugin, model="auto-private")
    assert routed["model"].startswith("ollama-")
    assert all(group.startswith("ollama-") for group in routed["fallbacks"])
    with pytest.raises(BadRequestError, match="must stay local"):
        await plugin.async_pre_call_deployment_hook(
            {"model": "openai/gpt-4o", "api_base": CLOUD, "messages": HELLO}, "acompletion"
        )


CONTROL = {
    "fallbacks": ["openai-premium"],
    "context_window_fallbacks": [{"auto": ["openai-premium"]}],
    "content_policy_fallbacks": [{"auto": ["openai-premium"]}],
    "default_fallbacks": ["openai-premium"],
    "api_base": CLOUD,
    "base_url": CLOUD,
    "api_key": "sk-theirs",
    "custom_llm_provider": "openai",
    "deployment_id": "openai-premium-1",
    "specific_deployment": True,
    "azure": True,
    "model_list": [],
    "user_config": {},
    "extra_body": {"model": "other"},
    "extra_headers": {"x": "y"},
    "mock_testing_fallbacks": True,
    "num_retries": 9,
    "_target_order": 2,
    "_excluded_deployment_ids": ["x"],
    "_anything": 1,
    "num_ctx": 64,
    "num_gpu": 0,
    "keep_alive": -1,
}


@pytest.mark.parametrize("field", CONTROL)
async def test_fields_that_could_move_a_request_are_stripped(plugin: Any, field: str) -> None:
    """What a client sends in a control field never reaches LiteLLM's router."""
    routed = await decide(plugin, **{field: CONTROL[field]})
    assert routed.get(field) != CONTROL[field]


@pytest.mark.parametrize("healthy", [[], [{"model_info": {"id": "stranger"}, "litellm_params": {"api_base": CLOUD}}]])
async def test_the_filter_lets_only_the_plan_pass(plugin: Any, healthy: list[Any]) -> None:
    """A deployment that isn't of the plan is never picked, and without a plan only local ones are."""
    from litellm.exceptions import BadRequestError

    assert await plugin.async_filter_deployments("x", healthy, None) == []
    await decide(plugin)
    with pytest.raises(BadRequestError):
        await plugin.async_filter_deployments("stranger", healthy, None)
