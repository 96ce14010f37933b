"""The lock beyond routing: logs, caches, callbacks, token counters, stored history, cloud models behind localhost."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, PATHS, SSN, SSN_DIGITS, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import CLOUD, Proxy, running


def test_tokens_are_counted_at_home(proxy: Proxy) -> None:
    """Anthropic's token counter is answered by the router itself; no provider sees the text."""
    answer = proxy.post("/v1/messages/count_tokens", body("messages", SSN))
    assert answer.status_code == 200, answer.text
    assert 5 < answer.json()["input_tokens"] < 60
    assert proxy.untouched()


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/messages/count_tokens"), ("GET", "/health")])
def test_the_routers_own_endpoints_need_the_key(proxy: Proxy, method: str, path: str) -> None:
    """A wrong key gets a 401, and nothing is counted or told."""
    answer = proxy.client.request(method, path, json=body("messages", "hi"), headers={"Authorization": "Bearer sk-no"})
    assert answer.status_code == 401


def test_health_prompts_no_deployment(proxy: Proxy) -> None:
    """Health lists what is set up, and no back end is asked to generate."""
    answer = proxy.client.get("/health")
    assert answer.status_code == 200
    known = {item["id"]: item for item in answer.json()["deployments"]}
    expected = {"id": "ollama-default-1", "group": "ollama-default", "provider": "ollama", "local": True}
    assert expected.items() <= known["ollama-default-1"].items()
    assert proxy.untouched()


@pytest.mark.parametrize(
    "more",
    [
        {"previous_response_id": "resp_abc"},
        {"conversation": "conv_abc"},
        {"input": [{"type": "item_reference", "id": "m"}]},
    ],
)
def test_a_history_that_is_not_shown_is_refused(proxy: Proxy, more: dict[str, Any]) -> None:
    """A stored conversation can't be inspected, so the client is asked for all of it."""
    answer = proxy.post(PATHS["responses"], body("responses", "go on") | more)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "history_not_shown"
    assert proxy.untouched()


@pytest.mark.parametrize("secret", ["jane.okoro@northwindhospital.org", "078-05-1120"])
@pytest.mark.parametrize("field", ["user", "metadata.customer", "metadata.user_id"])
def test_an_identifier_in_a_field_of_its_own_is_dropped(proxy: Proxy, field: str, secret: str) -> None:
    """An identifier in `user` or `metadata` doesn't force a request home, and doesn't leave either."""
    name, _, key = field.partition(".")
    value: Any = {key: secret} if key else secret
    for surface in ("chat", "responses", "messages"):
        answer = proxy.post(PATHS[surface], body(surface, ANALYSIS, **{name: value}), x_router_provider="anthropic")
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-router-deployment"].startswith("anthropic")
    assert proxy.cloud_saw(secret) == []


@pytest.mark.parametrize("fault", ["status-400", "status-500", "context-window", "cut-before-content-rst"])
def test_the_log_holds_no_request_text(proxy: Proxy, fault: str) -> None:
    """Neither a private nor a public prompt is in the proxy's log, whatever fails."""
    for fake in proxy.fakes.values():
        fake.default_fault = BY_NAME[fault]
    marker = "zanzibar-quokka-731"
    for text in (f"{SSN} {marker}", f"{ANALYSIS} {marker}"):
        for surface in PATHS:
            proxy.post(PATHS[surface], body(surface, text))
            proxy.post(PATHS[surface], body(surface, text, stream=True))
    proxy.client.get(f"/v1/models?question={marker}")
    proxy.client.get(f"/v1/models/{marker}")
    proxy.client.post(f"/v1/responses/{SSN_DIGITS}/cancel")
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    proxy.client.get(f"/v1/realtime?model={marker}", headers={**upgrade, **key})
    log = proxy.log.read_text(errors="replace")
    assert marker not in log
    assert SSN_DIGITS not in log
    assert "Traceback" not in log


