"""Tools that somebody else runs are taken out of a request that must stay local."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.hosted import drop_hosted

FUNCTION = {"type": "function", "function": {"name": "read_file"}}


@pytest.mark.parametrize(
    ("tool", "kind"),
    [
        ({"type": "mcp", "server_url": "litellm_proxy/mcp/notes", "require_approval": "never"}, "mcp"),
        ({"type": "file_search", "vector_store_ids": ["vs_1"]}, "file_search"),
        ({"type": "web_search_preview_2025_03_11"}, "web_search"),
        ({"type": "web_search_20250305", "name": "web_search"}, "web_search"),
        ({"type": "code_interpreter", "container": {"type": "auto"}}, "code_interpreter"),
        ({"googleSearch": {}}, "googleSearch"),
    ],
)
def test_a_hosted_tool_goes_and_the_others_stay(tool: dict[str, Any], kind: str) -> None:
    """What is taken out is named by a word of the API, never by what the client wrote."""
    data: dict[str, Any] = {"tools": [FUNCTION, tool, {"type": "bash_20250124", "name": "bash"}]}
    assert drop_hosted(data) == (kind,)
    assert data["tools"] == [FUNCTION, {"type": "bash_20250124", "name": "bash"}]


def test_a_request_left_without_tools_chooses_none() -> None:
    """A `tool_choice` for a tool that is gone would be an error of the provider's."""
    data: dict[str, Any] = {"tools": [{"type": "mcp"}], "tool_choice": "required", "vector_store_ids": ["vs_1"]}
    assert drop_hosted(data) == ("vector_store_ids", "mcp")
    assert data == {}


@pytest.mark.parametrize("tools", [None, [], [FUNCTION], [{"name": "web_search"}], "mcp", [3]])
def test_anything_else_is_left_as_it_is(tools: Any) -> None:
    """Functions with any name, and values that the request reader refuses, are not touched."""
    data: dict[str, Any] = {} if tools is None else {"tools": tools}
    before = dict(data)
    assert drop_hosted(data) == ()
    assert data == before or tools == []
