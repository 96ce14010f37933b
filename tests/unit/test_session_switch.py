"""router_plugin.session and router_plugin.continuity: when a conversation changes its tier or its model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from router_plugin.ask import Kind
from router_plugin.complexity import Tier
from router_plugin.conversation import Surface
from router_plugin.decision import Reason
from router_plugin.prices import FREE, Price
from router_plugin.rates import Rates
from router_plugin.session import Note, Rate, Switch, hold, switch, turns_ahead
from router_plugin.session_key import Keys
from router_plugin.sessions import Sessions
from router_plugin.settings import SessionSettings, Settings
from tests.unit.builders import complexity, deployment, inventory, router
from tests.unit.talks import HIGH, LOCAL, LOW, MINI, NAMED, OPUS, Talk, chat, sessions

HOLDS: list[tuple[str, Kind, float, bool, Note | None, bool, Tier, str | None]] = [
    # what, the last turn's kind, its score, unsure, the note, a switch pays -> tier, why it is held
    ("a first request", Kind.FRESH, 0.1, False, None, True, Tier.LOW, None),
    ("yes to hard work", Kind.GO_ON, 0.1, False, HIGH, True, Tier.HIGH, "under_way"),
    ("a tool result in hard work", Kind.TOOL, 0.1, False, HIGH, True, Tier.HIGH, "under_way"),
    ("a reminder in hard work", Kind.NOTE, 0.5, False, HIGH, True, Tier.HIGH, "under_way"),
    ("thanks that pay", Kind.THANKS, 0.1, False, HIGH, True, Tier.LOW, None),
    ("thanks that don't", Kind.THANKS, 0.1, False, HIGH, False, Tier.HIGH, "switch_costs"),
    ("an easy question that pays", Kind.FOLLOW_UP, 0.1, False, HIGH, True, Tier.LOW, None),
    ("an easy question that doesn't", Kind.FOLLOW_UP, 0.1, False, HIGH, False, Tier.HIGH, "switch_costs"),
    ("an unsure one", Kind.FOLLOW_UP, 0.1, True, HIGH, True, Tier.HIGH, "under_way"),
    ("harder work", Kind.FOLLOW_UP, 0.9, False, LOW, False, Tier.HIGH, None),
    ("a tool result that looks hard", Kind.TOOL, 0.9, False, LOW, False, Tier.LOW, "under_way"),
    ("yes to an offer of hard work", Kind.GO_ON, 0.9, False, LOW, False, Tier.HIGH, None),
    ("thanks, of which no word is known", Kind.THANKS, 0.1, True, HIGH, True, Tier.LOW, None),
    ("the same", Kind.FOLLOW_UP, 0.1, False, LOW, False, Tier.LOW, None),
]


@pytest.mark.parametrize(("kind", "score", "unsure", "note", "pays", "tier", "why"), [row[1:] for row in HOLDS])
def test_a_tier_rises_at_once_and_falls_when_it_pays(
    kind: Kind, score: float, unsure: bool, note: Note | None, pays: bool, tier: Tier, why: str | None
) -> None:
    """The work under way keeps its tier while the last turn says nothing about it."""
    routed, held = hold(kind, complexity(score, abstained=unsure), note, lambda: Switch(1.0, 0.0 if pays else 2.0))
    assert routed.tier is tier
    assert (held.why if held else None) == why


SWITCHES: list[tuple[str, dict[str, Any], bool]] = [
    ("a short talk with a dear model", {"stay": OPUS, "go": MINI, "context": 500, "turns": 4}, True),
    ("a long one that is warm", {"stay": OPUS, "go": MINI, "context": 60_000, "turns": 2}, False),
    ("a long one that has grown cold", {"stay": OPUS, "go": MINI, "context": 60_000, "turns": 2, "warm": False}, True),
    ("a long one with many turns to come", {"stay": OPUS, "go": MINI, "context": 60_000, "turns": 8}, True),
    ("to a local model that reads slowly", {"stay": MINI, "go": LOCAL, "context": 30_000, "turns": 2}, False),
    ("to a local model, shortly", {"stay": OPUS, "go": LOCAL, "context": 500, "turns": 2}, True),
    ("to a dearer one", {"stay": MINI, "go": OPUS, "context": 500, "turns": 8}, False),
]


@pytest.mark.parametrize(("given", "pays"), [row[1:] for row in SWITCHES], ids=[row[0] for row in SWITCHES])
def test_what_a_switch_is_worth(given: dict[str, Any], pays: bool) -> None:
    """Savings of the turns ahead against reading the conversation cold, with seconds as money."""
    assert switch(**{"new": 100, "warm": True, "second": 0.001, **given}).pays is pays


def test_the_sums_of_a_switch() -> None:
    """Worked out by hand for round prices: dollars per token 10, 100 and 1; and a free model at 10 tokens a second."""
    stay, go = Rate(Price(10, 100, 1)), Rate(FREE, 10)
    found = switch(stay, go, context=50, new=5, turns=2, warm=True, second=3, back=0.5)
    assert found.saving == 2 * (50 * 1 + 5 * 10 + 400 * 100)
    assert found.cost == 50 / 10 * 3 + 0.5 * 50 * (10 - 1)
    cold = switch(stay, go, context=50, new=5, turns=2, warm=False, second=3, back=0.5)
    assert (cold.saving - found.saving, cold.cost) == (50 * 9, 15)


@pytest.mark.parametrize(("turns", "ahead"), [(0, 2), (3, 3), (50, 8)])
def test_turns_ahead_are_bounded(turns: int, ahead: int) -> None:
    """A conversation's age is the guess at its rest."""
    assert turns_ahead(Note(turns=turns)) == ahead


