"""The lock: what may leave, and to where. Every call of a deployment passes `Lock.check` with exactly what it sends."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Any

from litellm.types.router import GenericLiteLLMParams
from litellm.types.utils import all_litellm_params

from router_plugin.capabilities import OLLAMA_PREFIXES
from router_plugin.deployments import host_of, is_auto, is_cloud_model
from router_plugin.errors import RequestRefused, RouterPluginError
from router_plugin.locality import OllamaLocality, Unreachable
from router_plugin.pipeline import Router
from router_plugin.request import Surface
from router_plugin.state import RequestState, large_from

# Fields of LiteLLM's own that a client may send: none of them moves a request.
HARMLESS_FIELDS = frozenset(
    {
        *("metadata", "litellm_metadata", "tags", "cache", "ttl", "guardrails", "no-log"),
        *("litellm_session_id", "litellm_trace_id", "id", "max_tokens", "timeout", "stream_timeout", "user"),
    }
)
# Ollama loads a model anew for another value of these, for everyone, and keeps it for as long as the last call said.
MODEL_LOADING_FIELDS = frozenset(
    {"num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "use_mmap", "use_mlock", "keep_alive"}
)
# Every other field by which a client could move a request or change what a deployment is: stripped for everyone.
CONTROL_FIELDS = (
    frozenset(
        {
            *all_litellm_params,
            *("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "default_fallbacks"),
            *("disable_fallbacks", "deployment_id", "specific_deployment", "custom_llm_provider", "azure"),
            *("api_base", "base_url", "api_key", "user_config", "model_list", "num_retries", "max_retries"),
            *("mock_testing_fallbacks", "mock_testing_context_fallbacks", "mock_testing_content_policy_fallbacks"),
            *("mock_testing_rate_limit_error", "extra_body", "extra_headers", "extra_query", "headers", "client"),
            *("model_group_retry_policy", "enable_weighted_failover", "include_fallback_errors", "original_function"),
            *("attempted_targets", "litellm_params", "prompt_id", "prompt_variables", "caching_groups"),
            *MODEL_LOADING_FIELDS,
            *GenericLiteLLMParams.model_fields,  # what describes a deployment is the operator's
        }
    )
    - HARMLESS_FIELDS
)
# What a provider gets as headers, query or authorisation; LiteLLM fills some of these from a client's own headers.
TRANSPORT_FIELDS = (
    *("api_key", "headers", "extra_headers", "extra_body", "extra_query", "provider_specific_header", "organization"),
)
# A beta feature of Anthropic's API, such as ``interleaved-thinking-2025-05-14``; clients of theirs depend on them.
_BETA = re.compile(r"[a-z]+(?:-(?:[a-z]+|[0-9]{1,3}[a-z]))*-(?:20[0-9]{2}-[0-9]{2}-[0-9]{2}|20[0-9]{6})")
MAX_BETAS = 16
# Arguments that LiteLLM adds to a call and that no provider receives.
INTERNAL_ARGUMENTS = frozenset(
    {
        *all_litellm_params,
        *("model", "client", "timeout", "caching", "original_function", "fallback_depth", "attempted_targets"),
        *("litellm_params", "drop_params", "litellm_metadata", "additional_drop_params", "allowed_model_region"),
        *("base_url", "deployment_id", "include_fallback_errors", "original_generic_function"),
        *("model_group", "response_api_deployment", "is_async", "aresponses"),
    }
) - {
    *("messages", "input", "prompt", "system", "tools", "headers", "organization", "stream_options"),
    *("provider_specific_header", "extra_headers", "extra_body", "extra_query"),
}
SENDS_METADATA = frozenset({Surface.RESPONSES, Surface.MESSAGES})  # elsewhere `metadata` is LiteLLM's own

SURFACES: Mapping[str, Surface] = {
    **dict.fromkeys(("acompletion", "completion"), Surface.CHAT),
    **dict.fromkeys(("atext_completion", "text_completion"), Surface.COMPLETIONS),
    **dict.fromkeys(("aresponses", "responses"), Surface.RESPONSES),
    **dict.fromkeys(("anthropic_messages",), Surface.MESSAGES),
    **dict.fromkeys(("aembedding", "embedding", "embeddings"), Surface.EMBEDDINGS),
    **dict.fromkeys(("agenerate_content", "agenerate_content_stream", "generate_content"), Surface.GEMINI),
}


class EgressDenied(RouterPluginError):
    """A call that must not be made: the content is private, or the target isn't known."""


class ServerDown(EgressDenied):
    """A call that was not made because its server isn't there."""


