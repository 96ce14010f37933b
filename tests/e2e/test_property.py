"""A private value anywhere in a random request of any API shape: no cloud back end ever receives it."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.bodies import ANALYSIS, PATHS, body
from tests.e2e.proxy import Proxy

NUMBER = "219-09-9999"  # documented as never issued
CANARY = f"my social security number is {NUMBER}"

harmless = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "ok", "a list of words", "{}", "[1]"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "type", "text"]), inner, max_size=3)
    ),
    max_leaves=6,
)
private = st.recursive(
    st.just(CANARY),
    lambda inner: (
        st.builds(lambda rest, value: [*rest, value], st.lists(harmless, max_size=2), inner)
        | st.builds(lambda key, value: {key: value}, st.sampled_from(["note", "text", "content", "x y"]), inner)
        | st.builds(lambda value: {CANARY: value}, harmless)
    ),
    max_leaves=4,
)
FIELDS = [
    *("system", "instructions", "user", "metadata", "stop", "tools", "response_format", "prediction", "suffix", "text"),
    *(
        "messages",
        "input",
        "prompt",
        "extra_body",
        "thinking",
        "tool_choice",
        "prompt_cache_key",
        "a_field_of_tomorrow",
    ),
]


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A path, and a body with the private value in one random place of it."""
    surface = draw(st.sampled_from(sorted(PATHS)))
    request = body(surface, ANALYSIS, stream=draw(st.booleans()))
    place = draw(st.sampled_from(["field", "message", "message field", "item"]))
    value = draw(private)
    key = "input" if surface == "responses" else "messages"
    if place == "field" or surface == "completions":
        request[draw(st.sampled_from(FIELDS))] = value
    elif place == "message":
        role = draw(st.sampled_from(["system", "user", "assistant", "tool"]))
        turns = request[key] if isinstance(request[key], list) else [{"role": "user", "content": request[key]}]
        request[key] = [{"role": role, "content": value}, *turns]
    elif place == "message field":
        turns = [{"role": "user", "content": ANALYSIS, draw(st.sampled_from(["name", "tool_calls", "note"])): value}]
        request[key] = turns
    else:
        kind = draw(st.sampled_from(["text", "tool_use", "tool_result", "function_call_output", "image_url", "new"]))
        request[key] = [{"role": "user", "content": [{"type": kind, "text": value, "content": value, "input": value}]}]
    return PATHS[surface], request


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=requests())
def test_a_private_value_never_reaches_the_cloud(proxy: Proxy, request: tuple[str, dict[str, Any]]) -> None:
    """Answered locally, refused, or sent without the field that held it."""
    proxy.reset()
    answer = proxy.post(*request)
    assert proxy.cloud_saw(NUMBER) == []
    assert answer.status_code != 500, answer.text
