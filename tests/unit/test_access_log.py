"""The access log: paths without what clients put into them."""

from __future__ import annotations

import pytest

from router_plugin.redact import known_path


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/messages/count_tokens", "/v1/messages/count_tokens"),
        ("/router/api/sections", "/router/api/sections"),
        ("/v1/chat/completions?user=078-05-1120", "/v1/chat/completions"),
        ("/v1/models/078-05-1120", "/v1/models/*"),
        ("/v1/responses/resp_078-05-1120/cancel", "/v1/responses/*/*"),
        ("/078%2D05%2D1120", "/*"),
        ("//v1/Maria%20Gomez/", "//v1/*/"),
    ],
)
def test_a_logged_path_holds_words_of_known_apis_only(path: str, logged: str) -> None:
    """Ids, names and queries in a path may be private, whichever endpoint they are sent to."""
    assert known_path(path) == logged
