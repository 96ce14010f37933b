"""Identifiers as mails, forms, logs, file names and clients write them, and look-alikes that aren't any."""

from __future__ import annotations

import pytest

from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.request import Conversation, Origin, Segment, Surface

VISA, AMEX, IBAN, SSN = "4111 1111 1111 1111", "3782 822463 10005", "DE89 3704 0044 0532 0130 00", "078-05-1120"
PLAIN_IBAN = IBAN.replace(" ", "")

PRIVATE = {
    "expiry and code": f"My card is {VISA} 12/27 123. Compare REST and gRPC.",
    "expiry, American Express": f"Amex {AMEX} 12/27",
    "expiry, Mastercard": "card no 5500 0000 0000 0004 11/26",
    "year behind": f"it is {VISA} 2027",
    "date before": f"2024-05-01 {VISA}",
    "amount behind": f"Charge {VISA} 20 EUR",
    "list item": f"1. {VISA}",
    "four digits before and the word": f"card of order 5000 {VISA}",
    "nineteen digits that are told": "card number 6304 9999 9999 9999 999",
    "for my part": f"Jones wrote for her part {SSN} on it",
    "typing error, with expiry": "my card is 4111 1111 1111 1112 12/27",
    "tabs": "card\t4111\t1111\t1111\t1111",
    "form": "pan=4111+1111+1111+1111&x=1",
    "pipes": "4111|1111|1111|1111",
    "spaced hyphens": "4111 - 1111 - 1111 - 1111",
    "line of a diff": f"-{VISA}",
    "file name": "s3://scans/card-4111111111111111.png",
    "file name with underscores": "scan_4111111111111111_front.png",
    "iban in a form": "iban=DE89+3704+0044+0532+0130+00&x=1",
    "iban in a file name": f"iban_{PLAIN_IBAN}.pdf",
    "iban in small letters": f"send to {PLAIN_IBAN.lower()} please",
    "iban with dots": IBAN.replace(" ", "."),
    "iban behind words like one": f"at10 pm {PLAIN_IBAN}",
    "in order to": f"Mary Jones {SSN} wrote to us in order to complain.",
    "a model": f"Mary Jones, {SSN}. Which AI model could check this?",
    "build": f"Build a JSON object with name Mary Jones and id {SSN}",
    "path": f"Explain the error: GET https://hr.example/emp/{SSN} 404",
    "grown on a name": f"mary-{SSN}",
    "base64 with padding": "kind: Secret\ndata:\n  ssn: MDc4LTA1LTExMjA=",
    "base64 in a sentence": "Decode MDc4LTA1LTExMjA=",
    "Markdown escapes": r"My number is 078\-05\-1120.",
    "quoted-printable": "my card 4111 1111 1=\n111 1111",
    "a buffer": '{"type":"Buffer","data":[48,55,56,45,48,53,45,49,49,50,48]}',
    "terminal colours": "4111 \x1b[1m1111\x1b[0m 1111 1111",
    "HTML": "4111 1111 <b>1111</b> 1111",
    "Markdown": "**4111** 1111 1111 1111",
}

HARMLESS = {
    "years": "2019 2020 2021 2022 2023 2024",
    "a part number": f"part number {SSN} is out of stock",
    "an order": f"order no. {SSN}",
    "a longer number": f"12-{SSN}",
    "a number that goes on": f"{SSN}-33",
    "LaTeX": r"\(x\) \[y\] \{z\} \_a\_b",
    "decimals": "x = 0.4111111111111111",
    "a matrix": str([[9 * i + k for k in range(9)] for i in range(9)]),
    "padded words": "let foo_bar_baz== be",
    "bold numbers": "**1** and **2** and <b>3</b>",
    "a UUID": "12345678-4111-1111-1111-111111111111",
}


@pytest.fixture(scope="module")
def detector() -> Detector:
    """By rules alone: what a reader of topics makes of the words around an identifier mustn't matter."""
    return Detector(PrivacySettings(topics=False))


def found(detector: Detector, text: str) -> bool:
    return detector.scan(Conversation(Surface.CHAT, (), (Segment("x", text, Origin.USER),), ())).private


@pytest.mark.parametrize("name", PRIVATE)
def test_what_people_and_clients_write_is_found(detector: Detector, name: str) -> None:
    """Each is an identifier to any reader."""
    assert found(detector, PRIVATE[name])


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_alike_is_not(detector: Detector, name: str) -> None:
    """Rules that find more mustn't find these."""
    assert not found(detector, HARMLESS[name])
