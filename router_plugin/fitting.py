"""Fits one call to the deployment that was picked for it: an answer that has room, and no parameter that it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router_plugin.capabilities import OLLAMA_PREFIXES, OLLAMA_WINDOW
from router_plugin.deployments import EMBEDDING, Deployment
from router_plugin.eligibility import ANSWER_FIELDS
from router_plugin.pinned import drop_foreign

REASONING_FIELDS = ("reasoning_effort", "reasoning", "thinking")


def fit_call(call: dict[str, Any], deployment: Deployment, room: Mapping[str, int], maker: str = "") -> None:
    """Lower the limit of the answer to the room that there is; leave reasoning out where the model has none.

    What only another provider can read is dropped; `maker` is the provider of all of the conversation's turns.

    Ollama is asked for the window that the prompt was measured against, whatever the client asked for: it would cut a
    prompt that is longer than its own default.
    """
    if deployment.model.startswith(OLLAMA_PREFIXES) and deployment.role != EMBEDDING:
        call["num_ctx"] = deployment.capabilities.window or OLLAMA_WINDOW
    if deployment.role != EMBEDDING:
        drop_foreign(call, deployment, maker)
    left = room.get(deployment.id)
    for name in ANSWER_FIELDS:
        if left is not None and isinstance(call.get(name), int):
            call[name] = min(call[name], left)
    if deployment.capabilities.can("reasoning") is False:
        for name in REASONING_FIELDS:
            call.pop(name, None)
