"""The operator's settings: families, own words and patterns, allow lists, limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.request import Conversation, Origin, Segment, Surface


def rules(settings: dict[str, object], text: str) -> set[str]:
    detector = Detector(PrivacySettings.model_validate({"topics": False, **settings}))
    verdict = detector.scan(Conversation(Surface.CHAT, (), (Segment("x", text, Origin.USER),), ()))
    return {finding.rule for finding in verdict.findings}


def test_a_family_and_a_single_rule_can_be_switched_off() -> None:
    """What is off finds nothing; the rest stays on."""
    text = "ssn 123-45-6789, mail mira.solberg@posteo.de"
    assert rules({"families": {"identity": False}}, text) == {"contact.email"}
    assert "contact.email" not in rules({"disabled_rules": ["contact.email"]}, text)


def test_own_words_patterns_and_topics_make_a_request_private() -> None:
    """Words match in any case and spacing, patterns as written, a topic from its number of words on."""
    settings: dict[str, object] = {
        "words": ["Project Nightjar"],
        "patterns": {"ticket": r"TCK-[0-9]{5}"},
        "custom_topics": {"merger": {"words": ["merger", "valuation", "due diligence"], "at_least": 2}},
    }
    assert rules(settings, "about project  nightjar") == {"custom.word_1"}
    assert rules(settings, "see TCK-12345") == {"custom.ticket"}
    assert rules(settings, "the Merger at this valuation") == {"topic.merger"}
    assert rules(settings, "a merger of two ideas") == set()


def test_allowed_values_and_domains_are_harmless() -> None:
    """Exact values, and addresses at a domain and below it."""
    settings: dict[str, object] = {"allow_values": ["4012888888881881"], "allow_domains": ["acme.dev"]}
    assert rules(settings, "4012888888881881") == set()
    assert rules(settings, "mail bob@acme.dev and eve@mail.acme.dev") == set()
    assert rules(settings, "mail bob@notacme.dev") == {"contact.email"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"patterns": {"bad": "("}}, "'bad'"),
        ({"patterns": {"all": "x*"}}, "'all'"),
        ({"disabled_rules": ["contact.fax"]}, "contact.fax"),
        ({"words": [" "]}, "blank"),
        ({"topic_threshold": 2}, "topic_threshold"),
        ({"familys": {}}, "familys"),
    ],
)
def test_a_bad_setting_is_an_error_that_names_it(settings: dict[str, object], words: str) -> None:
    """Configuration fails at start, with the key or the pattern's name."""
    with pytest.raises(ValidationError, match=words):
        PrivacySettings.model_validate(settings)


def test_a_missing_topic_model_stops_the_start(tmp_path: Path) -> None:
    """Topics without their model would silently let private prompts pass."""
    with pytest.raises(FileNotFoundError, match="topics: false"):
        Detector(PrivacySettings(), tmp_path / "topics.json")
    with pytest.raises(ValueError, match="topics"):
        Detector(PrivacySettings())


def test_a_request_over_the_limit_is_private() -> None:
    """What is too long to be read isn't taken for clean."""
    assert rules({"limits": {"max_characters": 1_000}}, "a" * 1_001) == {"limit.length"}
