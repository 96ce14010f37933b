"""router_plugin.session and its neighbours: what a conversation remembers, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from router_plugin.ask import Kind
from router_plugin.complexity import Tier
from router_plugin.conversation import Surface
from router_plugin.decision import Reason
from router_plugin.pipeline import Router
from router_plugin.prices import FREE, Price
from router_plugin.rates import Rates
from router_plugin.request import parse
from router_plugin.session import Note, Rate, Switch, hold, switch, turns_ahead
from router_plugin.session_key import Keys, Naming
from router_plugin.sessions import UNKNOWN, Memory, Sessions
from router_plugin.settings import SessionSettings, Settings
from router_plugin.steering import Steering
from router_plugin.store import MemoryStore
from tests.unit.builders import SECRET, FakeScorer, complexity, deployment, inventory, router

NAMING = Naming(b"unit")
OPUS = Rate(Price(5e-6, 25e-6, 5e-7))
MINI = Rate(Price(1.5e-7, 6e-7, 7.5e-8))
LOCAL = Rate(FREE, 500.0)


def chat(*texts: str) -> list[dict[str, str]]:
    """User and assistant messages in turns, from the user's first."""
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def keys(body: dict[str, Any], tenant: str = "t", surface: Surface = Surface.CHAT, **headers: str) -> Keys:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return NAMING.keys(body, parse(body, surface), tenant, named)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sessions(clock: Clock | None = None) -> Sessions:
    clock = clock or Clock()
    return Sessions(NAMING, MemoryStore(100, clock), 3600.0, clock)


class Talk:
    """A conversation with a router that remembers, and whose scorer says what it is told."""

    def __init__(self, made: Router | None = None, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.sessions = sessions(self.clock)
        self.router = made or router(inventory(), Settings(), complexity(0.5))
        rates = Rates(self.router.config.inventory, 500.0)
        rates._prices = {d.id: FREE if d.local else PRICES[d.role] for d in self.router.config.inventory.deployments}
        self.router = replace(self.router, rates=rates)

    async def ask(self, *texts: str, score: float = 0.5, abstained: bool = False, **body: Any) -> Any:
        """The decision about a chat whose last turn has this score."""
        made = replace(self.router, scorer=FakeScorer(complexity(score, abstained=abstained)))
        sent = {"messages": chat(*texts), **body}
        conversation = made.read(sent, Surface.CHAT)
        memory = await self.sessions.open(sent, conversation, "t", {})
        decision, _ = made.decide(sent, Surface.CHAT, Steering(), note=memory.note, conversation=conversation)
        await memory.decided(decision)
        return decision


PRICES = {"premium": OPUS.price, "default": MINI.price}
NAMED = {"metadata": {"session_id": "s1"}}


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"session_id": "s1"}},
        {"metadata": {"litellm_session_id": "s1"}},
        {"metadata": {"user_id": "user_1_account__session_s1"}},
        {"conversation": "conv_1"},
    ],
)
def test_a_name_that_the_client_gave_is_the_key(body: dict[str, Any]) -> None:
    """Whatever the messages are: an agent that compacts its history stays in its session."""
    first = keys({"messages": chat("hi"), **body})
    assert first.own is not None
    assert first.own == keys({"messages": chat("other", "words", "now"), **body}).own
    assert first.own != keys({"messages": chat("hi"), **body}, tenant="u").own


@pytest.mark.parametrize("header", ["x_session_id", "X_LiteLLM_Session_Id", "session_id"])
def test_a_header_names_a_session_and_beats_metadata(header: str) -> None:
    """Header names are compared in any case."""
    body = {"messages": chat("hi"), **NAMED}
    assert keys(body, **{header: "h1"}).own == keys({"messages": chat("hi")}, x_session_id="h1").own != keys(body).own


