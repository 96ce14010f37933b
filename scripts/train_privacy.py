#!/usr/bin/env python3
"""Train the topic model: P(a text tells of someone's private matter), from classifier_model/topics_prompts.jsonl.

Writes classifier_model/topics.json (what is served), topics.joblib (the scikit-learn estimators) and
topics_metrics.json (grouped 5-fold figures). `--negatives` adds public prompts that the figures are also reported on,
half of them held out in each fold; their text is not stored. `--encoder` trains the second reader beside it
(topics_encoder.json; some minutes, and the extra `semantic`).
"""

# ruff: noqa: E402 - the package is found beside this folder

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from router_plugin import modelfile
from router_plugin.embedding import MiniLm
from router_plugin.privacy.second_reader import NAME as SECOND_READER
from router_plugin.privacy.topics import views, windows
from router_plugin.tokens import tokens
from router_plugin.training import second_reader
from router_plugin.training.linear import (
    BlockSpec,
    Example,
    LinearSpec,
    fingerprint,
    fit_linear,
    platt,
)

FOLDS = 5
SPEC = LinearSpec(
    blocks=(BlockSpec("words"), BlockSpec("words", view=1, scale=0.7), BlockSpec("stems")), C=20.0, tolerance=1e-4
)
ORDINARY_WEIGHT = 0.3  # there are many of them, and they are easy
NEGATIVE_WEIGHT = 4.0
LOOKALIKE_FALSE_POSITIVES = 0.05  # of the harmless look-alikes, which are far harder than what people ask
AGENT_FALSE_POSITIVES = 0.025  # in sessions with tools: dozens of texts about code, and one is enough to hold all back
CUT_AUTHORS = ("pt-", "pt2-", "pt3-")  # begin the ids of the rows on which thresholds are chosen
ENCODER_FALSE_POSITIVES = 0.04  # with the second reader, of the same look-alikes
ENCODER_ORDINARY = 6  # one in so many public questions trains it, with so many times the weight
SCREEN_KEEPS = 0.985  # share of private rows that must pass the first look
# Benchmark questions hardly say "I" or "my"; without this the model would take these words for the matter itself.
FIRST_PERSON_WEIGHT = 1.8
NEGATIVE_KINDS = ("neg_ordinary", "neg_hard_medexam", "neg_code", "neg_benchmark")
ORDINARY_FILES = tuple(
    f"{name}.jsonl.gz" for name in ("mmlu_pro", "llmrouter_mix", "zeroeval_math_l5", "zeroeval_crux")
)


