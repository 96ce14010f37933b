"""The index finds an earlier prompt that asks the same, within one scope, and keeps no text."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from router_plugin.embedding import unit
from router_plugin.semantic import Index, Match

if TYPE_CHECKING:
    from router_plugin.embedding import Vector

ASKED, AGAIN, OTHER = "What is photosynthesis?", "Can you explain photosynthesis?", "What is osmosis?"


class Angles:
    """An embedder whose vectors lie at a chosen angle (degrees) for each text; None for a text that it doesn't know."""

    name = "angles"

    def __init__(self, **degrees: float) -> None:
        self.degrees = {ASKED: 0.0, AGAIN: 10.0, OTHER: 5.0} | degrees
        self.asked: list[str] = []

    async def embed(self, text: str) -> Vector | None:
        self.asked.append(text)
        if text not in self.degrees:
            return None
        angle = np.radians(self.degrees[text])
        return unit([np.cos(angle), np.sin(angle)])


async def test_the_same_question_in_other_words_is_found() -> None:
    """With the entry of its answer and the cosine of the two."""
    index = Index(Angles())
    assert await index.add(b"scope", ASKED, b"entry")
    match = await index.find(b"scope", AGAIN)
    assert match is not None
    assert match.entry_key == b"entry"
    assert match.similarity == pytest.approx(np.cos(np.radians(10)), abs=1e-6)


async def test_nearness_alone_finds_nothing() -> None:
    """Another question at 5 degrees is none, and isn't even embedded."""
    embedder = Angles()
    index = Index(embedder)
    await index.add(b"scope", ASKED, b"entry")
    assert await index.find(b"scope", OTHER) is None
    assert embedder.asked == [ASKED]


async def test_equal_readings_that_are_far_apart_find_nothing() -> None:
    """The embedding is the second lock: at 60 degrees the cosine is 0.5."""
    index = Index(Angles(**{AGAIN: 60.0}))
    await index.add(b"scope", ASKED, b"entry")
    assert await index.find(b"scope", AGAIN) is None


async def test_scopes_never_meet() -> None:
    """Whatever the bytes are: one scope's end isn't another one's text."""
    index = Index(Angles())
    await index.add(b"tenant a", ASKED, b"entry")
    for scope in (b"tenant b", b"", b"tenant", b"tenant a "):
        assert await index.find(scope, ASKED) is None


@pytest.mark.parametrize("text", ["What is the weather?", "", "What is the capital of Peru?"])
async def test_what_cannot_be_kept_is_not(text: str) -> None:
    """Today's matter, nothing, and a text without a vector (too long, or no answer)."""
    index = Index(Angles())
    assert not await index.add(b"scope", text, b"entry")
    assert await index.find(b"scope", text) is None
    assert len(index) == 0


async def test_a_failing_embedder_finds_nothing() -> None:
    """Not even what the readings say."""
    embedder = Angles()
    index = Index(embedder)
    await index.add(b"scope", ASKED, b"entry")
    del embedder.degrees[AGAIN]
    assert await index.find(b"scope", AGAIN) is None


async def test_a_vector_that_is_no_number_finds_nothing() -> None:
    """A comparison with NaN must not pass."""
    index = Index(Angles())
    await index.add(b"scope", ASKED, b"entry")

    class Broken(Angles):
        async def embed(self, text: str) -> Vector | None:
            return np.array([np.nan, np.nan], dtype=np.float32)

    index.embedder = Broken()
    assert await index.find(b"scope", AGAIN) is None


async def test_vectors_of_two_models_never_match() -> None:
    """Their dimensions differ."""
    index = Index(Angles())
    await index.add(b"scope", ASKED, b"entry")

    class Longer(Angles):
        async def embed(self, text: str) -> Vector | None:
            return unit([1.0, 0.0, 0.0])

    index.embedder = Longer()
    assert await index.find(b"scope", AGAIN) is None


async def test_without_an_embedder_readings_decide() -> None:
    index = Index()
    assert await index.add(b"scope", ASKED, b"entry")
    assert await index.find(b"scope", AGAIN) == Match(b"entry", 1.0)
    assert await index.find(b"scope", OTHER) is None


async def test_a_dropped_entry_is_gone_and_the_others_stay() -> None:
    """Two answers to one question, and one of them goes; the nearest of those that are left is found."""
    index = Index(Angles())
    await index.add(b"scope", ASKED, b"one")
    await index.add(b"scope", AGAIN, b"two")
    assert await index.find(b"scope", AGAIN) == Match(b"two", pytest.approx(1.0))
    index.drop(b"two")
    index.drop(b"never there")
    match = await index.find(b"scope", AGAIN)
    assert match is not None
    assert match.entry_key == b"one"
    index.drop(b"one")
    assert await index.find(b"scope", AGAIN) is None
    assert not index._places


async def test_the_least_recently_used_goes_first() -> None:
    """A hit counts as use, and adding an entry again doesn't make it two."""
    index = Index(entries=2)
    await index.add(b"1", ASKED, b"one")
    await index.add(b"2", ASKED, b"two")
    await index.add(b"2", ASKED, b"two")
    assert await index.find(b"1", AGAIN)
    await index.add(b"3", ASKED, b"three")
    assert [bool(await index.find(scope, AGAIN)) for scope in (b"1", b"2", b"3")] == [True, False, True]
    assert len(index) == 2


async def test_nothing_that_is_kept_can_be_read() -> None:
    """Neither the words of a prompt nor of its reading, in the index or its repr."""
    index = Index(Angles())
    await index.add(b"scope", ASKED, b"entry")
    index.embedder = None
    assert b"photosynthesis" not in pickle.dumps(index)
    assert "photosynthesis" not in repr(index)
