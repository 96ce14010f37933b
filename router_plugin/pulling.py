"""Pulls models through Ollama's `/api/pull`, and says how far it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from router_plugin.errors import RouterPluginError

STEP_PERCENT = 10
SILENCE_SECONDS = 300.0  # between two lines; checking a large file takes its time
MEGABYTE = 1_000_000


class PullFailed(RouterPluginError):
    """Ollama could not pull a model."""


def pull(url: str, model: str, tell: Callable[[str], None]) -> None:
    """Have a server pull a model; `tell` gets a line for each step and each tenth of a large file.

    Errors: PullFailed, with what Ollama said.
    """
    timeout = httpx.Timeout(SILENCE_SECONDS, connect=10.0)
    try:
        with (
            httpx.Client(timeout=timeout, trust_env=False) as client,
            client.stream("POST", f"{url}/api/pull", json={"model": model, "stream": True}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                answer.read()
                raise PullFailed(_error(answer.text) or f"status {answer.status_code}")
            _follow(answer, tell)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PullFailed(f"the connection to {url} failed ({type(error).__name__})") from None


def _follow(answer: httpx.Response, tell: Callable[[str], None]) -> None:
    told = ""
    for text in answer.iter_lines():
        try:
            line: Any = json.loads(text) if text.strip() else {}
        except ValueError:
            raise PullFailed("Ollama answered with something that isn't JSON") from None
        if not isinstance(line, dict) or line.get("error"):
            raise PullFailed(_error(text) or "Ollama answered with something unknown")
        if line.get("status") == "success":
            return
        now = progress(line)
        if now and now != told:
            tell(now)
            told = now
    raise PullFailed("the answer ended before Ollama had finished")


def progress(line: dict[str, Any]) -> str:
    """A line of `/api/pull` in words, the same for all lines within one tenth of a file."""
    status, total = str(line.get("status") or ""), line.get("total")
    if not isinstance(total, int) or total <= 0:
        return status
    done = line.get("completed")
    percent = (done if isinstance(done, int) else 0) * 100 // total // STEP_PERCENT * STEP_PERCENT
    return f"{status}: {percent} % of {total / MEGABYTE:,.0f} MB"


def _error(text: str) -> str:
    try:
        body = json.loads(text)
    except ValueError:
        return ""
    return str(body.get("error") or "") if isinstance(body, dict) else ""
