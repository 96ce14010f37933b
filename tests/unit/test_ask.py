"""Which work a conversation asks for."""

from __future__ import annotations

import math

import pytest

from router_plugin import features
from router_plugin.ask import EDGE, PART, PASTED, Kind, cap, instruction, plain, read_ask
from router_plugin.conversation import Conversation, Origin, Surface, Turn
from router_plugin.replies import Reply, reply_kind

ROLES = {"s": Origin.SYSTEM, "u": Origin.USER, "a": Origin.ASSISTANT, "t": Origin.TOOL_RESULT}


def talk(*turns: str) -> Conversation:
    return Conversation(Surface.CHAT, tuple(Turn(ROLES[t[0]], t[2:]) for t in turns), (), ())


@pytest.mark.parametrize(
    ("turns", "kind", "work_holds"),
    [
        (["u:port the parser"], Kind.FRESH, "port the parser"),
        (["s:be brief", "u:port the parser"], Kind.FRESH, "port the parser"),
        (["u:port the parser", "a:Shall I start?", "u:yes"], Kind.GO_ON, "port the parser"),
        (["u:port the parser", "a:Done.", "u:thanks!"], Kind.THANKS, ""),
        (["u:port the parser", "a:Done.", "u:and the lexer?"], Kind.FOLLOW_UP, "and the lexer?"),
        (["u:port the parser", "a:ok", "t:3 failed"], Kind.TOOL, "port the parser"),
        (["u:port the parser", "a:ok", "u:ok", "a:run", "t:3 failed"], Kind.TOOL, "port the parser"),
        (
            ["u:port it", "a:ok", "u:<system-reminder>todo list is empty</system-reminder>"],
            Kind.NOTE,
            "port it",
        ),
        (["u:port it", "a:ok", "u:<system-reminder>x</system-reminder>\nand the lexer?"], Kind.FOLLOW_UP, "lexer"),
        (["u:port it", "a:ok", "u:Context compacted. Summary: the parser is half done"], Kind.NOTE, "port it"),
        (["u:port it", "a:ok", "u:[Conversation compacted: half done]"], Kind.NOTE, "port it"),
        (["u:port it", "a:ok", "u:This session is being continued from an earlier one."], Kind.NOTE, "port it"),
        (["u:hi", "a:ok", "u:Session fixation: prove that our flow resists it"], Kind.FOLLOW_UP, "fixation"),
        (["u:hi", "a:ok", "u:Context switching cost in our scheduler?"], Kind.FOLLOW_UP, "switching"),
        (["u:hi", "a:ok", "u:Conversation design for a bank"], Kind.FOLLOW_UP, "bank"),
        (["u:hi", "a:ok", "u:History of Byzantium"], Kind.FOLLOW_UP, "Byzantium"),
        (["u:hi", "a:ok", "u:(context: I'm a nurse) which dose?"], Kind.FOLLOW_UP, "dose"),
        (["u:port it", "a:ok", "u:<system-reminder>x</system-reminder>", "a:run", "t:3 failed"], Kind.TOOL, "port it"),
        (["u:port it", "a:ok", "u:[Context compacted. Summary: half]", "a:run", "t:3 failed"], Kind.TOOL, "port it"),
        (["u:port it", "a:ok", "u:", "a:run", "t:3 failed"], Kind.TOOL, "port it"),
        ([], Kind.FRESH, ""),
        (["a:hello"], Kind.FRESH, ""),
    ],
)
def test_work_asked_for(turns: list[str], kind: Kind, work_holds: str) -> None:
    """Replies without work of their own take the task under way; thanks ends it; harness notes aren't the user's."""
    ask = read_ask(talk(*turns))
    assert ask.kind is kind
    assert work_holds in ask.work
    if not work_holds:
        assert not ask.work


LOG = "\n".join(f"12:0{i} worker {i} took {i} ms and left" for i in range(10))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What failed here?\n\n" + LOG, f"What failed here?\n{LOG[-PART:].rpartition(chr(10))[2]}"),
        (f"{LOG}\n\nWhich worker was slowest?", "12:00 worker 0 took 0 ms and left\nWhich worker was slowest?"),
        (f"Sort this\n\n{LOG}\n \nby time", "Sort this\nby time"),
        (f"Sort this\n{LOG}\nby time", "Sort this\nby time"),
        ("Sort this\n\n1\n2", "Sort this\n\n1\n2"),
        ("x" * PASTED, "x" * PASTED),
        ("x" * PASTED + "\ny", "x" * PASTED + "\ny"),
        ("x" * (EDGE + 1) + "\n\n" + "y" * (EDGE + 1), "x" * PART + "\n" + "y" * PART),
    ],
    ids=["before", "after", "around", "lines", "short", "one line", "two lines", "long paragraphs"],
)
def test_what_is_asked_for_is_told_from_what_is_pasted(text: str, found: str) -> None:
    """The first and the last paragraph, or line; a text without either is judged as it is."""
    assert instruction(text) == found


