"""What is hidden from a pattern, but not from a reader or a decoder."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.parse
from pathlib import Path

import pytest

from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.privacy.normalise import fold
from router_plugin.request import Conversation, Origin, Segment, Surface, parse

SECRET = "key=ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
CARD = "4111111111111111"
SSN = "123-45-6789"
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "privacy" / "evasion_dev.jsonl.gz"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(PrivacySettings(topics=False))


def private(detector: Detector, *texts: str, origins: tuple[Origin, ...] = ()) -> bool:
    segments = tuple(
        Segment(f"messages[{i}].content", text, origins[i] if origins else Origin.USER) for i, text in enumerate(texts)
    )
    verdict = detector.scan(Conversation(Surface.CHAT, (), segments, ()))
    assert not {finding.rule for finding in verdict.findings} & {"error.scan", "limit.work"}
    return verdict.private


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


HIDDEN = {
    "zero-width space": "ssn 123\u200b-45\u200b-6789",
    "soft hyphen": "ssn 1\u00ad23-45-67\u00ad89",
    "word joiner": "4111\u20601111\u20601111\u20601111",
    "full width": "ssn １２３－４５－６７８９",
    "mathematical digits": "card 𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏",
    "Devanagari digits": "card ४१११११११११११११११",
    "Cyrillic look-alikes": "key АКІАIOSFODNN7EXAMPLE",
    "combining marks": "ssn 1\u03062\u03063\u0306-4\u03065\u0306-6\u03067\u03068\u03069\u0306",
    "tag characters": "ssn " + "".join(chr(0xE0000 + ord(c)) for c in SSN),
    "direction marks": "\u202e\u200f" + SECRET + "\u202c",
    "NUL": "ssn 123\x00-45-6789",
    "no-break spaces": "card 4111\u00a01111\u00a01111\u00a01111",
    "en dashes": "ssn 123\u201345\u20136789",
    "lone surrogate": "ssn 123-4\ud8005-6789",
    "base64": b64(SECRET),
    "base64 twice": b64(b64(SECRET)),
    "base64 wrapped": "\n".join(b64("x" * 60 + " " + SECRET)[i : i + 24] for i in range(0, 140, 24)),
    "base64 url-safe": base64.urlsafe_b64encode(b"???>>>" + SECRET.encode()).decode(),
    "gzip in base64": b64(gzip.compress(SECRET.encode())),
    "hex": ("ssn " + SSN).encode().hex(),
    "hex with blanks": ("ssn " + SSN).encode().hex(" "),
    "percent": urllib.parse.quote("ssn=" + SSN + "&x=1", safe="").replace("-", "%2D"),
    "entities": "".join(f"&#{ord(c)};" for c in "ssn " + SSN),
    "JSON escapes": json.dumps({"n": SECRET}).replace("g", "\\u0067", 1),
    "hex escapes": "".join(f"\\x{ord(c):02x}" for c in "ssn " + SSN),
    "data URI": "data:text/plain;base64," + b64("ssn " + SSN),
    "letters set apart": " ".join("AKIAIOSFODNN7EXAMPLE"),
    "digits set apart": "card " + " ".join(CARD),
    "two lines": "AKIAIOSF\nODNN7EXAMPLE",
    "three lines": "the key is\nAKIA\nIOSFODNN7\nEXAMPLE\nthanks",
    "quoted lines": "> AKIAIOSFODN\n> N7EXAMPLE",
    "a card on two lines": "my card\n4111 1111\n1111 1111",
    "spelled digits": "my ssn is one two three, four five, six seven eight nine",
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_hidden_identifiers_are_found(detector: Detector, text: str) -> None:
    """Invisible and look-alike characters, encodings and line breaks don't hide an identifier."""
    assert private(detector, text)


def test_an_identifier_split_over_messages_is_found(detector: Detector) -> None:
    """Two or three neighbouring messages, or a user's messages around an answer, are read together."""
    assert private(detector, "AKIAIOSF", "ODNN7EXAMPLE")
    assert private(detector, "AKIA", "IOSFOD", "NN7EXAMPLE")
    assert private(detector, "my card number is", "4111 1111 1111 1111")
    assert private(
        detector, "the key starts AKIAIOSF", "ok", "ODNN7EXAMPLE", origins=(Origin.USER, Origin.ASSISTANT, Origin.USER)
    )


def test_harmless_encodings_stay_public(detector: Detector) -> None:
    """Base64, hashes and escapes of harmless text are read and let pass."""
    assert not private(detector, b64("hello world, how are you today?"))
    assert not private(detector, "sha256-" + b64(bytes(range(32))))
    assert not private(detector, 'print("a\\tb\\n")  # %20 &amp;')


def test_folding_leaves_ordinary_text_of_any_language_alone() -> None:
    """There is nothing to undo in accents, other scripts and typographic punctuation."""
    for text in (
        "Où est la gare ?",
        "Привет, как дела?",
        "今日は元気ですか。",
        "“quoted” – and so on…",
        "plain ASCII\n\tx",
    ):
        assert fold(text) == ""


@pytest.mark.skipif(not SHARED.is_file(), reason="the shared evasion cases are not beside this checkout")
def test_every_shared_evasion_case_is_held(detector: Detector) -> None:
    """All tiers of the shared cases: private, uninspectable, or in a field that is dropped."""
    surfaces = {"resp": Surface.RESPONSES, "anth": Surface.MESSAGES, "embl": Surface.EMBEDDINGS}
    surfaces |= {"emb_": Surface.EMBEDDINGS, "comp": Surface.COMPLETIONS}
    for line in gzip.decompress(SHARED.read_bytes()).splitlines():
        row = json.loads(line)
        verdict = detector.scan(parse(row["body"], surfaces.get(row["id"][:4], Surface.CHAT)))
        assert verdict.private or (row["tier"] == "strip" and verdict.droppable), row["id"]


@pytest.mark.parametrize("between", [" ", "-", ".", "_", "|", "  ", ", ", " - ", "\u00a0", "\u2013", "*", " / "])
def test_digits_set_apart_are_one_number(detector: Detector, between: str) -> None:
    """Nine digits are no more hidden by blanks between them than twelve letters; what stands before tells them."""
    assert private(detector, f"My SSN is {between.join(SSN.replace('-', ''))}, keep it.")
    assert private(detector, f"Call my number {between.join('2124567890')} today.")
    assert private(detector, f"My SSN is {between.join(['41', '26', '83', '30', '7'])}, keep it.")


@pytest.mark.parametrize(
    "text",
    [
        "Continue: 1 2 3 4 5 6 7 8 9",
        "Which of the models 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 is best?",
        "5 3 0 0 7 0 0 0 0\n6 0 0 1 9 5 0 0 0",
        "0 1 0 0 1 0 1 1 0 1",
    ],
)
def test_rows_of_digits_are_no_identifiers(detector: Detector, text: str) -> None:
    """Sequences, puzzles and bits that nothing calls a number of somebody's."""
    assert not private(detector, text)
