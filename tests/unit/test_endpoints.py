"""router_plugin.endpoints: what isn't named is closed."""

from __future__ import annotations

import pytest

from router_plugin.endpoints import is_open, routed_surface
from router_plugin.request import Surface

ROUTED = {
    "/chat/completions": Surface.CHAT,
    "/v1/chat/completions": Surface.CHAT,
    "/completions": Surface.COMPLETIONS,
    "/v1/completions": Surface.COMPLETIONS,
    "/responses": Surface.RESPONSES,
    "/v1/responses": Surface.RESPONSES,
    "/embeddings": Surface.EMBEDDINGS,
    "/v1/embeddings": Surface.EMBEDDINGS,
    "/v1/messages": Surface.MESSAGES,
}


@pytest.mark.parametrize("path", ROUTED)
def test_the_five_apis_are_routed(path: str) -> None:
    """With and without a slash at the end, for POST only."""
    assert routed_surface("POST", path) is ROUTED[path]
    assert routed_surface("POST", f"{path}/") is ROUTED[path]
    assert is_open("POST", path, ())
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert routed_surface(method, path) is None
        assert not is_open(method, path, ())


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/models", "/models", "/v1/models/", "/v1/models/gpt-4o", "/health/liveliness", "/health/liveness"),
        *("/health/readiness", "/metrics", "/router"),
    ],
)
def test_paths_without_a_prompt_can_be_read(path: str) -> None:
    """GET and HEAD only: a POST could carry text."""
    assert is_open("GET", path, ())
    assert is_open("HEAD", path, ())
    assert not is_open("POST", path, ())


CLOSED = [
    *("/", "", "/v1", "/v1/files", "/v1/batches", "/v1/audio/transcriptions", "/v1/images/generations"),
    *("/v1/moderations", "/v1/rerank", "/rag/query", "/rag/ingest", "/utils/token_counter", "/v1/realtime"),
    *("/openai/v1/chat/completions", "/anthropic/v1/messages", "/azure/x", "/gemini/x", "/vllm/x", "/cohere/x"),
    *("/openai/deployments/gpt-4o/chat/completions", "/engines/gpt-4o/chat/completions"),
    *("/v1/responses/resp_1", "/v1/responses/resp_1/input_items", "/v1/chat/completions/x", "/v1/threads"),
    *("/v1beta/models/gemini:generateContent", "/models/gemini:generateContent", "/mcp", "/v1/a2a"),
    *("/messages", "/V1/chat/completions", "//v1/chat/completions", "/v1//chat/completions"),
    *("/v1/chat/completions%2f", "/v1/chat/completions;x", "/health", "/health/services", "/key/generate", "/docs"),
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", CLOSED)
def test_everything_else_is_closed(method: str, path: str) -> None:
    """What the plugin can neither inspect nor move, and what isn't known here."""
    assert not is_open(method, path, ())


@pytest.mark.parametrize(
    ("path", "opened", "reached"),
    [
        ("/v1/files", ("/v1/files",), True),
        ("/v1/files/", ("/v1/files",), True),
        ("/v1/files/f/content", ("/v1/files",), True),
        ("/v1/files", ("/v1/files/",), True),
        ("/v1/files2", ("/v1/files",), False),
        ("/v1/file", ("/v1/files",), False),
        ("/V1/FILES", ("/v1/files",), False),
        ("/x/v1/files", ("/v1/files",), False),
        ("/v1/batches", ("/v1/files", "/v1/batches"), True),
    ],
)
def test_an_operator_opens_whole_path_segments(path: str, opened: tuple[str, ...], reached: bool) -> None:
    """A prefix opens itself and what is below it, not what begins with the same letters."""
    assert is_open("POST", path, opened) is reached


def test_a_blank_prefix_opens_nothing() -> None:
    """An empty line in the settings must not switch the gate off."""
    assert not is_open("POST", "/openai/v1/chat/completions", ("",))
