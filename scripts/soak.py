#!/usr/bin/env python3
"""Send many requests to a real proxy while its back ends die and come back; exit code 1 where a promise is broken.

  scripts/soak.py                                    5,000 requests, 32 at once
  scripts/soak.py --requests 500 --seed 7 --json -   fewer, and the figures as JSON

Five back ends, fakes on loopback: three fail at random (refused, reset, 429, 5xx, a stream that dies), one Ollama is
always up. A third of the requests is private, half is streamed, in the shapes of Chat, Messages and Responses.
Promises: 99.9 % answered, none lost without an error, none with another's answer, no private byte at a cloud provider,
memory up by less than a tenth after 500 more requests as a warm-up. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
ANSWERED, GROWTH = 0.999, 0.10


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="write the figures there; - for standard output")
    options = parser.parse_args()
    from bench import soak

    def progress(line: str) -> None:
        print(f"  {line}", file=sys.stderr, flush=True)

    found = soak.run(requests=options.requests, concurrency=options.concurrency, seed=options.seed, progress=progress)
    if options.json == "-":
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:16} {value}")
        if options.json:
            Path(options.json).write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    broken = [
        name
        for name, kept in {
            "answered": found["answered_share"] >= ANSWERED,
            "lost": found["lost"] == 0,
            "wrong": found["wrong"] == 0,
            "leaks": found["leaks"] == 0,
            "memory": found["rss_growth"] < GROWTH,
        }.items()
        if not kept
    ]
    print(f"broken promises: {', '.join(broken)}" if broken else "all promises kept", file=sys.stderr)
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
