"""router_plugin.notes: what of LiteLLM's notes the client sent."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.notes import client_metadata

NOTED = {"user-agent": "curl/8.5.0", "host": "localhost:4000"}
OTHER = {"user-agent": "curl/8.5.0", "x-note": "078-05-1120"}


def data(field: str, sent: dict[str, Any] | None) -> dict[str, Any]:
    return {field: {"requester_metadata": sent, "user_agent": "curl"}, "proxy_server_request": {"headers": NOTED}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (data("metadata", {"headers": NOTED}), {}),
        (data("metadata", {"app": "billing", "headers": NOTED}), {"app": "billing"}),
        (data("metadata", {"headers": OTHER}), {"headers": OTHER}),
        (data("metadata", {"app": "billing"}), {"app": "billing"}),
        (data("litellm_metadata", {"headers": NOTED}), {"headers": NOTED}),
        (data("metadata", None), None),
        ({"metadata": "text"}, None),
        ({"metadata": {"requester_metadata": {"headers": {}}}}, {"headers": {}}),
    ],
)
def test_only_the_headers_that_litellm_noted_are_left_out(given: Any, expected: Any) -> None:
    """What a client sends under that name to an API that takes metadata is its own, and is scanned."""
    assert client_metadata(given) == expected
