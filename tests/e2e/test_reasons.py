"""A verdict is about what the client sent: nothing that LiteLLM notes beside it adds a reason or keeps it at home."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.bodies import ANALYSIS, PATHS, SSN, SSN_DIGITS, body
from tests.e2e.proxy import KEY, Proxy

openai = pytest.importorskip("openai", reason="the openai client is not installed; scripts/test installs it")
anthropic = pytest.importorskip("anthropic", reason="the anthropic client is not installed; scripts/test installs it")

FOUND = {"privacy:identity.us_ssn", "privacy:identity.us_ssn_told"}
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131"
)
AGENTS = ("curl/8.5.0", "python-requests/2.32.5", "OpenAI/Python 2.8.1", "claude-cli/2.0.55 (external, cli)", BROWSER)
OTHER_HEADERS = {
    "referer": "http://localhost:3000/c/4711?user=maria.gomez@example.org",
    "cookie": "session=user / Xk29vbQz",
}
METADATA: dict[str, dict[str, Any]] = {"none": {}, "some": {"metadata": {"app": "billing"}}}


def reasons(headers: Any) -> set[str]:
    """What was found, out of the reasons."""
    return {reason for reason in headers["x-router-reason"].split(",") if reason.startswith(("privacy", "dropped"))}


@pytest.mark.parametrize("metadata", METADATA)
@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("surface", PATHS)
def test_the_reasons_are_those_of_the_text(proxy: Proxy, surface: str, agent: str, metadata: str) -> None:
    """Whichever program asks, and whatever headers it sends."""
    asked = {**body(surface, SSN), **METADATA[metadata]}
    answer = proxy.post(PATHS[surface], asked, user_agent=agent, **OTHER_HEADERS)
    assert answer.status_code == 200, answer.text
    assert reasons(answer.headers) == FOUND


@pytest.mark.parametrize("metadata", METADATA)
@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("surface", PATHS)
def test_no_header_keeps_a_public_request_at_home(proxy: Proxy, surface: str, agent: str, metadata: str) -> None:
    """It goes to the cloud, and no header of the client's goes with it."""
    asked = {**body(surface, ANALYSIS), **METADATA[metadata]}
    answer = proxy.post(PATHS[surface], asked, user_agent=agent, **OTHER_HEADERS)
    assert answer.headers["x-router-private"] == "false"
    assert answer.headers["x-router-deployment"].startswith(("anthropic", "openai"))
    assert reasons(answer.headers) == set()
    assert proxy.cloud_saw("maria.gomez") == []


def test_the_clients_own_programs_get_the_same_reasons(proxy: Proxy) -> None:
    """The openai and anthropic packages, on each of their APIs."""
    messages = [{"role": "user", "content": SSN}]
    ours = openai.OpenAI(base_url=f"{proxy.url}/v1", api_key=KEY)
    theirs = anthropic.Anthropic(base_url=proxy.url, api_key=KEY)
    for answer in (
        ours.chat.completions.with_raw_response.create(model="auto", messages=messages),
        ours.completions.with_raw_response.create(model="auto", prompt=SSN),
        ours.responses.with_raw_response.create(model="auto", input=SSN),
        ours.embeddings.with_raw_response.create(model="ollama-embed", input=SSN),
        theirs.messages.with_raw_response.create(model="auto", max_tokens=64, messages=messages),
    ):
        assert reasons(answer.headers) == FOUND


@pytest.mark.parametrize("name", ["note", "headers"])
@pytest.mark.parametrize("surface", PATHS)
def test_what_the_client_writes_into_metadata_is_still_inspected(proxy: Proxy, surface: str, name: str) -> None:
    """An identifier there reaches no cloud model, also under a name that LiteLLM uses for a note of its own."""
    asked = {**body(surface, ANALYSIS), "metadata": {name: {"user-agent": "curl/8.5.0", "x-note": SSN_DIGITS}}}
    answer = proxy.post(PATHS[surface], asked)
    assert answer.status_code == 200, answer.text
    assert proxy.cloud_saw(SSN_DIGITS) == []


@pytest.mark.parametrize("surface", ["messages", "responses"])
def test_clean_metadata_is_forwarded(proxy: Proxy, surface: str) -> None:
    """To the two APIs that take it."""
    provider = "anthropic" if surface == "messages" else "openai"
    metadata = {"user_id": "team-blue"} if surface == "messages" else {"app": "team-blue"}
    asked = body(surface, ANALYSIS, metadata=metadata)
    assert proxy.post(PATHS[surface], asked, x_router_provider=provider).status_code == 200
    assert proxy.cloud_saw("team-blue") == [provider]
