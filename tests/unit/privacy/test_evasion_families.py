"""Every family of evasion, alone and in pairs, on values of many rules, through every API shape."""

from __future__ import annotations

import base64
import gzip
import html
import json
import textwrap
import urllib.parse
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.request import Conversation, Origin, Segment, Surface, parse
from tests.unit.test_request import CANARY, SEEN

from .secret_values import prefixed

Family = Callable[[str], str]
DETECTOR = Detector(PrivacySettings(topics=False))

VALUES = {
    "ssn": "my ssn is 536-22-8741, ok?",
    "card": "card 4539 1488 0343 6467",
    "iban": "DE44 5001 0517 5407 3249 31",
    "github": f"token {prefixed('github classic')}",
    "aws": prefixed("aws"),
    "openai": prefixed("openai"),
    "mail": "write to anneke.devries@kpnmail.nl",
    "phone": "+49 151 23345678",
    "password": "password: Xk29!vbQz77",
    "aadhaar": "Aadhaar 2345 6789 1238",
    "passport": "passport number X4928817",
    "url": "postgres://svc:Xk29vbQz77@db.acme.dev/prod",
    "cpf": "CPF 529.982.247-25",
    "birth": "date of birth 1986-04-17",
    "mrn": "medical record number 4471982",
}


def between(mark: str) -> Family:
    """`mark` after every second character."""
    return lambda text: "".join(c + mark if i % 2 else c for i, c in enumerate(text))


def mapped(source: str, target: str) -> Family:
    table = str.maketrans(source, target)
    return lambda text: text.translate(table)


