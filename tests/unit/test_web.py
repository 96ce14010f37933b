"""The page's endpoints, without a browser: who may see it, what it says, and what it never does."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from router_plugin.breaker import Breaker
from router_plugin.config import RouterConfig
from router_plugin.decision_log import DecisionLog
from router_plugin.errors import InvalidRequest
from router_plugin.local_endpoints import Call, LocalEndpoints, Reply
from router_plugin.pipeline import Router
from router_plugin.report import opened, totals
from router_plugin.savings import savings
from router_plugin.settings import Settings
from router_plugin.web.board import read_board
from router_plugin.web.endpoints import FORM, Fresh, add_page
from router_plugin.web.html import table
from tests.unit.builders import SECRET, FakeDetector, FakeScorer, complexity, deployment, inventory

KEY = "sk-master"
SAME_SITE = {b"content-type": FORM, b"sec-fetch-site": b"same-origin"}


def _record(number: int, **given: Any) -> dict[str, Any]:
    return {
        "ts": 1_700_000_000.0 + 600 * number,
        "tier": ("low", "medium", "high")[number % 3],
        "private": number % 4 == 0,
        "deployment": "anthropic-premium-1" if number % 4 else "ollama-default-1",
        "provider": "anthropic" if number % 4 else "ollama",
        "findings": ["identity.us_ssn"] if number % 4 == 0 else [],
        "attempts": [],
        "reasons": ["strategy.complexity"],
        "outcome": "answered",
        "latency": 1.5,
        "ttft": 0.5,
        "score": 0.5,
        "prompt_tokens": 1_000,
        "completion_tokens": 100,
        "cached_tokens": 0,
        "cost": 0.5 if number % 4 else 0.0,
        **given,
    }


@pytest.fixture
def router(tmp_path: Path) -> Router:
    path = tmp_path / "d.sqlite"
    log = DecisionLog(path, 10_000)
    for number in range(40):
        log.add(_record(number))
    log.add(
        _record(
            40, deployment=None, provider=None, code="<script>", outcome="failed", attempts=["azure-default-1: 500"]
        )
    )
    log.close()
    models = inventory(
        "ollama-default",
        "azure-default",
        deployment("anthropic-premium", model="anthropic/claude-opus-4-6"),
    )
    settings = Settings.model_validate({"decision_log": {"path": str(path)}})
    return Router(RouterConfig(settings, models), FakeDetector(), FakeScorer(complexity(0.1)))  # type: ignore[arg-type]


async def _ask(router: Router, method: str, path: str, headers: dict[bytes, bytes], content: bytes = b"") -> Reply:
    endpoints = LocalEndpoints(router)
    add_page(endpoints, router)
    found = endpoints.find(method, path)
    assert found is not None
    return await endpoints.answer(found, Call(headers, b"", content), KEY)


def _basic(password: str) -> dict[bytes, bytes]:
    return {b"authorization": b"Basic " + base64.b64encode(f"me:{password}".encode())}


@pytest.mark.parametrize("path", ["/router", "/router/api/sections", "/router/style.css", "/router/live.js"])
@pytest.mark.parametrize(
    "headers", [{}, _basic("wrong"), _basic(""), {b"authorization": b"Basic ???"}, {b"authorization": b"Bearer no"}]
)
async def test_no_key_no_page(router: Router, path: str, headers: dict[bytes, bytes]) -> None:
    """A browser is asked for the key, and nothing else is said."""
    reply = await _ask(router, "GET", path, headers)
    assert reply.status == 401
    assert reply.headers[0][0] == b"www-authenticate"
    assert b"ollama" not in reply.content


@pytest.mark.parametrize("headers", [_basic(KEY), {b"authorization": f"Bearer {KEY}".encode()}])
async def test_the_page(router: Router, headers: dict[bytes, bytes]) -> None:
    """It has every part, a policy that allows nothing from elsewhere, and escapes what it shows."""
    reply = await _ask(router, "GET", "/router", headers)
    sent, page = dict(reply.headers), reply.content.decode()
    assert reply.status == 200
    assert sent[b"content-security-policy"].startswith(b"default-src 'none'")
    assert b"unsafe" not in sent[b"content-security-policy"]
    assert sent[b"cache-control"] == b"no-store"
    for part in ("Latest decisions", "Tiers over time", "Deployments", "Latency", "Savings", "Privacy", "Drift"):
        assert part in page
    assert "&lt;script&gt;" in page
    assert "style=" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


def test_the_board(router: Router) -> None:
    """The numbers are those of the log and of the breaker."""
    breaker = Breaker(threshold=1)
    breaker.failed("azure-default-1")
    board = read_board(router, breaker)
    assert (board.requests, board.private, board.private_refused) == (41, 11, 1)
    assert sum(sum(counts.values()) for _, counts in board.mix) == 41
    assert board.rules == {"identity.us_ssn": 11}
    assert {h.deployment: (h.circuit, h.failures) for h in board.health}["azure-default-1"] == ("open", 1)
    assert [(item.deployment, item.answers, item.median) for item in board.latencies] == [
        ("anthropic-premium-1", 30, 1.5),
        ("ollama-default-1", 10, 1.5),
    ]
    assert board.drift is None  # the scorer has no profile of its training


async def test_what_was_refused_unread_is_neither_private_nor_public(router: Router) -> None:
    """Bad header values and unreadable bodies are counted apart; nobody knows what such a request held."""
    path = router.config.settings.decision_log.path
    assert path is not None
    log = DecisionLog(Path(path), 10_000)
    nobody_knows = {"private": None, "tier": None, "score": None, "deployment": None, "provider": None, "cost": None}
    for number in (41, 42):
        log.add(_record(number, **nobody_knows, findings=[], code="invalid_request", outcome="refused"))
    log.close()
    board = read_board(router)
    assert (board.requests, board.private, board.private_refused, board.unseen) == (43, 11, 1, 2)
    page = (await _ask(router, "GET", "/router", _basic(KEY))).content.decode()
    assert "<strong>11</strong><span>private, kept local</span>" in page
    assert "<strong>2</strong><span>refused unread</span>" in page
    assert "11 of 41 requests were private (27%)" in page
    (row,) = [row for row in page.split("<tr>") if "invalid_request" in row][:1]
    assert ">public<" not in row
    assert ">private<" not in row


async def test_a_private_request_that_nothing_could_take_is_private_and_without_an_answer(router: Router) -> None:
    """It was looked at, so it is none of those that were refused unread."""
    path = router.config.settings.decision_log.path
    assert path is not None
    log = DecisionLog(Path(path), 10_000)
    nowhere = {"private": True, "tier": None, "score": None, "deployment": None, "provider": None, "cost": None}
    log.add(_record(41, **nowhere, findings=["identity.us_ssn"], code="no_local_deployment", outcome="failed"))
    log.close()
    board = read_board(router)
    assert (board.requests, board.private, board.private_refused, board.unseen) == (42, 12, 2, 0)
    assert board.rules == {"identity.us_ssn": 12}
    page = (await _ask(router, "GET", "/router", _basic(KEY))).content.decode()
    assert "refused before their text" not in page
    (row,) = [row for row in page.split("<tr>") if "no_local_deployment" in row][:1]
    assert ">private<" in row


async def test_the_page_and_the_command_say_the_same(router: Router) -> None:
    """One function computes savings; here they are a loss, and shown as one."""
    path = router.config.settings.decision_log.path
    assert path is not None
    with opened(Path(path)) as log:
        found = savings(totals(log), router.config)
    assert found.saved < 0
    page = (await _ask(router, "GET", "/router", _basic(KEY))).content.decode()
    assert f"−${-found.saved:,.2f}" in page
    assert f"Lost ${-found.saved:,.2f}" in page


async def test_sections_are_those_of_the_page(router: Router) -> None:
    """What the script puts in place has the ids of the page."""
    page = (await _ask(router, "GET", "/router", _basic(KEY))).content.decode()
    sections = json.loads((await _ask(router, "GET", "/router/api/sections", _basic(KEY))).content)
    assert all(f'id="{name}"' in page for name in sections)


@pytest.mark.parametrize("path", ["/router", "/router/api/explain"])
async def test_explain_shows_a_decision_and_not_the_prompt(router: Router, path: str) -> None:
    """With and without the script; the prompt comes back in no form, and the log doesn't grow."""
    content = b"prompt=" + SECRET.replace(" ", "+").encode()
    reply = await _ask(router, "POST", path, {**_basic(KEY), **SAME_SITE}, content)
    assert b"custom.word" in reply.content
    assert b"swordfish" not in reply.content
    assert read_board(router).requests == 41


