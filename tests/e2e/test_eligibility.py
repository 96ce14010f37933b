"""Requests that not every model can take, against a real proxy: they go where they fit, or end in a clear refusal."""

from __future__ import annotations

from typing import Any

from tests.e2e.bodies import body
from tests.e2e.proxy import Proxy

SSN = "My social security number is 078-05-1120."
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def test_a_private_picture_is_refused_where_no_local_model_sees(proxy: Proxy) -> None:
    """The local models were asked at start, and none of them takes images."""
    parts: list[dict[str, Any]] = [{"type": "text", "text": "What is this?"}, PICTURE]
    answer = proxy.post("/v1/chat/completions", {"model": "auto", "messages": [{"role": "user", "content": parts}]})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "not_capable"
    assert "vision" in answer.json()["error"]["message"]
    assert proxy.cloud_calls() == []


def test_a_long_public_prompt_goes_past_the_small_windows(proxy: Proxy) -> None:
    """It is easy work, and only the largest windows have room for it."""
    answer = proxy.chat("Count the words. " + "A fox ran past the old mill. " * 20_000)
    assert answer.status_code == 200
    assert answer.headers["x-router-deployment"].startswith("anthropic-")
    assert "without:window" in answer.headers["x-router-reason"]


def test_an_answer_is_cut_to_the_room_of_the_local_model(proxy: Proxy) -> None:
    """A coding agent asks for more than the window holds; Ollama gets what fits."""
    sent = body("messages", SSN + " word" * 8_000, max_tokens=32_000)
    answer = proxy.post("/v1/messages", sent)
    assert answer.status_code == 200
    options = proxy.fakes["ollama"].calls[-1].json["options"]
    assert 256 <= options["num_predict"] < 16_384 - 8_000
    assert options["num_ctx"] == 16_384


def test_reasoning_is_left_out_where_the_model_has_none(proxy: Proxy) -> None:
    """Ollama refuses `think` for a model that can't."""
    sent = body("chat", SSN, reasoning_effort="high")
    assert proxy.post("/v1/chat/completions", sent).status_code == 200
    assert "think" not in proxy.fakes["ollama"].calls[-1].json
    sent = body("messages", SSN, thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2048)
    assert proxy.post("/v1/messages", sent).status_code == 200
    assert "think" not in proxy.fakes["ollama"].calls[-1].json
