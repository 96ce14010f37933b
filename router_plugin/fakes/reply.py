"""What a fake answers, before any fault: parts of a body, and the few helpers that all API shapes share."""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from router_plugin.fakes.faults import Problem

CALL_TOOL = "CALL_TOOL"  # in the last user text: each occurrence asks for one tool call
EMBEDDING_DIMENSIONS = 32
EIGHTHS = 8
# Names that LiteLLM has a price and capabilities for, so that it treats the fake as it would the provider.
MODELS = {"openai": "gpt-4.1-mini", "azure": "gpt-4.1-mini", "anthropic": "claude-haiku-4-5", "ollama": "llama3.2"}

Json = dict[str, Any]


@dataclass
class Backend:
    """What a fake pretends to be. `models=None`: every model name is known."""

    name: str
    kind: str
    models: list[str] | None = None
    loaded: list[str] = field(default_factory=list)
    text: str = ""
    context_length: int = 8192  # what its models were made for
    num_ctx: int | None = None  # what their Modelfiles set
    windows: dict[str, int] = field(default_factory=dict)  # Ollama: loaded model -> the window it was loaded with
    remote: frozenset[str] = frozenset()  # models that Ollama would run elsewhere, under names that don't tell
    capabilities: tuple[str, ...] = ("completion", "tools")
    echo: str = ""  # a regular expression: what it finds in a request begins the reply

    def reply_text(self) -> str:
        return self.text or f"served by {self.name}. This is a canned reply from a fake back end for tests."

    def known_models(self) -> list[str]:
        return [MODELS[self.kind]] if self.models is None else list(self.models)

    def knows(self, model: str) -> bool:
        return self.models is None or model in self.models


@dataclass(frozen=True)
class Call:
    """One request as an API shape sees it; `path` has no query."""

    backend: Backend
    method: str
    path: str
    query: dict[str, str]
    body: Json

    @property
    def model(self) -> str:
        return str(self.body.get("model") or MODELS[self.backend.kind])


@dataclass(frozen=True)
class Reply:
    """Parts of a body. Streamed: one event or line each, the first `preamble` and last `tail` without content."""

    parts: tuple[bytes, ...]
    status: int = 200
    content_type: str = "application/json"
    stream: bool = False
    preamble: int = 0
    tail: int = 0
    headers: tuple[tuple[str, str], ...] = ()

    def position(self, after: int) -> int:
        """The index of the part before which a fault strikes; see `Fault.after`."""
        if after < 0:
            return 0
        return min(self.preamble + after, len(self.parts) - self.tail)

    def in_eighths(self) -> Reply:
        """A whole body in pieces, so that the faults of streams apply to it."""
        body = b"".join(self.parts)
        size = max(1, math.ceil(len(body) / EIGHTHS))
        pieces = tuple(body[start : start + size] for start in range(0, len(body), size))
        return Reply(pieces, self.status, self.content_type, False, 0, 1, self.headers)


class Shape(Protocol):
    """One provider's API: a module with these four functions."""

    def answer(self, call: Call) -> Reply | None:
        """The reply, or None for a path that this API doesn't have."""

    def error(self, call: Call, problem: Problem, status: int) -> Reply:
        """An error body in the provider's own shape."""

    def error_event(self, call: Call, problem: Problem) -> bytes:
        """An error inside a stream that began as a 200."""

    def broken_event(self, call: Call) -> bytes:
        """A stream event that isn't JSON."""


def whole(body: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A JSON body in one piece."""
    return Reply((dump(body),), status, headers=headers)


def dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def sse(data: Any, event: str = "") -> bytes:
    """One server-sent event."""
    return (f"event: {event}\n".encode() if event else b"") + b"data: " + dump(data) + b"\n\n"


def new_id(prefix: str) -> str:
    return prefix + uuid.uuid4().hex[:24]


def words(text: str) -> list[str]:
    """The text in pieces of one word each, with their spaces: joined they are the text again."""
    pieces = text.split(" ")
    return [piece if index == 0 else " " + piece for index, piece in enumerate(pieces)]


def tokens(value: Any) -> int:
    """A rough count, four characters a token; at least 1."""
    return max(1, len(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) // 4)


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(str(part.get("text") or "") for part in content if isinstance(part, dict))


def wanted_tools(text: str, tools: list[tuple[str, Json]]) -> list[tuple[str, Json]]:
    """(name, arguments) for each CALL_TOOL in `text`, from the offered (name, JSON schema) pairs in turn."""
    if not tools:
        return []
    picked = [tools[index % len(tools)] for index in range(text.count(CALL_TOOL))]
    return [(name, example(schema)) for name, schema in picked]


def example(schema: Any) -> Any:
    """A value that a JSON schema of the usual kind accepts: all its properties, each with a plain value."""
    if not isinstance(schema, dict):
        return "x"
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return {name: example(inner) for name, inner in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [example(schema.get("items", {}))]
    return {"integer": 1, "number": 1.5, "boolean": True, "null": None}.get(kind, "x")


def embedding(text: str, dimensions: int = EMBEDDING_DIMENSIONS) -> list[float]:
    """A unit vector, the same for the same text; texts that share words are near each other."""
    vector = [0.0] * dimensions
    for word in text.lower().split() or [""]:
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % dimensions] += 1.0 if digest[4] % 2 else -1.0
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else [1.0] + [0.0] * (dimensions - 1)
