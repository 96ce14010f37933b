"""The question apart from the rest of a request, in every API shape."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.question import split_question
from router_plugin.request import Surface

SYSTEM = {"role": "system", "content": "Be brief."}
ASK = "What is the capital of Portugal?"


def user(content: Any) -> dict[str, Any]:
    """A user message."""
    return {"role": "user", "content": content}


SHAPES: list[tuple[Surface, dict[str, Any], dict[str, Any]]] = [
    (Surface.CHAT, {"messages": [SYSTEM, user(ASK)]}, {"messages": [SYSTEM, user("Another?")]}),
    (
        Surface.MESSAGES,
        {"system": "Be brief.", "messages": [user([{"type": "text", "text": ASK}])]},
        {"system": "Be brief.", "messages": [user([{"type": "text", "text": "Another?"}])]},
    ),
    (Surface.RESPONSES, {"input": ASK, "instructions": "x"}, {"input": "Another?", "instructions": "x"}),
    (
        Surface.RESPONSES,
        {"input": [user([{"type": "input_text", "text": ASK}])]},
        {"input": [user([{"type": "input_text", "text": "Another?"}])]},
    ),
    (Surface.COMPLETIONS, {"prompt": ASK, "max_tokens": 7}, {"prompt": "Another?", "max_tokens": 7}),
]


@pytest.mark.parametrize(("surface", "one", "other"), SHAPES)
def test_requests_that_differ_in_their_question_have_the_same_rest(
    surface: Surface, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """And the body that was read is left as it was."""
    first, second = split_question(one, surface), split_question(other, surface)
    assert first is not None
    assert second is not None
    assert (first.text, second.text) == (ASK, "Another?")
    assert first.rest == second.rest
    assert ASK not in str(first.rest)
    assert ASK in str(one)
    assert ASK not in repr(first)
    changed = split_question({**one, "seed": 7}, surface)
    assert changed is not None
    assert changed.rest != first.rest


def test_history_and_cache_marks_are_part_of_the_rest() -> None:
    """The same question after another answer is another question."""
    before = [user("Which country?"), {"role": "assistant", "content": "Portugal."}]
    alone = split_question({"messages": [user(ASK)]}, Surface.CHAT)
    later = split_question({"messages": [*before, user(ASK)]}, Surface.CHAT)
    named = split_question({"messages": [{**user(ASK), "name": "ada"}]}, Surface.CHAT)
    assert alone is not None
    assert later is not None
    assert named is not None
    assert alone.text == later.text == named.text
    assert alone.rest != later.rest
    assert alone.rest != named.rest


@pytest.mark.parametrize(
    ("surface", "body"),
    [
        (Surface.CHAT, {}),
        (Surface.CHAT, {"messages": []}),
        (Surface.CHAT, {"messages": ["hi"]}),
        (Surface.CHAT, {"messages": [user(ASK), {"role": "assistant", "content": "Lis"}]}),
        (Surface.CHAT, {"messages": [user([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])]}),
        (Surface.CHAT, {"messages": [user([{"type": "image_url", "image_url": {"url": "x"}}])]}),
        (Surface.CHAT, {"messages": [user("  ")]}),
        (Surface.CHAT, {"messages": [user(None)]}),
        (Surface.COMPLETIONS, {"prompt": [1, 2]}),
        (Surface.COMPLETIONS, {"prompt": ["a", "b"]}),
        (Surface.RESPONSES, {"input": [{"type": "function_call_output", "output": "17"}]}),
    ],
)
def test_what_has_no_single_question(surface: Surface, body: dict[str, Any]) -> None:
    """Several parts, tokens, no text, or an answer that is to be continued."""
    assert split_question(body, surface) is None
