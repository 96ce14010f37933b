"""Conversations against a real proxy: what was private stays private, and the tier follows the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from tests.e2e.bodies import ANALYSIS, PATHS, SSN, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Proxy, running


def test_a_named_session_stays_private_when_its_history_is_summarised(proxy: Proxy) -> None:
    """The private turn isn't shown any more; another session goes where it did before."""
    for surface in ("chat", "messages", "responses"):
        named = {"metadata": {"session_id": f"s-{surface}"}}
        assert proxy.post(PATHS[surface], body(surface, SSN, **named)).headers["x-router-private"] == "true"
        later = proxy.post(PATHS[surface], body(surface, ANALYSIS, **named))
        assert later.status_code == 200
        assert later.headers["x-router-deployment"].startswith("ollama-")
        assert "session.private" in later.headers["x-router-reason"]
    assert proxy.cloud_calls() == []
    assert proxy.post(PATHS["chat"], body("chat", ANALYSIS, metadata={"session_id": "s-other"})).is_success
    assert proxy.cloud_calls() == ["anthropic"]


def test_a_private_request_that_is_refused_makes_its_session_private(proxy: Proxy) -> None:
    """Too long for every local window, it goes nowhere; what follows in its session stays at home all the same."""
    named = {"metadata": {"session_id": "s-refused"}}
    refused = proxy.post(PATHS["chat"], body("chat", f"{SSN} {'and so on ' * 20_000}", **named))
    assert refused.status_code == 413, refused.text
    later = proxy.post(PATHS["chat"], body("chat", ANALYSIS, **named))
    assert later.headers["x-router-deployment"].startswith("ollama-")
    assert "session.private" in later.headers["x-router-reason"]
    assert proxy.cloud_calls() == []


def test_a_yes_keeps_the_tier_and_the_model_of_the_work(proxy: Proxy) -> None:
    """Without any help of the client's."""
    talk: list[dict[str, Any]] = [{"role": "user", "content": ANALYSIS}]
    first = proxy.post(PATHS["chat"], {"model": "auto", "messages": talk})
    talk += [{"role": "assistant", "content": "Shall I go into detail?"}, {"role": "user", "content": "yes, do it"}]
    second = proxy.post(PATHS["chat"], {"model": "auto", "messages": talk})
    assert first.headers["x-router-tier"] == second.headers["x-router-tier"] == "high"
    assert first.headers["x-router-deployment"] == second.headers["x-router-deployment"] == "anthropic-premium-1"


def test_a_stored_answer_stays_where_its_history_is(tmp_path: Path) -> None:
    """An operator allows stored histories: private and unknown ones stay local all the same, public ones may leave."""

    def allow(config: dict[str, Any]) -> None:
        ours = config["callback_settings"]["router_plugin"]
        ours["privacy"] = {"allow_uninspectable": ["previous_response"]}

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=allow) as proxy,
    ):
        for stream in (False, True):
            first = proxy.post(PATHS["responses"], body("responses", SSN, stream=stream))
            assert first.is_success
            found = first.text.split('"id":"resp_', 1)[1] if '"id":"resp_' in first.text else first.text
            identity = "resp_" + found.split('"', 1)[0]
            later = proxy.post(PATHS["responses"], body("responses", "Go on.", previous_response_id=identity))
            assert later.headers["x-router-private"] == "true"
        unknown = proxy.post(PATHS["responses"], body("responses", ANALYSIS, previous_response_id="resp_never_seen"))
        assert unknown.headers["x-router-private"] == "true"
        assert proxy.cloud_calls() == []
        public = proxy.post(PATHS["responses"], body("responses", ANALYSIS)).json()
        proxy.reset()
        after = proxy.post(PATHS["responses"], body("responses", ANALYSIS, previous_response_id=public["id"]))
        assert after.headers["x-router-private"] == "false"
        assert "ollama" not in after.headers["x-router-deployment"]


def test_anthropic_caches_a_conversation_and_a_fallback_gets_no_marker(proxy: Proxy) -> None:
    """The marker stands in the last message, and the words are those of the client."""
    talk: list[dict[str, Any]] = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello!"}]
    talk.append({"role": "user", "content": ANALYSIS})
    for surface in ("chat", "messages"):
        proxy.reset()
        sent = {**body(surface, ""), "messages": talk, "model": "anthropic-premium"}
        assert proxy.post(PATHS[surface], sent).is_success
        seen = proxy.fakes["anthropic"].requests[-1].json["messages"]
        blocks = [block for message in seen for block in message["content"] if isinstance(block, dict)]
        assert [block["text"] for block in blocks if "cache_control" in block] == [ANALYSIS]
    proxy.reset()
    other = [{"role": "user", "content": ANALYSIS}, {"role": "assistant", "content": "Shall I start?"}]
    assert proxy.post(PATHS["chat"], {"model": "auto", "messages": other[:1]}).is_success
    proxy.fakes["anthropic"].default_fault = BY_NAME["status-500"]
    other.append({"role": "user", "content": "yes, do it"})
    answer = proxy.post(PATHS["chat"], {"model": "auto", "messages": other})
    assert proxy.fakes["anthropic"].saw("cache_control")
    assert answer.headers["x-router-deployment"] == "openai-premium-1"
    assert not proxy.fakes["openai"].saw("cache_control")
