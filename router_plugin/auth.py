"""API keys: what a missing or unknown one is told, and keys of one's own without a database.

`general_settings.custom_auth: router_plugin.auth.user_api_key_auth` lets in keys that are listed by their SHA-256 under
`callback_settings.router_plugin.keys`, with rules of their own.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException, Request
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import LitellmUserRoles, ProxyErrorTypes, ProxyException, UserAPIKeyAuth

from router_plugin.errors import NO_KEY, UNKNOWN_KEY, Unauthorized
from router_plugin.state import current

NO_BEARER = "The header `Authorization` does not begin with `Bearer `."
UNKNOWN_TYPES = {  # with the status that each has; without a database, and with one
    (ProxyErrorTypes.no_db_connection, "400"),
    (ProxyErrorTypes.token_not_found_in_db, "401"),
}
# Where no key was read LiteLLM says so in a bare exception, which only its words tell from others.
UNREAD_KEYS = {"No api key passed in": NO_KEY, "Malformed API Key passed in": NO_BEARER}


async def user_api_key_auth(request: Request, api_key: str) -> UserAPIKeyAuth:  # noqa: ARG001 - LiteLLM's signature
    """Who calls: the master key, or a listed one under its name. Errors: HTTPException 401 for any other."""
    from litellm.proxy import proxy_server

    from router_plugin.plugin import instance

    digest = hashlib.sha256(api_key.encode()).hexdigest()
    master = proxy_server.master_key
    if isinstance(master, str) and secrets.compare_digest(digest, hashlib.sha256(master.encode()).hexdigest()):
        return UserAPIKeyAuth(api_key=digest, user_role=LitellmUserRoles.PROXY_ADMIN)
    for key in instance.router.config.settings.keys:
        if secrets.compare_digest(digest, key.sha256):
            return UserAPIKeyAuth(api_key=digest, key_alias=key.name, user_role=LitellmUserRoles.INTERNAL_USER)
    raise HTTPException(401, detail=Unauthorized().message)


class ExplainsKeys(CustomLogger):
    """Says what is wrong with a key, where LiteLLM speaks of a database or shows a part of the key."""

    async def async_post_call_failure_hook(
        self,
        request_data: Mapping[str, Any],  # noqa: ARG002 - LiteLLM's signature
        original_exception: Exception,
        user_api_key_dict: Any,  # noqa: ARG002
        traceback_str: str | None = None,  # noqa: ARG002
    ) -> HTTPException | None:
        """The 401 that replaces LiteLLM's error about a key; None for any other. The gate gives it the API's shape."""
        state = current()
        if state is None or state.decision is not None or state.refusal is not None:
            return None
        cause = _cause(original_exception)
        if cause is None:
            return None
        state.refusal = Unauthorized(cause)
        return HTTPException(state.refusal.status, detail=state.refusal.message)


def _cause(error: Exception) -> str | None:
    """What is wrong with the key; None where the error is about something else."""
    if isinstance(error, ProxyException):
        return UNKNOWN_KEY if (error.type, str(error.code)) in UNKNOWN_TYPES else None
    if isinstance(error, HTTPException):  # ours, or LiteLLM's for a key that doesn't begin with `sk-`
        return UNKNOWN_KEY if error.status_code == 401 else None
    return next((cause for words, cause in UNREAD_KEYS.items() if str(error).startswith(words)), None)
