"""What LiteLLM keeps beside a request: its own notes, and among these the metadata that the client sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from router_plugin.request import IDENTITY_FIELDS

METADATA_FIELDS = ("metadata", "litellm_metadata")
SENT = "requester_metadata"  # LiteLLM's copy of the client's metadata, in one of these
HEADERS = "headers"


def client_metadata(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The metadata that the client sent; None where it sent none."""
    for field in METADATA_FIELDS:
        notes = data.get(field)
        sent = notes.get(SENT) if isinstance(notes, Mapping) else None
        if isinstance(sent, Mapping):
            return _without_headers(sent, data) if field == "metadata" else sent
    return None


def _without_headers(sent: Mapping[str, Any], data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The copy less the request's headers, which LiteLLM notes before it copies; no provider gets them.

    That overwrites what a client calls `headers`. Where metadata goes to the provider, LiteLLM's notes are in
    `litellm_metadata`, and what the client calls `headers` stays.
    """
    noted = (data.get("proxy_server_request") or {}).get(HEADERS)
    if HEADERS not in sent or sent[HEADERS] != noted:
        return sent
    return {key: value for key, value in sent.items() if key != HEADERS}


def drop_identity(data: dict[str, Any], places: Iterable[str], *, sends_metadata: bool) -> None:
    """Remove `user` or `metadata` where only they hold an identifier; the cloud doesn't need them."""
    for field in {place.split("[")[0].split(".")[0] for place in places} & IDENTITY_FIELDS:
        if field != "metadata" or sends_metadata:
            data.pop(field, None)
            continue
        # elsewhere LiteLLM keeps its own notes there, and sends on what it finds of the client's (`user_id`)
        notes = data.get(field)
        sent = client_metadata(data) or {}
        if isinstance(notes, dict):
            data[field] = {k: v for k, v in notes.items() if k not in sent and k != SENT}
