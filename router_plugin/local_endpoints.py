"""Endpoints that the gate answers itself, without a deployment: token counting and health."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from router_plugin.breaker import Breaker
from router_plugin.errors import InvalidRequest, RequestRefused
from router_plugin.pipeline import Router
from router_plugin.request import Surface

COUNT_TOKENS = "/v1/messages/count_tokens"
HEALTH = "/health"


class Unauthorized(RequestRefused):
    """The key is missing or wrong."""

    status = 401
    code = "invalid_api_key"


def authorise(headers: Mapping[bytes, bytes], master_key: str | None) -> None:
    """Pass with the proxy's master key, or where none is set. Errors: Unauthorized."""
    if not master_key:
        return
    given = headers.get(b"authorization", b"").removeprefix(b"Bearer ") or headers.get(b"x-api-key", b"")
    if not secrets.compare_digest(given, master_key.encode()):
        raise Unauthorized("This endpoint needs the proxy's master key, as `Authorization: Bearer ...` or `x-api-key`.")


def count_tokens(router: Router, content: bytes) -> dict[str, int]:
    """The answer of Anthropic's token counter, counted here with LiteLLM's tokenizer: an estimate.

    Errors: RequestRefused for a body that isn't a Messages request.
    """
    from litellm import token_counter

    try:
        body: Any = json.loads(content)
    except ValueError:
        raise InvalidRequest("The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise InvalidRequest("The body must be a JSON object.")
    conversation = router.read(body, Surface.MESSAGES)
    text = "\n".join(segment.text for segment in conversation.segments)
    return {"input_tokens": int(token_counter(model="", text=text))}


def health(router: Router, breaker: Breaker | None = None) -> dict[str, Any]:
    """What is set up, its circuits, and what was left out, without calling any deployment."""
    inventory = router.config.inventory
    return {
        "deployments": [
            {
                "id": d.id,
                "group": d.group,
                "provider": d.provider,
                "local": d.local,
                "circuit": breaker.circuit(d.id).value if breaker is not None else "closed",
            }
            for d in inventory.deployments
        ],
        "left_out": [{"id": name, "reason": why} for name, why in inventory.left_out],
    }
