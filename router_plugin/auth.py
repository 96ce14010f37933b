"""API keys without a database: `general_settings.custom_auth: router_plugin.auth.user_api_key_auth`.

A key is listed by its SHA-256 under `callback_settings.router_plugin.keys`, with rules of its own.
"""

from __future__ import annotations

import hashlib
import secrets

from fastapi import HTTPException, Request
from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth


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
    raise HTTPException(
        401, detail="This API key is not known. Use the master key, or one listed in the router's settings."
    )
