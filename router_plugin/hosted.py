"""Tools that a provider or LiteLLM itself runs: a private request goes without them, since they take its words away.

LiteLLM runs some of them around a local model too: MCP servers, vector stores, web searches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Beginnings of `tools[].type`, by the API references of OpenAI and Anthropic; dates and versions may follow.
HOSTED_TYPES = (
    *("mcp", "file_search", "web_search", "web_fetch", "code_interpreter", "code_execution", "image_generation"),
    *("tool_search", "search_"),
)
# Gemini names such a tool by its key.
HOSTED_KEYS = frozenset(
    {
        *("googleSearch", "google_search", "googleSearchRetrieval", "google_search_retrieval", "urlContext"),
        *("url_context", "codeExecution", "code_execution", "googleMaps", "google_maps", "fileSearch", "file_search"),
    }
)
# Fields that name servers, stores or sandboxes beside the tools.
HOSTED_FIELDS = ("mcp_servers", "vector_store_ids", "web_search_options", "container")


def drop_hosted(data: dict[str, Any]) -> tuple[str, ...]:
    """Take them out of a request, in place; returns what was taken, as words of the API. Client-side tools stay."""
    dropped = [field for field in HOSTED_FIELDS if data.pop(field, None)]
    tools = data.get("tools")
    if not isinstance(tools, list):
        return tuple(dropped)
    kept = [tool for tool in tools if not _hosted(tool)]
    dropped += [_hosted(tool) for tool in tools if _hosted(tool)]
    if kept:
        data["tools"] = kept
    else:
        data.pop("tools", None)
        data.pop("tool_choice", None)
    return tuple(dict.fromkeys(dropped))


def names_hosted(data: Mapping[str, Any]) -> bool:
    """Whether a request names any of them."""
    return bool(drop_hosted(dict(data)))


def _hosted(tool: object) -> str:
    """The kind of a hosted tool, a word of `HOSTED_TYPES` or `HOSTED_KEYS`; empty for any other tool."""
    if not isinstance(tool, Mapping):
        return ""
    kind = str(tool.get("type") or "")
    named = next((word for word in HOSTED_TYPES if kind.startswith(word)), "")
    return named or next((key for key in tool if key in HOSTED_KEYS), "")
