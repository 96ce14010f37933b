"""Privacy scanners that are no dependency of this project, timed under an interpreter that has them.

`python -I bench/peers_elsewhere.py PEER` reads prompts, one JSON string a line, and prints the microseconds of each.
Exit status: 3 where the peer's package isn't installed. This file imports only the standard library and the peer, so
that the peers' own pins can't conflict with LiteLLM's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec

ABSENT = 3
# An example card and AWS's documented example key: where a scanner finds neither, its time is that of no work.
PROBE = "The card is 4111 1111 1111 1111, the key AKIAIOSFODNN7EXAMPLE."
UNTIL_THE_END = ExitStack()
Scan = Callable[[str], int]


def datafog() -> Scan:
    """Its default scan, written in Rust."""
    from datafog_core import scan

    return lambda text: len(scan(text))


def presidio() -> Scan:
    """The predefined English recognisers that are patterns with checks: no spaCy model, no context words.

    A host name would make it look on the network for the newest list of endings: the bench's prompts have none.
    """
    from presidio_analyzer import PatternRecognizer, RecognizerRegistry

    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    kept = [(r, r.supported_entities) for r in registry.recognizers if isinstance(r, PatternRecognizer)]
    return lambda text: sum(len(recogniser.analyze(text, kinds)) for recogniser, kinds in kept)


def detect_secrets() -> Scan:
    """All its plugins with its default filters, a line at a time."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    UNTIL_THE_END.enter_context(default_settings())
    return lambda text: sum(1 for line in text.splitlines() for _ in scan_line(line))


# The row's name in the table: the module, the package to install, and what makes its scanner.
PEERS: dict[str, tuple[str, str, Callable[[], Scan]]] = {
    "datafog-core (privacy)": ("datafog_core", "datafog-core", datafog),
    "Presidio's patterns, no model (privacy)": ("presidio_analyzer", "presidio-analyzer", presidio),
    "detect-secrets (keys only)": ("detect_secrets", "detect-secrets", detect_secrets),
}


def main(name: str) -> int:
    """Time each prompt of standard input."""
    module, _, make = PEERS[name]
    if find_spec(module) is None:
        return ABSENT
    scan = make()
    if not scan(PROBE):
        raise SystemExit(f"{name} finds nothing in its probe.")
    for line in sys.stdin:
        prompt = json.loads(line)
        begun = time.perf_counter()
        scan(prompt)
        print(1e6 * (time.perf_counter() - begun))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
