"""The engine: gates, bounds, and the fallback without RE2."""

from __future__ import annotations

import pytest

from router_plugin.privacy.engine import FALLBACK_CHARACTERS, BadPattern, Engine, TooLong, check_pattern
from router_plugin.privacy.rule import Hit, Rule
from router_plugin.privacy.rules import RULES

TEXTS = (
    "My SSN is 078-05-1120 and my card is 4111 1111 1111 1111",
    "AKIAIOSFODNN7EXAMPLE",
    "mi contraseña es Xk29!vbQz77",
    "nothing to see here, 12 apples",
    "Müller, Musterstraße 12, 10115 Berlin",
)


@pytest.mark.parametrize("text", TEXTS)
def test_both_engines_find_the_same(text: str) -> None:
    """Without RE2 the same rules hold in the same short texts."""
    linear = {rule.name for rule in Engine(RULES, use_re2=True).scan(text)}
    fallback = {rule.name for rule in Engine(RULES, use_re2=False).scan(text)}
    assert linear == fallback


def test_the_fallback_refuses_what_is_too_long_for_it() -> None:
    """A long text isn't taken for clean where only a backtracking engine is there."""
    with pytest.raises(TooLong):
        list(Engine(RULES, use_re2=False).scan("x" * (FALLBACK_CHARACTERS + 1)))


def test_too_many_candidates_raise_instead_of_taking_forever() -> None:
    """A text made of failing candidates is refused after a bounded number of looks."""
    with pytest.raises(TooLong):
        list(Engine(RULES).scan("4111111111111112 " * 20_000))


def test_a_match_is_found_wherever_it_stands() -> None:
    """The windows around gates overlap, so no position hides a match."""
    engine = Engine(RULES)
    for size in (0, 1, 159, 160, 161, 319, 320, 321, 5_000):
        names = {rule.name for rule in engine.scan("word " * (size // 5) + "x" * (size % 5) + " ssn 123-45-6789 end")}
        assert "identity.us_ssn" in names


def test_harmless_matches_do_not_count() -> None:
    """The caller's own test of a match comes before the rule's."""
    rule = Rule("custom.number", "[0-9]{4}", "[0-9]{4}")
    engine = Engine([rule], harmless=lambda hit: hit.value == "1234")
    assert list(engine.scan("1234")) == []
    assert list(engine.scan("1234 5678")) == [rule]


@pytest.mark.parametrize("pattern", ["(", "a{2000}", "(?=x)", "x*", ""])
def test_an_unusable_pattern_is_refused(pattern: str) -> None:
    """Broken syntax, too large a repeat, look-around, and what matches everything."""
    with pytest.raises(BadPattern):
        check_pattern(pattern)


def test_a_hit_does_not_show_its_text() -> None:
    """A match may end up in a traceback."""
    assert "secret" not in repr(Hit("secret", "secret", "secret", "secret"))
