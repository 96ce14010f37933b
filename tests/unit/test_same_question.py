"""Two prompts are one question only where nothing that can change an answer differs: pairs and near misses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from router_plugin import wordings
from router_plugin.same_question import comparable, lasting, reading

DATA = Path(__file__).parents[1] / "data"
PAIRS = {
    name: [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]
    for name in ("cache_pairs.jsonl", "cache_pairs_held_out.jsonl")
}

SAME = [
    ("How do I reverse a list in Python?", "How can I reverse a list in Python, please?"),
    ("What is the capital of France?", "What's France's capital?"),
    ("Could you please explain photosynthesis?", "What is photosynthesis?"),
    ("How is bread made?", "How do you make bread?"),
    ("Translate “good morning” into Spanish.", 'How do you say "good morning" in Spanish?'),
    ("What is 15% of 80?", "How much is 15 percent of 80?"),
    ("Write two tips for better sleep.", "Give me 2 tips for better sleep."),
    ("How many bones are in the human body?", "How many bones does the human body have?"),
    ("Warum ist der Himmel blau?", "Wieso ist der Himmel blau?"),
    ("¿Cómo puedo aprender inglés?", "¿Cómo aprender inglés?"),
    ("Comment apprendre l'anglais ?", "Comment puis-je apprendre l'anglais ?"),
]
OTHER = {
    "a number": [("What is 15% of 80?", "What is 18% of 80?"), ("Name two rivers.", "Name three rivers.")],
    "a version": [("What is new in Python 3.10?", "What is new in Python 3.12?")],
    "a sign": [
        ("What is -5 + 3?", "What is 5 + 3?"),
        ("What is 5!?", "What is 5?"),
        ("What does $? do?", "What does $ do?"),
    ],
    "an ordinal": [("Who was the 1st king?", "Who was the 2nd king?")],
    "a unit": [("Convert 10 pounds to kilograms.", "Convert 10 pounds to ounces.")],
    "a date": [("What happened on 4 July?", "What happened on 5 July?")],
    "a negation": [("Why can't I sleep?", "Why can I sleep?"), ("Bread with yeast", "Bread without yeast")],
    "polarity": [("Enable dark mode.", "Disable dark mode."), ("Sort ascending.", "Sort descending.")],
    "a name": [("What is the capital of Austria?", "What is the capital of Australia?")],
    "an abbreviation": [("How do I get to the US?", "How do I get to us?")],
    "an identifier": [("Explain useEffect.", "Explain useState."), ("What is a.b?", "What is a b?")],
    "a programming language": [
        ("Reverse a list in Python.", "Reverse a list in Java."),
        ("Why use C?", "Why use C++?"),
    ],
    "a language": [
        ('Say "hi" in Dutch.', 'Say "hi" in German.'),
        ("Translate Polish to Greek: dom", "Translate Greek to Polish: dom"),
    ],
    "a direction": [("How do I go from Paris to Berlin?", "How do I go from Berlin to Paris?")],
    "the order": [("Can cats eat dog food?", "Can dogs eat cat food?"), ("Who is Ann's son?", "Who is the son's Ann?")],
    "the agent": [("Who killed Caesar?", "Who was killed by Caesar?"), ("What eats a lion?", "What does a lion eat?")],
    "the person": [("Where do I live?", "Where do you live?"), ("Who is my father?", "Who is your father?")],
    "the time": [("Who will win?", "Who won?"), ("When does the war begin?", "When did the war begin?")],
    "a format": [("List the planets as a table.", "List the planets as JSON.")],
    "a quotation": [('What does "affect" mean?', 'What does "effect" mean?'), ('Is "Us" right?', 'Is "us" right?')],
    "the question": [("Why is the sky blue?", "When is the sky blue?"), ("What is bread?", "What is in bread?")],
    "an article that counts": [("What is a python?", "What is Python?"), ("Why do few vote?", "Why do a few vote?")],
    "a plural that is another thing": [("How do I clean my glasses?", "How do I clean glass?")],
    "a word that is itself the matter": [
        ("How do I spell colour?", "How do I spell color?"),
        ("What is a synonym for big?", "What is a synonym for large?"),
        ("How do you say kid in Spanish?", "How do you say child in Spanish?"),
        ("Translate I am hungry into French.", "Translate we are hungry into French."),
        ("What is the plural of cat?", "What is the plural of cats?"),
        ("How do delete and erase differ?", "How do erase and delete differ?"),
    ],
    "a compound": [("What is an in-law?", "What is a law?"), ("Write a to-do list.", "Write a list.")],
    "a word in no table": [("How do I boil eggs?", "How do I fry eggs?")],
}


@pytest.mark.parametrize(("a", "b"), SAME)
def test_other_words_for_the_same_question(a: str, b: str) -> None:
    """Politeness, grammar and the synonyms of the table make no difference, either way round."""
    assert comparable(a, b)
    assert comparable(b, a)


@pytest.mark.parametrize(("a", "b"), [pair for pairs in OTHER.values() for pair in pairs])
def test_what_differs_in_one_thing_is_another_question(a: str, b: str) -> None:
    """Each near miss, either way round; and each is comparable with itself, so that it's the difference that counts."""
    assert not comparable(a, b)
    assert not comparable(b, a)
    assert comparable(a, a)
    assert comparable(b, b)


