"""The page's addresses among the router's own endpoints: behind the master key, which a browser sends as a password."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from importlib.resources import files
from urllib.parse import parse_qs

from router_plugin.breaker import Breaker
from router_plugin.conversation import Surface
from router_plugin.errors import InvalidRequest, RequestRefused
from router_plugin.health import Health
from router_plugin.local_endpoints import Call, Endpoint, LocalEndpoints, Reply
from router_plugin.pipeline import Router
from router_plugin.steering import Steering
from router_plugin.web.board import Board, read_board
from router_plugin.web.html import Html, text
from router_plugin.web.page import explanation, page, sections

PAGE = "/router"
FRESH_SECONDS = 2.0  # several open pages share one reading of the log
FORM = b"application/x-www-form-urlencoded"
POLICY = (
    b"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
HTML = "text/html; charset=utf-8"


class Fresh:
    """The board, read anew when it is older than a moment."""

    def __init__(self, read: Callable[[], Board], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._lock = threading.Lock()
        self._found: tuple[float, Board] | None = None

    def board(self) -> Board:
        """The board, at most `FRESH_SECONDS` old."""
        with self._lock:
            if self._found is None or self._clock() - self._found[0] > FRESH_SECONDS:
                self._found = self._clock(), self._read()
            return self._found[1]


def add_page(
    endpoints: LocalEndpoints, router: Router, breaker: Breaker | None = None, servers: Health | None = None
) -> None:
    """Serve the page and what it needs. All of it reads in a worker thread."""
    fresh = Fresh(lambda: read_board(router, breaker, servers))

    def add(method: str, path: str, answer: Callable[[Call], Reply]) -> None:
        endpoints.add(method, path, Endpoint(answer, slow=True, browser=True))

    add("GET", PAGE, lambda _: _reply(page(fresh.board()), HTML))
    add("POST", PAGE, lambda call: _reply(page(fresh.board(), _explained(router, _prompt(call))), HTML))
    add("GET", f"{PAGE}/api/sections", lambda _: _reply(json.dumps(sections(fresh.board())), "application/json"))
    add("POST", f"{PAGE}/api/explain", lambda call: _reply(_explained(router, _prompt(call)), HTML))
    add("GET", f"{PAGE}/style.css", lambda _: _reply(_asset("style.css"), "text/css; charset=utf-8"))
    add("GET", f"{PAGE}/live.js", lambda _: _reply(_asset("live.js"), "text/javascript; charset=utf-8"))


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _reply(content: str, content_type: str) -> Reply:
    return Reply(content.encode(), content_type, HEADERS)


def _prompt(call: Call) -> str:
    """The form's prompt. Errors: InvalidRequest, also for a form on another site."""
    if call.headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none"):
        raise InvalidRequest("This form answers its own page only.")
    if not call.headers.get(b"content-type", b"").startswith(FORM):
        raise InvalidRequest("Send the prompt as a form field named `prompt`.")
    fields = parse_qs(call.content.decode("utf-8", "replace"), keep_blank_values=True)
    return fields.get("prompt", [""])[0]


def _explained(router: Router, prompt: str) -> Html:
    """The decision about a prompt, which is kept nowhere."""
    body = {"messages": [{"role": "user", "content": prompt}]}
    try:
        return explanation(router.decide(body, Surface.CHAT, Steering(), explain=True)[0])
    except RequestRefused as refusal:
        return Html(f'<p class="bad">{text(refusal.message)}</p>')
