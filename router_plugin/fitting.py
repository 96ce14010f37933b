"""Fits one call to the deployment that was picked for it: an answer that has room, and no parameter that it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router_plugin.deployments import Deployment
from router_plugin.eligibility import ANSWER_FIELDS

REASONING_FIELDS = ("reasoning_effort", "reasoning", "thinking")


def fit_call(call: dict[str, Any], deployment: Deployment, room: Mapping[str, int]) -> None:
    """Lower the limit of the answer to the room that there is; leave reasoning out where the model has none."""
    left = room.get(deployment.id)
    for name in ANSWER_FIELDS:
        if left is not None and isinstance(call.get(name), int):
            call[name] = min(call[name], left)
    if deployment.capabilities.can("reasoning") is False:
        for name in REASONING_FIELDS:
            call.pop(name, None)