def test_without_a_name_the_first_turns_are_the_key() -> None:
    """Later turns don't change it; other first turns, another user or tenant do; harness reminders don't."""
    talk = chat("hi", "Hello!", "Write a parser.", "Done.", "thanks")
    own = keys({"messages": talk[:3]}).own
    assert own is not None
    assert keys({"messages": talk}).own == own
    assert keys({"messages": [{"role": "system", "content": "at 9:01"}, *talk]}).own == own
    noted = [{"role": "user", "content": "<system-reminder>9:02</system-reminder>hi"}, *talk[1:]]
    assert keys({"messages": noted}).own == own
    others = [
        keys({"messages": chat("hi", "Hello there!", "Write a parser.")}),
        keys({"messages": talk}, tenant="u"),
        keys({"messages": talk, "user": "u1"}),
    ]
    assert own not in {other.own for other in others}
    assert keys({"messages": talk[:1]}).own is None
    assert keys({"messages": talk[:1]}).opening == keys({"messages": talk}).opening


def test_every_shape_of_one_conversation_has_a_key_and_embeddings_have_none() -> None:
    """Responses items and Messages parts are turns too."""
    items = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "go"},
    ]
    assert keys({"input": items}, surface=Surface.RESPONSES).own == keys({"messages": items}).own
    assert keys({"input": "hi"}, surface=Surface.EMBEDDINGS) == Keys()
    stored = keys({"input": "go", "previous_response_id": "resp_1"}, surface=Surface.RESPONSES)
    assert stored == Keys(stored=NAMING.answer("t", "resp_1"))


def test_keys_hold_no_text_and_need_the_secret() -> None:
    """A store can't be searched for what was said."""
    key = keys({"messages": chat("hi", "Hello!", SECRET)}).own
    other = Naming(b"other").keys({}, parse({"messages": chat("hi", "Hello!", SECRET)}, Surface.CHAT), "t")
    assert key is not None
    assert key.startswith("router:session:")
    assert len(key) == len("router:session:") + 32
    assert key != other.own
    assert NAMING.name("a", "bc") != NAMING.name("ab", "c")


async def test_the_store_forgets_in_time_and_stays_small() -> None:
    """A value is gone after its time; of too many the one unused for longest goes first."""
    clock = Clock()
    store = MemoryStore(2, clock)
    await store.set("a", b"1", 10)
    await store.set("b", b"2", 100)
    assert await store.get(["a"]) == [b"1"]
    await store.set("c", b"3", 100)
    assert await store.get("abc") == [b"1", None, b"3"]
    clock.now += 10
    assert await store.get("abc") == [None, None, b"3"]


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[1]", b'[false,"higher",0,false,"",0,0]', b"\xff", b"null"])
def test_a_note_survives_a_store_and_nothing_else_becomes_one(value: bytes | None) -> None:
    """A damaged value is no note."""
    note = Note(True, Tier.HIGH, 0.8, True, "openai-premium", 12.5, 3, before=("", "azure-default"))
    assert Note.from_bytes(note.to_bytes()) == note
    assert Note.from_bytes(value) is None


async def test_what_was_private_stays_private_for_the_conversation() -> None:
    """Also where the private turn is no longer shown; another conversation is not touched."""
    talk = Talk()
    assert (await talk.ask(SECRET, **NAMED)).local_only
    later = await talk.ask("Summary of earlier work.", "Fine.", "Go on.", **NAMED)
    assert later.local_only
    assert later.private
    assert "session.private" in map(str, later.reasons)
    assert not (await talk.ask("Go on.", metadata={"session_id": "s2"})).local_only
    talk.clock.now += 3601
    assert not (await talk.ask("Go on.", **NAMED)).local_only
    assert (await talk.ask("Go on.", "With?", SECRET, **NAMED)).local_only  # the scan needs no memory


async def test_an_opening_that_others_share_makes_nobody_private() -> None:
    """Many conversations begin with the same word; only tier and warmth are taken over, and only at the second turn."""
    talk = Talk()
    await talk.ask("hi", score=0.9)
    assert (await talk.ask("hi", score=0.1)).tier is Tier.LOW
    await talk.sessions.keep(keys({"messages": chat("hi")}), Note(private=True, tier=Tier.HIGH, score=0.9))
    second = await talk.ask("hi", "Hello!", "yes", score=0.1)
    assert not second.local_only
    assert second.tier is Tier.HIGH


