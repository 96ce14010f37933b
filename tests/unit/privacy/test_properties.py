"""What must hold for any request, and for coding sessions as they are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router_plugin.paths import model_dir
from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.privacy.memory import Memory
from router_plugin.request import Conversation, Origin, Segment, Surface

from .agent_sessions import sessions

CANARY = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
TOPICS = model_dir() / "topics.json"
RULES_ONLY = Detector(PrivacySettings(topics=False))
ORIGINS = st.sampled_from([origin for origin in Origin if origin is not Origin.IDENTITY])
TEXTS = st.text(st.characters(codec=None), max_size=200)


def conversation(parts: list[tuple[str, Origin]]) -> Conversation:
    segments = tuple(Segment(f"messages[{i}].content", text, origin) for i, (text, origin) in enumerate(parts))
    return Conversation(Surface.CHAT, (), segments, ())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(TEXTS, ORIGINS), min_size=1, max_size=6), st.data())
def test_a_canary_anywhere_in_a_conversation_is_found(parts: list[tuple[str, Origin]], data: st.DataObject) -> None:
    """Whatever stands around it, and wherever it stands, a secret makes the request private."""
    index = data.draw(st.integers(0, len(parts) - 1))
    text, origin = parts[index]
    cut = data.draw(st.integers(0, len(text)))
    parts[index] = (f"{text[:cut]} {CANARY} {text[cut:]}", origin)
    assert RULES_ONLY.scan(conversation(parts)).private


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(TEXTS, ORIGINS), max_size=5))
def test_a_scan_is_deterministic_and_never_fails(parts: list[tuple[str, Origin]]) -> None:
    """The same request has the same verdict, remembered or not, and no text breaks a scan."""
    first = RULES_ONLY.scan(conversation(parts))
    assert RULES_ONLY.scan(conversation(parts)) == first
    assert Detector(PrivacySettings(topics=False)).scan(conversation(parts)) == first
    assert "error.scan" not in {finding.rule for finding in first.findings}


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=8, max_size=12))
def test_no_text_leaves_the_detector(name: str) -> None:
    """A verdict's repr holds rules and places only."""
    verdict = RULES_ONLY.scan(conversation([(f"write to {name}q7@posteo.de", Origin.USER)]))
    assert verdict.private
    assert f"{name}q7" not in repr(verdict)


def test_memory_is_bounded_and_keeps_the_latest() -> None:
    """The least recently used entry makes room; keys differ between processes' keys and kinds."""
    memory = Memory(2)
    keys = [memory.digest(text, kind="whole") for text in "abc"]
    for key in keys:
        memory.put(key, ("x",))
    assert [memory.get(key) for key in keys] == [None, ("x",), ("x",)]
    assert memory.digest("a", kind="whole") != memory.digest("a", kind="rules")
    assert memory.digest("a", kind="whole") != Memory(2).digest("a", kind="whole")


@pytest.mark.skipif(not TOPICS.is_file(), reason="the topic model has not been trained")
def test_few_coding_sessions_are_held_back() -> None:
    """At most 5 % of thirty-turn sessions without planted private data stay local."""
    detector = Detector(PrivacySettings(), TOPICS)
    held = [detector.scan(session).private for session in sessions(40)]
    assert sum(held) <= 0.05 * len(held)


@pytest.mark.skipif(not TOPICS.is_file(), reason="the topic model has not been trained")
@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("Review this patient medical record and extract key diagnoses...", True),
        ("My husband was just diagnosed with Parkinson's and I don't know how to tell our kids.", True),
        ("I owe 23,000 on my cards and my wife has no idea. What do I do?", True),
        ("What is 2 + 2?", False),
        ("How do I rotate an API token?", False),
        (
            (
                "Analyze the trade-offs between microservices and monolithic architecture for a startup with "
                "5 engineers building a fintech product."
            ),
            False,
        ),
        ("My daughter wants a treehouse, which wood do we buy?", False),
        ("Explain how chemotherapy works.", False),
    ],
)
def test_topics_tell_private_matters_from_harmless_ones(text: str, private: bool) -> None:
    """Private without an identifier, and harmless although a sensitive word or a family member is in it."""
    detector = Detector(PrivacySettings(), TOPICS)
    assert detector.scan(conversation([(text, Origin.USER)])).private is private


@pytest.mark.skipif(not TOPICS.is_file(), reason="the topic model has not been trained")
def test_a_private_paragraph_in_a_long_document_is_found() -> None:
    """Long texts are scored window by window, and the lines of a window by themselves too."""
    detector = Detector(PrivacySettings(), TOPICS)
    filler = "\n\n".join(f"Section {n}. The museum opens at ten and closes at six on most days." for n in range(60))
    paragraph = "I relapsed last week after a year sober, my wife doesn't know, and my doctor put me on naltrexone."
    assert not detector.scan(conversation([(filler, Origin.USER)])).private
    assert detector.scan(conversation([(f"{filler}\n\n{paragraph}\n\n{filler}", Origin.USER)])).private