def read(path: Path) -> list[dict[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def fold_of(row: dict[str, Any]) -> int:
    """Rows of one group (minimal pairs, variants of one sentence) share a fold."""
    key = str(row.get("group") or row["id"])
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % FOLDS


def pieces(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The row, and where it is long its windows too, in the same group."""
    cut = list(windows(row["text"]))
    parts = [{**row, "text": text, "group": row["id"]} for text in cut] if len(cut) > 1 else []
    return [{**row, "group": row["id"]}, *parts]


def ordinary(folder: Path) -> list[dict[str, Any]]:
    """Public benchmark questions as harmless rows of little weight: the files' own training split."""
    found = []
    for name in ORDINARY_FILES:
        path = folder / name
        for number, row in enumerate(read(path) if path.is_file() else []):
            if row.get("split", "train") == "train" and (row.get("split") or number % 2 == 0):
                base = {"id": f"{name}-{number}", "text": row["prompt"], "private": False, "kind": "neg_benchmark"}
                found += [{**piece, "weight": ORDINARY_WEIGHT} for piece in pieces(base)]
    return found


def example(row: dict[str, Any]) -> Example:
    weight = float(row.get("weight", 1.0)) * (FIRST_PERSON_WEIGHT if row["kind"].startswith("fp_") else 1.0)
    return Example(views(row["text"]), (), (float(row["private"]),), weight)


def out_of_fold(rows: list[dict[str, Any]], examples: list[Example]) -> np.ndarray:
    logits = np.zeros(len(rows))
    folds = np.array([fold_of(row) for row in rows])
    for fold in range(FOLDS):
        fitted = fit_linear([e for e, f in zip(examples, folds, strict=True) if f != fold], ["private"], SPEC)
        held = np.flatnonzero(folds == fold)
        logits[held] = fitted.logits([examples[i] for i in held])[:, 0]
    return logits


def fit_screen(rows: list[dict[str, Any]]) -> tuple[CountVectorizer, LogisticRegression]:
    vectorizer = CountVectorizer(analyzer=tokens, binary=True, min_df=2, max_features=6_000)
    matrix = vectorizer.fit_transform([row["text"] for row in rows])
    model = LogisticRegression(C=1.0, max_iter=500)
    model.fit(matrix, [row["private"] for row in rows], sample_weight=[row.get("weight", 1.0) for row in rows])
    return vectorizer, model


def screen_sums(vectorizer: CountVectorizer, model: LogisticRegression, rows: list[dict[str, Any]]) -> np.ndarray:
    return vectorizer.transform([row["text"] for row in rows]) @ np.round(model.coef_[0], 3)


def screen_cut(rows: list[dict[str, Any]]) -> float:
    """The sum that SCREEN_KEEPS of the private rows reach, each scored without its fold."""
    sums = np.zeros(len(rows))
    folds = np.array([fold_of(row) for row in rows])
    for fold in range(FOLDS):
        fitted = fit_screen([row for row, f in zip(rows, folds, strict=True) if f != fold])
        held = np.flatnonzero(folds == fold)
        sums[held] = screen_sums(*fitted, [rows[i] for i in held])
    private = np.array([row["private"] for row in rows])
    return float(np.quantile(sums[private], 1 - SCREEN_KEEPS))


def train_second_reader(
    rows: list[dict[str, Any]], first: np.ndarray, lookalike: np.ndarray, topics: str, out: Path
) -> dict[str, Any]:
    """Write the second reader; its out-of-fold figures. `first`: the linear model's calibrated logits, out of fold."""
    encoder = MiniLm()
    public = np.array([row["kind"] == "neg_benchmark" for row in rows])
    kept = ~public | (np.cumsum(public) % ENCODER_ORDINARY == 0)
    index = np.flatnonzero(kept)
    embedded = second_reader.embed(encoder, [rows[i]["text"] for i in index], progress=print)
    readable = ~np.isnan(embedded).any(axis=1)
    index, vectors = index[readable], embedded[readable]
    times = np.where(public, ENCODER_ORDINARY, 1)
    private = np.array([bool(rows[i]["private"]) for i in index])
    content, both = second_reader.fit(
        vectors,
        private,
        np.array([example(rows[i]).weight * times[i] for i in index]),
        first[index],
        np.array([fold_of(rows[i]) for i in index]),
        ENCODER_FALSE_POSITIVES,
        lookalike[index],
        {"encoder": encoder.name, "topics": topics},
    )
    modelfile.write(content, out / SECOND_READER)
    shared_rows = np.array([is_shared(rows[i]) for i in index])
    return {
        "threshold": content["threshold"],
        "floor": content["floor"],
        "support vectors": len(content["vectors"]) * 3 // 4 // embedded.shape[1],
        "recall at false-positive rate on look-alikes": at_rates(both[private & shared_rows], both[lookalike[index]]),
    }


def is_shared(row: dict[str, Any]) -> bool:
    """Whether thresholds are chosen on rows like this one."""
    return not row["id"].startswith("pt") or row["id"].startswith(CUT_AUTHORS)


def at_rates(private: np.ndarray, lookalike: np.ndarray) -> dict[str, str]:
    return {f"{rate:.2f}": share(private >= np.quantile(lookalike, 1 - rate)) for rate in (0.02, 0.05, 0.10, 0.15)}


def share(values: np.ndarray) -> str:
    return f"{int(values.sum())}/{len(values)} = {values.mean():.3f}" if len(values) else "0/0"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, default=ROOT / "classifier_model" / "topics_prompts.jsonl")
    parser.add_argument("--negatives", type=Path, default=ROOT.parent / "shared" / "data" / "privacy" / "dev.jsonl.gz")
    parser.add_argument("--ordinary", type=Path, default=ROOT.parent / "shared" / "data" / "complexity")
    parser.add_argument("--encoder", action="store_true", help="train the second reader too")
    parser.add_argument("--out", type=Path, default=ROOT / "classifier_model")
    arguments = parser.parse_args()
    started = time.monotonic()

    rows = read(arguments.rows)
    negatives = []
    if arguments.negatives.is_file():
        whole = [row for row in read(arguments.negatives) if row["kind"] in NEGATIVE_KINDS]
        negatives = [{**piece, "weight": NEGATIVE_WEIGHT} for row in whole for piece in pieces(row)]
    everything = [*rows, *negatives, *ordinary(arguments.ordinary)]
    examples = [example(row) for row in everything]
    logits = out_of_fold(everything, examples)
    private = np.array([bool(row["private"]) for row in everything])
    kinds = np.array([row["kind"] for row in everything])
    shared_rows = np.array([is_shared(row) for row in everything])
    lookalike = ~private & shared_rows & ~np.isin(kinds, NEGATIVE_KINDS)
    cut = float(np.quantile(logits[lookalike], 1 - LOOKALIKE_FALSE_POSITIVES))
    agent_cut = float(np.quantile(logits[lookalike], 1 - AGENT_FALSE_POSITIVES))
    slope, offset = platt(logits, private.astype(int))
    threshold, agent_threshold = (float(1 / (1 + np.exp(-(slope * z + offset)))) for z in (cut, agent_cut))

    fitted = fit_linear(examples, ["private"], SPEC)
    fitted.slopes["private"] = (slope, offset)
    vectorizer, first = fit_screen(everything)
    weights = dict(zip(vectorizer.get_feature_names_out(), np.round(first.coef_[0], 3).tolist(), strict=True))
    extra = {
        "threshold": round(threshold, 4),
        "agent_threshold": round(agent_threshold, 4),
        "screen": {word: weight for word, weight in weights.items() if abs(weight) >= 0.02},
        "screen_cut": round(screen_cut(everything), 3),
    }
    model = fitted.export("topics", (), extra=extra, fingerprint=fingerprint(everything))
    model.save(arguments.out / "topics.json")
    joblib.dump({"features": fitted.features, "heads": fitted.heads}, arguments.out / "topics.joblib", compress=3)

    flagged = logits >= cut
    metrics = {
        "rows": {"private": int(private.sum()), "harmless": int((~private).sum())},
        "threshold": extra["threshold"],
        "agent_threshold": extra["agent_threshold"],
        "recall at agent_threshold": share(logits[private & shared_rows] >= agent_cut),
        "recall, all private rows": share(flagged[private]),
        "recall, rows with look-alikes": share(flagged[private & shared_rows]),
        "false positives by kind": {
            str(kind): share(flagged[~private & (kinds == kind)]) for kind in sorted(set(kinds[~private]))
        },
        "recall by kind": {
            str(kind): share(flagged[private & (kinds == kind)]) for kind in sorted(set(kinds[private]))
        },
        "recall at false-positive rate on look-alikes": at_rates(logits[private & shared_rows], logits[lookalike]),
    }
    if arguments.encoder:
        metrics["with the second reader"] = train_second_reader(
            everything, slope * logits + offset, lookalike, model.version, arguments.out
        )
    metrics |= {
        "seconds": round(time.monotonic() - started, 1),
        "version": model.version,
    }
    text = json.dumps(metrics, indent=1, ensure_ascii=False)
    (arguments.out / "topics_metrics.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
