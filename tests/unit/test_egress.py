"""router_plugin.egress: what may leave, and to where."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.conversation import Surface
from router_plugin.deployments import Deployment
from router_plugin.egress import SURFACES, EgressDenied, Lock, control_fields, sent_body
from router_plugin.errors import RequestRefused
from router_plugin.locality import OllamaLocality
from router_plugin.pipeline import Router
from router_plugin.settings import Settings
from router_plugin.state import RequestState
from tests.unit.builders import OLLAMA_URL, SECRET, decision, deployment, inventory, plan, router, user

CLOUD = {"model": "openai/gpt-4o-mini", "api_base": "https://api.openai.com/v1"}
HOME = {"model": "ollama_chat/llama3.1:8b", "api_base": OLLAMA_URL}


class Answers(OllamaLocality):
    """Says the same about every model, and remembers what it was asked."""

    def __init__(self, local: bool = True) -> None:
        super().__init__()
        self.local = local
        self.asked: list[tuple[str, str]] = []

    async def is_ollama(self, api_base: str) -> bool:
        return OLLAMA_URL in api_base

    async def is_local(self, api_base: str, model: str) -> bool:
        self.asked.append((api_base, model))
        return self.local


def lock(*groups: str | Deployment, local: bool = True, **settings: Any) -> Lock:
    return Lock(router(inventory(*groups), Settings.model_validate(settings)), Answers(local))


def decided(*, local_only: bool = False) -> RequestState:
    return RequestState(decision=decision(local_only=local_only), plan=plan("openai-default", local_only=local_only))


async def denied(call: dict[str, Any], call_type: str = "acompletion", state: RequestState | None = None) -> str:
    """Why a call is denied; an empty string where it passes."""
    try:
        await lock().check(call, call_type, state or decided())
    except EgressDenied as error:
        return str(error)
    return ""


LOCAL: dict[str, tuple[dict[str, Any], bool]] = {
    "the configured address": (HOME, True),
    "with a path": ({**HOME, "api_base": f"{OLLAMA_URL}/v1"}, True),
    "as base_url": ({"model": HOME["model"], "base_url": OLLAMA_URL}, True),
    "another host": ({**HOME, "api_base": "http://10.0.0.1:11434"}, False),
    "another port": ({**HOME, "api_base": "http://127.0.0.1:8080"}, False),
    "another spelling": ({**HOME, "api_base": "http://localhost:11434"}, False),
    "a trailing dot": ({**HOME, "api_base": "http://127.0.0.1.:11434"}, False),
    "the address as a user": ({**HOME, "api_base": "http://127.0.0.1:11434@evil.example"}, False),
    "the address as a subdomain": ({**HOME, "api_base": "http://127.0.0.1.evil.example:11434"}, False),
    "IPv6": ({**HOME, "api_base": "http://[::1]:11434"}, False),
    "no address": ({"model": HOME["model"]}, False),
    "an empty address": ({**HOME, "api_base": ""}, False),
    "an address that is no text": ({**HOME, "api_base": {"url": OLLAMA_URL}}, False),
    "a cloud model of Ollama": ({**HOME, "model": "ollama_chat/gpt-oss:120b-cloud"}, False),
    "a cloud tag of Ollama": ({**HOME, "model": "glm-4.6:cloud"}, False),
    "the cloud": (CLOUD, False),
    "nothing": ({}, False),
}


@pytest.mark.parametrize("case", LOCAL)
def test_a_call_is_local_by_its_real_address(case: str) -> None:
    """Host and port of a local deployment, and no model that Ollama sends on."""
    call, local = LOCAL[case]
    assert lock().is_local(call) is local


TRICKS: dict[str, tuple[dict[str, Any], str]] = {
    "both addresses": (
        {**HOME, "base_url": "https://api.example.com"},
        "LiteLLM calls base_url where both are given; is_local looks at api_base",
    ),
    "a cloud model in capitals": (
        {**HOME, "model": "ollama_chat/gpt-oss:120b-CLOUD"},
        "Ollama takes names in any case; is_local compares letters",
    ),
    "a cloud model with a space": (
        {**HOME, "model": "ollama_chat/gpt-oss:120b-cloud "},
        "the name isn't stripped before it is compared",
    ),
}


@pytest.mark.parametrize("case", TRICKS)
def test_a_call_that_leaves_is_not_local(case: str) -> None:
    """Whatever LiteLLM or Ollama would send on isn't local, however it is written."""
    assert not lock().is_local(TRICKS[case][0])


