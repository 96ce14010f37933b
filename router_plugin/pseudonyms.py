"""Stand-ins for identifiers: a private request goes out without them, and its answer gets them back.

Only where the operator chose `on_private: redact`, only for identifiers that stand in the request as they are, and
only where the detector finds nothing in what is left: its verdict on that is the proof, here and again at the lock.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from router_plugin.decision import Decision, Reason
from router_plugin.errors import RequestRefused
from router_plugin.pipeline import Router
from router_plugin.plan import Plan
from router_plugin.policy import MAX_REASONS
from router_plugin.privacy.rules import papers
from router_plugin.privacy.rules.finance import IBAN, iban_end
from router_plugin.request import IDENTITY_FIELDS, Conversation, Surface
from router_plugin.sessions import Memory
from router_plugin.steering import Steering

SURFACES = frozenset({Surface.CHAT, Surface.COMPLETIONS, Surface.MESSAGES, Surface.RESPONSES})
FAMILIES = frozenset({"contact", "identity", "finance"})  # not secrets, health or topics: a stand-in would not do there
# Not these: what a rule sees of them is a part only, or too short or too telling to be replaced.
STAYING = frozenset(
    {
        *("identity.birth_date", "identity.birth_date_cjk", "identity.birth_date_then_word"),
        *("identity.us_ssn_last4", "identity.us_ssn_last4_of", "identity.mothers_maiden_name"),
        *("identity.number_then_word", "identity.passport_mrz", "identity.licence_plate"),
        *(rule.name for rule in papers.RULES),  # series and number may stand apart
        # a bank's code, whose account number may stand beside it in a form that no rule knows
        *("finance.uk_sort_code", "finance.us_routing", "finance.au_bsb", "finance.bic_account", "finance.in_ifsc"),
        *("finance.salary_line", "finance.bank_account_cjk"),
        *("finance.card_track", "finance.card_misread", "finance.card_float", "finance.card_round"),
    }
)
KINDS = ("EMAIL", "PHONE", "ADDRESS", "IBAN", "CARD")  # words of rules' names; any other identifier is an ID
# Letters rather than digits, and a word that says what it is: no rule and no topic finds anything in it, and a model
# copies it as it stands. All of one length behind a kind, so that none is the beginning of another.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
WIDTH = 6
MIDDLE = "_PLACEHOLDER_"
MAX_VALUES = 200  # identifiers in one request
MAX_ROUNDS = 3  # what is replaced may uncover something else
MAX_DEPTH = 64
SHORTEST = 5  # characters; a shorter value can't be replaced wherever it stands
NUMBER = 7  # digits that make a value a number, which may stand elsewhere in another form: 219-09-9999 as 219099999
BETWEEN = r"[^0-9A-Za-z]{0,3}"  # what may stand between the characters of a number
JOINING = ".+@/-_"  # between parts of one token
_BESIDE_A_CARD = re.compile(r"(?<![\w.])(?:[0-9]{3,4}|[0-9]{1,2}\s?/\s?[0-9]{2,4})(?!\w)")  # its code, or its end
CARD_REACH = 80  # characters around a card's number in which these are looked for
STORED = ("previous_response_id", "conversation")  # history that isn't shown can't be redacted
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_AWKWARD = re.compile(r'[\\"\x00-\x1f\x7f\ud800-\udfff]')  # would need escapes that depend on where it stands
_PROCESS = secrets.token_bytes(32)  # nobody can try out which value a stand-in belongs to
UNTOUCHED = frozenset({"model", *IDENTITY_FIELDS})  # the router's own; and fields that are dropped instead


class CannotRedact(ValueError):
    """An identifier that can't be replaced and put back faithfully; the request stays local."""


