"""`router-plugin explain`: where a request would go, and why, without sending it anywhere."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from router_plugin.build import build_router
from router_plugin.cli.options import checked, config_option
from router_plugin.decision import Decision
from router_plugin.errors import InvalidRequest, RequestRefused
from router_plugin.pipeline import Router
from router_plugin.request import Surface, surface_of
from router_plugin.sessions import Sessions
from router_plugin.steering import METADATA_KEY, read_steering
from router_plugin.tokens import readable

FINDING = 1


@click.command(
    epilog='Example: router-plugin explain "What is 2 + 2?"   or: cat requests.jsonl | router-plugin explain --json -'
)
@click.argument("source")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON decision a line.")
@click.option(
    "--header", "headers", multiple=True, metavar="NAME:VALUE", help="A request header, such as x-router-strategy:cost."
)
def explain(source: str, config: Path, as_json: bool, headers: tuple[str, ...]) -> None:
    """Show the decision for SOURCE: a prompt, or `-` to read JSON request bodies, one a line, from standard input.

    Lines of one conversation share its memory, as they would in a proxy.

    A line is a body of any supported API shape, or {"text": "..."}. A bad line gets {"error": ...} in its place.
    """
    router = build_router(checked(config))
    sent = dict(_header(item) for item in headers)
    stdin = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape")
    lines: Iterable[str] = stdin if source == "-" else [json.dumps({"text": source})]
    failed = False
    sessions = Sessions.in_memory(secrets.token_bytes(32), router.config.settings.sessions)
    for line in lines:
        if not line.strip():
            continue
        try:
            decision = explain_line(router, line, sent, explain=not as_json, sessions=sessions)
        except RequestRefused as refusal:
            failed = True
            click.echo(json.dumps({"error": refusal.message, "code": refusal.code, "status": refusal.status}))
            continue
        click.echo(json.dumps(decision.to_json()) if as_json else _text(decision))
    if failed and source != "-":
        raise SystemExit(FINDING)


def explain_line(
    router: Router,
    line: str,
    headers: Mapping[str, str],
    *,
    explain: bool = False,
    sessions: Sessions | None = None,
) -> Decision:
    """The decision for one line of JSON. Errors: RequestRefused."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidRequest("The line is not valid JSON, or nested beyond reason.") from None
    if not line.isascii() and any("\udc80" <= letter <= "\udcff" for letter in line):
        raise InvalidRequest("The line is not UTF-8 text.")
    if not isinstance(body, dict):
        raise InvalidRequest("The line must hold a JSON object.")
    if isinstance(body.get("text"), str) and not {"messages", "input", "prompt", "contents"} & body.keys():
        rest = {key: value for key, value in body.items() if key != "text"}
        body = {**rest, "messages": [{"role": "user", "content": body["text"]}]}
    surface = surface_of(body)
    metadata = body.get("metadata")
    own = metadata if isinstance(metadata, dict) else None
    steering = read_steering(str(body.get("model") or "auto"), headers, own, router.config.inventory)
    if own and METADATA_KEY in own:
        body["metadata"] = {key: value for key, value in own.items() if key != METADATA_KEY}
    conversation = router.read(body, Surface(surface))
    memory = asyncio.run(sessions.open(body, conversation, "", headers)) if sessions is not None else None
    note = memory.note if memory is not None else None
    decision = router.decide(body, Surface(surface), steering, explain=explain, note=note, conversation=conversation)[0]
    if memory is not None:
        asyncio.run(memory.decided(decision))
    return decision


def _header(item: str) -> tuple[str, str]:
    name, colon, value = item.partition(":")
    if not colon:
        raise click.BadParameter(f"{item!r} has no colon; write NAME:VALUE", param_hint="--header")
    return name.strip(), value.strip()


def _text(decision: Decision) -> str:
    private = f"yes ({decision.verdict})" if decision.private else "no"
    rows: list[tuple[str, Any]] = [
        ("private", private),
        *(("  finding", f"{finding.rule} at {finding.place}") for finding in decision.findings),
        ("tier", f"{decision.tier.value} (score {decision.score:.2f}{', unsure' if decision.abstained else ''})"),
        *(("  signal", f"{signal.weight:+.2f} {readable(signal.name)}") for signal in decision.signals),
        *(("  session", held) for held in [_held(decision)] if held),
        ("strategy", decision.strategy.value),
        ("chain", " -> ".join(decision.chain)),
        *(("  left out", f"{item.deployment} ({item.reason})") for item in decision.left_out),
        ("reasons", ", ".join(str(reason) for reason in decision.reasons)),
        ("model version", decision.model_version),
    ]
    return "\n".join(f"{name + ':':<15}{value}" for name, value in rows)


def _held(decision: Decision) -> str:
    """Why the conversation's tier was kept, and what a switch was worth."""
    held = decision.held
    if held is None:
        return ""
    if held.switch is None:
        return f"{held.why}; the last turn alone: {held.scored.value}"
    sums = f"a switch saves ${held.switch.saving:.4f} and costs ${held.switch.cost:.4f}"
    return f"{held.why}; the last turn alone: {held.scored.value}; {sums}"