def test_a_paste_is_read_as_context_and_measured_as_a_whole() -> None:
    """Its words don't drown those of the instruction; a long text without parts is read once."""
    ask = read_ask(talk(f"u:Sort this\n\n{LOG}\n\nby time"))
    assert ask.work == "Sort this\nby time"
    assert features.views(ask) == (ask.work, cap(ask.paste, EDGE, EDGE), "")
    assert "worker 4" in ask.paste
    follow = read_ask(talk("u:hi", "a:hello", f"u:Sort this\n\n{LOG}\n\nby time"))
    assert follow.work == ask.work
    whole = read_ask(talk("u:" + "word " * 300))
    assert features.views(whole)[1:] == ("", "")


def test_a_long_paste_is_capped_and_the_edges_are_read() -> None:
    """Of a long text only its start and end are read, however long it is."""
    ask = read_ask(talk("u:" + "summarise this: " + "x" * 100_000 + " in two lines"))
    assert ask.work.startswith("summarise this")
    assert ask.work.endswith("in two lines")
    assert len(ask.work) + len(ask.paste) < 3_000
    assert ask.length > 100_000


def test_cap_keeps_short_text() -> None:
    """Text within the limits is unchanged."""
    assert cap("abc", 2, 1) == "abc"
    assert cap("abcd", 2, 1) == "ab\nd"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("yes", Reply.GO_ON),
        ("ok, go ahead please", Reply.GO_ON),
        ("继续", Reply.GO_ON),
        ("はい、お願いします", Reply.GO_ON),
        ("sí, por favor", Reply.GO_ON),
        ("👍", Reply.GO_ON),
        ("yes, thanks", Reply.GO_ON),
        ("thank you so much!", Reply.THANKS),
        ("vielen dank", Reply.THANKS),
        ("谢谢", Reply.THANKS),
        ("what now?", Reply.OTHER),
        ("yes but use Rust", Reply.OTHER),
        ("", Reply.OTHER),
        ("thanks, now prove it", Reply.OTHER),
    ],
)
def test_reply_kinds(text: str, kind: Reply) -> None:
    """Only replies made of such words alone are taken for assent or thanks."""
    assert reply_kind(text) is kind


def test_repr_holds_no_text() -> None:
    """An ask prints lengths only."""
    assert "secret" not in repr(read_ask(talk("u:my secret plan")))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Please, explain recursion.", "explain recursion."),
        ("What is 2+2? Thank you very much in advance!", "What is 2+2?"),
        ("hola, traduce esto por favor", "traduce esto"),
        ("Zitiere den Satz, bitte", "Zitiere den Satz"),
        ("pleased to meet you", "pleased to meet you"),
        ("bitte", "bitte"),
        ("Sort it, THANKS A LOT! :)", "Sort it"),
        ("trie ça s'il vous plaît\u00a0!", "trie ça"),
        ("what does ty mean", "what does ty mean"),
    ],
)
def test_courtesy_is_no_part_of_the_work(text: str, asked: str) -> None:
    """Polite words before and after a request are left out, unless nothing else would be left."""
    assert plain(text) == asked


def test_every_courtesy_is_found_at_the_end() -> None:
    """The quick look at the last word passes over none of the phrases."""
    phrases = (
        "please|pls|plz|thanks|thanks a lot|thanks so much|thanks in advance|thank you|thank you so much|thx|ty|cheers"
        "|thank you very much|bitte|danke|danke schön|danke im voraus|vielen dank|merci|merci beaucoup|merci d'avance"
        "|s'il te plaît|s'il vous plait|svp|stp|por favor|gracias|obrigado|obrigada|per favore|grazie|alsjeblieft"
        "|alstublieft|bedankt|proszę|dzięki|пожалуйста|спасибо|будь ласка|дякую|lütfen|teşekkürler"
    )
    for phrase in phrases.split("|"):
        for said in (phrase, phrase.upper(), f"{phrase} !! :)", f"{phrase}."):
            assert plain(f"sort this list, {said}") == "sort this list", said


def test_system_messages_alone_have_features() -> None:
    """Some clients send nothing but system messages: no turn is the user's, and each number is finite."""
    ask = read_ask(talk("s:You are terse.", "s:List the primes below 20."))
    assert ask.user_turns == 0
    assert all(map(math.isfinite, features.dense(ask)))
