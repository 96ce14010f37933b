"""router_plugin.references: `os.environ/NAME` in a config."""

from __future__ import annotations

import pytest

from router_plugin.references import resolved, variable_of


@pytest.mark.parametrize(
    ("value", "variable", "found"),
    [
        ("os.environ/A", "A", "secret"),
        ("os.environ/B", "B", None),
        ("os.environ/", "", None),
        ("A", None, "A"),
        ("http://os.environ/A", None, "http://os.environ/A"),
        (3, None, 3),
        (None, None, None),
    ],
)
def test_a_reference_stands_for_what_its_variable_holds(value: object, variable: str | None, found: object) -> None:
    """Whatever names no variable is the value itself, text or not."""
    assert variable_of(value) == variable
    assert resolved(value, {"A": "secret"}) == found
