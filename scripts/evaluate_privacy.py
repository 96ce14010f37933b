#!/usr/bin/env python3
"""Recall per kind and false positives per negative family of the privacy detector, beside targets and a keyword regex.

Reads labelled rows (`text`, `private`, `kind`, `source`, `entities`) and whole-request evasion cases. `--json` prints
one object instead of tables. The topic model has been fitted on the negative families in `--rows`; its out-of-fold
figures are in classifier_model/topics_metrics.json and are shown beside them.
"""

# ruff: noqa: E402 - the package is found beside this folder

from __future__ import annotations

import argparse
import asyncio
import base64
import gzip
import importlib.util
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from router_plugin.paths import model_dir
from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.request import Conversation, Origin, Segment, Surface, parse

SHARED = ROOT.parent / "shared" / "data" / "privacy"
# What a first version of such a router used: any of these words makes a prompt private.
KEYWORD_REGEX = re.compile(
    r"\b(ssn|social security)\b|\b(password|secret|token|api.key)\b|\b(credit card|bank account)\b"
    r"|\b(medical|diagnosis|patient)\b|\b(confidential|internal only|proprietary)\b"
)
# (figure, target, rows that count). Recall where the rows are private, else the share held back.
FAMILIES: tuple[tuple[str, str, Callable[[dict[str, Any]], bool]], ...] = (
    ("secrets with a known prefix", ">= .99", lambda r: r["kind"] == "secret_prefixed"),
    ("secrets beside a keyword", ">= .92", lambda r: r["kind"] == "secret_generic"),
    ("identifier kinds", ">= .99", lambda r: r["kind"] == "id_grid"),
    ("presidio-research direct identifiers", ">= .85", lambda r: r["kind"] == "pii_direct"),
    ("private prompts without identifier", ">= .85", lambda r: r["kind"] == "natural_positive"),
    ("private agent traffic in context (PrivacyLens, ConfAIde)", "-", lambda r: r["kind"] == "context_positive"),
    ("ordinary prompts", "<= .003", lambda r: r["kind"] == "neg_ordinary"),
    ("code", "<= .005", lambda r: r["kind"] == "neg_code"),
    ("hard negatives", "<= .03", lambda r: r["kind"] in {"neg_hard_own", "neg_hard_numlike"}),
    ("medical exams", "<= .005", lambda r: r["kind"] == "neg_hard_medexam"),
    ("first-person harmless", "<= .05", lambda r: r["kind"] == "neg_hard_firstperson"),
    ("customer questions without data", "-", lambda r: r["kind"] == "negative"),
    ("secret scanners' placeholders and look-alikes", "-", lambda r: r["kind"] == "neg_hard_secretlike"),
)

# Rows by authors none of whose rows trained the topic model or set its threshold.
HELD_OUT = ROOT / "tests" / "data" / "topics_held_out.jsonl"
AUTHORS = ("pt8", "pt9")  # begin the ids of their rows


def _of_author(author: str, private: bool) -> Callable[[dict[str, Any]], bool]:
    return lambda row: row["id"].startswith(f"{author}-") and row["private"] is private


HELD_OUT_FAMILIES: tuple[tuple[str, str, Callable[[dict[str, Any]], bool]], ...] = (
    *(
        (f"{what} {author}, held out", target, _of_author(author, private))
        for author in AUTHORS
        for what, target, private in (
            ("private matters by author", ">= .85", True),
            ("their look-alikes by author", "-", False),
        )
    ),
    ("the short ones as a paragraph of a long text", "-", lambda r: r["kind"] == "long" and r["private"]),
    ("their look-alikes as a paragraph of a long text", "-", lambda r: r["kind"] == "long" and not r["private"]),
)


FILLER = "\n\n".join(f"Section {n}. The museum opens at ten and closes at six on most days." for n in range(20))


