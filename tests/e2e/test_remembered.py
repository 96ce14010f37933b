"""What the proxy remembers of earlier requests opens no road: plans, verdicts of messages, borders, long texts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.bodies import ANALYSIS, PATHS, SSN, SSN_DIGITS, body
from tests.e2e.proxy import Proxy

DIAGNOSIS = (
    "My husband was diagnosed with bipolar disorder last week and his boss must not find out about it before the trial."
)
HARMLESS = "The meeting room on the second floor has new chairs, and the coffee machine is cleaned on Fridays. " * 4
MESSAGE_SHAPES = ("chat", "messages")


def talk(*texts: str) -> dict[str, Any]:
    """User messages with the same answer between them."""
    messages: list[dict[str, str]] = []
    for text in texts:
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": "All right."}]
    return {"model": "auto", "max_tokens": 50, "messages": messages[:-1]}


@pytest.mark.parametrize("surface", PATHS)
def test_a_plan_for_public_requests_is_never_a_private_ones(proxy: Proxy, surface: str) -> None:
    """The same question over and over, with a number in it in between: local each time, and the cloud goes on."""
    for _ in range(3):
        assert proxy.post(PATHS[surface], body(surface, ANALYSIS)).headers["x-router-private"] == "false"
        private = proxy.post(PATHS[surface], body(surface, f"{ANALYSIS} {SSN}"))
        assert private.headers["x-router-private"] == "true"
        assert private.headers["x-router-deployment"].startswith("ollama")
    assert proxy.cloud_saw(SSN_DIGITS) == []


@pytest.mark.parametrize("surface", MESSAGE_SHAPES)
def test_messages_that_were_public_apart_are_read_together(proxy: Proxy, surface: str) -> None:
    """Both parts have been seen and may leave by themselves; one behind the other they may not."""
    first, end = f"{ANALYSIS} My ssn is 078-", "05-1120"
    for texts in ((first,), (ANALYSIS, end)):
        assert proxy.post(PATHS[surface], talk(*texts)).headers["x-router-private"] == "false"
    seen = proxy.cloud_saw(end)
    together = proxy.post(PATHS[surface], talk(first, end))
    assert together.headers["x-router-private"] == "true"
    assert proxy.cloud_saw(end) == seen


@pytest.mark.parametrize("surface", PATHS)
def test_a_private_paragraph_amid_harmless_ones_stays(proxy: Proxy, surface: str) -> None:
    """Asked for the cloud, of a text most of which was public before."""
    long = f"{ANALYSIS}\n\n{HARMLESS}\n\n{HARMLESS}"
    assert proxy.post(PATHS[surface], body(surface, long)).headers["x-router-private"] == "false"
    answer = proxy.post(
        PATHS[surface],
        body(surface, f"{ANALYSIS}\n\n{HARMLESS}\n\n{DIAGNOSIS}\n\n{HARMLESS}"),
        x_router_provider="anthropic",
    )
    assert answer.headers["x-router-private"] == "true"
    assert proxy.cloud_saw("bipolar") == []