async def test_a_stored_history_of_which_nothing_is_known_is_private() -> None:
    """What isn't in the request and isn't remembered can't be judged; what is remembered as public may leave."""
    known, unknown = (Keys(stored=NAMING.answer("t", name)) for name in ("resp_1", "resp_2"))
    made = sessions()
    memory = Memory(made, Keys(opening="o"), "t", None)
    await memory.decided(await Talk().ask("hi"))
    await memory.answered("resp_1")
    assert (await made.recall(unknown)) == UNKNOWN
    found = await made.recall(known)
    assert found is not None
    assert not found.private
    await made.keep(known, Note(private=True), answer=known.stored)
    assert (await made.recall(replace(known, own="x"))).private  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("served", "maker"),
    [
        (("azure-default",), "azure"),
        (("azure-default", "azure-premium"), "azure"),
        (("azure-default", "openai-default"), ""),
        (("azure-default", "openai-default", "openai-default"), ""),
        (("openai-default", "ollama-default", "openai-default"), ""),
        (("no-longer-set-up", "azure-default"), ""),
    ],
)
@pytest.mark.parametrize("seen", [True, False])
async def test_one_maker_of_all_turns_is_known_as_such(served: tuple[str, ...], maker: str, *, seen: bool) -> None:
    """Else no item's maker is known; so too where the first request that the memory saw shows earlier answers."""
    talk = Talk()
    texts = ["hi"] if seen else ["hi", "Hello!", "What now?"]
    for group in served:
        sent = {"messages": chat(*texts), **NAMED}
        memory = await talk.sessions.open(sent, talk.router.read(sent, Surface.CHAT), "t", {})
        decision, _ = talk.router.decide(sent, Surface.CHAT, Steering(), note=memory.note)
        await memory.decided(decision)
        await memory.served(group)
        texts += ["Fine.", "Go on."]
    note = await talk.sessions.recall(keys({"messages": chat(*texts), **NAMED}))
    _, plan = talk.router.decide({"messages": chat(*texts)}, Surface.CHAT, Steering(), note=note)
    assert plan.maker == (maker if seen else "")


def test_tool_results_that_look_easier_lower_the_tier_in_time() -> None:
    """One says too little; several do, where a switch pays. None raises it, and one like the work holds it."""

    def after(score: float, steps: int, *, pays: bool = True) -> tuple[Tier, int]:
        note = HIGH
        for step in range(1, steps + 1):
            routed, held = hold(Kind.TOOL, complexity(score), note, lambda: Switch(1.0, 0.0 if pays else 2.0))
            if routed.tier is not Tier.HIGH:
                return routed.tier, step
            note = replace(note, evidence=held.evidence if held is not None else None)
        return Tier.HIGH, steps

    assert after(0.5, 1) == (Tier.HIGH, 1)
    tier, step = after(0.5, 12)
    assert tier is Tier.MEDIUM
    assert 2 <= step <= 6
    assert after(0.5, 12, pays=False) == (Tier.HIGH, 12)
    assert after(0.9, 12) == (Tier.HIGH, 12)
    assert Note.from_bytes(replace(HIGH, evidence=0.66).to_bytes()) == replace(HIGH, evidence=0.66)


class BrokenStore:
    async def get(self, keys: Sequence[str]) -> list[bytes | None]:
        raise OSError("the store is down")

    async def set(self, key: str, value: bytes, seconds: float, *, replace: bool = True) -> bool:
        raise OSError("the store is down")


async def test_a_store_that_fails_leaves_the_scan_and_keeps_stored_histories_home() -> None:
    """No request fails for it, and none leaks for it."""
    made = replace(sessions(), store=BrokenStore())
    await made.keep(Keys(own="a"), Note())
    assert await made.recall(Keys(own="a", opening="b")) is None
    assert await made.recall(Keys(stored="c")) == UNKNOWN


HIGH = Note(tier=Tier.HIGH, score=0.9, group="anthropic-premium", turns=3)
LOW = Note(tier=Tier.LOW, score=0.1, group="ollama-default", turns=3)
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