def within_long_texts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The short rows of authors held out, each as one paragraph amid three kilobytes of harmless ones."""
    return [
        {**row, "id": f"long-{row['id']}", "kind": "long", "text": f"{FILLER}\n\n{row['text']}\n\n{FILLER}"}
        for row in rows
        if len(row["text"]) < 200
    ]


def read(path: Path) -> list[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def one(text: str) -> Conversation:
    return Conversation(Surface.CHAT, (), (Segment("messages[0].content", text, Origin.USER),), ())


def families(rows: list[dict[str, Any]], detector: Detector) -> list[dict[str, Any]]:
    found = []
    for name, target, chosen in (*FAMILIES, *HELD_OUT_FAMILIES):
        members = [row for row in rows if row["private"] is not None and chosen(row)]
        if not members:
            continue
        flagged = sum(detector.scan(one(row["text"])).private for row in members)
        keyword = sum(bool(KEYWORD_REGEX.search(row["text"].lower())) for row in members)
        found.append(
            {
                "figure": name,
                "measure": "recall" if members[0]["private"] else "false positives",
                "flagged": flagged,
                "rows": len(members),
                "share": round(flagged / len(members), 4),
                "keyword_regex": round(keyword / len(members), 4),
                "target": target,
            }
        )
    return found


def entity_kinds(rows: list[dict[str, Any]], detector: Detector) -> dict[str, list[int]]:
    """Entity -> [found, rows], over the private rows."""
    kinds: dict[str, list[int]] = {}
    for row in rows:
        if row["private"]:
            private = detector.scan(one(row["text"])).private
            for entity in row["entities"]:
                name = entity if entity.startswith("TOPIC") else entity.partition(":")[0]
                count = kinds.setdefault(name, [0, 0])
                count[0] += private
                count[1] += 1
    return dict(sorted(kinds.items()))


def surface_of(case: str) -> Surface:
    for start, surface in (
        ("resp", Surface.RESPONSES),
        ("anth", Surface.MESSAGES),
        ("emb", Surface.EMBEDDINGS),
        ("compl", Surface.COMPLETIONS),
    ):
        if case.startswith(start):
            return surface
    return Surface.CHAT


def evasions(path: Path, detector: Detector) -> dict[str, Any]:
    tiers: dict[str, list[int]] = {}
    missed = []
    for row in read(path):
        verdict = detector.scan(parse(row["body"], surface_of(row["id"])))
        held = verdict.private or (row["tier"] == "strip" and bool(verdict.droppable))
        count = tiers.setdefault(row["tier"], [0, 0])
        count[0] += held
        count[1] += 1
        if not held:
            missed.append(row["id"])
    return {"held": tiers, "missed": missed}


def coding_sessions(detector: Detector, count: int = 100) -> dict[str, int]:
    """How many invented coding sessions without private data are held back."""
    path = ROOT / "tests" / "unit" / "privacy" / "agent_sessions.py"
    spec = importlib.util.spec_from_file_location("agent_sessions", path)
    if spec is None or spec.loader is None or not path.is_file():
        return {}
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    held = [detector.scan(session).private for session in module.sessions(count)]
    return {"held": sum(held), "sessions": len(held)}


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def best_of(action: Callable[[], object], times: int) -> float:
    """Microseconds of the fastest of some runs: what the code needs, without what else the machine does."""
    best = float("inf")
    for _ in range(times):
        started = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - started)
    return best * 1e6


def timings(rows: list[dict[str, Any]], topics: Path, encoder: bool) -> list[dict[str, Any]]:
    fresh = PrivacySettings.model_validate({"limits": {"cache_entries": 0}, "topic_encoder": encoder})
    rules_only = PrivacySettings.model_validate({"topics": False, "limits": {"cache_entries": 0}})
    detector, rules = Detector(fresh, topics), Detector(rules_only)
    requests = [one(row["text"]) for row in rows if 200 <= len(row["text"]) <= 1_000]
    for request in requests:
        detector.scan(request)
    short = [best_of(lambda r=request: detector.scan(r), 7) for request in requests]
    prose = " ".join(row["text"] for row in rows if row["kind"] in {"neg_ordinary", "neg_code"})
    megabyte = one((prose * (1 + 1_000_000 // len(prose)))[:1_000_000])
    found = [
        {
            "what": f"p50 of {len(short)} texts of 200 to 1,000 characters, us",
            "value": percentile(short, 0.50),
            "target": 40,
        },
        {"what": "p99 of these, us", "value": percentile(short, 0.99), "target": 150},
        {
            "what": "1 MB of prose and code, rules, ms",
            "value": best_of(lambda: rules.scan(megabyte), 2) / 1e3,
            "target": 60,
        },
        {
            "what": "1 MB of prose and code, topics too, ms",
            "value": best_of(lambda: detector.scan(megabyte), 2) / 1e3,
            "target": 250,
        },
    ]
    for name, text in hostile().items():
        request = one(text)
        found.append(
            {
                "what": f"hostile 1 MB, {name}, ms",
                "value": best_of(lambda r=request: detector.scan(r), 3) / 1e3,
                "target": 300,
            }
        )
        stall = min(longest_stall(lambda r=request: detector.scan(r)) for _ in range(3))
        found.append({"what": f"event loop stands still, {name}, ms", "value": stall, "target": 20})
    return [{**row, "value": round(row["value"], 1)} for row in found]


def longest_stall(action: Callable[[], object]) -> float:
    """Milliseconds for which an event loop stood still at most while `action` ran in another thread."""

    async def watch() -> float:
        longest = 0.0
        work = asyncio.create_task(asyncio.to_thread(action))
        while not work.done():
            started = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - started - 0.001)
        await work
        return longest * 1e3

    return asyncio.run(watch())


def hostile() -> dict[str, str]:
    rnd = random.Random(3)

    def fill(piece: str) -> str:
        return (piece * (1 + 1_000_000 // len(piece)))[:1_000_000]

    return {
        "failing card numbers": fill("4111111111111112 "),
        "digits": fill("1234567890"),
        "spaced digits": fill("1 2 3 4 5 6 7 8 9 0 "),
        "at signs": fill("a@"),
        "the word password": fill("password "),
        "almost addresses": fill("12 Foo Bar st "),
        "dotted digits": fill("1.2.3.4."),
        "random base64": "".join(rnd.choices("ABCDEFGHabcdefgh0123456789+/", k=1_000_000)),
        "random hex": rnd.randbytes(500_000).hex(),
        "backslash escapes": fill("\\u0041"),
        "zero-width": fill("a\u200b"),
        "single letters": fill("a b c "),
        "line breaks": fill("A1b2\n"),
        "a column of numbers": fill("48211\n"),
        "torn lines": fill("token AKIAV7\nXQ2 done\n"),
        "percent signs": fill("%41%"),
        "entities": fill("&#65;&amp;"),
        "base64 lines": fill("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n"),
        "nested base64": base64.b64encode(base64.b64encode(b"not private at all " * 29_000)).decode()[:1_000_000],
        "hex with blanks": fill("41 42 "),
        "look-alikes": fill("pаsswоrd "),
        "dashes": fill("1\u20132 "),
        "emoji": fill("\U0001f600\ufe0f "),
        "code": fill("self.token = get_token(config['api_key'])\n"),
    }


def show(report: dict[str, Any]) -> None:
    print(f"{'figure':58} {'measure':16} {'flagged':>11} {'share':>7} {'keyword':>8}  target")
    for row in report["families"]:
        count = f"{row['flagged']}/{row['rows']}"
        shares = f"{row['share']:7.3f} {row['keyword_regex']:8.3f}"
        print(f"{row['figure']:58} {row['measure']:16} {count:>11} {shares}  {row['target']}")
    if "topics_out_of_fold" in report:
        print("\ntopic model alone, out of fold (never on rows that it was fitted on):")
        for name, value in report["topics_out_of_fold"].items():
            print(f"  {name:56} {value}")
    print("\nper entity: " + ", ".join(f"{k} {a}/{b}" for k, (a, b) in report["entities"].items()))
    if "evasion" in report:
        print(f"\nevasion: {report['evasion']['held']}, missed: {report['evasion']['missed'] or 'none'}")
    if report["coding_sessions"]:
        held = report["coding_sessions"]
        print(f"coding sessions held back: {held['held']} of {held['sessions']}, target <= 5 %")
    if "timings" in report:
        print()
        for row in report["timings"]:
            print(f"{row['what']:58} {row['value']:10.1f}  target <= {row['target']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--rows", type=Path, default=SHARED / "dev.jsonl.gz", help="labelled rows, JSONL, may be gzipped"
    )
    parser.add_argument("--evasion", type=Path, default=SHARED / "evasion_dev.jsonl.gz", help="whole-request cases")
    parser.add_argument("--topics", type=Path, default=model_dir() / "topics.json", help="the topic model")
    parser.add_argument("--encoder", action="store_true", help="with `topic_encoder: true`")
    parser.add_argument("--no-timings", action="store_true")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if not arguments.rows.is_file():
        parser.error(f"{arguments.rows} is missing; pass labelled rows with --rows")

    rows = read(arguments.rows)
    detector = Detector(PrivacySettings(topic_encoder=arguments.encoder), arguments.topics)
    report: dict[str, Any] = {
        "families": families([*rows, *read(HELD_OUT), *within_long_texts(read(HELD_OUT))], detector),
        "entities": entity_kinds(rows, detector),
    }
    report["coding_sessions"] = coding_sessions(detector)
    if arguments.evasion.is_file():
        report["evasion"] = evasions(arguments.evasion, detector)
    metrics = arguments.topics.with_name("topics_metrics.json")
    if metrics.is_file():
        measured = json.loads(metrics.read_text(encoding="utf-8"))
        kinds = measured["false positives by kind"]
        report["topics_out_of_fold"] = {
            "recall, rows with look-alikes": measured["recall, rows with look-alikes"],
            **{f"false positives, {kind}": kinds[kind] for kind in kinds if kind.startswith("neg_")},
        }
    if not arguments.no_timings:
        report["timings"] = timings(rows, arguments.topics, arguments.encoder)
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        show(report)


if __name__ == "__main__":
    main()
