"""The question that a request ends with, apart from all the rest of it: what a cache of similar questions compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router_plugin.request import Surface

HERE = "\x00question"  # stands for the question in the rest
TEXT_PARTS = ("text", "input_text")


@dataclass(frozen=True)
class Question:
    """`rest` is the body with the question's text replaced, so that equal rests mean: the same but for the question."""

    text: str
    rest: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Question({len(self.text)} characters)"


def split_question(body: Mapping[str, Any], surface: Surface) -> Question | None:
    """The last user message where it is one text; None for several parts, or an answer that is to be continued."""
    if surface is Surface.COMPLETIONS:
        return _of_text(body, "prompt")
    field = "input" if surface is Surface.RESPONSES else "messages"
    turns = body.get(field)
    if surface is Surface.RESPONSES and isinstance(turns, str):
        return _of_text(body, field)
    if (
        not isinstance(turns, list)
        or not turns
        or not isinstance(turns[-1], Mapping)
        or turns[-1].get("role") != "user"
    ):
        return None
    last = dict(turns[-1])
    content = last.get("content")
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], Mapping):
        part = dict(content[0])
        text = part.get("text") if part.get("type") in TEXT_PARTS else None
        part["text"] = HERE
        last["content"] = [part]
    else:
        text = content
        last["content"] = HERE
    if not isinstance(text, str) or not text.strip():
        return None
    return Question(text, {**body, field: [*turns[:-1], last]})


def _of_text(body: Mapping[str, Any], field: str) -> Question | None:
    text = body.get(field)
    return Question(text, {**body, field: HERE}) if isinstance(text, str) and text.strip() else None