CALLBACK = """
from pathlib import Path
from litellm.integrations.custom_logger import CustomLogger

FILE = Path(__file__).with_name("seen.txt")


class Outside(CustomLogger):
    def _write(self, kwargs):
        with FILE.open("a") as file:
            file.write(repr(kwargs.get("messages")) + repr(kwargs.get("input")) + "\\n")

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        self._write(kwargs)

    async def async_log_failure_event(self, kwargs, response_obj, start_time, end_time):
        self._write(kwargs)


outside = Outside()
"""


WATCHERS = """
from litellm.integrations.custom_guardrail import CustomGuardrail
from litellm.integrations.custom_logger import CustomLogger


class Outside(CustomLogger):
    def log_pre_api_call(self, model, messages, kwargs):
        pass


class Cloud(CustomGuardrail):
    async def async_moderation_hook(self, data, user_api_key_dict, call_type):
        pass


outside = Outside()
"""


def _with_watchers(config: dict[str, Any]) -> None:
    config["litellm_settings"]["callbacks"].append("outside.outside")
    named = {"guardrail": "outside.Cloud", "mode": "during_call", "default_on": True}
    config["guardrails"] = [{"guardrail_name": "cloud-check", "litellm_params": named}]


def test_what_sees_private_requests_must_be_trusted(tmp_path: Path) -> None:
    """LiteLLM shows them to guardrails and to hooks around the call in spite of `no-log`: the proxy won't start so."""
    (tmp_path / "outside.py").write_text(WATCHERS)
    with contextlib.suppress(AssertionError), running(tmp_path, edit=_with_watchers) as proxy:
        proxy.process.wait(30)  # its port may be open for a moment, its gate never
    assert "outside.Outside, cloud-check too" in (tmp_path / "proxy.log").read_text(errors="replace")


def test_what_the_operator_trusts_may_see_them(tmp_path: Path) -> None:
    """Listed by name, the same callback and guardrail are let in."""
    (tmp_path / "outside.py").write_text(WATCHERS)

    def edit(config: dict[str, Any]) -> None:
        _with_watchers(config)
        config["callback_settings"]["router_plugin"]["trusted_callbacks"] = ["outside.Outside", "cloud-check"]

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        assert proxy.chat(SSN).status_code == 200


@pytest.mark.parametrize("shape", ["chat", "responses", "messages"])
def test_a_private_request_goes_without_tools_that_others_run(proxy: Proxy, shape: str) -> None:
    """LiteLLM itself would hand its words to MCP servers or vector stores, around a local model too."""
    tools = [{"type": "mcp", "server_url": "litellm_proxy/mcp/notes", "server_label": "notes"}]
    answer = proxy.post(PATHS[shape], body(shape, SSN, tools=tools))
    assert answer.status_code == 200, answer.text
    assert "dropped:mcp" in answer.headers["x-router-reason"].split(",")
    assert not proxy.fakes["ollama"].saw("litellm_proxy")


def test_private_requests_reach_no_cache_and_no_log_callback(tmp_path: Path) -> None:
    """A third-party logger sees public requests only; a private answer is never taken from the cache or put there."""
    (tmp_path / "outside.py").write_text(CALLBACK)

    def edit(config: dict[str, Any]) -> None:
        config["litellm_settings"]["callbacks"].append("outside.outside")
        config["litellm_settings"]["turn_off_message_logging"] = False
        config["litellm_settings"]["cache"] = True
        config["litellm_settings"]["cache_params"] = {"type": "local"}

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        for _ in range(2):
            assert proxy.chat(SSN).status_code == 200
            assert proxy.chat(ANALYSIS, x_router_provider="anthropic").status_code == 200
        private = [request for request in ollama.requests if request.asks_model]
        assert len(private) == 2  # not answered from the cache
        assert proxy.cloud_calls() == ["anthropic"]  # the public one was: the cache works
        ollama.default_fault = BY_NAME["status-500"]
        proxy.chat(SSN)
    seen = (tmp_path / "seen.txt").read_text()
    assert "microservices" in seen  # the callback works
    assert SSN_DIGITS not in seen


