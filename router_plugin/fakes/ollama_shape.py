"""Ollama's own API: chat and generate (NDJSON unless told otherwise), embeddings, and its model management."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from typing import Any

from router_plugin.fakes.faults import Problem
from router_plugin.fakes.reply import (
    EMBEDDING_DIMENSIONS,
    Call,
    Json,
    Reply,
    dump,
    embedding,
    text_of,
    tokens,
    wanted_tools,
    whole,
    words,
)

VERSION = "0.12.6"
NDJSON_TYPE = "application/x-ndjson"
CLOUD_SUFFIX = "-cloud"  # models that a local Ollama forwards to ollama.com
CLOUD_HOST = "https://ollama.com:443"
SIZE_BYTES = 2_019_393_189
DEFAULT_WINDOW = 4096  # where neither the call nor the Modelfile says `num_ctx`
LONG_AGO = "2025-01-01T00:00:00Z"
KEEP_ALIVE = timedelta(minutes=5)
DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "3.2B",
    "quantization_level": "Q4_K_M",
}

ERRORS: dict[Problem, str] = {
    Problem.BAD_REQUEST: "invalid options",
    Problem.AUTH: "unauthorized",
    Problem.FORBIDDEN: "forbidden",
    Problem.NOT_FOUND: "model '{model}' not found",
    Problem.RATE_LIMIT: "too many requests",
    Problem.SERVER: "llama runner process has terminated: exit status 2",
    Problem.UNAVAILABLE: "server busy, please try again. maximum pending requests exceeded",
    Problem.OVERLOADED: "model requires more system memory than is available",
    Problem.CONTEXT_WINDOW: "the request exceeds the available context size, try increasing it",
    Problem.CONTENT_POLICY: "request rejected by policy",  # Ollama has no such error
}


def answer(call: Call) -> Reply | None:
    if call.method in {"GET", "HEAD"}:
        return _read(call)
    if call.method != "POST":
        return None
    handlers = {
        "/api/chat": _chat,
        "/api/generate": _generate,
        "/api/embed": _embed,
        "/api/embeddings": _embed_one,
        "/api/show": _show,
        "/api/pull": _pull,
    }
    handler = handlers.get(call.path)
    if handler is None:
        return None
    if call.path != "/api/pull" and not call.backend.knows(_model(call)):
        return error(call, Problem.NOT_FOUND, 404)
    return handler(call)


def error(call: Call, problem: Problem, status: int) -> Reply:
    return whole({"error": ERRORS[problem].format(model=_model(call))}, status)


def error_event(call: Call, problem: Problem) -> bytes:
    return dump({"error": ERRORS[problem]}) + b"\n"


def broken_event(call: Call) -> bytes:
    return b'{"model":"broken","message":{"role":"assistant","content":\n'


def _model(call: Call) -> str:
    return str(call.body.get("model") or call.body.get("name") or "")


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _entry(name: str) -> Json:
    digest = hashlib.sha256(name.encode()).hexdigest()
    entry = {"name": name, "model": name, "size": SIZE_BYTES, "digest": digest, "details": DETAILS}
    if name.endswith(CLOUD_SUFFIX):
        entry.update({"remote_model": name.removesuffix(CLOUD_SUFFIX), "remote_host": CLOUD_HOST, "size": 384})
    return entry


def _read(call: Call) -> Reply | None:
    if call.path == "/":
        return Reply((b"Ollama is running",), content_type="text/plain; charset=utf-8")
    if call.path == "/api/version":
        return whole({"version": VERSION})
    if call.path == "/api/tags":
        return whole({"models": [{**_entry(name), "modified_at": LONG_AGO} for name in call.backend.known_models()]})
    if call.path == "/api/ps":
        expires = (datetime.now(timezone.utc) + KEEP_ALIVE).isoformat()
        extra = {"expires_at": expires, "size_vram": SIZE_BYTES}
        windows = call.backend.windows
        return whole(
            {
                "models": [
                    {**_entry(name), **extra, "context_length": windows.get(name, DEFAULT_WINDOW)}
                    for name in call.backend.loaded
                ]
            }
        )
    return None


def _show(call: Call) -> Reply:
    backend = call.backend
    body = {
        "license": "none",
        "modelfile": f"FROM {_model(call)}",
        **({"parameters": f"num_ctx                        {backend.num_ctx}"} if backend.num_ctx else {}),
        "template": "{{ .System }}{{ .Tools }}{{ .Prompt }}" if "tools" in backend.capabilities else "{{ .Prompt }}",
        "details": DETAILS,
        "model_info": {
            "general.architecture": "llama",
            "general.parameter_count": 3_212_749_888,
            "llama.context_length": backend.context_length,
            "llama.embedding_length": EMBEDDING_DIMENSIONS,
        },
        "capabilities": list(backend.capabilities),
        "modified_at": LONG_AGO,
    }
    entry = _entry(_model(call))
    body.update({key: entry[key] for key in ("remote_model", "remote_host") if key in entry})
    if _model(call) in backend.remote:
        body.update({"remote_model": _model(call), "remote_host": CLOUD_HOST})
    return whole(body)


def _pull(call: Call) -> Reply:
    name, backend = _model(call), call.backend
    if backend.models is not None and name not in backend.models:
        backend.models.append(name)
    digest = "sha256:" + hashlib.sha256(name.encode()).hexdigest()
    layer = {"status": f"pulling {digest[7:19]}", "digest": digest, "total": SIZE_BYTES}
    if call.body.get("stream") is False:
        return whole({"status": "success"})
    steps: list[Json] = [{"status": "pulling manifest"}, layer]
    steps += [{**layer, "completed": SIZE_BYTES * done // 4} for done in (1, 2, 3, 4)]
    steps += [{"status": status} for status in ("verifying sha256 digest", "writing manifest", "success")]
    return _lines(steps, preamble=1, tail=1)


def _lines(bodies: list[Json], preamble: int = 0, tail: int = 1) -> Reply:
    parts = tuple(dump(body) + b"\n" for body in bodies)
    return Reply(parts, content_type=NDJSON_TYPE, stream=True, preamble=preamble, tail=tail)


def _end(asked: Any, text: str) -> Json:
    counts = {"prompt_eval_count": tokens(asked), "eval_count": tokens(text)}
    spent = {"total_duration": 90_000_000, "load_duration": 10_000_000}
    return {"done": True, "done_reason": "stop", **spent, **counts, "prompt_eval_duration": 1, "eval_duration": 1}


def _text(call: Call) -> str:
    if call.body.get("format"):
        return dump({"served_by": call.backend.name}).decode()
    return call.backend.reply_text()


def _mark_loaded(call: Call) -> None:
    """The model stays in memory, with the window that was asked for; `keep_alive: 0` unloads it after the answer."""
    backend, name = call.backend, _model(call)
    if call.body.get("keep_alive") in (0, "0"):
        backend.loaded[:] = [other for other in backend.loaded if other != name]
        return
    asked = (call.body.get("options") or {}).get("num_ctx") or backend.num_ctx or DEFAULT_WINDOW
    backend.windows[name] = min(asked, backend.context_length)
    if name not in backend.loaded:
        backend.loaded.append(name)


def _chat(call: Call) -> Reply:
    _mark_loaded(call)
    messages = call.body.get("messages") or [{}]
    offered = [tool["function"] for tool in call.body.get("tools") or []]
    pairs = [(function["name"], function.get("parameters") or {}) for function in offered]
    asked = text_of(messages[-1].get("content")) if messages[-1].get("role") == "user" else ""
    calls = [{"function": {"name": name, "arguments": given}} for name, given in wanted_tools(asked, pairs)]
    text = "" if calls else _text(call)

    def body(message: Json) -> Json:
        return {"model": _model(call), "created_at": _now(), "message": {"role": "assistant", **message}}

    extra = {"tool_calls": calls} if calls else {}
    end = _end(messages, text)
    if call.body.get("stream") is False:
        return whole({**body({"content": text, **extra}), **end})
    pieces: list[Json] = [{"content": "", **extra}] if calls else [{"content": word} for word in words(text)]
    return _lines([*({**body(piece), "done": False} for piece in pieces), {**body({"content": ""}), **end}])


def _generate(call: Call) -> Reply:
    _mark_loaded(call)
    text = _text(call)

    def body(piece: str) -> Json:
        return {"model": _model(call), "created_at": _now(), "response": piece}

    end = {**_end(call.body.get("prompt"), text), "context": [1, 2, 3]}
    if call.body.get("stream") is False:
        return whole({**body(text), **end})
    return _lines([*({**body(word), "done": False} for word in words(text)), {**body(""), **end}])


def _embed(call: Call) -> Reply:
    _mark_loaded(call)
    asked = call.body.get("input")
    texts = asked if isinstance(asked, list) else [asked]
    vectors = [embedding(str(text), call.body.get("dimensions") or EMBEDDING_DIMENSIONS) for text in texts]
    counts = {"total_duration": 1, "load_duration": 1, "prompt_eval_count": tokens(asked)}
    return whole({"model": _model(call), "embeddings": vectors, **counts})


def _embed_one(call: Call) -> Reply:
    return whole({"embedding": embedding(str(call.body.get("prompt")))})
