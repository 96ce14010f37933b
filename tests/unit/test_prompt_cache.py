"""router_plugin.prompt_cache: a marker on the last message for Anthropic, and nothing else changed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from router_plugin.conversation import Surface
from router_plugin.deployments import Deployment
from router_plugin.prompt_cache import MARKER, switch_on
from tests.unit.builders import deployment

CLAUDE = deployment("anthropic-premium", model="anthropic/claude-opus-4-6")
HEAD: list[dict[str, Any]] = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello!"}]
MARK = {"type": "ephemeral"}
USE = {"type": "tool_use", "id": "t", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "ok"}

MARKED: list[tuple[Surface, dict[str, Any], dict[str, Any]]] = [
    (Surface.CHAT, {"role": "user", "content": "go"}, {"role": "user", "content": "go", MARKER: MARK}),
    (
        Surface.CHAT,
        {"role": "tool", "tool_call_id": "t", "content": "ok"},
        {"role": "tool", "tool_call_id": "t", "content": "ok", MARKER: MARK},
    ),
    (
        Surface.MESSAGES,
        {"role": "user", "content": "go"},
        {"role": "user", "content": [{"type": "text", "text": "go", MARKER: MARK}]},
    ),
    (
        Surface.MESSAGES,
        {"role": "user", "content": [{"type": "text", "text": "a"}, RESULT]},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {**RESULT, MARKER: MARK}]},
    ),
]
LEFT_ALONE: dict[str, tuple[Surface, Deployment, dict[str, Any]]] = {
    "one turn": (Surface.CHAT, CLAUDE, {"messages": [HEAD[0]]}),
    "another provider": (Surface.CHAT, deployment("openai-default"), {"messages": [*HEAD, HEAD[0]]}),
    "a local deployment": (
        Surface.CHAT,
        deployment("ollama-default", model="anthropic/claude"),
        {"messages": [*HEAD, HEAD[0]]},
    ),
    "Responses": (Surface.RESPONSES, CLAUDE, {"input": [*HEAD, HEAD[0]], "messages": [*HEAD, HEAD[0]]}),
    "the client's own marker": (
        Surface.MESSAGES,
        CLAUDE,
        {"system": [{"type": "text", "text": "x", MARKER: MARK}], "messages": [*HEAD, HEAD[0]]},
    ),
    "one deep inside": (
        Surface.MESSAGES,
        CLAUDE,
        {"messages": [{"role": "user", "content": [{**RESULT, MARKER: MARK}]}, HEAD[1], HEAD[0]]},
    ),
    "one for the whole call": (Surface.MESSAGES, CLAUDE, {MARKER: MARK, "messages": [*HEAD, HEAD[0]]}),
    "thinking": (
        Surface.MESSAGES,
        CLAUDE,
        {"messages": [*HEAD, {"role": "assistant", "content": [{"type": "thinking", "thinking": "x"}]}]},
    ),
    "empty text": (Surface.CHAT, CLAUDE, {"messages": [*HEAD, {"role": "user", "content": ""}]}),
    "no content": (Surface.CHAT, CLAUDE, {"messages": [*HEAD, {"role": "assistant", "content": None}]}),
    "no message": (Surface.CHAT, CLAUDE, {"messages": [*HEAD, "go"]}),
    "no messages": (Surface.CHAT, CLAUDE, {}),
}


@pytest.mark.parametrize(("surface", "last", "marked"), MARKED)
def test_the_last_message_is_marked(surface: Surface, last: dict[str, Any], marked: dict[str, Any]) -> None:
    """In the form that the API has; what the client sent isn't changed, since a fallback may need it."""
    given = [*HEAD, last]
    before = copy.deepcopy(given)
    call: dict[str, Any] = {"messages": given}
    assert switch_on(call, CLAUDE, surface)
    assert call["messages"] == [*HEAD, marked]
    assert given == before


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_everything_else_is_left_alone(case: str) -> None:
    """Where there is nothing to gain, no place for a marker, or one already."""
    surface, target, call = LEFT_ALONE[case]
    before = copy.deepcopy(call)
    assert not switch_on(call, target, surface)
    assert call == before