def test_a_deployment_that_is_not_marked_local_is_not_local() -> None:
    """An operator who leaves the mark off an Ollama model (a cloud alias, say) is believed."""
    offered = (deployment("ollama-default"), deployment("kimi-default", api_base=OLLAMA_URL, model="ollama_chat/kimi"))
    call = {"model": "ollama_chat/kimi", "api_base": OLLAMA_URL, "model_info": {"id": "kimi-default-1"}}
    assert not lock(*offered).is_local(call)


async def test_a_local_call_passes_with_anything_in_it() -> None:
    """Private text may go where it stays; no decision is needed."""
    call = {**HOME, "messages": user(SECRET)}
    await lock().check(call, "acompletion", None)
    await lock().check(call, "acompletion", decided(local_only=True))
    await lock().check(call, "atranscription", None)


async def test_ollama_must_confirm_that_its_model_runs_there() -> None:
    """Its own address is not enough, unless the operator switched the question off."""
    with pytest.raises(EgressDenied, match="check_ollama_models"):
        await lock(local=False).check(HOME, "acompletion", decided())
    with pytest.raises(EgressDenied, match="check_ollama_models"):
        await lock(local=False).check({**HOME, "model": "kimi", "custom_llm_provider": "ollama_chat"}, "x", None)
    await lock(local=False, check_ollama_models=False).check(HOME, "acompletion", decided())


async def test_another_local_server_is_not_asked_as_ollama() -> None:
    """A vLLM server knows no `/api/show`."""
    offered = deployment("vllm-default", local=True, api_base="http://10.0.0.5:8000")
    call = {"model": "hosted_vllm/qwen", "api_base": "http://10.0.0.5:8000/v1"}
    await lock(offered, local=False).check(call, "acompletion", decided())


async def test_ollama_is_asked_on_its_openai_path_too() -> None:
    """The same server sends the same cloud alias on, whatever prefix the operator chose."""
    call = {"model": "openai/kimi", "api_base": f"{OLLAMA_URL}/v1"}
    with pytest.raises(EgressDenied):
        await lock(local=False).check(call, "acompletion", decided())


BODIES: dict[str, dict[str, Any]] = {
    "acompletion": {"messages": user("hi")},
    "completion": {"messages": user("hi"), "tools": [{"type": "function", "function": {"name": "f"}}]},
    "atext_completion": {"prompt": "hi"},
    "aresponses": {"input": "hi", "instructions": "be kind"},
    "anthropic_messages": {"messages": user("hi"), "system": "be kind", "max_tokens": 5},
    "aembedding": {"input": ["hi"]},
    "agenerate_content": {"contents": [{"parts": [{"text": "hi"}]}]},
}


@pytest.mark.parametrize("call_type", BODIES)
async def test_public_content_may_leave_and_private_content_may_not(call_type: str) -> None:
    """Each kind of call is scanned afresh, whatever was decided before."""
    assert await denied({**CLOUD, **BODIES[call_type]}, call_type) == ""
    tainted = _tainted(BODIES[call_type])
    assert "is private" in await denied({**CLOUD, **tainted}, call_type)


def _tainted(body: dict[str, Any]) -> dict[str, Any]:
    """The body with the secret for its last text."""

    def swap(value: Any) -> Any:
        if isinstance(value, str):
            return SECRET if value == "hi" else value
        if isinstance(value, list):
            return [swap(item) for item in value]
        return {key: swap(item) for key, item in value.items()} if isinstance(value, dict) else value

    found = swap(body)
    assert isinstance(found, dict)
    return found


