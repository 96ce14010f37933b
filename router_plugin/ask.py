"""Conversation -> Ask: which work the next answer has to do, and what it stands on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from router_plugin.conversation import Origin
from router_plugin.replies import Reply, reply_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router_plugin.conversation import Conversation, Turn

EDGE = 300  # characters of a long text's start and of its end: people write the instruction before or after a paste
PASTED = 200  # characters from which a text of several paragraphs can be an instruction with a paste
PART = 200  # characters of a first or last paragraph that is too long to be an instruction as a whole
HEAD, TAIL = 900, 700  # how much of the paste is measured, though its words aren't read
CONTEXT = 400  # characters of each earlier message

# What agent harnesses put into user messages. It isn't what the user asks for.
_HARNESS = re.compile(
    r"<(system-reminder|environment_details|environment_context|ide_\w+|local-command-\w+)>.*?(?:</\1>|\Z)", re.DOTALL
)
_SHORTENED = r"(?:auto-?)?(?:compacted|condensed|restored|resumed|summari[sz]ed|trimmed|truncated)"
# How a harness says that it shortened or resumed a conversation. "Session fixation ..." is a request like any other.
_NOTE = re.compile(
    rf"""\s*(?:
        [\[(<]\s*(?:conversation|context|history|session)[ _-](?:was\ |has\ been\ )?(?:{_SHORTENED}|summary)\b
        | (?:conversation|context|history|session)\ (?:was\ |has\ been\ )?{_SHORTENED}\s*[.:\n]
        | [\[(<]?\s*(?:harness|system)\ note\b
        | this\ session\ is\ being\ continued\ from
    )""",
    re.IGNORECASE | re.VERBOSE,
)

# Courtesy before and after a request: it says nothing about the work. Both take whole words only.
_GREETING = (
    r"hi|hello|hey|dear|please|pls|plz|kindly|good (?:morning|day|evening)|hallo|bitte|bonjour|salut|hola|buenas|olá"
    r"|ciao|hoi|cześć|привет|здравствуйте|merhaba"
)
_COURTESY = (
    r"please|pls|plz|thanks(?: a lot| so much| in advance)?|thank you(?: so much| very much)?(?: in advance)?|thx|ty"
    r"|cheers"
    r"|bitte|danke(?: schön| im voraus)?|vielen dank|merci(?: beaucoup| d'avance)?|s'il (?:vous|te) pla[iî]t|svp|stp"
    r"|por favor|gracias|obrigad[oa]|per favore|grazie|alsjeblieft|alstublieft|bedankt|proszę|dzięki|пожалуйста|спасибо"
    r"|будь ласка|дякую|lütfen|teşekkürler"
)
_BEFORE = re.compile(rf"(?:(?:{_GREETING})\b[\s,.!:;-]*){{1,3}}", re.IGNORECASE)
_AFTER = re.compile(rf"(?:[\s,.!;-]+(?:{_COURTESY})\b){{1,3}}[\s.!:)]*\Z", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n\s*\n")
_AFTER_REACH = 60  # characters at the end in which courtesy is looked for
_TAIL = " \t\n\r\v\f\u00a0.!:)"
# What one of _COURTESY ends with. Most requests end otherwise, and needn't be searched.
_LAST_OF_COURTESY = (
    *("please", "pls", "plz", "thanks", "lot", "much", "advance", "you", "thx", "ty", "cheers", "bitte", "danke"),
    *("schön", "voraus", "dank", "merci", "beaucoup", "avance", "plait", "plaît", "svp", "stp", "favor", "favore"),
    *("gracias", "obrigado", "obrigada", "grazie", "alsjeblieft", "alstublieft", "bedankt", "proszę", "dzięki"),
    *("пожалуйста", "спасибо", "ласка", "дякую", "lütfen", "teşekkürler"),
)


class Kind(str, Enum):
    """What the last message is to the work."""

    FRESH = "fresh"  # the first thing that the user asks for
    FOLLOW_UP = "follow_up"  # says something of its own after an earlier answer
    GO_ON = "go_on"  # "yes", "continue": the task under way
    THANKS = "thanks"  # closes the work
    TOOL = "tool"  # a tool's result: the task under way, as if it were asked now
    NOTE = "note"  # a harness note without a word from the user: the same


WORK_ALONE = frozenset({Kind.FRESH, Kind.TOOL, Kind.NOTE})


@dataclass(frozen=True)
class Ask:
    """`work` is the text to judge: what is asked for, where a request can be told from what is pasted with it. `paste`
    is the whole of it where that is more. The others are empty where nothing but the work counts: in a fresh request,
    and in the task under way that a tool's result or a harness note goes on with.

    `last`: the last message's own words. `task`: the user's latest full request before it. `offer`: the end of the
    assistant's last text. All are capped.
    """

    kind: Kind
    work: str
    paste: str = ""
    last: str = ""
    task: str = ""
    offer: str = ""
    length: int = 0  # characters of the message that says the work, before the cap
    user_turns: int = 1
    tool_results: int = 0
    tools: int = 0

    def __repr__(self) -> str:
        return f"Ask({self.kind.value}, {len(self.work)} characters, {self.user_turns} user turns)"


def read_ask(conversation: Conversation) -> Ask:
    """Find the work asked for. A conversation without turns gives a fresh, empty ask."""
    turns = [turn for turn in conversation.turns if turn.role is not Origin.SYSTEM]
    if not turns:  # some clients send their whole prompt as a system message
        turns = list(conversation.turns)
    said = [own_words(turn.text) if turn.role is not Origin.ASSISTANT else turn.text for turn in turns]
    position = _last_from_user(turns)
    last = said[position] if position >= 0 else ""
    earlier = [said[i] for i in range(max(position, 0)) if turns[i].role in (Origin.USER, Origin.SYSTEM)]
    kind = _kind(turns, position, last)
    task = _task(earlier)
    if kind is Kind.TOOL and _asks(last):
        task = last
    alone = kind in WORK_ALONE
    offer = next((said[i] for i in range(len(turns) - 1, -1, -1) if turns[i].role is Origin.ASSISTANT), "")
    whole = _work(kind, last, task, offer)
    work = cap(whole if kind is Kind.GO_ON else instruction(whole), EDGE, EDGE)
    return Ask(
        kind=kind,
        work=work,
        paste="" if len(whole) == len(work) else whole,
        last="" if alone else cap(last, CONTEXT, CONTEXT),
        task="" if alone else cap(task, CONTEXT, CONTEXT),
        offer="" if alone else offer[-CONTEXT:],
        length=len(task if kind in (Kind.TOOL, Kind.NOTE) else last),
        user_turns=sum(turn.role is Origin.USER for turn in turns),
        tool_results=sum(turn.role is Origin.TOOL_RESULT for turn in turns),
        tools=conversation.tools,
    )


def own_words(text: str) -> str:
    """A message without what a harness put into it."""
    return _HARNESS.sub(" ", text).strip() if "<" in text else text.strip()


def plain(text: str) -> str:
    """A request without courtesy before and after it; as it is where nothing else would be left."""
    match = _BEFORE.match(text)
    start = match.end() if match else 0
    end = len(text)
    if text[-_AFTER_REACH:].rstrip(_TAIL).lower().endswith(_LAST_OF_COURTESY):
        after = _AFTER.search(text, max(start, end - _AFTER_REACH))
        end = after.start() if after else end
    return text[start:end] or text


def instruction(text: str) -> str:
    """The first and the last paragraph of a request, or line where it has but one; all of it where it has neither.

    People put what they want before what they paste, or after it.
    """
    if len(text) < PASTED or "\n" not in text:
        return text
    parts = _BLANK_LINE.split(text)
    if len(parts) == 1 and len(parts := text.split("\n")) < 3:
        return text
    first, last = parts[0].strip(), parts[-1].strip()
    first = first if len(first) <= EDGE else first.partition("\n")[0][:PART]
    last = last if len(last) <= EDGE else last.rpartition("\n")[2][-PART:]
    return f"{first}\n{last}"


def cap(text: str, head: int = HEAD, tail: int = TAIL) -> str:
    """A long text's start and end."""
    return text if len(text) <= head + tail else f"{text[:head]}\n{text[-tail:]}"


def _last_from_user(turns: Sequence[Turn]) -> int:
    """Where the latest message that isn't the assistant's or a tool's stands; -1 if there is none."""
    for position in range(len(turns) - 1, -1, -1):
        if turns[position].role in (Origin.USER, Origin.SYSTEM):
            return position
    return -1


def _kind(turns: Sequence[Turn], position: int, last: str) -> Kind:
    if turns and turns[-1].role is Origin.TOOL_RESULT:
        return Kind.TOOL
    if position <= 0:
        return Kind.FRESH
    if not last or _NOTE.match(last):
        return Kind.NOTE
    reply = reply_kind(last)
    if reply is Reply.OTHER:
        return Kind.FOLLOW_UP
    if reply is Reply.GO_ON:
        return Kind.GO_ON
    return Kind.THANKS


def _asks(text: str) -> bool:
    """Does a message say what to do? A harness's note doesn't, nor one without words, nor "yes" or "thanks"."""
    return bool(text) and not _NOTE.match(text) and reply_kind(text) is Reply.OTHER


def _task(earlier: Sequence[str]) -> str:
    """The latest earlier message that asks for something; else the first one."""
    for text in reversed(earlier):
        if _asks(text):
            return text
    return earlier[0] if earlier else ""


def _work(kind: Kind, last: str, task: str, offer: str) -> str:
    if kind in (Kind.FRESH, Kind.FOLLOW_UP):
        return cap(plain(last))
    if kind is Kind.THANKS:
        return ""
    if kind is Kind.GO_ON:
        return f"{cap(task, CONTEXT, CONTEXT)}\n{offer[-CONTEXT:]}"
    return cap(plain(task))
