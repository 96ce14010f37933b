"""router_plugin.session and its neighbours: what a conversation remembers, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from router_plugin.ask import Kind
from router_plugin.complexity import Tier
from router_plugin.conversation import Surface
from router_plugin.request import parse
from router_plugin.session import Note, Switch, hold
from router_plugin.session_key import Keys, Naming
from router_plugin.sessions import UNKNOWN, Memory
from router_plugin.steering import Steering
from router_plugin.store import MemoryStore
from tests.unit.builders import SECRET, complexity
from tests.unit.talks import HIGH, NAMED, NAMING, Clock, Talk, chat, keys, sessions


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
