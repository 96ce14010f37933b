"""A fake back end from a command line: prints its URL, serves until it is ended (Ctrl-C or SIGTERM).

python -m router_plugin.fakes.server --kind openai --name fake-openai --port 0 --record requests.jsonl
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import threading
import time
from pathlib import Path

from router_plugin.fakes.faults import BY_NAME
from router_plugin.fakes.provider import KINDS, FakeProvider


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m router_plugin.fakes.server", description="A recording fake back end."
    )
    parser.add_argument("--kind", choices=KINDS, default="openai")
    parser.add_argument("--name", help="what replies call it (default: fake-KIND)")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--record", type=Path, metavar="FILE", help="append each request as a JSON line")
    parser.add_argument("--model", action="append", dest="models", help="a model it has; more than once; default: any")
    parser.add_argument("--fault", choices=sorted(BY_NAME), metavar="NAME", help="the fault of every call")
    parser.add_argument("--faults", default="", metavar="NAMES", help="faults of the first calls, with commas between")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before the first byte")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between chunks")
    parser.add_argument("--list-faults", action="store_true", help="print the names of the faults and end")
    options = parser.parse_args(arguments)
    if options.list_faults:
        print("\n".join(sorted(BY_NAME)))
        return
    names = [name for name in options.faults.split(",") if name]
    if unknown := sorted(set(names) - set(BY_NAME)):
        parser.error(f"no such fault: {', '.join(unknown)}; see --list-faults")

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = FakeProvider(
        options.name or f"fake-{options.kind}",
        kind=options.kind,
        port=options.port,
        models=options.models,
        latency=options.latency,
        pace=options.pace,
        record=options.record,
        clock=time.time,
    )
    with server:
        server.faults = [BY_NAME[name] for name in names]
        server.default_fault = BY_NAME.get(options.fault)
        print(server.base_url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