DENIED: dict[str, tuple[dict[str, Any], str, RequestState | None, str]] = {
    "decided to stay": (BODIES["acompletion"], "acompletion", decided(local_only=True), "must stay local"),
    "no plan": (BODIES["acompletion"], "acompletion", RequestState(decision=decision()), "not decided"),
    "no decision": (BODIES["acompletion"], "acompletion", RequestState(plan=plan("openai-default")), "not decided"),
    "unknown kind of call": (BODIES["acompletion"], "atranscription", decided(), "can't be inspected"),
    "no kind of call": (BODIES["acompletion"], "", decided(), "can't be inspected"),
    "unreadable": ({"messages": []}, "acompletion", decided(), "can't be read"),
    "no content": ({}, "acompletion", decided(), "can't be read"),
    "image": ({"messages": user([{"type": "image_url"}])}, "acompletion", decided(), "is private"),
    "user": ({"messages": user("hi"), "user": SECRET}, "acompletion", decided(), "is private"),
    "metadata": ({"input": "hi", "metadata": {"a": SECRET}}, "aresponses", decided(), "is private"),
    "earlier turn": ({"messages": [*user(SECRET), *user("hi")]}, "acompletion", decided(), "is private"),
    "tool": ({"messages": user("hi"), "tools": [{"d": SECRET}]}, "acompletion", decided(), "is private"),
    "unknown field": ({"messages": user("hi"), "novel": SECRET}, "acompletion", decided(), "is private"),
}


@pytest.mark.parametrize("case", DENIED)
async def test_a_call_that_must_not_leave_is_denied(case: str) -> None:
    """Restrictive by default, and the reason quotes nothing."""
    content, call_type, state, why = DENIED[case]
    told = await denied({**CLOUD, **content}, call_type, state)
    assert why in told
    assert "swordfish" not in told


async def test_without_a_request_nothing_leaves() -> None:
    """A call that no client request led to has no decision."""
    with pytest.raises(EgressDenied, match="not decided"):
        await lock().check({**CLOUD, **BODIES["acompletion"]}, "acompletion", None)


async def test_a_scan_that_fails_lets_nothing_through() -> None:
    """Whatever the detector does, the call isn't made."""

    class Broken:
        def scan(self, conversation: object) -> None:
            raise MemoryError

    given = router()
    broken = Lock(Router(given.config, Broken(), given.scorer), Answers())  # type: ignore[arg-type]
    with pytest.raises((EgressDenied, MemoryError)):
        await broken.check({**CLOUD, **BODIES["acompletion"]}, "acompletion", decided())


def test_the_sent_body_holds_what_reaches_the_provider() -> None:
    """LiteLLM's own arguments, empty ones and private names are left out; everything unknown stays."""
    call = {
        **CLOUD,
        "messages": user("hi"),
        "temperature": 0.1,
        "user": "u",
        "novel": {"x": 1},
        "tools": [{"type": "function"}],
        "stop": None,
        "_private": "x",
        "api_key": "k",
        "litellm_call_id": "c",
        "metadata": {"headers": {}},
        "model_info": {"id": "a"},
        "proxy_server_request": {"body": {}},
    }
    assert set(sent_body(call, Surface.CHAT)) == {"messages", "temperature", "user", "novel", "tools"}
    assert "metadata" in sent_body(call, Surface.RESPONSES)


SENT: dict[str, tuple[Surface, str]] = {
    "user": (Surface.CHAT, "user"),
    "safety_identifier": (Surface.CHAT, "safety_identifier"),
    "prompt_cache_key": (Surface.CHAT, "prompt_cache_key"),
    "tools": (Surface.CHAT, "tools"),
    "functions": (Surface.CHAT, "functions"),
    "response_format": (Surface.CHAT, "response_format"),
    "prediction": (Surface.CHAT, "prediction"),
    "stop": (Surface.CHAT, "stop"),
    "logit_bias": (Surface.CHAT, "logit_bias"),
    "web_search_options": (Surface.CHAT, "web_search_options"),
    "extra_body": (Surface.CHAT, "extra_body"),
    "extra_headers": (Surface.CHAT, "extra_headers"),
    "suffix": (Surface.COMPLETIONS, "suffix"),
    "instructions": (Surface.RESPONSES, "instructions"),
    "text": (Surface.RESPONSES, "text"),
    "prompt": (Surface.RESPONSES, "prompt"),
    "include": (Surface.RESPONSES, "include"),
    "system": (Surface.MESSAGES, "system"),
    "stop_sequences": (Surface.MESSAGES, "stop_sequences"),
    "mcp_servers": (Surface.MESSAGES, "mcp_servers"),
    "systemInstruction": (Surface.GEMINI, "systemInstruction"),
    "unknown": (Surface.CHAT, "a_field_of_tomorrow"),
}


