"""A local back end that answers at once: Ollama's API with one canned answer, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

WORDS = ["The", "answer", "to", "that", "is", "a", "short", "one."]
ENDING = {"done": True, "done_reason": "stop", "prompt_eval_count": 20, "eval_count": len(WORDS), "total_duration": 1}
SHOWN = {"details": {"family": "llama"}, "model_info": {"llama.context_length": 131072}, "capabilities": ["completion"]}


def _message(model: str, text: str) -> dict[str, Any]:
    return {"model": model, "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": text}}


def _answer(path: str, body: bytes) -> tuple[bytes, bytes]:
    """(content type, content) for one request."""
    if path == "/api/show":
        return b"application/json", json.dumps(SHOWN).encode()
    if path != "/api/chat":
        models = [{"name": name, "model": name} for name in ("llama3.1:8b", "phi3:mini", "codellama:13b")]
        return b"application/json", json.dumps({"version": "0.0.0", "models": models}).encode()
    asked = json.loads(body)
    model = str(asked.get("model"))
    if not asked.get("stream", True):
        return b"application/json", json.dumps(_message(model, " ".join(WORDS)) | ENDING).encode()
    lines = [*(_message(model, f"{word} ") | {"done": False} for word in WORDS), _message(model, "") | ENDING]
    return b"application/x-ndjson", b"".join(json.dumps(line).encode() + b"\n" for line in lines)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            kind, content = _answer(first.split(" ")[1], body)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (kind, len(content)))
            writer.write(content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    """Serve on a free port of 127.0.0.1, which is printed first."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, limit=16 * 1024 * 1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(), debug="--debug" in sys.argv)
