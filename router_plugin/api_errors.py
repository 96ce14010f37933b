"""Errors in the shape of the API that a client called."""

from __future__ import annotations

from typing import Any

from router_plugin.errors import RequestRefused
from router_plugin.request import Surface

# Error types by status, as the OpenAI and Anthropic API references name them.
OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def error_body(refusal: RequestRefused, surface: Surface | None) -> dict[str, Any]:
    """The JSON body for a refusal: Anthropic's shape for Messages, OpenAI's for everything else."""
    status = refusal.status
    if surface is Surface.MESSAGES:
        kind = ANTHROPIC_TYPES.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": refusal.message}}
    kind = OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": refusal.message, "type": kind, "param": refusal.param, "code": refusal.code}}