def test_a_cloud_model_behind_localhost_is_not_local(tmp_path: Path) -> None:
    """Ollama tells that a model is served remotely; such a deployment gets no private text."""
    with FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama:
        ollama.backend.remote = frozenset(OLLAMA_MODELS)

        def edit(config: dict[str, Any]) -> None:
            for entry in config["model_list"]:
                if entry["model_info"]["router"].get("local"):
                    entry["litellm_params"] = {**entry["litellm_params"], "api_base": ollama.base_url}

        with running(tmp_path, ollama=ollama, edit=edit) as proxy:
            answer = proxy.chat(SSN)
            assert answer.status_code == 503, answer.text
            assert [request for request in ollama.requests if request.asks_model] == []
            assert [name for name in CLOUD if proxy.fakes[name].requests] == []


def test_a_web_proxy_of_the_environment_sees_no_local_call(tmp_path: Path) -> None:
    """With HTTP_PROXY set and no NO_PROXY, clients would hand every call to that proxy, those of local models too."""
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        FakeProvider("web", kind="openai") as web,
    ):
        through = {**dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), web.base_url), "NO_PROXY": ""}
        with running(tmp_path, ollama=ollama, environ=through) as proxy:
            for shape, path in PATHS.items():
                answer = proxy.post(path, body(shape, SSN))
                assert answer.status_code == 200, answer.text
            assert len([request for request in ollama.requests if request.asks_model]) == len(PATHS)
        # nor does LiteLLM ask some other Ollama for the prices of models that its list doesn't know
        assert [request.path for request in web.requests] == []


def test_an_endpoint_that_the_operator_opens_is_open(tmp_path: Path) -> None:
    """A named path reaches its provider uninspected; everything else stays closed and locked."""

    def edit(config: dict[str, Any]) -> None:
        config["callback_settings"]["router_plugin"]["endpoints"] = {"open": ["/v1/images"]}

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        proxy.post("/v1/images/generations", {"model": "openai-default", "prompt": "a red square"})
        assert proxy.fakes["openai"].saw("a red square")
        assert proxy.post("/v1/audio/speech", {"model": "openai-default", "input": "hi"}).status_code == 403
        assert proxy.chat(SSN).headers["x-router-deployment"].startswith("ollama-")
        assert proxy.cloud_saw(SSN_DIGITS) == []


def test_listed_keys_have_rules_of_their_own(tmp_path: Path) -> None:
    """A key known by its hash gets in, its rules tighten, and an unlisted key gets nothing."""
    keys = {"intern": "sk-intern-invented", "clinic": "sk-clinic-invented"}

    def edit(config: dict[str, Any]) -> None:
        config["general_settings"]["custom_auth"] = "router_plugin.auth.user_api_key_auth"
        rules: dict[str, dict[str, Any]] = {
            "intern": {"max_tier": "low", "on_private_pin": "reject"},
            "clinic": {"local_only": True},
        }
        config["callback_settings"]["router_plugin"]["keys"] = [
            {"name": name, "sha256": hashlib.sha256(keys[name].encode()).hexdigest(), **rule}
            for name, rule in rules.items()
        ]

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):

        def ask(key: str, text: str, model: str = "auto") -> Any:
            headers = {"Authorization": f"Bearer {key}"}
            return proxy.client.post(PATHS["chat"], json=body("chat", text, model=model), headers=headers)

        assert ask(keys["intern"], ANALYSIS).headers["x-router-deployment"].startswith("ollama-")
        refused = ask(keys["intern"], SSN, "openai-premium")
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "private_pin_rejected"
        assert ask(keys["clinic"], ANALYSIS, "openai-premium").headers["x-router-deployment"].startswith("ollama-")
        assert proxy.cloud_calls() == []
        assert ask("sk-unknown", "hi").status_code == 401
        assert proxy.chat(ANALYSIS, x_router_provider="openai").headers["x-router-deployment"].startswith("openai-")


