"""Traffic from a file: a decision log as it is, or prompts that are scored now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from router_plugin.cli.explain import explain_line
from router_plugin.decision_log import DecisionLogError, read
from router_plugin.errors import InvalidRequest
from router_plugin.pipeline import Router
from router_plugin.prices import Price, prices

ASSUMED_ANSWER_TOKENS = 300  # for prompts without an answer: about what chat answers have
CHARACTERS_A_TOKEN = 4


def records(path: Path, router: Router) -> Iterator[Mapping[str, Any]]:
    """Records of a decision log (SQLite or JSON lines), or of a file with a request body or {"text": ...} a line.

    Errors: DecisionLogError for a file that can't be read, InvalidRequest for a bad line, with its number.
    """
    if path.suffix != ".jsonl" or _is_log(path):
        yield from read(path)
        return
    known = prices(router.config.inventory.deployments)
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _scored(router, line, number, known)


def _is_log(path: Path) -> bool:
    """Whether the first line is a decision record."""
    try:
        with path.open(encoding="utf-8") as lines:
            first = json.loads(next(lines, "{}"))
    except (OSError, ValueError) as error:
        raise DecisionLogError(f"{path.name}: can't be read as JSON lines ({type(error).__name__})") from None
    return isinstance(first, dict) and "decision_id" in first


def _scored(router: Router, line: str, number: int, known: Mapping[str, Price | None]) -> dict[str, Any]:
    try:
        decision = explain_line(router, line, {})
    except InvalidRequest as error:
        raise InvalidRequest(f"Line {number}: {error.message}") from None
    record = decision.to_json()
    group = decision.model_group
    first = next((d.id for d in router.config.inventory.deployments if d.group == group), None)
    tokens = max(1, len(line) // CHARACTERS_A_TOKEN)
    price = known.get(first or "")
    return {
        **record,
        "p_local": decision.p_local,
        "p_mid": decision.p_mid,
        "code_work": decision.code,
        "deployment": first,
        "prompt_tokens": tokens,
        "completion_tokens": ASSUMED_ANSWER_TOKENS,
        "cost": price.cost(tokens, ASSUMED_ANSWER_TOKENS) if price else None,
    }
