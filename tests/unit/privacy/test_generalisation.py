"""Identifiers and secrets in surface forms, languages and contexts that no rule was written from, and near misses."""

from __future__ import annotations

import pytest

from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.request import Conversation, Origin, Segment, Surface

from .identifier_values import ADDRESS_FRAMES, ADDRESSES, FORMS, IDENTIFIERS, PHONE_FRAMES, PHONES
from .near_misses import NEAR_MISSES
from .secret_values import (
    PASSWORD_FRAMES,
    PASSWORDS,
    PINS,
    PREFIXED,
    PREFIXED_FRAMES,
    TOKEN_FRAMES,
    TOKENS,
    WHOLE,
    prefixed,
)

DETECTOR = Detector(PrivacySettings(topics=False))


def found(text: str) -> set[str]:
    verdict = DETECTOR.scan(Conversation(Surface.CHAT, (), (Segment("x", text, Origin.USER),), ()))
    return {finding.rule for finding in verdict.findings}


def missed(values: tuple[str, ...], frames: tuple[str, ...]) -> list[str]:
    """The framed values in which nothing was found, or only that the text was too much work."""
    return [framed for frame in frames for value in values if not found(framed := frame.format(value)) - {"limit.work"}]


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_an_identifier_is_found_in_every_form(kind: str) -> None:
    """Labelled before or after, or carried by a check digit alone; in forms, JSON, CSV, logs, chat."""
    assert missed(IDENTIFIERS[kind], FORMS) == []


@pytest.mark.parametrize("frame", PHONE_FRAMES)
def test_phone_numbers_of_twenty_countries_are_found(frame: str) -> None:
    """National and international spelling, with a word or a sentence that says it is a phone number."""
    assert missed(PHONES, (frame,)) == []


@pytest.mark.parametrize("frame", ADDRESS_FRAMES)
def test_postal_addresses_of_many_countries_are_found(frame: str) -> None:
    """Street, number, postal code and city in the order and words of the country."""
    assert missed(ADDRESSES, (frame,)) == []


@pytest.mark.parametrize("kind", PREFIXED)
def test_a_secret_with_a_known_prefix_is_found(kind: str) -> None:
    """Whatever random characters follow the prefix, alone and in code, JSON, YAML, headers and sentences."""
    assert missed(tuple(prefixed(kind, seed) for seed in range(3)), PREFIXED_FRAMES) == []


@pytest.mark.parametrize("frame", PASSWORD_FRAMES)
def test_a_password_beside_a_word_is_found(frame: str) -> None:
    """Sentences in many languages, assignments, URLs, connection strings, command lines."""
    assert missed(PASSWORDS, (frame,)) == []


@pytest.mark.parametrize("frame", TOKEN_FRAMES)
def test_a_machine_made_secret_beside_a_word_is_found(frame: str) -> None:
    """Hex, base62 and base64url values in environment files, headers, YAML, code and sentences."""
    assert missed(TOKENS, (frame,)) == []


@pytest.mark.parametrize("text", [*PINS, *WHOLE])
def test_a_pin_or_a_whole_credential_file_is_found(text: str) -> None:
    """PINs and lock codes in sentences; keys, kubeconfig, netrc, pgpass, connection strings."""
    assert missed((text,), ("{}", "see this:\n{}\nwhy?")) == []


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_what_only_looks_private_is_public(text: str) -> None:
    """Versions, hashes, ids, times, placeholders, documentation values, tool output and questions about secrets."""
    assert found(text) == set()


def test_a_column_of_numbers_is_public() -> None:
    """Closing up the lines of a table makes no identifier of them."""
    assert found("\n".join(str(12000 + 37 * n) for n in range(400))) == set()
    assert found("\n".join(f"{n:X}\t\t{n * 3}" for n in range(0x1000, 0x1200))) == set()