@pytest.mark.parametrize(
    "headers", [{**SAME_SITE, b"sec-fetch-site": b"cross-site"}, {**SAME_SITE, b"content-type": b"text/plain"}]
)
async def test_explain_answers_its_own_page_only(router: Router, headers: dict[bytes, bytes]) -> None:
    """Another site's form is refused."""
    with pytest.raises(InvalidRequest):
        await _ask(router, "POST", "/router", {**_basic(KEY), **headers}, b"prompt=hi")


@pytest.mark.parametrize("path", [None, "d.jsonl", "missing.sqlite"])
def test_without_a_log_there_is_a_notice(router: Router, path: str | None) -> None:
    """The page still shows the deployments."""
    settings = Settings.model_validate({"decision_log": {"path": path}})
    bare = Router(RouterConfig(settings, router.config.inventory), router.detector, router.scorer)
    board = read_board(bare)
    assert "decision_log" in board.notice
    assert len(board.health) == 3


def test_a_board_is_shared_for_a_moment() -> None:
    """Several open pages read the log once."""
    reads: list[float] = []
    now = [0.0]

    def read() -> Any:
        reads.append(now[0])
        return object()

    fresh = Fresh(read, clock=lambda: now[0])
    assert fresh.board() is fresh.board()
    now[0] = 10.0
    fresh.board()
    assert reads == [0.0, 10.0]


def test_html_escapes() -> None:
    """Captions, headings and cells."""
    made = table("<a>", ["<b>"], [["<c>"]], frozenset())
    assert not {"<a>", "<b>", "<c>"} & {made[i : i + 3] for i in range(len(made))}
