"""Prompt capture on a real proxy: public prompts only, ready for the labelling command."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import ANALYSIS, PATHS, RECORD, SIMPLE, SSN, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Proxy, running

PICTURE = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]
WAIT_SECONDS = 70  # what LiteLLM never counts is recorded after a minute


def ask_all(proxy: Proxy) -> None:
    """Public prompts of each API, streamed too, and everything that must not be captured."""
    for surface, path in PATHS.items():
        for stream in (False, True):
            assert proxy.post(path, body(surface, f"{SIMPLE} ({surface}, {stream})", stream=stream)).is_success
        proxy.post(path, body(surface, SSN))
        proxy.post(path, body(surface, "Keep this one at home."), x_router_private="true")
        proxy.post(path, body(surface, "Keep this one at home."), x_router_provider="local")
        proxy.post(path, body(surface, "Keep this one at home.", model="auto-private"))
        proxy.post(path, body(surface, "Keep this one at home.", user="maria.gomez@posteo.de"))
    proxy.chat(RECORD)
    talk: list[dict[str, Any]] = [{"role": "user", "content": SSN}]
    talk += [{"role": "assistant", "content": "078.05.1120"}, {"role": "user", "content": "yes, go on"}]
    proxy.post(PATHS["chat"], {"model": "auto", "messages": talk})
    shown = [{"role": "user", "content": [{"type": "text", "text": "What is this picture?"}, *PICTURE]}]
    proxy.post(PATHS["chat"], {"model": "auto", "messages": shown})
    proxy.post("/v1/embeddings", {"model": "ollama-embed", "input": "an embedding"})
    proxy.chat("hi", model="gpt-99")  # refused
    proxy.chat(f"{ANALYSIS} This comes last.")


def rows_of(path: Path) -> list[dict[str, Any]]:
    """What was captured once the last request is there."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and "This comes last." not in path.read_text():
        time.sleep(0.2)
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.slow
def test_only_public_prompts_are_captured_and_can_be_labelled(tmp_path: Path) -> None:
    """Each with its decision's id; not a word of what is private, asked to stay at home, uninspectable or refused."""
    captured = tmp_path / "prompts.jsonl"

    def edit(config: dict[str, Any]) -> None:
        config["callback_settings"]["router_plugin"]["capture"] = {"path": str(captured)}
        config["callback_settings"]["router_plugin"]["cache"] = {"enabled": False}

    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        ask_all(proxy)
        identity = proxy.chat(f"{SIMPLE} once more").headers["x-router-decision-id"]
    rows = rows_of(captured)  # the proxy has ended, so nothing waits any more
    texts = [row["messages"][-1]["content"] for row in rows]
    expected = {f"{SIMPLE} ({surface}, {stream})" for surface in PATHS for stream in (False, True)}
    assert set(texts) == expected | {f"{ANALYSIS} This comes last.", f"{SIMPLE} once more"}
    assert len(texts) == len(set(texts))
    assert identity in {row["id"] for row in rows}
    assert captured.stat().st_mode & 0o777 == 0o600
    shown = json.dumps([{**row, "id": ""} for row in rows], ensure_ascii=False)  # a random id may have any three digits
    for word in ("078", "at home", "medical", "picture", "embedding", "maria", "go on"):
        assert word not in shown


def test_nothing_is_captured_by_default(proxy: Proxy) -> None:
    """No file is written beside the config."""
    assert proxy.chat(SIMPLE).is_success
    assert list(proxy.log.parent.rglob("*.jsonl")) == []
