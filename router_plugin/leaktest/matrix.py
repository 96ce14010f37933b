"""The cases as requests, ready to send to the proxy of one config."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from router_plugin.build import build_router
from router_plugin.config import RouterConfig
from router_plugin.errors import ConfigError
from router_plugin.fakes import Fault
from router_plugin.leaktest import endpoints
from router_plugin.leaktest.bodies import BODIES, IMAGE, PATHS
from router_plugin.leaktest.canary import KINDS, Canary, make, public
from router_plugin.leaktest.cases import FAILURES, FORMS, REFUSED, Case, select
from router_plugin.leaktest.sources import DOES_NOTHING, PINS, SOURCES, Target
from router_plugin.request import Surface

SAMPLES = 5  # of each kind of private text, to see whether a config holds it to be private
EASY = "What is 2 + 2?"
# Ways in which plain LiteLLM lets a client turn any request to the cloud: (failure, source, pin).
PLAIN = (
    *(("none", DOES_NOTHING, pin) for pin in ("cloud-group", "cloud-id")),
    *(("500", source, "auto") for source in ("fallbacks", "fallbacks-dict")),
)


@dataclass(frozen=True)
class Shot:
    """One request. `fault` is how local servers answer it; `refused`: no local server accepts connections."""

    name: str
    canary: Canary
    send: Callable[[httpx.Client], httpx.Response]
    fault: Fault | None = None
    refused: bool = False


class Matrix:
    """The requests for a config and its cloud deployments; each has a canary of its own."""

    def __init__(self, config: RouterConfig, targets: Sequence[Target]) -> None:
        self._config = config
        self._targets = targets
        self._number = 0

    def cases(self, *, quick: bool) -> list[Shot]:
        """The covering selection, then the closed endpoints. Errors: ConfigError where no text counts as private."""
        settings = self._config.settings
        kinds = self._kinds()
        pictures = IMAGE not in settings.privacy.allow_uninspectable
        shots = [
            self._shot(case, make(case.kind, self._next()))
            for case in select(quick=quick, kinds=kinds, pictures=pictures)
        ]
        return shots + [self._endpoint(item, kinds) for item in endpoints.select(settings.endpoints.open, quick=quick)]

    def controls(self, *, quick: bool) -> list[Shot]:
        """Public prompts through the same failures, by the config's own chains and pinned to the cloud."""
        forms = [form for form in FORMS if form[0] != "embeddings"]
        shots = []
        for index, failure in enumerate(FAILURES):
            for offset in range(1 if quick else 2):
                form = forms[(index + offset * 3) % len(forms)]
                pin = "cloud-group" if (index + offset) % 2 else "auto"
                case = Case(failure, *form, DOES_NOTHING, pin, "user", "public")
                shots.append(self._shot(case, public(self._next(), EASY)))
        return shots

    def plain(self) -> list[Shot]:
        """A handful of private requests for LiteLLM without the plugin."""
        return [
            self._shot(Case(failure, "chat", stream, source, pin, "user", "identity"), make("identity", self._next()))
            for failure, source, pin in PLAIN
            for stream in (False, True)
        ]

    def _kinds(self) -> list[str]:
        """The kinds of private text that this config holds to be private."""
        router = build_router(self._config)
        kinds = []
        for kind in KINDS:
            samples = [make(kind, self._next()).text for _ in range(SAMPLES)]
            if all(router.scan({"messages": [{"role": "user", "content": s}]}, Surface.CHAT).private for s in samples):
                kinds.append(kind)
        if not kinds:
            raise ConfigError([f"privacy: none of the test's private texts ({', '.join(KINDS)}) counts as private"])
        return kinds

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _shot(self, case: Case, canary: Canary) -> Shot:
        target = self._targets[self._number % len(self._targets)]
        pin, source = PINS[case.pin](target), SOURCES[case.source](target)
        body: dict[str, Any] = {**BODIES[case.surface][case.place](canary), **source.body, **pin.body}
        if case.stream:
            body["stream"] = True
        headers = {**source.headers, **pin.headers}
        refused = case.failure == REFUSED
        return Shot(
            str(case),
            canary,
            lambda client: client.post(PATHS[case.surface], json=body, headers=headers),
            None if refused else FAILURES[case.failure],
            refused,
        )

    def _endpoint(self, item: endpoints.Endpoint, kinds: Sequence[str]) -> Shot:
        number = self._next()
        canary = make(kinds[number % len(kinds)], number)
        target = self._targets[number % len(self._targets)]
        return Shot(str(item), canary, lambda client: endpoints.send(client, item, target, canary))