@dataclass
class StandIns:
    """What stands for what in one request. Under one `secret` the same value has the same stand-in."""

    secret: bytes
    _by_value: dict[str, str] = field(default_factory=dict)
    _by_name: dict[str, str] = field(default_factory=dict)
    _pattern: re.Pattern[str] | None = None
    _known: re.Pattern[str] | None = None

    def __len__(self) -> int:
        return len(self._by_value)

    def of(self, kind: str, value: str) -> str:
        """The stand-in of a value; `kind` is a word in capitals such as EMAIL. Errors: CannotRedact."""
        known = self._by_value.get(value)
        if known is not None:
            return known
        if _AWKWARD.search(value) or len(value) < SHORTEST or len(self) >= MAX_VALUES:
            raise CannotRedact
        attempt = 0
        while (name := self._name(kind, value, attempt)) in self._by_name:
            attempt += 1
        self._by_value[value], self._by_name[name] = name, value
        self._pattern = self._known = None
        return name

    def _name(self, kind: str, value: str, attempt: int) -> str:
        digest = hashlib.blake2b(f"{attempt}:{value}".encode(), key=self.secret[:64], digest_size=8).digest()
        number, letters = int.from_bytes(digest, "big"), []
        for _ in range(WIDTH):
            number, rest = divmod(number, len(LETTERS))
            letters.append(LETTERS[rest])
        return f"{kind}{MIDDLE}{''.join(letters)}"

    def everywhere(self, text: str) -> str:
        """The text with each known value replaced, in whatever case and with whatever between the digits of a number.

        Errors: CannotRedact.
        """
        if not self._by_value:
            return text
        kinds = {value.casefold(): name.partition(MIDDLE)[0] for value, name in self._by_value.items()}
        return self._values().sub(lambda found: self.of(kinds.get(found[0].casefold(), "ID"), found[0]), text)

    def shown_in(self, value: Any) -> bool:
        """Whether a known value stands in JSON-like data, in names of fields too, in any form that `everywhere` knows.

        Also with other digits and letters for the same ones, such as full-width ones.
        """
        if isinstance(value, str):
            folded = value if value.isascii() else f"{value}\n{unicodedata.normalize('NFKC', value)}"
            return bool(self._by_value) and self._values().search(folded) is not None
        if isinstance(value, (int, float)):
            return self.shown_in(str(value))
        if isinstance(value, Mapping):
            return any(self.shown_in(item) for pair in value.items() for item in pair)
        return isinstance(value, (list, tuple)) and any(map(self.shown_in, value))

    def _values(self) -> re.Pattern[str]:
        if self._known is None:
            longest_first = sorted(self._by_value, key=len, reverse=True)
            forms = [form for value in longest_first for form in _forms(value)]
            self._known = re.compile("|".join(forms), re.IGNORECASE)
        return self._known

    def restore(self, text: str) -> str:
        """The text with the values back; right in plain text and inside JSON, since no value needs an escape."""
        return self._names().sub(lambda found: self._by_name[found[0]], text)

    def _names(self) -> re.Pattern[str]:
        if self._pattern is None:
            self._pattern = re.compile("|".join(map(re.escape, self._by_name)) or r"(?!)")
        return self._pattern

    def open_tail(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a stand-in: the fewest that must wait."""
        longest = max(map(len, self._by_name), default=1) - 1
        # a whole stand-in is settled, though its last letters may look like the beginning of another
        settled = max((found.end() for found in self._names().finditer(text)), default=0)
        for size in range(min(longest, len(text) - settled), 0, -1):
            tail = text[-size:]
            if any(name.startswith(tail) for name in self._by_name):
                return size
        return 0

    def __repr__(self) -> str:
        return f"StandIns({len(self)} values)"


@dataclass(frozen=True)
class Redacted:
    """A request without its identifiers, and where it may go; `changed` holds the fields that differ."""

    body: Mapping[str, Any]
    changed: Mapping[str, Any]
    conversation: Conversation
    stand_ins: StandIns
    decision: Decision
    plan: Plan


Decide = Callable[..., tuple[Decision, Plan]]


def redacted(
    body: Mapping[str, Any],
    conversation: Conversation,
    router: Router,
    steering: Steering,
    memory: Memory | None,
    tenant: str,
    decide: Decide,
) -> Redacted | None:
    """The request with stand-ins; None for one that isn't private, or that must stay local all the same.

    `decide` is `Router.decide` with the request's own arguments. A client's demand and a private conversation count as
    ever. Within a conversation of a tenant a value keeps its stand-in. Whatever goes wrong ends in None.
    """
    if router.config.settings.on_private != "redact" or steering.private:
        return None
    place = str(memory.keys.opening or memory.keys.own or "") if memory is not None else ""
    try:
        return _redacted(body, conversation, router, f"{tenant}\n{place}".encode(), decide)
    except (ValueError, RequestRefused, RecursionError, re.error):
        return None


def _redacted(
    body: Mapping[str, Any], conversation: Conversation, router: Router, salt: bytes, decide: Decide
) -> Redacted | None:
    if conversation.surface not in SURFACES or any(body.get(field) for field in STORED):
        return None
    found = router.detector.scan(conversation)
    rules = dict.fromkeys(finding.rule for finding in found.findings)
    if not found.private or not all(map(_replaceable, rules)):
        return None
    stand_ins = StandIns(hashlib.blake2b(salt, key=_PROCESS).digest())
    replaced: Any = {key: value for key, value in body.items() if key not in UNTOUCHED}
    for _ in range(MAX_ROUNDS):
        before = len(stand_ins)
        replaced = _strings(replaced, lambda text: _without_hits(text, router, stand_ins))
        replaced = _strings(replaced, stand_ins.everywhere)
        if len(stand_ins) == before:
            break
    changed = {key: value for key, value in replaced.items() if value != body[key]}
    sent = {**body, **changed}
    read = router.read(sent, conversation.surface)
    if (
        not len(stand_ins)
        or stand_ins.shown_in(replaced)
        or router.detector.scan(read).private
        or router.detector.scan(_by_sentence(read)).private
    ):
        return None
    decision, plan = decide(sent, conversation=read)
    if decision.private or plan.local_only:
        return None
    reasons = tuple(Reason("privacy.redacted", rule) for rule in rules)
    decision = replace(decision, findings=found.findings, reasons=(*reasons[:MAX_REASONS], *decision.reasons))
    return Redacted(sent, changed, read, stand_ins, decision, plan)


def _forms(value: str) -> list[str]:
    """Patterns of the forms in which a value may stand: as it is, and a number with anything between its characters."""
    if sum(map(str.isdigit, value)) < NUMBER:
        return [re.escape(value)]
    return [re.escape(value), BETWEEN.join(re.escape(c) for c in value if c.isalnum())]


def _by_sentence(conversation: Conversation) -> Conversation:
    """Each sentence by itself: a private one among many others is easily missed in the whole."""
    parts = (s._replace(text=part) for s in conversation.segments for part in _SENTENCE_END.split(s.text) if part)
    return replace(conversation, segments=tuple(parts))


def _without_hits(text: str, router: Router, stand_ins: StandIns) -> str:
    """The text with a stand-in for each stretch that rules of the families see in it."""
    merged: list[tuple[int, int, str]] = []
    for begun, over, rule in router.detector.locate(text):
        length = iban_end(text[begun:over]) if rule == IBAN else 0
        start, end = _token(text, begun, begun + length if length else over)
        around = f"{text[max(0, start - CARD_REACH) : start]} {text[end : end + CARD_REACH]}"
        if not _replaceable(rule) or (kind_of(rule) == "CARD" and _BESIDE_A_CARD.search(around)):
            raise CannotRedact
        if merged and start < merged[-1][1]:
            first = merged.pop()
            merged.append((first[0], max(end, first[1]), first[2]))
        else:
            merged.append((start, end, kind_of(rule)))
    for start, end, kind in reversed(merged):
        text = text[:start] + stand_ins.of(kind, text[start:end]) + text[end:]
    return text


def _token(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch, and what is written together with it: a rule may see a part of a longer number or name only."""
    while start > 0 and (
        text[start - 1].isalnum() or (text[start - 1] in JOINING and text[start - 2 : start - 1].isalnum())
    ):
        start -= 1
    while end < len(text) and (text[end].isalnum() or (text[end] in JOINING and text[end + 1 : end + 2].isalnum())):
        end += 1
    return start, end


def _replaceable(rule: str) -> bool:
    return rule.partition(".")[0] in FAMILIES and rule not in STAYING


def kind_of(rule: str) -> str:
    """The word that a stand-in begins with, for a rule such as ``contact.email``."""
    return next((kind for kind in KINDS if kind.lower() in rule), "ID")


def _strings(value: Any, change: Callable[[str], str], depth: int = 0) -> Any:
    """A copy of JSON-like data with each string value changed; keys stay."""
    if depth > MAX_DEPTH:
        raise CannotRedact
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _strings(item, change, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strings(item, change, depth + 1) for item in value]
    return value