async def test_an_opener_does_not_lock_a_session_to_the_small_model() -> None:
    """hi, then hard work, then yes, then an easy question in a long talk, then in a short one after a pause."""
    talk = Talk()
    long = "x " * 120_000
    assert (await talk.ask("hi", score=0.05)).tier is Tier.LOW
    assert (await talk.ask("hi", "Hello!", long, score=0.9)).tier is Tier.HIGH
    yes = await talk.ask("hi", "Hello!", long, "Shall I?", "yes", score=0.1)
    assert (yes.tier, yes.held.why) == (Tier.HIGH, "under_way")
    assert yes.chain[0] == "anthropic-premium"
    easy = await talk.ask("hi", "Hello!", long, "Shall I?", "yes", "Done.", "What is 2 + 2?", score=0.1)
    assert (easy.tier, easy.held.why) == (Tier.HIGH, "switch_costs")
    assert easy.to_json()["session"]["cost"] > easy.to_json()["session"]["saving"]
    talk.clock.now += 400
    later = await talk.ask("hi", "Hello!", long, "Shall I?", "yes", "Done.", "Now what is 3 + 3?", score=0.1)
    assert later.tier is Tier.LOW


async def test_an_unsure_first_turn_that_went_up_stays_up() -> None:
    """The tier that routed is remembered, not the one that was in doubt."""
    talk = Talk()
    await talk.ask("Could you?", score=0.1, abstained=True, **NAMED)
    assert (await talk.ask("Could you?", "Yes.", "go on", score=0.1, **NAMED)).tier is Tier.MEDIUM


async def test_the_model_that_answered_last_goes_first_while_it_is_warm() -> None:
    """A fallback has the conversation in its cache; going back to the first in the chain would read it again."""
    talk = Talk()
    texts = ["x " * 50_000, "Hm.", "Compare them."]
    await talk.ask(*texts, score=0.5, **NAMED)
    memory = await talk.sessions.open(
        {**NAMED, "messages": chat(*texts)}, talk.router.read({"messages": chat(*texts)}, Surface.CHAT), "t", {}
    )
    await memory.decided(await talk.ask(*texts, score=0.5, **NAMED))
    await memory.served("openai-default")
    warm = await talk.ask(*texts, "So.", "And these?", score=0.5, **NAMED)
    assert warm.chain[0] == "openai-default"
    assert "session:warm" in map(str, warm.reasons)
    assert set(warm.chain) >= {"azure-default", "openai-default"}
    talk.clock.now += 400
    assert (await talk.ask(*texts, "So.", "Now these?", score=0.5, **NAMED)).chain[0] == "azure-default"


def test_a_local_models_reading_speed_is_measured() -> None:
    """From streamed answers to long prompts only; cloud records and whole answers say nothing."""
    offered = inventory(deployment("ollama-default"), deployment("azure-default"))
    rates = Rates(offered, 500.0)
    fast = {"deployment": "ollama-default-1", "prompt_tokens": 4000, "ttft": 2.0, "latency": 9.0}
    for record in (
        {**fast, "deployment": "azure-default-1"},
        {**fast, "prompt_tokens": 100},
        {**fast, "ttft": 9.0},
        {**fast, "ttft": None},
        {**fast, "deployment": "gone"},
        {},
    ):
        rates.observe(record)
    assert rates.of("ollama-default") == Rate(FREE, 500.0)
    rates.observe(fast)
    assert rates.of("ollama-default") == Rate(FREE, 2000.0)
    assert rates.of("azure-default") is None  # no such model in the price list
    assert rates.of("gone") is None


def test_the_settings_make_sessions() -> None:
    """In memory, with the settings' time."""
    assert Sessions.in_memory(b"s", SessionSettings(ttl_seconds=5)).seconds == 5


async def test_a_lower_tier_of_the_same_model_is_no_switch() -> None:
    """Nothing is read afresh, so there is nothing to weigh."""
    talk = Talk(router(inventory("openai-default"), Settings(), complexity(0.5)))
    await talk.ask("x " * 90_000, score=0.5, **NAMED)
    assert (await talk.ask("What is 2 + 2?", score=0.1, **NAMED)).tier is Tier.LOW


async def test_where_a_price_is_unknown_the_tier_stays() -> None:
    """What a switch costs can't be said, so there is none."""
    talk = Talk()
    talk.router = replace(talk.router, rates=None)
    await talk.ask("hi", "Hm.", "x", score=0.9, **NAMED)
    kept = await talk.ask("hi", "Hm.", "x", "Hm.", "What is 2 + 2?", score=0.1, **NAMED)
    assert (kept.tier, kept.held.switch) == (Tier.HIGH, None)


async def test_a_named_model_leaves_the_tier_of_the_work_as_it_was() -> None:
    """The next turn without a name goes on where the work stood."""
    talk = Talk()
    hard = await talk.ask("hi", "Hm.", "x", score=0.9, **NAMED)
    note = talk.sessions.after(None, hard)
    named = replace(hard, tier=Tier.LOW, routed=Tier.LOW, score=0.1, reasons=(Reason("asked.model", "openai-default"),))
    assert talk.sessions.after(note, named).tier is Tier.HIGH
    assert talk.sessions.after(None, named).tier is Tier.LOW


async def test_a_note_of_a_proxy_that_knew_less_makes_no_conversation_public() -> None:
    """Two of its requests ran at the same time: the private one wrote first, the other one after it."""
    made = sessions()
    await made.keep(Keys(own="a"), Note(private=True))
    await made.keep(Keys(own="a"), Note(private=False, tier=Tier.HIGH))
    note = await made.recall(Keys(own="a"))
    assert note is not None
    assert (note.private, note.tier) == (True, Tier.HIGH)