def b64(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


_PRINTABLE = "".join(chr(c) for c in range(0x21, 0x7F))
CHARACTERS: dict[str, Family] = {
    "zero-width space": between("\u200b"),
    "zero-width joiner": between("\u200d"),
    "word joiner": between("\u2060"),
    "byte order mark": between("\ufeff"),
    "soft hyphen": between("\u00ad"),
    "variation selector": between("\ufe0f"),
    "combining mark": between("\u0336"),
    "full width": mapped(_PRINTABLE, "".join(chr(0xFF01 + ord(c) - 0x21) for c in _PRINTABLE)),
    "Cyrillic look-alikes": mapped("aceopxyABCEHKMOPTX", "асеорхуАВСЕНКМОРТХ"),
    "Greek look-alikes": mapped("oABEHIKMNOPTXZ", "οΑΒΕΗΙΚΜΝΟΡΤΧΖ"),
    "Arabic-Indic digits": mapped("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    "Devanagari digits": mapped("0123456789", "०१२३४५६७८९"),
    "mathematical digits": mapped("0123456789", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"),
    "circled digits": mapped("123456789", "①②③④⑤⑥⑦⑧⑨"),
    "tag characters": lambda text: "".join(chr(0xE0000 + ord(c)) if " " <= c <= "~" else c for c in text),
    "direction marks": lambda text: f"\u202e\u2066{between(chr(0x200F))(text)}\u2069\u202c",
    "NUL": between("\x00"),
    "no-break spaces": mapped(" ", "\u00a0"),
    "thin spaces": mapped(" ", "\u2009"),
    "dashes": mapped("-", "\u2013"),
    "hyphens": mapped("-", "\u2011"),
}
ENCODINGS: dict[str, Family] = {
    "base64": b64,
    "base64 without padding": lambda text: b64(text).rstrip("="),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 wrapped": lambda text: "\n".join(textwrap.wrap(b64(text), 20)),
    "base64 in a quote": lambda text: "\n".join(f"> {line}" for line in textwrap.wrap(b64(text), 24)),
    "gzip in base64": lambda text: b64(gzip.compress(text.encode())),
    "hex": lambda text: text.encode().hex(),
    "hex with blanks": lambda text: text.encode().hex(" "),
    "hex with colons": lambda text: text.encode().hex(":"),
    "percent": lambda text: "".join(f"%{b:02X}" for b in text.encode()),
    "percent where needed": lambda text: urllib.parse.quote(text, safe=""),
    "decimal entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "hex entities": lambda text: "".join(f"&#x{ord(c):x};" for c in text),
    "named entities": html.escape,
    "unicode escapes": lambda text: "".join(json.dumps(c)[1:-1] if c > "~" else f"\\u{ord(c):04x}" for c in text),
    "hex escapes": lambda text: "".join(f"\\x{b:02x}" for b in text.encode()),
    "data URI": lambda text: f"data:text/plain;base64,{b64(text)}",
    "JSON in JSON": lambda text: json.dumps(json.dumps({"v": text})),
}  # fmt: skip
SPLITS: dict[str, Family] = {
    "two lines": lambda text: f"{text[: len(text) * 2 // 3]}\n{text[len(text) * 2 // 3 :]}",
    "three quoted lines": lambda text: "\n".join(f"> {line}" for line in _thirds(text)),
    "indented lines": lambda text: "\n    ".join(_thirds(text)),
}


def _thirds(text: str) -> tuple[str, str, str]:
    third = max(1, len(text) // 3)
    return text[:third], text[third : 2 * third], text[2 * third :]


ALL = {**CHARACTERS, **ENCODINGS}
LINES = ("ssn", "card", "iban", "github", "aws", "openai", "mail", "phone", "aadhaar", "cpf")


def found(text: str) -> bool:
    verdict = DETECTOR.scan(Conversation(Surface.CHAT, (), (Segment("x", text, Origin.USER),), ()))
    return bool({finding.rule for finding in verdict.findings} - {"limit.work", "error.scan"})


def missed(outer: Family, inner: dict[str, Family], values: Iterable[str] = VALUES) -> list[tuple[str, str]]:
    """(inner family, value) of what is not found when both are applied."""
    return [
        (name, value)
        for name, family in inner.items()
        for value in values
        if not found(f"hello, {outer(family(VALUES[value]))}")
    ]


@pytest.mark.parametrize("name", ALL)
def test_each_family_alone_hides_nothing(name: str) -> None:
    """One evasion, on a value of each of many rules."""
    assert missed(ALL[name], {"as it is": str}) == []


@pytest.mark.parametrize("outer", CHARACTERS)
def test_two_families_of_characters_together_hide_nothing(outer: str) -> None:
    """Invisible, look-alike and replaced characters on top of each other."""
    assert missed(CHARACTERS[outer], CHARACTERS) == []


@pytest.mark.parametrize("outer", ENCODINGS)
def test_hidden_characters_inside_an_encoding_are_read(outer: str) -> None:
    """What is decoded is normalised too."""
    assert missed(ENCODINGS[outer], CHARACTERS) == []


@pytest.mark.parametrize("outer", CHARACTERS)
def test_an_encoding_written_with_hidden_characters_is_read(outer: str) -> None:
    """What is normalised is decoded too."""
    assert missed(CHARACTERS[outer], ENCODINGS) == []


@pytest.mark.parametrize("outer", ENCODINGS)
def test_two_encodings_inside_each_other_are_read(outer: str) -> None:
    """Layers are peeled off one by one."""
    assert missed(ENCODINGS[outer], ENCODINGS) == []


@pytest.mark.parametrize("split", SPLITS)
def test_what_is_split_over_lines_is_put_together(split: str) -> None:
    """Two or three lines, quoted or indented, with hidden characters too."""
    assert missed(SPLITS[split], CHARACTERS, LINES) == []


@pytest.mark.parametrize("outer", [name for name in ENCODINGS if name != "named entities"])
def test_split_lines_inside_an_encoding_are_put_together(outer: str) -> None:
    """What is decoded is also looked at with its line breaks closed up."""
    assert missed(ENCODINGS[outer], SPLITS, LINES) == []


def put(value: object, text: str) -> Any:
    """`value` with `text` where the canary stands; in a string that holds JSON, as JSON writes it."""
    if isinstance(value, str):
        return value.replace(CANARY, json.dumps(text)[1:-1] if value.startswith("{") else text)
    if isinstance(value, dict):
        return {put(key, text): put(item, text) for key, item in value.items()}
    return [put(item, text) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("shape", [name for name, case in SEEN.items() if CANARY in json.dumps(case[1])])
def test_each_family_is_seen_through_every_api_shape(shape: str) -> None:
    """Messages, parts, dict keys, tool arguments, results, instructions, variables, settings, of every API."""
    surface, body = SEEN[shape]
    for name, family in ALL.items():
        for value in ("card", "github", "password"):
            verdict = DETECTOR.scan(parse(put(body, family(VALUES[value])), surface))
            assert verdict.private or verdict.droppable, (name, value)


@pytest.mark.parametrize("family", CHARACTERS)
def test_what_is_split_over_parts_and_messages_is_found(family: str) -> None:
    """Two parts of one message, two messages in a row, and a user's messages around an answer."""
    for name in ("card", "github", "iban", "openai", "ssn"):
        text = CHARACTERS[family](VALUES[name])
        left, right = text[: len(text) * 3 // 5], text[len(text) * 3 // 5 :]
        parts = [{"type": "text", "text": left}, {"type": "text", "text": right}]
        user = [{"role": "user", "content": left}, {"role": "user", "content": right}]
        around = [user[0], {"role": "assistant", "content": "Go on."}, user[1]]
        for messages in ([{"role": "user", "content": parts}], user, around):
            assert DETECTOR.scan(parse({"messages": messages}, Surface.CHAT)).private, name
