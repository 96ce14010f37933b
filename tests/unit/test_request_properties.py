"""router_plugin.request over random bodies: text anywhere is seen, and nothing but a refusal is raised."""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router_plugin.errors import RequestRefused
from router_plugin.request import Conversation, Origin, Surface, parse, surface_of
from tests.unit.builders import BODIES, user

EXAMPLES = 200  # of each property; keeps the run to seconds
CANARY = "canary @ 7f3a"  # not in the alphabet of ids, and too short for a payload

# Names that the APIs use, so that random bodies reach every branch of the reader.
NAMES = [
    *("messages", "input", "prompt", "contents", "system", "instructions", "systemInstruction", "tools", "functions"),
    *("role", "content", "type", "text", "id", "name", "parts", "source", "data", "url", "image_url", "file_id"),
    *("tool_calls", "function", "arguments", "function_call", "output", "summary", "title", "status", "call_id"),
    *("user", "metadata", "stop", "response_format", "prediction", "thinking", "audio", "annotations", "refusal"),
    *("functionCall", "functionResponse", "inlineData", "previous_response_id", "conversation", "encrypted_content"),
    *("safety_identifier", "max_tokens", "stream", "x", "näme with spaces", ""),
]
TYPES = [
    *("text", "input_text", "output_text", "image_url", "input_image", "document", "file", "tool_use", "tool_result"),
    *("function_call", "function_call_output", "reasoning", "message", "item_reference", "thinking", "content"),
    *("base64", "redacted_thinking", "web_search_call", "hologram", ""),
]
ROLES = ["system", "developer", "user", "assistant", "model", "tool", "function", "other"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), inner, max_size=4)
    typed = st.builds(
        lambda rest, kind, role: {**rest, "type": kind, **({"role": role} if role else {})},
        plain,
        st.sampled_from(TYPES),
        st.none() | st.sampled_from(ROLES),
    )
    return plain.map(_scalar_types) | typed


def _scalar_types(value: dict[str, Any]) -> dict[str, Any]:
    """A `type` that is no scalar is tested apart."""
    return {key: "x" if key == "type" and isinstance(item, (dict, list)) else item for key, item in value.items()}


JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | _objects(inner), max_leaves=14)
MESSAGES = st.lists(
    st.builds(
        lambda rest, role, content: {**rest, "role": role, "content": content},
        st.dictionaries(st.sampled_from(NAMES), JSON, max_size=2),
        st.sampled_from(ROLES),
        st.text(max_size=8) | st.none() | st.lists(_objects(JSON), max_size=3),
    ),
    min_size=1,
    max_size=3,
)
CONTENT: dict[Surface, tuple[str, st.SearchStrategy[Any]]] = {
    Surface.CHAT: ("messages", MESSAGES),
    Surface.MESSAGES: ("messages", MESSAGES),
    Surface.RESPONSES: ("input", st.text(min_size=1, max_size=8) | st.lists(_objects(JSON) | SCALARS) | MESSAGES),
    Surface.COMPLETIONS: ("prompt", st.text(max_size=8) | st.lists(st.text(max_size=8), min_size=1, max_size=3)),
    Surface.EMBEDDINGS: ("input", st.text(max_size=8) | st.lists(st.text(max_size=8), min_size=1, max_size=3)),
    Surface.GEMINI: (
        "contents",
        st.lists(st.builds(lambda parts: {"parts": parts}, st.lists(_objects(JSON), max_size=3)), min_size=1),
    ),
}


@st.composite
def bodies(draw: st.DrawFn) -> tuple[Surface, dict[str, Any]]:
    """A body that is right enough to be read most of the time, with anything beside its content."""
    surface = draw(st.sampled_from(Surface))
    key, content = CONTENT[surface]
    body = draw(st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=6), JSON, max_size=3).map(_scalar_types))
    return surface, {**body, key: draw(content)}


Spot = tuple[Any, Any, bool, tuple[str, ...]]  # container, key in it, is the key itself meant, names of the place


LISTED = {"messages", "input", "contents", "tools", "functions"}  # each of their items has a place of its own


