"""A finding, and the set-up that checks look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from router_plugin.config import RouterConfig, check, lenient_settings
from router_plugin.errors import ConfigError
from router_plugin.ollama import Survey
from router_plugin.settings import Settings


@dataclass(frozen=True)
class Fix:
    """Something that `--fix` can do: `kind` is a function of `router_plugin.checks.fixes`, `values` its arguments."""

    kind: str
    says: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `ok`, what was seen, and what to do where it isn't right.

    `advice`: worth knowing, and no failure.
    """

    name: str
    ok: bool
    seen: str
    cure: str = ""
    advice: bool = False
    fix: Fix | None = None

    @property
    def fails(self) -> bool:
        """Whether the set-up is wrong because of it."""
        return not self.ok and not self.advice


@dataclass(frozen=True)
class Setup:
    """A config file's data, the environment, and what the Ollama servers answered."""

    raw: Mapping[str, Any]
    environment: Mapping[str, str]
    survey: Survey = field(default_factory=Survey)
    fitted: Mapping[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    text: str = ""  # of the config file, where it is known

    @cached_property
    def settings(self) -> Settings:
        """Our settings as far as they are right."""
        return lenient_settings(self.raw)

    @cached_property
    def checked(self) -> RouterConfig | ConfigError:
        """The checked config, or what is wrong with it."""
        try:
            return check(self.raw, self.environment)
        except ConfigError as error:
            return error

    @property
    def config(self) -> RouterConfig | None:
        """The checked config, None where it is wrong."""
        return self.checked if isinstance(self.checked, RouterConfig) else None

    @property
    def entries(self) -> list[Mapping[str, Any]]:
        """The entries of `model_list` that have the right types."""
        from router_plugin.deployments import well_formed

        found = self.raw.get("model_list")
        return well_formed(found)[0] if isinstance(found, list) else []


Checker = Callable[[Setup], Iterable[Check]]
