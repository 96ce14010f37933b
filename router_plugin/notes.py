"""What LiteLLM keeps beside a request: its own notes, and among these the metadata that the client sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
