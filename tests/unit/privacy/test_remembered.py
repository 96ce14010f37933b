"""What the detector remembers hides nothing: it finds what one without a memory finds, whatever it has read before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from router_plugin.privacy import Detector, PrivacySettings, Verdict
from router_plugin.privacy.splits import EDGE, Border, borders
from router_plugin.request import Conversation, Origin, Segment, Surface, parse

WITHOUT_TOPICS = {"topics": False}
FORGETFUL = Detector(PrivacySettings.model_validate(WITHOUT_TOPICS | {"limits": {"cache_entries": 0}}))
# Pieces of a social security number, a key and a card, and what may stand between or before them.
PIECES = st.sampled_from(
    [
        *("my ssn is 078-", "05-1120", "078-05", "-1120", "05", "AKIAQ7RT", "XN2MPLK4VWEZ", "4111 1111", "1111 1111"),
        *("hello", "and then?", "a", "x" * EDGE, "word " * 60 + "078-05-", "1120 " + "word " * 60),
        *(letter * length for letter, length in zip("bcdef", (30, 50, 70, 100, EDGE - 1), strict=True)),
    ]
)
MESSAGES = st.lists(st.tuples(st.sampled_from(["user", "assistant", "tool"]), PIECES), min_size=1, max_size=7)


def read(messages: list[tuple[str, str]]) -> Conversation:
    return parse({"messages": [{"role": role, "content": text} for role, text in messages]}, Surface.CHAT)


def found(verdict: Verdict) -> object:
    return verdict.judgement, set(verdict.findings)


@settings(max_examples=300, deadline=None)
@given(st.lists(MESSAGES, min_size=2, max_size=5))
def test_a_detector_that_has_read_similar_requests_finds_the_same(requests: list[list[tuple[str, str]]]) -> None:
    """Requests of the same pieces in other orders, so that a border that is taken for another one would show."""
    detector = Detector(PrivacySettings.model_validate(WITHOUT_TOPICS))
    for messages in [*requests, *requests]:
        conversation = read(messages)
        assert found(detector.scan(conversation)) == found(FORGETFUL.scan(conversation))


def test_a_remembered_end_is_looked_at_again_behind_another_beginning() -> None:
    """Both messages are known, each harmless; together they are an identifier."""
    detector = Detector(PrivacySettings.model_validate(WITHOUT_TOPICS))
    end = ("user", "05-1120")
    assert not detector.scan(read([("user", "a table of prices"), end])).private
    assert not detector.scan(read([("user", "my ssn is 078-")])).private
    assert detector.scan(read([("user", "my ssn is 078-"), end])).private
    rest = [("user", "05-"), ("user", "1120")]
    assert not detector.scan(read([("user", "a table of prices"), *rest])).private
    assert detector.scan(read([("user", "my ssn is 078-"), *rest])).private


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([Origin.USER, Origin.ASSISTANT, Origin.IDENTITY]), PIECES), max_size=9))
def test_a_border_joins_the_ends_of_all_that_went_before(parts: list[tuple[Origin, str]]) -> None:
    """Against the whole of it, joined and cut: what a run of segments leaves out lies further back than EDGE."""
    segments = [Segment(f"messages[{i}].content", text, origin) for i, (origin, text) in enumerate(parts)]
    expected: dict[int, list[list[str]]] = {}
    for position, segment in enumerate(segments):
        before = [s for s in segments[:position] if s.origin is not Origin.IDENTITY]
        if segment.origin is not Origin.IDENTITY and before:
            alike = [s.text for s in before if s.origin is segment.origin]
            expected[position] = [[s.text for s in before], *([alike] if alike else [])]
    made: dict[int, Border] = {border.position: border for border in borders(segments)}
    assert set(made) == set(expected)
    for position, runs in expected.items():
        tight, spaced, apart = made[position].sides(segments)
        head = segments[position].text[:EDGE]
        assert set(tight.split("\n\n")) == {"".join(run)[-EDGE:] + head for run in runs}
        assert set(spaced.split("\n\n")) == {" ".join(run)[-EDGE:] + f" {head}" for run in runs}
        assert head in apart.split("\n\n")


def test_a_plain_message_is_read_like_one_with_more_fields() -> None:
    """The short way for `role` and `content` alone gives the same text and turn as the long one."""
    for role in ("system", "developer", "user", "assistant", "tool", "function", "model"):
        for text in ("", "hello", "078-05-1120"):
            plain: dict[str, Any] = {"role": role, "content": text}
            short = parse({"messages": [plain]}, Surface.CHAT)
            long = parse({"messages": [plain | {"type": "message"}]}, Surface.CHAT)
            assert (short.segments, short.turns, short.opaque) == (long.segments, long.turns, long.opaque)


def test_threads_share_a_small_memory() -> None:
    """Results are thrown out by one thread while others look them up; none is lost or mixed up."""
    detector = Detector(PrivacySettings.model_validate(WITHOUT_TOPICS | {"limits": {"cache_entries": 3}}))
    asked = [
        read([("user", f"note {n}"), ("user", "my ssn is 078-" if n % 2 else "no"), ("user", "05-1120")])
        for n in range(40)
    ]
    with ThreadPoolExecutor(8) as pool:
        private = list(pool.map(lambda one: detector.scan(one).private, asked * 20))
    assert private == [bool(n % 2) for n in range(40)] * 20
