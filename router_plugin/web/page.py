"""The page's sections: a board becomes HTML. Nothing here has seen a prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from router_plugin.decision import Decision
from router_plugin.drift import DRIFT_ALERT_PSI
from router_plugin.report import privacy_word
from router_plugin.savings import in_words
from router_plugin.web.board import LEAST_FOR_DRIFT, Board
from router_plugin.web.html import Html, badge, stacked, table, text

DAY = 86_400


def sections(board: Board) -> dict[str, Html]:
    """Element id -> content, of everything that is refreshed."""
    makers: Mapping[str, Callable[[Board], Html]] = {
        "notice": _notice,
        "figures": _figures,
        "live": _live,
        "mix": _mix,
        "health": _health,
        "latency": _latency,
        "providers": _providers,
        "savings": _savings,
        "privacy": _privacy,
        "drift": _drift,
    }
    return {name: make(board) for name, make in makers.items()}


def page(board: Board, explained: Html | None = None) -> str:
    """The whole page; it is of use without its script."""
    made = sections(board)

    def section(name: str, title: str) -> str:
        return (
            f'<section class="card" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>'
            f'<div id="{name}">{made[name]}</div></section>'
        )

    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Router</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        'content="light dark"><link rel="icon" href="data:,"><link rel="stylesheet" href="/router/style.css">'
        '<script src="/router/live.js" defer></script></head><body><a class="skip" href="#main">Skip to content</a>'
        '<header><h1>Router</h1><p class="quiet">Updated <time id="updated">'
        f"{_clock(datetime.now(timezone.utc).timestamp())}</time>"
        ' <button id="pause" type="button" aria-pressed="false" hidden>Pause</button></p></header>'
        f'<main id="main"><div id="notice">{made["notice"]}</div><div id="figures" class="figures">{made["figures"]}'
        f"</div>{_form(explained)}{section('live', 'Latest decisions')}"
        f'<div class="pair">{section("mix", "Tiers over time")}{section("savings", "Savings")}'
        f"{section('privacy', 'Privacy')}{section('drift', 'Drift')}</div>"
        f"{section('health', 'Deployments')}{section('latency', 'Latency')}{section('providers', 'Providers')}"
        "</main></body></html>"
    )


def explanation(decision: Decision) -> Html:
    """A decision about a prompt that was only asked about; signals that are words of the prompt stay out."""
    rows: list[tuple[str, Any]] = [
        ("private", f"yes ({decision.verdict})" if decision.private else "no"),
        *(("finding", f"{finding.rule} at {finding.place}") for finding in decision.findings),
        ("tier", f"{decision.tier.value}{', unsure' if decision.abstained else ''}"),
        ("score", f"{decision.score:.2f}"),
        ("confidence", f"{decision.confidence:.2f}"),
        ("chain", " → ".join(decision.chain)),
        *(("left out", f"{item.deployment} ({item.reason})") for item in decision.left_out),
        ("reasons", ", ".join(str(reason) for reason in decision.reasons)),
        *(("signal", f"{signal.weight:+.2f} {signal.name}") for signal in decision.signals if not signal.is_text),
    ]
    return table("What would happen", ("What", "Answer"), rows, frozenset())


def _form(explained: Html | None) -> str:
    return (
        '<section class="card" aria-labelledby="explain-title"><h2 id="explain-title">Explain a prompt</h2>'
        '<form id="explain" method="post" action="/router"><label for="prompt">Prompt. It is sent to no model, and not '
        'stored.</label><textarea id="prompt" name="prompt" rows="3" required autocomplete="off" spellcheck="false">'
        '</textarea><button type="submit">Explain</button></form>'
        f'<div id="explained" role="status">{explained or ""}</div></section>'
    )


def _notice(board: Board) -> Html:
    return Html(f'<p class="card notice">{text(board.notice)}</p>' if board.notice else "")


def _figures(board: Board) -> Html:
    opened = sum(item.circuit != "closed" for item in board.health)
    saved = "–" if board.saved is None else _dollars(board.saved.saved)
    values = (
        (f"{board.requests:,}", "requests logged"),
        (f"{board.private:,}", "private, kept local"),
        (f"{board.unseen:,}", "refused unread"),
        (saved, "saved"),
        (f"{opened} of {len(board.health)}", "circuits not closed"),
    )
    return Html("".join(f"<p><strong>{text(value)}</strong><span>{text(name)}</span></p>" for value, name in values))


def _live(board: Board) -> Html:
    rows = [
        (
            _clock(float(record.get("ts") or 0.0)),
            badge(str(record.get("tier") or "none"), str(record.get("tier") or "–")),
            _marked(privacy_word(record)),
            record.get("deployment") or record.get("code") or "–",
            record.get("outcome") or "–",
            f"{float(record.get('latency') or 0.0):.2f}",
            ", ".join(str(reason) for reason in record.get("reasons") or ()),
        )
        for record in board.live
    ]
    headings = ("Time (UTC)", "Tier", "Privacy", "Answered by", "Outcome", "Seconds", "Reasons")
    return table("The newest first", headings, rows, frozenset({5}))


def _marked(word: str) -> str:
    return badge(word, word) if word == "private" else word or "–"


def _mix(board: Board) -> Html:
    columns, rows = [], []
    for start, counts in board.mix:
        when = datetime.fromtimestamp(start, timezone.utc).strftime(
            "%b %d" if board.bucket_seconds >= DAY else "%b %d %H:%M"
        )
        columns.append((f"{when}: " + ", ".join(f"{n:,} {tier}" for tier, n in counts.items()), [*counts.items()]))
        rows.append((when, *(f"{count:,}" for count in counts.values())))
    if not rows:
        return Html('<p class="quiet">Nothing yet.</p>')
    legend = " ".join(badge(tier, tier) for tier in ("low", "medium", "high"))
    inner = table("Requests by tier", ("From (UTC)", "Low", "Medium", "High"), rows, frozenset({1, 2, 3}))
    label = f"Requests by tier from {rows[0][0]} to {rows[-1][0]}; the table below has the numbers"
    return Html(
        f"<p>{legend}</p>{stacked(columns, label)}"
        f'<p class="axis quiet"><span>{rows[0][0]}</span><span>{rows[-1][0]}</span></p>'
        f"<details><summary>Numbers</summary>{inner}</details>"
    )


def _health(board: Board) -> Html:
    words = {"closed": ("good", "closed"), "open": ("bad", "open"), "half_open": ("warn", "half open")}
    rows = [
        (
            h.deployment,
            h.provider,
            "local" if h.local else "cloud",
            "–" if h.server_up is None else badge("good", "up") if h.server_up else badge("bad", "down"),
            badge(*words[h.circuit]),
            f"{h.failures:,}",
        )
        for h in board.health
    ]
    headings = ("Deployment", "Provider", "Where", "Server", "Circuit", "Failed calls")
    return table(
        "A closed circuit takes calls; this is the state in the worker that answered", headings, rows, frozenset({5})
    )


def _latency(board: Board) -> Html:
    rows = [
        (
            item.deployment,
            f"{item.answers:,}",
            f"{item.median:.2f}",
            f"{item.p95:.2f}",
            "–" if item.first_content is None else f"{item.first_content:.2f}",
        )
        for item in board.latencies
    ]
    headings = ("Deployment", "Answers", "Median", "95th percentile", "Median to first content")
    return table("Seconds, of the latest 2,000 requests", headings, rows, frozenset({1, 2, 3, 4}))


def _providers(board: Board) -> Html:
    rows = [
        (
            row.provider,
            f"{row.requests:,}",
            f"{row.failures:,}",
            "–" if row.latency is None else f"{row.latency:.2f}",
            "–" if row.complexity is None else f"{row.complexity:.2f}",
            _dollars(row.cost),
        )
        for row in board.providers
    ]
    headings = ("Provider", "Answers", "Failed calls", "Mean seconds", "Mean complexity", "Cost")
    return table("The whole log", headings, rows, frozenset({1, 2, 3, 4, 5}))


def _savings(board: Board) -> Html:
    found = board.saved
    if found is None:
        return Html(f'<p class="quiet">{text(board.no_savings or "Nothing yet.")}</p>')
    kind = "good" if found.saved >= 0 else "bad"
    words = in_words(found.to_json()).capitalize()
    return Html(
        f'<p class="large {kind}">{text(_dollars(found.saved))}</p>'
        f"<p>{text(words)}, at the same tokens, over {found.requests:,} answers.</p>"
        f'<p class="quiet">The baseline never switches models, so {found.cached_share:.0%} of its prompt tokens count '
        f"as cached: {text(_dollars(found.cache_misses))} in its favour. Not counted: {found.private:,} private, "
        f"{found.embeddings:,} embeddings, {found.unpriced:,} without a known price.</p>"
    )


def _privacy(board: Board) -> Html:
    read = board.requests - board.unseen
    share = board.private / read if read else 0.0
    others = (
        f" {board.unseen:,} more were refused before their text was looked at, so this doesn't count them: bad values, "
        "bodies that can't be read."
        if board.unseen
        else ""
    )
    inner = table(
        "Rules, in the latest 500 private requests", ("Rule", "Requests"), board.rules.items(), frozenset({1})
    )
    return Html(
        f"<p>{board.private:,} of {read:,} requests were private ({share:.0%}); {board.private_refused:,} of "
        f"them got no answer rather than leave.{others}</p>{inner}"
    )


def _drift(board: Board) -> Html:
    if board.drift is None:
        return Html(
            f'<p class="quiet">Not known: it needs a trained model and {LEAST_FOR_DRIFT} scores; there are '
            f"{board.scores:,}.</p>"
        )
    far = board.drift >= DRIFT_ALERT_PSI
    word = badge("warn", "shifted") if far else badge("good", "steady")
    cure = " Label some of today's prompts and train again." if far else ""
    return Html(
        f'<p class="large">{board.drift:.2f} {word}</p><p>Population stability index of the latest {board.scores:,} '
        f"scores against those of training; {DRIFT_ALERT_PSI} and more is a shift.{cure}</p>"
    )


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%H:%M:%S")


def _dollars(value: float) -> str:
    """With a sign where it is negative."""
    digits = 2 if abs(value) >= 1 or value == 0 else 4
    return f"{'−' if value < 0 else ''}${abs(value):,.{digits}f}"