def spots(value: Any, place: tuple[str, ...] = (), depth: int = 0) -> Iterator[Spot]:
    """Every place of a body where a client could write a word."""
    items = enumerate(value) if isinstance(value, list) else list(value.items()) if isinstance(value, dict) else ()
    for index, (key, item) in enumerate(items):
        here = place
        if depth == 0:
            here = (str(key), f"field[{index}]")  # a field that the API doesn't have is named by its index
        elif depth == 1 and isinstance(value, list):
            here = (f"{place[0]}[{key}]", *(place if place[0] not in LISTED else ()))
        if isinstance(item, (str, int, float)) or item is None:
            yield value, key, False, here
        if isinstance(value, dict) and not (depth == 0 and (item is None or isinstance(item, bool))):
            yield value, key, True, here
        yield from spots(item, here, depth + 1)


def plant(spot: Spot) -> None:
    container, key, as_key, _ = spot
    if not as_key:
        container[key] = CANARY
        return
    renamed = {CANARY if name == key else name: item for name, item in container.items()}
    container.clear()
    container.update(renamed)


def hidden(conversation: Conversation, names: tuple[str, ...]) -> bool:
    """Whether what stands at a place, or the message it is in, is listed as something that can't be read."""
    return any(re.match(rf"{re.escape(name)}(\W|$)", part.place) for part in conversation.opaque for name in names)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bodies(), st.data())
def test_a_word_anywhere_is_seen_or_the_place_is_hidden_or_the_body_refused(
    made: tuple[Surface, dict[str, Any]], data: st.DataObject
) -> None:
    """A client can't write where the detector doesn't look."""
    surface, drawn = made
    body = copy.deepcopy(drawn)
    found = list(spots(body))
    spot = data.draw(st.sampled_from(found))
    plant(spot)
    try:
        conversation = parse(body, surface)
    except RequestRefused:
        return
    seen = any(CANARY in segment.text for segment in conversation.segments)
    assert seen or hidden(conversation, spot[3])


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bodies() | st.tuples(st.sampled_from(Surface), _objects(JSON)))
def test_nothing_but_a_refusal_is_raised(made: tuple[Surface, dict[str, Any]]) -> None:
    """Any JSON object is read or refused, and a refusal quotes no text of it."""
    surface, body = made
    for read in (lambda: parse(body, surface), lambda: parse(body, surface_of(body))):
        try:
            conversation = read()
        except RequestRefused as refusal:
            assert refusal.code in {"invalid_request", "request_too_large"}  # noqa: PT017 - any refusal will do
            continue
        assert conversation.characters == sum(len(segment.text) for segment in conversation.segments)


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(bodies())
def test_reading_changes_nothing(made: tuple[Surface, dict[str, Any]]) -> None:
    """The body that is sent is the body that was scanned."""
    surface, body = made
    before = copy.deepcopy(body)
    with contextlib.suppress(RequestRefused):
        parse(body, surface)
    assert body == before


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(bodies(), st.integers(1, 200))
def test_the_limit_holds_for_any_body(made: tuple[Surface, dict[str, Any]], limit: int) -> None:
    """Never more text than allowed."""
    surface, body = made
    try:
        conversation = parse(body, surface, max_characters=limit)
    except RequestRefused:
        return
    assert conversation.characters <= limit


PART = {"type": "document", "source": {"type": "base64", "data": "AA"}}
SSN_LIKE = "536-22-8726"

UNSEEN: dict[str, tuple[Surface, dict[str, Any], str]] = {
    "top-level key of a boolean": (
        Surface.CHAT,
        {"messages": user("hi"), CANARY: True},
        "LEAK: LiteLLM sends unknown fields on, and a key whose value is true, false or null isn't read",
    ),
    "top-level key of null": (
        Surface.CHAT,
        {"messages": user("hi"), CANARY: None},
        "a key whose value is null isn't read; LiteLLM drops such a field, but that is its choice",
    ),
    "signature of a text part": (
        Surface.MESSAGES,
        {"messages": user([{"type": "text", "text": "hi", "signature": CANARY}])},
        "LEAK: `signature` is left out of every text part, also where it is no signature; LiteLLM sends it",
    ),
    "signature of a thinking part": (
        Surface.MESSAGES,
        {"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": CANARY}]}]},
        "LEAK: `signature` is left out whatever it holds; a real one is long base64",
    ),
    "Gemini's thought as text": (
        Surface.GEMINI,
        {"contents": [{"parts": [{"text": "hi", "thought": CANARY}]}]},
        "`thought` is a boolean in the API, and isn't read where it is text",
    ),
    "Gemini's thought signature": (
        Surface.GEMINI,
        {"contents": [{"parts": [{"text": "hi", "thoughtSignature": CANARY}]}]},
        "`thoughtSignature` isn't read whatever it holds",
    ),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_a_word_in_an_unlikely_place_is_seen(case: str) -> None:
    """Places that the random bodies above leave out."""
    surface, body, _ = UNSEEN[case]
    conversation = parse(body, surface)
    assert any(CANARY in segment.text for segment in conversation.segments) or conversation.opaque


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "tool_call_id": SSN_LIKE, "content": "ok"},
        {"role": SSN_LIKE, "content": "ok"},
        {"role": "user", "id": SSN_LIKE, "content": "ok"},
        {"role": "user", "status": SSN_LIKE, "content": "ok"},
    ],
    ids=["tool_call_id", "role", "id", "status"],
)
def test_an_identifier_does_not_pass_as_an_id(message: dict[str, Any]) -> None:
    """An id of the protocol has letters; a number of a person hasn't."""
    conversation = parse({"messages": [message]}, Surface.CHAT)
    assert any(SSN_LIKE in segment.text for segment in conversation.segments)


