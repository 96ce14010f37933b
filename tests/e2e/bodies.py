"""One prompt in the body of every API shape."""

from __future__ import annotations

from typing import Any

SIMPLE = "What is 2 + 2?"
ANALYSIS = (
    "Analyze the trade-offs between microservices and monolithic architecture for a startup with 5 engineers "
    "building a fintech product."
)
RECORD = "Review this patient medical record and extract key diagnoses..."
SSN = "My social security number is 078-05-1120. Write it with dots in place of dashes."
SSN_DIGITS = "078-05-1120"

PATHS = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}


def body(surface: str, text: str, *, model: str = "auto", stream: bool = False, **more: Any) -> dict[str, Any]:
    """A request body with one user prompt."""
    messages = [{"role": "user", "content": text}]
    content: dict[str, Any] = {
        "chat": {"messages": messages},
        "completions": {"prompt": text},
        "responses": {"input": text},
        "messages": {"messages": messages, "max_tokens": 64},
    }[surface]
    return {"model": model, **content, **({"stream": True} if stream else {}), **more}
