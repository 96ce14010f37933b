#!/usr/bin/env python3
"""Measure what the router costs, beside its peers in the same run: a table, and JSON with --json FILE.

  scripts/bench.py                  everything (about three quarters of an hour)
  scripts/bench.py decision proxy   some parts of: decision, proxy, latency, memory, training, reports
  scripts/bench.py --quick          fewer repeats, to see that it runs

A decision is also measured beside datafog-core, Presidio's patterns and detect-secrets, which this project doesn't
need: pip install datafog-core presidio-analyzer detect-secrets into a venv of their own, and give --peers-python.

Figures depend on the machine; ratios within one run say more. Linux only.

Compare proxies in a venv of requirements.lock alone. LiteLLM tries two imports on each request that fail, and the
router spares it that; the OpenTelemetry SDK of the development packages makes them milliseconds dearer, which flatters.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
PARTS = ("decision", "proxy", "latency", "memory", "training", "reports")
UNRESOLVED = 0.1  # an interval wider than this says nothing about a few per cent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    parser.add_argument("--rounds", type=int, default=12, help="pairs of each proxy comparison (default: 12)")
    parser.add_argument("--quick", action="store_true", help="few repeats")
    parser.add_argument(
        "--peers-python",
        type=Path,
        default=Path(sys.executable),
        metavar="FILE",
        help="the python of a venv that has the privacy scanners (default: the one that runs this)",
    )
    options = parser.parse_args()
    if not os.access(options.peers_python, os.X_OK):
        parser.error(f"--peers-python {options.peers_python} can't be run: give a venv's bin/python.")
    chosen = options.parts or PARTS

    def progress(line: str) -> None:
        print(f"  {line}", file=sys.stderr, flush=True)

    found: dict[str, Any] = {"machine": machine()}
    print(" ".join(f"{name} {value};" for name, value in found["machine"].items()))
    if "decision" in chosen:
        from bench import decision

        repeats = 40 if options.quick else 400
        found["decision"] = decision.run(repeats=repeats, peers_python=options.peers_python, progress=progress)
        show_decision(found["decision"])
    if "proxy" in chosen:
        from bench import whole_proxy

        rounds, requests = (3, 40) if options.quick else (options.rounds, 100)
        found["proxy"] = whole_proxy.compare(rounds=rounds, requests=requests, progress=progress)
        show_proxy(found["proxy"])
    if "latency" in chosen:
        from bench import half_load

        rounds, requests = (2, 20) if options.quick else (options.rounds, 60)
        found["latency"] = half_load.run(rounds=rounds, requests=requests, progress=progress)
        show_latency(found["latency"])
    if "memory" in chosen:
        from bench import footprint

        requests, conversations, repeats = (100, 10, 1) if options.quick else (10_000, 1_000, 5)
        found["memory"] = footprint.run(
            requests=requests, conversations=conversations, repeats=repeats, progress=progress
        )
        show_memory(found["memory"])
    if "training" in chosen:
        from bench import training

        found["training"] = training.run((1_000,) if options.quick else (1_000, 10_000, 100_000), progress)
        for rows, figures in found["training"].items():
            print(f"training on {rows:>7} rows {figures['seconds']:>8} s  {figures['peak_mb_so_far']:>6} MB at most")
    if "reports" in chosen:
        from bench import reports

        sizes = (2_000, 5_000, 3) if options.quick else (100_000, 1_000_000, 21)
        found["reports"] = reports.run(*sizes, progress)
        show_reports(found["reports"])
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return 0


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        telemetry = version("opentelemetry-sdk")
    except PackageNotFoundError:
        telemetry = "absent"
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "litellm": version("litellm"),
        "opentelemetry-sdk": telemetry,
        "load": round(os.getloadavg()[0], 2),
    }


def show_reports(found: dict[str, Any]) -> None:
    """The page and the commands that read a large decision log."""
    shown = found["page"]
    print(f"page, {shown['rows']:,} decisions: {shown['p50_ms']} ms (processor {shown['cpu_p50_ms']} ms)")
    for name in ("savings", "replay"):
        row = found[name]
        took = f"{row['seconds']} s (processor {row['cpu_seconds']} s), {row['peak_mb']} MB at most"
        print(f"{name}, {row['rows']:,} decisions: {took}")


def show_decision(found: dict[str, Any]) -> None:
    """The table of decisions in process."""
    print(f"{'one prompt, microseconds':48}{'words':>8}{'p50':>10}{'p99':>10}")
    for name, sizes in found["prompts"].items():
        for size, figures in sizes.items():
            print(f"{name:48}{size.split()[0]:>8}{figures['p50_us']:>10}{figures['p99_us']:>10}")
    for name, reason in found["absent"].items():
        print(f"{name:48}{reason}")
    for size, figures in found["conversations"].items():
        print(f"conversation of {size:>8}: first sight {figures['first_ms']} ms, next turn {figures['next_ms']} ms")
    for name, milliseconds in found["hostile_1mb_ms"].items():
        print(f"hostile 1 MB, {name:12} {milliseconds} ms")
    print(f"growth from 1 kB to 1 MB: R2 of a line {found['growth_r2']}")


def show_proxy(found: dict[str, Any]) -> None:
    """The table of whole proxies, and the ratios with their intervals."""
    print(f"{'proxy':20}{'CPU ms':>9}{'streamed':>10}{'p50 ms':>9}{'p99 ms':>9}{'ready s':>9}{'MB':>8}{'MB end':>8}")
    for name, row in found["arms"].items():
        figures = (row[k] for k in ("cpu_ms_whole", "cpu_ms_streamed", "p50_ms", "p99_ms", "ready_s"))
        cells = "".join(f"{value:>9}" for value in figures)
        print(f"{name:20}{cells}{row['rss_mb_start']:>8}{row['rss_mb_end']:>8}   {row['what']}")
    for name, row in found["cpu_ratios"].items():
        wide = "  unresolved" if row["high"] - row["low"] > UNRESOLVED else ""
        print(f"CPU {name:40} {row['median']:.3f}  95 % {row['low']:.3f} to {row['high']:.3f}{wide}")


def show_latency(found: dict[str, Any]) -> None:
    """The table of latencies at half load, and what the plugin adds to each arm's."""
    print(f"half load, a request every {found['gap_ms']} ms, a stream every {found['stream_gap_ms']} ms; milliseconds")
    print(f"{'':20}{'whole p50':>14}{'p99':>10}{'1st byte p50':>14}{'p99':>10}")
    names = ("whole_p50_ms", "whole_p99_ms", "first_byte_p50_ms", "first_byte_p99_ms")
    for arm, row in found["arms"].items():
        print(f"{arm:20}" + "".join(f"{row[name]:>{10 + 4 * (i % 2 == 0)}}" for i, name in enumerate(names)))
    for arm, row in found["added_ms"].items():
        cells = "; ".join(f"{name} {middle} ({low} to {high})" for name, (middle, low, high) in row.items())
        print(f"plugin over {arm}: {cells}")


def show_memory(found: dict[str, Any]) -> None:
    """Memory of the proxies and of a decision, and the import."""
    print(f"{'megabytes':20}{'start':>8}{found['requests']:>8,} requests{found['conversations']:>8,} conversations")
    for arm in ("default", "plugin", "over_default"):
        start, requests, conversations = found[arm].values()
        print(f"{arm:20}{start:>8}{requests:>17}{conversations:>22}")
    held = found["decision"]
    print(f"a decision on 50 words holds {held['peak_kb']} kB at most, and {held['stays_kb']} kB stay")
    heavy = ", ".join(found["imports"]["heavy"]) or "nothing heavy"
    print(f"import of the router's modules after LiteLLM's: {found['imports']['seconds']} s, {heavy}")


if __name__ == "__main__":
    sys.exit(main())
