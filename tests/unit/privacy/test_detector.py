"""Whole requests in, verdicts out."""

from __future__ import annotations

import pytest

from router_plugin.privacy import Detector, Finding, Judgement, PrivacySettings, engine
from router_plugin.request import Conversation, Opaque, Origin, Segment, Surface


def conversation(*texts: str, origin: Origin = Origin.USER, opaque: tuple[Opaque, ...] = ()) -> Conversation:
    segments = tuple(Segment(f"messages[{i}].content", text, origin) for i, text in enumerate(texts))
    return Conversation(Surface.CHAT, (), segments, opaque)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(PrivacySettings(topics=False))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("My SSN is 078-05-1120", "identity.us_ssn"),
        ("key AKIAIOSFODNN7EXAMPLE", "secrets.aws_access_key"),
        ("mi contraseña es Xk29!vbQz77", "secrets.password"),
        ("card 4111 1111 1111 1111", "finance.card"),
        ("write to jane.okoro@northwindhospital.example", "contact.email"),
    ],
)
def test_private_data_is_found_with_its_rule_and_place(detector: Detector, text: str, rule: str) -> None:
    """A request with an identifier or a secret is private, and the finding says which rule and where."""
    verdict = detector.scan(conversation("hello", text))
    assert verdict.judgement is Judgement.PRIVATE
    assert Finding(rule, "messages[1].content") in verdict.findings


@pytest.mark.parametrize(
    "text",
    [
        "What is 2 + 2?",
        "How do I rotate an API token?",
        "Be patient with me: what is a password hash?",
        'password = os.environ["DB_PASSWORD"]',
        "Why does my validator reject foo+bar@example.com?",
        "md5 61859d64bb363aa2310e0c316815df1b *file.iso - how do I verify?",
    ],
)
def test_prompts_that_only_mention_a_sensitive_word_are_public(detector: Detector, text: str) -> None:
    """A word such as password, token or patient holds nothing back."""
    assert detector.scan(conversation(text)).judgement is Judgement.PUBLIC


def test_an_opaque_part_is_uninspectable_until_its_kind_is_allowed(detector: Detector) -> None:
    """An image counts as private; the finding names the kind, and the operator can open exactly that kind."""
    request = conversation("hello", opaque=(Opaque("messages[0].content[1]", "image"),))
    verdict = detector.scan(request)
    assert verdict.judgement is Judgement.UNINSPECTABLE
    assert verdict.findings == (Finding("opaque.image", "messages[0].content[1]"),)
    allowed = Detector(PrivacySettings(topics=False, allow_uninspectable=("image",)))
    assert allowed.scan(request).judgement is Judgement.PUBLIC


def test_an_identifier_in_user_or_metadata_alone_is_droppable(detector: Detector) -> None:
    """It doesn't make the request private; its place is named, so that the field can be dropped."""
    request = Conversation(
        Surface.CHAT,
        (),
        (Segment("messages[0].content", "hi", Origin.USER), Segment("user", "jane@hospital.example", Origin.IDENTITY)),
        (),
    )
    verdict = detector.scan(request)
    assert verdict.judgement is Judgement.PUBLIC
    assert verdict.droppable == ("user",)


def test_any_exception_makes_the_request_private(detector: Detector) -> None:
    """A scan never raises: what can't be scanned is private."""
    broken = Conversation(Surface.CHAT, (), (Segment("x", None, Origin.USER),), ())  # type: ignore[arg-type]
    verdict = detector.scan(broken)
    assert verdict.judgement is Judgement.PRIVATE
    assert verdict.findings == (Finding("error.scan", ""),)


def test_a_warm_detector_judges_as_a_cold_one() -> None:
    """Warming up compiles and remembers nothing that changes a verdict."""
    cold, warm = Detector(PrivacySettings(topics=False)), Detector(PrivacySettings(topics=False))
    warm.warm_up()
    for text in ("my ssn is 536-22-8741", "What is 2 + 2?"):
        request = Conversation(Surface.CHAT, (), (Segment("x", text, Origin.USER),), ())
        assert warm.scan(request) == cold.scan(request)


def test_patterns_that_match_everywhere_do_not_stop_the_start() -> None:
    """A sample that is too much to look at is passed over; a request like it is private."""
    patterns = {f"p{number}": rf"[a-z]{{2}}(?:zq{number})?" for number in range(700)}
    detector = Detector(PrivacySettings(topics=False, patterns=patterns))
    detector.warm_up(places=True)
    request = Conversation(Surface.CHAT, (), (Segment("x", "What is the capital of Peru? " * 20, Origin.USER),), ())
    assert detector.scan(request).judgement is Judgement.PRIVATE


def test_where_values_are_replaced_every_pattern_is_compiled_at_the_start() -> None:
    """`locate` asks all rules, so that the first request of a redacting proxy would wait for hundreds of them."""
    engine._search.cache_clear()
    Detector(PrivacySettings(topics=False)).warm_up()
    few = engine._search.cache_info().currsize
    detector = Detector(PrivacySettings(topics=False))
    detector.warm_up(places=True)
    compiled = engine._search.cache_info().misses
    assert few < compiled / 2
    detector.locate("My SSN is 536-22-8741.")
    assert engine._search.cache_info().misses == compiled