@pytest.mark.parametrize(
    "text",
    [
        "What is the weather in Rome?",
        "What happened today?",
        "Who is the president of France?",
        "What is the latest version of Go?",
        "What time is it?",
        "What's on this week?",
        "Tell me another joke.",
        "Wie wird das Wetter?",
        "¿Qué hora es ahora?",
        "Quelle est la météo ?",
    ],
)
def test_what_is_true_only_today_is_never_kept(text: str) -> None:
    """Nor is what refers to something said before; it isn't even comparable with itself."""
    assert not lasting(text)
    assert not comparable(text, text)


@pytest.mark.parametrize("text", ["What is entropy?", "How do I undo the last git commit?", "Who wrote Hamlet?"])
def test_what_stays_true_is_kept(text: str) -> None:
    assert lasting(text)


@pytest.mark.parametrize("text", ["", "  ", "?", "What is it?", "Please", "How do I?", "word " * 401])
def test_what_asks_nothing_or_too_much_is_never_the_same(text: str) -> None:
    """It may mean anything."""
    assert reading(text) is None
    assert not comparable(text, text)


def test_code_and_lines_are_taken_as_they_are() -> None:
    """Indentation is meaning there, and so is every sign."""
    assert comparable("Explain:\nif a:\n    b()", "Explain:\nif a:\n    b()\n")
    assert not comparable("Explain:\nif a:\n    b()", "Explain:\nif a:\n        b()")
    assert not comparable("What does `a  b` do?", "What does `a b` do?")
    assert not comparable("Please explain `x`", "Explain `x`")


def test_a_reading_shows_no_text() -> None:
    """Its repr could get into a log."""
    asked = reading("Why is the sky blue?")
    assert repr(asked) == "Reading(2 words)"


@pytest.mark.parametrize("name", PAIRS)
def test_the_guards_on_the_pairs(name: str) -> None:
    """At most one false hit in a hundred, at least half of the paraphrases; the figures are in docs/caching.md."""
    rows = PAIRS[name]
    hits = {True: 0, False: 0}
    for row in rows:
        hits[row["same"]] += comparable(row["a"], row["b"])
    count = sum(row["same"] for row in rows)
    assert hits[False] <= (len(rows) - count) / 100
    assert hits[True] >= count / 2


def test_the_pairs_are_pairs() -> None:
    """200 and 200, 60 and 60; no prompt beside itself, no pair twice."""
    for rows, each in zip(PAIRS.values(), (200, 60), strict=True):
        assert [sum(row["same"] is same for row in rows) for same in (True, False)] == [each, each]
        assert all(row["a"] != row["b"] for row in rows)
    pairs = [(row["a"], row["b"]) for rows in PAIRS.values() for row in rows]
    assert len(set(pairs)) == len(pairs)


def test_no_word_stands_for_two_meanings() -> None:
    """A word in two lines of the table would join them."""
    words = wordings.SAME_TEXT.split()
    assert len(set(words)) == len(words)
    assert not wordings.IDLE.intersection(words)
