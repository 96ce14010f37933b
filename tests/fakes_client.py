"""A client for every surface of the fakes, by name: `ask(server)`, `post(server, "openai-responses", stream=True)`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from router_plugin.fakes.provider import FakeProvider

KINDS = ("openai", "azure", "anthropic", "ollama")
AZURE = "/openai/deployments/gpt-4.1-mini"
VERSION = "?api-version=2024-10-21"

# One client for all tests: making one takes 50 ms. It keeps no connection.
WEB = httpx.Client(timeout=5, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

MESSAGES = {"messages": [{"role": "user", "content": "hello"}]}
# Each surface that answers with text: (kind, path, body).
SURFACES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "openai-chat": ("openai", "/v1/chat/completions", MESSAGES),
    "openai-completions": ("openai", "/v1/completions", {"prompt": "hello"}),
    "openai-responses": ("openai", "/v1/responses", {"input": "hello"}),
    "azure-chat": ("azure", f"{AZURE}/chat/completions{VERSION}", MESSAGES),
    "azure-v1-chat": ("azure", "/openai/v1/chat/completions", MESSAGES),
    "azure-responses": ("azure", f"/openai/responses{VERSION}", {"input": "hello"}),
    "azure-v1-responses": ("azure", "/openai/v1/responses", {"input": "hello"}),
    "anthropic-messages": ("anthropic", "/v1/messages", {**MESSAGES, "max_tokens": 99}),
    "ollama-chat": ("ollama", "/api/chat", MESSAGES),
    "ollama-generate": ("ollama", "/api/generate", {"prompt": "hello"}),
    "ollama-openai-chat": ("ollama", "/v1/chat/completions", MESSAGES),
    "ollama-anthropic-messages": ("ollama", "/v1/messages", MESSAGES),
}
CHAT = {"openai": "openai-chat", "azure": "azure-chat", "anthropic": "anthropic-messages", "ollama": "ollama-chat"}


def post(server: FakeProvider, surface: str, *, stream: bool = False, **extra: Any) -> httpx.Response:
    _, path, body = SURFACES[surface]
    return WEB.post(server.url + path, json={"model": "m", **body, "stream": stream, **extra})


def ask(server: FakeProvider, *, stream: bool = False, **extra: Any) -> httpx.Response:
    return post(server, CHAT[server.kind], stream=stream, **extra)


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """The JSON of each server-sent event or NDJSON line; fails on anything else."""
    if response.headers["content-type"].startswith("application/x-ndjson"):
        return [json.loads(line) for line in response.text.splitlines()]
    blocks = response.text.removesuffix("\n\n").split("\n\n")
    lines = [block.splitlines()[-1].removeprefix("data: ") for block in blocks]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def streamed_text(response: httpx.Response) -> str:
    """What the stream's deltas spell."""
    text = ""
    for event in events(response):
        delta = event.get("delta")
        text += str(delta) if event.get("type") == "response.output_text.delta" else ""
        text += (delta or {}).get("text", "") if event.get("type") == "content_block_delta" else ""
        for choice in event.get("choices", []):
            text += choice.get("text") or choice.get("delta", {}).get("content") or ""
        text += (event.get("message") or {}).get("content", "") if "done" in event else ""
        text += event.get("response", "") if "done" in event else ""
    return text
