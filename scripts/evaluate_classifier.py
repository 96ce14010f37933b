#!/usr/bin/env python3
"""Measure the shipped complexity model beside the baselines, and keep the figures in metrics.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "classifier_model")
    held_out = ROOT / "tests" / "data" / "prompts_held_out.jsonl"
    parser.add_argument("--held-out", type=Path, default=held_out, help="labelled prompts that nothing was trained on")
    parser.add_argument("--outcomes", type=Path, nargs="*", default=[], help="outcome rows, for leave-one-source-out")
    parser.add_argument("--pairs", type=Path, help="rows with weak and strong outcomes, for the gain of strong calls")
    parser.add_argument("--abstention", action="store_true", help="how often it abstains, by language (five trainings)")
    options = parser.parse_args()

    from router_plugin.complexity import TrainedScorer
    from router_plugin.training import evaluate
    from router_plugin.training.complexity import default_spec
    from router_plugin.training.linear import WordVectors
    from router_plugin.training.outcomes import LEFT_OUT_SPEC, gain_report, read_pairs
    from router_plugin.training.rows import deduplicate, read_records, read_rows

    rows, _ = deduplicate(read_rows(options.model / "prompts.jsonl"))
    scorer = TrainedScorer.load(options.model / "complexity.json")
    metrics_path = options.model / "metrics.json"
    known = json.loads(metrics_path.read_text("utf-8"))
    figures = known["complexity"]
    found = {
        "litellm_cases": evaluate.litellm_cases(scorer),
        "noise_same_tier": evaluate.noise(scorer, rows),
        "latency": evaluate.latency(scorer, rows),
    }
    if options.held_out.is_file():
        found["other_authors"] = evaluate.held_out(scorer, read_rows(options.held_out))
    figures["cross_validation"]["baselines"].update(evaluate.litellm_baselines(rows))
    if options.outcomes:
        outcomes = [row for path in options.outcomes for row in read_rows(path)]
        found["leave_one_source_out"] = evaluate.leave_one_source_out(
            outcomes, LEFT_OUT_SPEC, lambda line: print(line, flush=True)
        )
    if options.abstention:
        spec = default_spec(WordVectors.load(options.model / "word_vectors.json"))
        found["abstention"] = evaluate.abstention(scorer, rows, spec, lambda line: print(line, flush=True))
    if options.pairs:
        found["strong_calls"] = gain_report(read_pairs(read_records(options.pairs)))
    figures.update(found)
    metrics_path.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    cross = figures["cross_validation"]
    print(f"{'on the labelled prompts':32}{'accuracy':>10}{'off by two':>12}{'macro F1':>10}")
    for name, row in {"ours, cross-validated": cross, **cross["baselines"]}.items():
        print(f"{name:32}{row['accuracy']:10.3f}{row['off_by_two']:12.3f}{row['macro_f1']:10.3f}")
    for shape, row in cross["by_shape"].items():
        print(f"{'  ' + shape:32}{row['accuracy']:10.3f}{row['off_by_two']:12.3f}{row['macro_f1']:10.3f}")
    if "other_authors" in found:
        print("on prompts of authors whom no training row is from")
        print(evaluate.table(found["other_authors"], as_json=False))
    print(f"calibration error (ECE): {cross['ece_beyond_local']} and {cross['ece_beyond_mid']}; target .03")
    for name, value in ((name, value) for name, value in found.items() if name != "other_authors"):
        print(f"{name}: {json.dumps(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
