"""`doctor --live`: one request for one token to each cloud account, to see that its key is valid. Never by default."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

from router_plugin.checks.check import Check, Setup
from router_plugin.deployments import EMBEDDING
from router_plugin.references import resolved

WORDS = "hi"  # all that is sent
SECONDS = 20.0


def live(setup: Setup) -> Iterator[Check]:
    """A request for one token to each cloud account of the config, at most one for each key and address."""
    for name, params in accounts(setup):
        yield _ask(name, params)


def accounts(setup: Setup) -> list[tuple[str, dict[str, Any]]]:
    """(deployment id, arguments) for each pair of key and address; chat deployments that can be used now."""
    if setup.config is None:
        return []
    usable = {d.id for d in setup.config.inventory.deployments if not d.local and d.role != EMBEDDING}
    found: dict[tuple[str, str, str], tuple[str, dict[str, Any]]] = {}
    for entry in setup.entries:
        identity = str((entry.get("model_info") or {}).get("id"))
        if identity not in usable:
            continue
        params = {key: resolved(value, setup.environment) for key, value in entry["litellm_params"].items()}
        kind = str(params["model"]).split("/", 1)[0]
        found.setdefault((kind, str(params.get("api_base")), str(params.get("api_key"))), (identity, params))
    return list(found.values())


def _ask(name: str, params: dict[str, Any]) -> Check:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    litellm.suppress_debug_info = True
    given = {**params, "max_tokens": 1, "max_retries": 0, "num_retries": 0, "timeout": SECONDS, "drop_params": True}
    try:
        litellm.completion(messages=[{"role": "user", "content": WORDS}], **given)
    except Exception as error:  # noqa: BLE001 - whatever a provider says is a finding
        return _finding(name, getattr(error, "status_code", None), type(error).__name__)
    return Check("live", True, f"{name} answered")


def _finding(name: str, status: int | None, kind: str) -> Check:
    """What an error means for the set-up. Neither its text nor the key is shown."""
    seen = f"{name}: {status or ''} {kind}".strip()
    if status in (401, 403):
        return Check("live", False, seen, "the key is wrong, revoked, or not for this resource: make a new one")
    if status == 404:
        return Check(
            "live", False, seen, "the key was taken, the model was not: correct its name (Azure: your deployment's)"
        )
    if status == 429:
        cure = "the key is right; the limit or the credit is used up: wait, or raise it with the provider"
        return Check("live", False, seen, cure, advice=True)
    if status == 400 and kind == "BadRequestError":
        return Check("live", True, f"{seen}: the key was taken, one token was too few")
    return Check(
        "live", False, seen, "the provider could not be reached or failed: look at the network, then its status page"
    )
