#!/usr/bin/env python3
"""Share of paraphrases found (true hits) and of near misses taken for the same question (false hits).

    .venv/bin/python scripts/evaluate_cache.py [--json FILE] [--ollama URL] [--model NAME]

For each file of pairs and each threshold of the cosine: with the embedding alone, and with the guards as well. The
first file was at hand while the guards were written, the second was written when they were done. Needs the extra
`semantic`. A threshold of 0 stands for the guards alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from router_plugin.embedding import Embedder, EmbeddingUnavailable, MiniLm, OllamaEmbedder  # noqa: E402
from router_plugin.same_question import comparable  # noqa: E402

FILES = ("cache_pairs.jsonl", "cache_pairs_held_out.jsonl")
THRESHOLDS = (0.0, 0.80, 0.85, 0.90, 0.92, 0.95, 0.97, 0.99)


@dataclass(frozen=True)
class Judged:
    """One pair: is it the same question, what kind is it, how near are the vectors, do the guards let it pass."""

    same: bool
    kind: str
    cosine: float
    passes: bool


@dataclass(frozen=True)
class Row:
    """Shares (0 to 1) at one threshold, without and with the guards."""

    threshold: float
    true_hits: float
    false_hits: float
    guarded_true_hits: float
    guarded_false_hits: float


async def judge(pairs: list[dict[str, Any]], embedder: Embedder) -> list[Judged]:
    judged = []
    for pair in pairs:
        a, b = await embedder.embed(pair["a"]), await embedder.embed(pair["b"])
        if a is None or b is None:
            sys.exit(f"error: {embedder.name} gives no vector. Does the server run, and has it the model?")
        judged.append(Judged(pair["same"], pair["kind"], float(a @ b), comparable(pair["a"], pair["b"])))
    return judged


def row(judged: list[Judged], threshold: float) -> Row:
    """The four shares. A threshold of 0 stands for the guards alone."""

    def share(same: bool, guarded: bool) -> float:
        asked = [pair for pair in judged if pair.same is same]
        hits = [pair for pair in asked if pair.cosine >= threshold and (pair.passes or not guarded)]
        return len(hits) / len(asked)

    return Row(threshold, share(True, False), share(False, False), share(True, True), share(False, True))


def by_kind(judged: list[Judged], threshold: float) -> dict[str, str]:
    """Hits of each kind of pair behind the guards, as "hits/pairs"."""
    kinds: dict[str, list[bool]] = {}
    for pair in judged:
        name = f"{'same' if pair.same else 'other'}: {pair.kind}"
        kinds.setdefault(name, []).append(pair.passes and pair.cosine >= threshold)
    return {name: f"{sum(hits)}/{len(hits)}" for name, hits in kinds.items()}


def table(rows: list[Row]) -> str:
    lines = [
        "| cosine at least | true hits | false hits | true hits, guarded | false hits, guarded |",
        "|---|---|---|---|---|",
    ]
    for entry in rows:
        shares = (entry.true_hits, entry.false_hits, entry.guarded_true_hits, entry.guarded_false_hits)
        cells = " | ".join(f"{100 * value:.1f} %" for value in shares)
        lines.append(f"| {entry.threshold:.2f} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--ollama", metavar="URL", help="embed with this local Ollama instead")
    parser.add_argument("--model", default="nomic-embed-text", help="its embedding model (default: %(default)s)")
    parser.add_argument(
        "--kinds", type=float, metavar="COSINE", help="also the guarded hits of each kind, at a threshold"
    )
    args = parser.parse_args()
    try:
        embedder: Embedder = OllamaEmbedder(args.ollama, args.model) if args.ollama else MiniLm()
    except EmbeddingUnavailable as error:
        sys.exit(f"error: {error}")
    figures: dict[str, object] = {"model": embedder.name}
    for name in FILES:
        lines = (ROOT / "tests" / "data" / name).read_text(encoding="utf-8").splitlines()
        judged = asyncio.run(judge([json.loads(line) for line in lines], embedder))
        rows = [row(judged, threshold) for threshold in THRESHOLDS]
        same = sum(pair.same for pair in judged)
        print(f"{name}: {same} paraphrases, {len(judged) - same} near misses, {embedder.name}\n\n{table(rows)}\n")
        figures[name] = {
            "paraphrases": same,
            "near_misses": len(judged) - same,
            "rows": [asdict(entry) for entry in rows],
        }
        if args.kinds is not None:
            print("\n".join(f"{kind}: {hits}" for kind, hits in by_kind(judged, args.kinds).items()), end="\n\n")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
