"""With LiteLLM's `otel` callback, each request's span tells the decision, and no text."""

from __future__ import annotations

import importlib.util
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import ANALYSIS, SIMPLE, SSN, SSN_DIGITS
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Proxy, running

OTEL = "litellm.integrations.opentelemetry.OpenTelemetry"
DELAY_MS = "100"  # between two writes of the console exporter
PATIENCE_SECONDS = 15


def edit(config: dict[str, Any]) -> None:
    """As docs/seeing.md says."""
    config["litellm_settings"]["callbacks"].append("otel")
    config["callback_settings"]["router_plugin"]["trusted_callbacks"] = [OTEL]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if importlib.util.find_spec("opentelemetry.sdk") is None:
        pytest.skip("opentelemetry-sdk is not installed: pip install 'litellm-router-plugin[otel]'")
    environ = {"OTEL_EXPORTER": "console", "OTEL_BSP_SCHEDULE_DELAY": DELAY_MS}
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path_factory.mktemp("traced"), ollama=ollama, edit=edit, environ=environ) as proxy,
    ):
        yield proxy


def spans(log: str) -> list[dict[str, Any]]:
    """The spans that the console exporter wrote among other lines."""
    decoder = json.JSONDecoder()
    return [decoder.raw_decode(log, begin.start())[0] for begin in re.finditer(r'^{\n    "name"', log, re.MULTILINE)]


def decided(proxy: Proxy, decision: str) -> dict[str, Any]:
    """The attributes of the server span of a decision."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        for span in spans(proxy.log.read_text(encoding="utf-8", errors="replace")):
            if span["attributes"].get("router.decision_id") == decision:
                attributes: dict[str, Any] = span["attributes"]
                return attributes
        time.sleep(0.2)
    raise AssertionError("no span has the decision")


@pytest.mark.parametrize("text", [SIMPLE, ANALYSIS, SSN])
@pytest.mark.parametrize("stream", [False, True])
def test_a_span_tells_the_decision(traced: Proxy, text: str, stream: bool) -> None:
    """Public and private, whole and streamed: what the headers say stands on the span too."""
    traced.reset()
    asked = {"model": "auto", "stream": stream, "messages": [{"role": "user", "content": text}]}
    answer = traced.post("/v1/chat/completions", asked)
    assert answer.status_code == 200
    attributes = decided(traced, answer.headers["x-router-decision-id"])
    assert attributes["router.tier"] == answer.headers["x-router-tier"]
    assert attributes["router.private"] is (text == SSN)
    assert attributes["router.deployment"] == answer.headers["x-router-deployment"]
    assert attributes["router.fallbacks"] == 0


def test_no_span_holds_text(traced: Proxy) -> None:
    """Neither the prompt nor the answer, of private and public requests alike."""
    traced.reset()
    decided(traced, traced.chat(SSN).headers["x-router-decision-id"])
    decided(traced, traced.chat(ANALYSIS).headers["x-router-decision-id"])
    log = traced.log.read_text(encoding="utf-8", errors="replace")
    assert [text for text in (SSN_DIGITS, "microservices", "canned reply") if text in log] == []