@pytest.mark.parametrize("content", [[1, 2, CANARY], [[1, 2], CANARY], [[CANARY]], [[1], ["x", CANARY]]])
@pytest.mark.parametrize("surface", [Surface.COMPLETIONS, Surface.EMBEDDINGS])
def test_text_beside_token_arrays_is_seen(surface: Surface, content: list[Any]) -> None:
    """Only numbers are tokens; an operator who allows them allows no text."""
    key = CONTENT[surface][0]
    try:
        conversation = parse({key: content}, surface)
    except RequestRefused:
        return
    assert any(CANARY in segment.text for segment in conversation.segments)


def _nested(part: Any, levels: int) -> Any:
    for _ in range(levels):
        part = {"type": "tool_result", "content": [part]}
    return part


def _nested_payload(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"url": value}
    return value


CRASHES: dict[str, tuple[Surface, dict[str, Any]]] = {
    "type of a source is a list": (
        Surface.MESSAGES,
        {"messages": user([{"type": "document", "source": {"type": ["text"]}}])},
    ),
    "type of a source is an object": (
        Surface.MESSAGES,
        {"messages": user([{"type": "document", "source": {"type": {}}}])},
    ),
    "tool results in tool results": (
        Surface.MESSAGES,
        {"messages": user([_nested({"type": "text", "text": "x"}, 400)])},
    ),
    "a payload in payloads": (Surface.CHAT, {"messages": user([{"type": "image", "url": _nested_payload(900)}])}),
}


@pytest.mark.parametrize("case", CRASHES)
def test_an_odd_body_is_read_or_refused(case: str) -> None:
    """JSON that a client can send never ends in another exception."""
    surface, body = CRASHES[case]
    with contextlib.suppress(RequestRefused):
        assert parse(body, surface).opaque


@pytest.mark.parametrize("kind", [["text"], {}])
def test_the_shape_of_an_odd_body_is_still_recognised(kind: Any) -> None:
    """What is wrong with a part is for `parse` to say."""
    assert surface_of({"messages": user([{"type": kind}])}) is Surface.CHAT


@pytest.mark.parametrize("surface", [Surface.CHAT, Surface.RESPONSES])
@pytest.mark.parametrize("name", ["file_id", "conversation", "container"])
def test_a_parameter_of_a_tool_is_no_reference(surface: Surface, name: str) -> None:
    """A schema that describes a `file_id` holds none."""
    schema = {"type": "object", "properties": {name: {"type": "string", "description": "which one"}}}
    tool = {"type": "function", "function": {"name": "open", "parameters": schema}}
    body = {**BODIES[surface], "tools": [tool]}
    conversation = parse(body, surface)
    assert conversation.opaque == ()
    assert any(name in segment.text for segment in conversation.segments if segment.origin is Origin.TOOL_DEFINITION)


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "type": "item_reference", "id": "msg_1"},
        {"role": "user", "type": "input_image", "image_url": "https://x/y.png", "content": "hi"},
    ],
    ids=["reference", "image"],
)
def test_a_role_does_not_make_an_item_readable(item: dict[str, Any]) -> None:
    """A reference or an image stays opaque with a `role` beside it."""
    assert parse({"input": [item]}, Surface.RESPONSES).opaque
