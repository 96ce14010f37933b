"""How training grows with the number of rows, in a process of its own so that peak memory is its own."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.decision import text

ROOT = Path(__file__).resolve().parents[1]
TIERS = ("low", "medium", "high")
JOBS = 2  # folds at once; peak memory is of one process


def run(sizes: Sequence[int], progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Rows -> seconds and peak megabytes of `scripts/train_classifier.py --force` on made-up prompts."""
    return {str(rows): _one(rows, progress) for rows in sizes}


def _one(rows: int, progress: Callable[[str], None]) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="router-bench-") as folder:
        data = Path(folder) / "prompts.jsonl"
        chosen = random.Random(rows)
        with data.open("w", encoding="utf-8") as file:
            for number in range(rows):
                tier = chosen.randrange(3)
                words = text(chosen.randrange(5, 30) + 15 * tier, number)
                file.write(json.dumps({"text": f"{words} {number}", "tier": TIERS[tier], "lang": "en"}) + "\n")
        output = Path(folder) / "model"
        output.mkdir()
        command = [sys.executable, str(ROOT / "scripts" / "train_classifier.py")]
        begun = time.perf_counter()
        subprocess.run(
            [*command, "--data", str(data), "--output", str(output), "--force", "--n-jobs", str(JOBS)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # the largest child so far
        progress(f"training on {rows:,} rows: {seconds:.0f} s")
        return {"seconds": round(seconds, 1), "peak_mb_so_far": round(peak)}
