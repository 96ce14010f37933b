"""Endpoints beyond the routed ones: private text that is posted there must reach no back end in the cloud."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from router_plugin.endpoints import is_open
from router_plugin.leaktest.canary import Canary
from router_plugin.leaktest.sources import Target

PASS_THROUGH = (
    *("/openai/v1/chat/completions", "/openai/v1/responses", "/openai_passthrough/v1/chat/completions"),
    *("/anthropic/v1/messages", "/azure/openai/deployments/gpt-4o/chat/completions", "/azure_ai/v1/chat/completions"),
    *("/gemini/v1beta/models/gemini-2.5-pro:generateContent", "/vertex_ai/v1/projects/p/locations/l/x:predict"),
    *("/cohere/v1/chat", "/mistral/v1/chat/completions", "/vllm/v1/chat/completions", "/bedrock/model/x/converse"),
    *("/groq/v1/chat/completions", "/langfuse/api/public/ingestion", "/assemblyai/v2/transcript"),
)
MODEL_ENDPOINTS = (
    *("/engines/{model}/chat/completions", "/engines/{model}/completions", "/engines/{model}/embeddings"),
    *("/openai/deployments/{model}/chat/completions", "/openai/deployments/{model}/embeddings"),
    *("/queue/chat/completions", "/cursor/chat/completions", "/v1beta/models/{model}:generateContent"),
    *("/v1beta/models/{model}:streamGenerateContent", "/models/{model}:generateContent", "/v1beta/interactions"),
    *("/v1/images/generations", "/v1/audio/speech", "/v1/moderations", "/v1/rerank", "/v2/rerank", "/v1/ocr"),
    *("/v1/videos", "/v1/search", "/v1/rag/query", "/v1/rag/ingest", "/v1/responses/compact"),
    *("/v1/responses/resp_1/cancel", "/v1/fine_tuning/jobs", "/v1/batches", "/v1/vector_stores"),
    *("/v1/vector_stores/vs_1/search", "/v1/assistants", "/v1/threads", "/v1/threads/thread_1/messages"),
    *("/v1/threads/thread_1/runs", "/v1/containers", "/v1/conversations", "/v1/evals", "/v1/memory"),
    *("/a2a/agent", "/a2a/agent/message/send", "/mcp", "/mcp/tools/call", "/agent/mcp", "/health/test_connection"),
    *("/model/new", "/config/update", "/utils/transform_request", "/prompts/test", "/guardrails/apply_guardrail"),
    "/an/endpoint/of/tomorrow",
)
COUNTERS = (
    *("/v1/messages/count_tokens", "/utils/token_counter", "/v1/responses/input_tokens"),
    *("/v1beta/models/{model}:countTokens", "/anthropic/v1/messages/count_tokens"),
)
UPLOADS = ("/v1/files", "/openai/v1/files", "/v1/audio/transcriptions", "/v1/images/edits", "/v1/skills")
WEBSOCKETS = ("/v1/realtime", "/realtime", "/v1/responses", "/responses", "/openai/v1/realtime", "/vertex_ai/live")
READS = ("/v1/models", "/health", "/v1/files/file_1/content", "/v1/responses/resp_1", "/model/info")

# Written another way, these could slip past a list of paths and still be routed.
SPELLINGS = (
    *("//openai/v1/chat/completions", "/V1/chat/completions", "/v1/chat/completions/", "/v1/%63hat/completions"),
    *("/v1/../openai/v1/chat/completions", "/v1/chat/completions/../../messages", "/openai%2Fv1/chat/completions"),
)


@dataclass(frozen=True)
class Endpoint:
    """One request to an endpoint. `how` is json, upload, websocket or read."""

    path: str
    how: str

    def __str__(self) -> str:
        return f"{self.how} {self.path}"


ALL = (
    *(Endpoint(path, "json") for path in (*PASS_THROUGH, *MODEL_ENDPOINTS, *COUNTERS, *SPELLINGS)),
    *(Endpoint(path, "upload") for path in UPLOADS),
    *(Endpoint(path, "websocket") for path in WEBSOCKETS),
    *(Endpoint(path, "read") for path in READS),
)
QUICK_EVERY = 6


def select(opened: Sequence[str], *, quick: bool) -> list[Endpoint]:
    """The endpoints to try, without those that the operator opened."""
    closed = [item for item in ALL if not any(is_open("POST", item.path, (prefix,)) for prefix in opened)]
    return closed[::QUICK_EVERY] if quick else closed


def send(client: httpx.Client, endpoint: Endpoint, target: Target, canary: Canary) -> httpx.Response:
    """Post the canary there, in every field that such an endpoint reads. A websocket is asked for, not opened."""
    path = endpoint.path.replace("{model}", target.group)
    if endpoint.how == "read":
        return client.get(path, params={"question": canary.text})
    if endpoint.how == "websocket":
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        return client.get(path, params={"model": target.group, "instructions": canary.text}, headers=headers)
    if endpoint.how == "upload":
        row = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": _body(target, canary)}
        files = {"file": ("rows.jsonl", json.dumps(row).encode()), "image": ("a.png", canary.picture.encode())}
        fields = {"purpose": "batch", "model": target.group, "prompt": canary.text, "target_model_names": target.group}
        return client.post(path, files=files, data=fields)
    return client.post(path, json=_body(target, canary))


def _body(target: Target, canary: Canary) -> dict[str, object]:
    message = {"role": "user", "content": canary.text}
    return {
        "model": target.group,
        "messages": [message],
        "contents": [{"role": "user", "parts": [{"text": canary.text}]}],
        "input": canary.text,
        "prompt": canary.text,
        "query": canary.text,
        "documents": [canary.text],
        "max_tokens": 64,
        "jsonrpc": "2.0",
        "id": "1",
        "method": "message/send",
        "params": {"message": {"role": "user", "parts": [{"kind": "text", "text": canary.text}]}},
        "retrieval_config": {"vector_store_id": "vs_1", "custom_llm_provider": target.prefix},
    }