def test_a_large_body_is_scanned_whole(proxy: Proxy) -> None:
    """A private line at the end of a megabyte of harmless text keeps it at home, where no model takes so much."""
    text = "The quick brown fox jumps over the lazy dog, again and again.\n" * 16_000
    answer = proxy.chat(text + SSN)
    assert answer.status_code == 413
    assert "must stay local" in answer.json()["error"]["message"]
    assert "num_ctx" in answer.json()["error"]["message"]
    assert proxy.cloud_calls() == []


DIAGNOSIS = "The patient Maria Gomez, aged 54, was diagnosed with HIV and has told nobody at work about it."
SMUGGLED: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "provider_specific_header": (
        "chat",
        {
            "provider_specific_header": {
                "custom_llm_provider": "anthropic,openai,azure",
                "extra_headers": {"x-note": SSN},
            }
        },
        {},
    ),
    "headers": ("chat", {"headers": {"x-note": DIAGNOSIS}}, {}),
    "headers of messages": ("messages", {"headers": {"x-note": SSN}}, {}),
    "anthropic-beta": ("messages", {}, {"anthropic_beta": SSN}),
    "anthropic-version": ("messages", {}, {"anthropic_version": SSN}),
    "a date that looks like a feature": ("messages", {}, {"anthropic_beta": "ssn-536-22-8726-2025-01-01"}),
    "a call id": (
        "chat",
        {"messages": [{"role": "tool", "tool_call_id": "call_078-05-1120", "content": "4"}]},
        {},
    ),
    "a key in a call id": (
        "responses",
        {"input": [{"type": "function_call_output", "call_id": "call_AKIAIOSFODNN7EXAMPLE", "output": "4"}]},
        {},
    ),
    "a tool_use id": (
        "messages",
        {
            "messages": [
                {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_078-05-1120", "input": {}}]}
            ]
        },
        {},
    ),
    "a signature": (
        "messages",
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm", "signature": "my-ssn-is-078-05-1120-" + "A" * 40},
                        {"type": "text", "text": "ok"},
                    ],
                },
                {"role": "user", "content": ANALYSIS},
            ]
        },
        {},
    ),
    "an unknown field": ("chat", {"instructions": DIAGNOSIS}, {}),
    "a stop sequence": ("messages", {"stop_sequences": [DIAGNOSIS]}, {}),
    "a user name": ("chat", {"user": DIAGNOSIS}, {}),
}
TELLTALE = ("078-05-1120", "536-22-8726", "Maria Gomez", "AKIAIOSFODNN7EXAMPLE")


@pytest.mark.parametrize("provider", CLOUD)
@pytest.mark.parametrize("case", SMUGGLED)
def test_no_side_door_carries_private_text(proxy: Proxy, case: str, provider: str) -> None:
    """Headers, ids, signatures and fields beside the messages are read, dropped, or stay at home with the request."""
    surface, more, headers = SMUGGLED[case]
    proxy.post(PATHS[surface], body(surface, ANALYSIS) | more, x_router_provider=provider, **headers)
    assert [text for text in TELLTALE if proxy.cloud_saw(text)] == []


def test_beta_features_of_anthropic_pass(proxy: Proxy) -> None:
    """Clients that need a feature of the API still get it."""
    wanted = "interleaved-thinking-2025-05-14,claude-code-20250219"
    answer = proxy.post(
        PATHS["messages"], body("messages", ANALYSIS), x_router_provider="anthropic", anthropic_beta=wanted
    )
    assert answer.status_code == 200, answer.text
    sent = proxy.fakes["anthropic"].calls[0].headers.get("anthropic-beta", "")
    assert all(name in sent for name in wanted.split(","))
