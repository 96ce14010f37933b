#!/usr/bin/env python3
"""Train the complexity classifier: labelled prompts in, classifier_model/complexity.json and its papers out.

Labels: JSONL or CSV with `text` or `messages`, and `tier` (low, medium, high) or outcomes `weak` and `mid`.
Exit codes, as of `router-plugin train`: 0 written, 1 a gate failed and nothing was written, 2 the labels or options
can't be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the solver's small steps get slower with threads
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = [ROOT / "classifier_model" / "prompts.jsonl"]
    parser.add_argument("--data", type=Path, nargs="+", default=default, help="labelled prompts (default: the shipped)")
    parser.add_argument("--outcomes", type=Path, nargs="*", default=[], help="rows with per-model outcomes, added")
    parser.add_argument("--outcome-weight", type=float, default=0.1, help="what an outcome row counts (default: .1)")
    parser.add_argument("--output", type=Path, default=ROOT / "classifier_model", help="folder to write to")
    vectors = ROOT / "classifier_model" / "word_vectors.json"
    parser.add_argument("--vectors", type=Path, default=vectors, help="word vectors (default: the shipped)")
    parser.add_argument("--n-jobs", type=int, default=1, help="processes for cross-validation (joblib)")
    parser.add_argument("--dask", metavar="ADDRESS", help="run cross-validation on the Dask cluster at ADDRESS")
    parser.add_argument("--learning-curve", action="store_true", help="draw it too; trains 20 more models")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--force", action="store_true", help="write the model even if a gate fails")
    parser.add_argument("--roll-back", action="store_true", help="put the previous model back instead of training")
    options = parser.parse_args()

    from router_plugin.errors import RouterPluginError
    from router_plugin.modelfile import lost_by_training
    from router_plugin.training.rows import RowError

    try:
        from router_plugin.training.cluster import cluster
        from router_plugin.training.publish import roll_back, run
    except ModuleNotFoundError as error:
        print(
            f"Training needs {error.name}: pip install 'litellm-router-plugin[train]' where the router is.",
            file=sys.stderr,
        )
        return 2

    try:
        if options.roll_back:
            version = roll_back(options.output)
            print(
                f"Model {version}, the one before, is back in place; metrics.json and the card are still the other's."
            )
            return 0
        if warning := lost_by_training(options.output):
            print(f"note: {warning}", file=sys.stderr, flush=True)
        with cluster(options.dask):
            failed = run(
                options.data,
                options.outcomes,
                options.output,
                outcome_weight=options.outcome_weight,
                seed=options.seed,
                force=options.force,
                vectors=options.vectors,
                n_jobs=-1 if options.dask else options.n_jobs,
                curve=options.learning_curve,
                progress=lambda line: print(line, flush=True),
            )
    except (RouterPluginError, RowError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    for gate in failed:
        print(f"gate failed: {gate}", file=sys.stderr)
    if failed:
        print("written all the same (--force)" if options.force else "nothing was written", file=sys.stderr)
    return 1 if failed and not options.force else 0


if __name__ == "__main__":
    sys.exit(main())
