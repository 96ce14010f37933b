"""The fakes behind the proxy under test: two local servers, three cloud providers, and the rest of the internet."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping

from router_plugin.fakes import FakeProvider, Fault, Recorded
from router_plugin.leaktest.canary import Canary
from router_plugin.leaktest.dry import Addresses

CLOUD = ("openai", "azure", "anthropic")
INTERNET = "internet"  # the child's web proxy: any other host that it calls
WORD = re.compile(rb"[a-z]{12,24}")


class Fleet:
    """The fakes, started. Local ones fail by the canary that a request holds."""

    def __init__(self, fakes: Mapping[str, FakeProvider]) -> None:
        self._fakes = fakes
        self._faults: dict[bytes, Fault] = {}
        for fake in self.local:
            fake.fault_for = self._fault_for

    @property
    def local(self) -> list[FakeProvider]:
        """Where private text may go."""
        return [self._fakes["local-ollama"], self._fakes["local-openai"]]

    @property
    def away(self) -> list[FakeProvider]:
        """Where it may not."""
        return [self._fakes[name] for name in (*CLOUD, INTERNET)]

    @property
    def addresses(self) -> Addresses:
        """Base URLs for the proxy's config."""
        cloud = {name: self._fakes[name].base_url for name in CLOUD}
        return Addresses(self._fakes["local-ollama"].base_url, self._fakes["local-openai"].base_url, cloud)

    @property
    def internet(self) -> str:
        """The URL of what stands for all other hosts."""
        return self._fakes[INTERNET].url

    def fail(self, canary: Canary, fault: Fault | None) -> None:
        """Local answers to this canary fail from now on."""
        if fault is not None:
            self._faults[canary.token.encode()] = fault

    def _fault_for(self, request: Recorded) -> Fault | None:
        words = WORD.findall(request.body)
        return next((self._faults[word] for word in words if word in self._faults), None)

    @contextlib.contextmanager
    def local_refusing(self) -> Iterator[None]:
        """No local server accepts a connection inside the `with` block."""
        with contextlib.ExitStack() as stack:
            for fake in self.local:
                stack.enter_context(fake.refusing())
            yield

    def arrivals_away(self, canaries: Iterable[Canary]) -> tuple[set[str], list[str]]:
        """Tokens of the canaries that arrived away from home, and a line for each request there that holds none.

        The requests are forgotten afterwards.
        """
        known = list(canaries)
        seen: set[str] = set()
        strangers: list[str] = []
        for fake in self.away:
            for request in fake.requests:
                held = {c.token for c in known if any(request.holds(mark) for mark in c.marks)}
                seen |= held
                if not held:
                    strangers.append(f"{fake.name}: {request.method} {request.path.split('?')[0]}")
            fake.clear()
        return seen, strangers


@contextlib.contextmanager
def started(ollama_models: Iterable[str]) -> Iterator[Fleet]:
    """All fakes, until the `with` block ends."""
    fakes = {
        "local-ollama": FakeProvider("local-ollama", kind="ollama", models=sorted(ollama_models)),
        "local-openai": FakeProvider("local-openai", kind="openai"),
        **{name: FakeProvider(name, kind=name) for name in CLOUD},
        INTERNET: FakeProvider(INTERNET, kind="openai"),
    }
    with contextlib.ExitStack() as stack:
        for fake in fakes.values():
            stack.enter_context(fake)
        yield Fleet(fakes)
