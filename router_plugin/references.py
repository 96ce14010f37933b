"""LiteLLM's `os.environ/NAME`: a value in a config that names a variable of the environment, where the real one is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "os.environ/"


def variable_of(value: object) -> str | None:
    """The variable that a value names; None for one that names none."""
    return value.removeprefix(PREFIX) if isinstance(value, str) and value.startswith(PREFIX) else None


def resolved(value: object, environment: Mapping[str, str]) -> Any:
    """What stands in the variable that a value names, None where that isn't set; another value as it is."""
    name = variable_of(value)
    return value if name is None else environment.get(name)