def control_fields(body: Iterable[str]) -> list[str]:
    """The fields of a client's body that could move the request."""
    return [key for key in body if key in CONTROL_FIELDS or key.startswith("_")]


def beta_features(headers: Mapping[str, Any]) -> tuple[str, ...]:
    """The feature names in a client's `anthropic-beta` header; anything that isn't one is left out."""
    given = next((str(value) for key, value in headers.items() if str(key).lower() == "anthropic-beta"), "")
    names = [name.strip() for name in given.split(",")]
    return tuple(name for name in names if _BETA.fullmatch(name))[:MAX_BETAS]


class Lock:
    """Decides about one call of one deployment. Holds no state of its own."""

    def __init__(self, router: Router, ollama: OllamaLocality | None = None) -> None:
        self._router = router
        self._ollama = ollama or OllamaLocality()

    def is_local(self, call: Mapping[str, Any]) -> bool:
        """Whether a call stays at home: its real api_base is a local deployment's, and its model no cloud model."""
        bases = {_text(base) for base in (call.get("api_base"), call.get("base_url")) if base}
        if len(bases) != 1 or is_cloud_model(_text(call.get("model"))):
            return False
        host = host_of(bases.pop())
        info = call.get("model_info")
        identity = info.get("id") if isinstance(info, Mapping) else None
        deployments = self._router.config.inventory.deployments
        if identity is not None:
            return any(d.local and d.host == host for d in deployments if d.id == identity) or self._is_door(
                identity, host
            )
        at_host = [d.local for d in deployments if d.host == host]
        return host is not None and bool(at_host) and all(at_host)

    def _is_door(self, identity: object, host: str | None) -> bool:
        """Whether a call goes to one of the router's own doors, which the config check holds to be local."""
        return is_auto(str(identity)) and self._router.config.inventory.is_local_host(host)

    async def check(self, call: Mapping[str, Any], call_type: str, state: RequestState | None) -> None:
        """Pass or raise.

        `call` holds the arguments of a LiteLLM call after the pick. Content for a deployment that isn't local is
        scanned here, afresh, whatever was decided before. Errors: EgressDenied.
        """
        if state is not None and state.opened:
            return
        if self.is_local(call):
            await self._prove_local(call)
            return
        if state is None or state.plan is None or state.decision is None:
            raise EgressDenied("This call was not decided by the router, and its target is not local.")
        if state.plan.local_only:
            raise EgressDenied("This request must stay local, and the deployment that was picked is not.")
        surface = SURFACES.get(call_type)
        if surface is None:
            raise EgressDenied("This kind of call can't be inspected, and its target is not local.")
        try:
            body = sent_body(call, surface)
            if state.body_bytes > large_from(self._router.config.settings):
                verdict = await asyncio.to_thread(self._router.scan, body, surface)
            else:
                verdict = self._router.scan(body, surface)
        except RequestRefused:
            raise EgressDenied("What would be sent can't be read, and the target is not local.") from None
        if verdict.private or verdict.droppable or (state.stand_ins is not None and state.stand_ins.shown_in(body)):
            raise EgressDenied("What would be sent is private, and the target is not local.")

    async def _prove_local(self, call: Mapping[str, Any]) -> None:
        """A local address is not enough for Ollama, which serves cloud models too. Errors: EgressDenied."""
        model = _text(call.get("model"))
        provider = _text(call.get("custom_llm_provider"))
        if not self._router.config.settings.check_ollama_models:
            return
        base = _text(call.get("api_base") or call.get("base_url"))
        is_ollama = model.startswith(OLLAMA_PREFIXES) or provider.startswith("ollama")
        if not is_ollama and not await self._ollama.is_ollama(base):
            return
        try:
            local = await self._ollama.is_local(base, model)
        except Unreachable as error:
            raise ServerDown(str(error)) from None
        if not local:
            raise EgressDenied(
                "Ollama did not confirm that this model runs on its own machine, so nothing was sent to it. See "
                "callback_settings.router_plugin.check_ollama_models."
            )


def sent_body(call: Mapping[str, Any], surface: Surface) -> dict[str, Any]:
    """The part of a LiteLLM call's arguments that reaches the provider."""
    body = {
        key: value
        for key, value in call.items()
        if key not in INTERNAL_ARGUMENTS and value is not None and not key.startswith("_")
    }
    metadata = call.get("metadata")
    if surface in SENDS_METADATA and metadata:
        body["metadata"] = metadata
    elif isinstance(metadata, Mapping) and metadata.get("user_id"):
        body["metadata"] = {"user_id": metadata["user_id"]}  # LiteLLM passes this one on to Anthropic
    return body


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value or "")