@pytest.mark.parametrize("case", SENT)
def test_a_field_that_a_provider_receives_is_scanned(case: str) -> None:
    """Any field may hold text."""
    surface, field = SENT[case]
    assert sent_body({**CLOUD, field: {"a": SECRET}}, surface)[field] == {"a": SECRET}


MISSING = [
    (Surface.CHAT, "stream_options", "LiteLLM passes stream_options on as it is"),
    (Surface.RESPONSES, "stream_options", "LiteLLM passes stream_options on as it is"),
    (Surface.CHAT, "organization", "LiteLLM sends it as the OpenAI-Organization header"),
    (Surface.CHAT, "headers", "LiteLLM sends `headers` as request headers of the provider"),
]


@pytest.mark.parametrize(("surface", "field"), [(surface, field) for surface, field, _ in MISSING])
def test_a_field_that_litellm_passes_on_is_scanned(surface: Surface, field: str) -> None:
    """Also what LiteLLM handles itself, where its content reaches the provider."""
    assert field in sent_body({**CLOUD, field: {"a": SECRET}}, surface)


async def test_the_user_id_in_the_metadata_of_a_chat_is_scanned() -> None:
    """Its Anthropic transformation copies `metadata.user_id`, unless it looks like a mail address or a phone."""
    call = {"model": "anthropic/claude", "messages": user("hi"), "metadata": {"user_id": SECRET, "headers": {}}}
    assert "is private" in await denied(call)


def test_every_kind_of_call_has_its_api_shape() -> None:
    """What isn't listed can't be inspected."""
    assert {SURFACES[name] for name in BODIES} == {*Surface}


CONTROLS = [
    *("api_base", "base_url", "api_key", "api_version", "custom_llm_provider", "deployment_id", "azure", "client"),
    *("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "default_fallbacks", "disable_fallbacks"),
    *("user_config", "model_list", "num_retries", "max_retries", "mock_response", "mock_testing_fallbacks"),
    *(
        "extra_body",
        "extra_headers",
        "headers",
        "litellm_params",
        "model_info",
        "proxy_server_request",
        "secret_fields",
    ),
    *("specific_deployment", "prompt_id", "prompt_variables", "litellm_credential_name", "use_litellm_proxy"),
    *("_target_order", "_anything", "__", "litellm_system_prompt", "model_alias_map", "litellm_logging_obj"),
]


@pytest.mark.parametrize("field", CONTROLS)
def test_a_field_that_could_move_a_request_is_stripped(field: str) -> None:
    """Client controls and every private name."""
    assert control_fields([field, "messages"]) == [field]


@pytest.mark.parametrize(
    "field",
    [
        *("model", "messages", "input", "prompt", "system", "tools", "stream", "user", "metadata", "temperature"),
        *("max_tokens", "stop", "response_format", "tool_choice", "stream_options", "timeout", "dimensions", "n"),
        *("contents", "instructions", "thinking", "reasoning_effort", "store", "seed", "a_field_of_tomorrow"),
    ],
)
def test_a_field_of_the_api_is_kept(field: str) -> None:
    """What a client needs isn't touched."""
    assert control_fields([field]) == []


OPEN_CONTROLS = [
    *("organization", "aws_bedrock_runtime_endpoint", "aws_sts_endpoint", "aws_region_name", "aws_role_name"),
    *("vertex_project", "vertex_location", "vertex_credentials", "watsonx_region_name", "azure_ad_token"),
]


@pytest.mark.parametrize("field", OPEN_CONTROLS)
def test_a_field_that_changes_the_account_or_host_is_stripped(field: str) -> None:
    """GenericLiteLLMParams has them all: every field of a deployment belongs to the operator."""
    assert control_fields([field]) == [field]


def test_a_refusal_inside_the_lock_is_a_denial() -> None:
    """EgressDenied is no RequestRefused: a provider call that is denied isn't the client's mistake."""
    assert not issubclass(EgressDenied, RequestRefused)
