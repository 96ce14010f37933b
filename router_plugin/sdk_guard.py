"""Refuses what LiteLLM runs around a `router/` model, past the lock: its own Router, and `fallbacks=`.

Both send the same messages to another model after any error, so no error of ours may reach them.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import litellm
from litellm.exceptions import BadRequestError
from litellm.litellm_core_utils import fallback_utils
from litellm.router import Router as LiteLLMRouter

from router_plugin.references import resolved

PROVIDER = "router"
CALL = "async_function_with_fallbacks"  # what every call of a LiteLLM Router with fallbacks or retries goes through
RUNNER = "async_completion_with_fallbacks"  # litellm's own loop behind `fallbacks=`
INTAKES = ("set_model_list", "add_deployment", "upsert_deployment")  # how a deployment gets into a Router
STAMP = "model_group"  # LiteLLM too knows by it that a Router calls
METADATA = ("metadata", "litellm_metadata")
NO_FALLBACKS = "`fallbacks` can't be given with a `router/` model: they would run past the privacy lock. Remove them."
NO_ROUTER = (
    "A `router/` model can't be used in a LiteLLM Router: after an error it would send the same messages to another "
    'deployment, past the privacy lock. Call `litellm.completion(model="router/auto", ...)` itself, which has '
    "fallbacks of its own, and take the `router/` model out of the Router."
)


class PastTheLock(BaseException):
    """A LiteLLM Router has called a `router/` model.

    Not an Exception, since LiteLLM answers any of those from the next deployment. What `install` puts around a
    Router's calls turns it into a BadRequestError where nothing can follow any more.
    """


def bad_request(message: str) -> BadRequestError:
    """Our refusal as LiteLLM's."""
    return BadRequestError(message=message, model=PROVIDER, llm_provider=PROVIDER)


def is_ours(model: object, provider: object = None) -> bool:
    """Whether LiteLLM would hand a model to us; `model` may stand for another one (`litellm.model_alias_map`)."""
    aliases = litellm.model_alias_map or {}
    names = (model, aliases.get(model)) if isinstance(model, str) else ()
    return provider == PROVIDER or any(isinstance(name, str) and name.startswith(f"{PROVIDER}/") for name in names)


def refuse_inside_a_router(litellm_params: Mapping[str, Any] | None) -> None:
    """For the handler: errors where the call that it is given comes from a LiteLLM Router. Errors: PastTheLock."""
    if any(STAMP in ((litellm_params or {}).get(key) or ()) for key in METADATA):
        raise PastTheLock(f"{NO_ROUTER} If no Router calls it, take `{STAMP}` out of the call's metadata.")


def install() -> None:
    """Put the checks around LiteLLM's Router and its fallbacks; a second call changes nothing.

    Errors: AttributeError for a LiteLLM without these functions, so that it isn't used without the checks.
    """
    if hasattr(getattr(LiteLLMRouter, CALL), "__wrapped_by_router__"):
        return
    for name in INTAKES:
        setattr(LiteLLMRouter, name, _checked_intake(getattr(LiteLLMRouter, name)))
    call = _checked_call(getattr(LiteLLMRouter, CALL))
    vars(call)["__wrapped_by_router__"] = True
    setattr(LiteLLMRouter, CALL, call)
    runner = _checked_runner(getattr(fallback_utils, RUNNER))
    for module in (fallback_utils, litellm.main):
        getattr(module, RUNNER)
        setattr(module, RUNNER, runner)


def _checked_intake(intake: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(intake)
    def checked(router: LiteLLMRouter, *args: Any, **given: Any) -> Any:
        offered = next(iter((*args, *given.values())), None)
        if _any_ours(offered if isinstance(offered, (list, tuple)) else [offered]):
            raise bad_request(NO_ROUTER)
        return intake(router, *args, **given)

    return checked


def _checked_call(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(call)
    async def checked(router: LiteLLMRouter, *args: Any, **given: Any) -> Any:
        try:
            # The list once more: it can be changed in place, and by LiteLLM, without one of the intakes.
            if is_ours(given.get("model")) or _any_ours(router.model_list):
                raise PastTheLock(NO_ROUTER)  # noqa: TRY301 - the way out is the same as for the handler's
            return await call(router, *args, **given)
        except PastTheLock as refusal:
            if "fallback_depth" in given:  # a fallback: the loop around it would go on after an Exception
                raise
            raise bad_request(str(refusal)) from None

    return checked


def _checked_runner(runner: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(runner)
    async def checked(**given: Any) -> Any:
        more = given.get("kwargs") or {}
        provider = given.get("custom_llm_provider") or more.get("custom_llm_provider")
        fallbacks = more.get("fallbacks") or ()
        named = [fallback.get("model") if isinstance(fallback, Mapping) else fallback for fallback in fallbacks]
        if is_ours(given.get("model"), provider) or any(map(is_ours, named)):
            raise bad_request(NO_FALLBACKS)
        return await runner(**given)

    return checked


def _any_ours(deployments: Iterable[Any]) -> bool:
    return any(_deployment_is_ours(deployment) for deployment in deployments)


def _deployment_is_ours(deployment: Any) -> bool:
    """For an entry of a model list, or LiteLLM's object of one."""
    parameters = _field(deployment, "litellm_params")
    return is_ours(resolved(_field(parameters, "model"), os.environ), _field(parameters, "custom_llm_provider"))


def _field(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
