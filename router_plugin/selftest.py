"""Proves at start, on LiteLLM's own dispatchers, that it really calls our hooks. A hook can fail silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import HTTPException
from litellm.exceptions import BadRequestError

from router_plugin.errors import RouterPluginError
from router_plugin.steering import PRIVATE_DOOR

if TYPE_CHECKING:
    from router_plugin.hooks import RouterPlugin_PROXY_ as RouterPlugin

# A documented example number: no one's.
PROBE_TEXT = "My social security number is 078-05-1120."
FOREIGN = "https://cloud.invalid/v1"


class HooksNotCalled(RouterPluginError):
    """This LiteLLM does not call a hook that the lock depends on."""


async def run(plugin: RouterPlugin) -> None:
    """Send a private probe through each dispatcher, calling no deployment. Errors: HooksNotCalled."""
    failed = [
        name
        for name, works in (("pre-call", _pre_call), ("filter", _filter), ("check", _check))
        if not await works(plugin)
    ]
    if failed:
        raise HooksNotCalled(
            f"This LiteLLM does not call the router's {' and '.join(failed)} hook, so private requests would not be "
            "safe. Install the LiteLLM version of requirements.lock."
        )


async def _pre_call(plugin: RouterPlugin) -> bool:
    """LiteLLM's pre-call dispatcher reaches our decision."""
    from litellm.proxy._types import UserAPIKeyAuth
    from litellm.proxy.proxy_server import proxy_logging_obj

    messages = [{"role": "user", "content": PROBE_TEXT}]
    data: dict[str, Any] = {"model": PRIVATE_DOOR, "messages": messages}  # local whatever the settings say
    try:
        routed = await proxy_logging_obj.pre_call_hook(UserAPIKeyAuth(), data=data, call_type="acompletion")
    except HTTPException as refused:
        return refused.status_code == 503  # ours: private, and no local deployment is set up
    groups = {d.group for d in plugin.router.config.inventory.deployments if d.local}
    return routed is not None and routed.get("model") in groups


async def _filter(_: RouterPlugin) -> bool:
    """LiteLLM's filter dispatcher takes out a deployment that no plan allows."""
    from litellm.proxy import proxy_server

    if proxy_server.llm_router is None:
        return False
    foreign = {"litellm_params": {"model": "openai/x", "api_base": FOREIGN}, "model_info": {"id": "probe"}}
    try:
        left = await proxy_server.llm_router.async_callback_filter_deployments(
            model="probe", healthy_deployments=[foreign], messages=None, parent_otel_span=None, request_kwargs={}
        )
    except BadRequestError:
        return True
    return not left


async def _check(_: RouterPlugin) -> bool:
    """LiteLLM's last dispatcher before a call reaches the lock, and the lock refuses."""
    from litellm.utils import async_pre_call_deployment_hook

    call = {"model": "openai/x", "api_base": FOREIGN, "messages": [{"role": "user", "content": PROBE_TEXT}]}
    try:
        await async_pre_call_deployment_hook(call, "acompletion")
    except BadRequestError:
        return True
    return False
