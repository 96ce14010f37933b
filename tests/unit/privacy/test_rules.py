"""Every family in tables: what must be found, and beside it a near miss."""

from __future__ import annotations

import pytest

from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.privacy.engine import check_pattern
from router_plugin.privacy.rule import Rule
from router_plugin.privacy.rules import RULES
from router_plugin.request import Conversation, Origin, Segment, Surface

IDENTITY = (
    "ITIN 912-70-1234",
    "EIN 12-3456789",
    "tax id: 98-7654321",
    "my SIN is 046 454 286",
    "NHS number 943 476 5919",
    "codice fiscale RSSMRA85T10A562S",
    "RSSMRA85T10A562S",
    "BSN 111222333",
    "PESEL 44051401359",
    "NRIC S1234567D",
    "S1234567D",
    "주민등록번호 900101-1234568",
    "身份证 11010519491231002X",
    "11010519491231002X",
    "CURP HEGG560427MVZRRL04",
    "RFC HEGG560427AB1",
    "personnummer 811228-9874",
    "fødselsnummer 13097248022",
    "CPR 070761-4285",
    "henkilötunnus 131052-308T",
    "131052-308T",
    "rijksregisternummer 85.07.30-033.28",
    "AHV 756.9217.0769.85",
    "756.9217.0769.85",
    "SVNR 1237 010180",
    "NIF 123456789",
    "PPS number 1234567T",
    "T.C. kimlik no 10000000146",
    "RUT 12.345.678-5",
    "CUIT 20-12345678-6",
    "DNI 12.345.678",
    "СНИЛС 112-233-445 95",
    "ИНН 500100732259",
    "паспорт 45 08 123456",
    "CNP 1800101221144",
    "EGN 7523169263",
    "rodné číslo 900101/1235",
    "AMKA 01013099997",
    "Thai national ID 1-1014-00000-00-1",
    "身分證字號 A123456789",
    "HKID A123456(3)",
    "IRD 49-091-850",
    "CNIC 42201-1234567-1",
    "Emirates ID 784-1980-1234567-1",
    "KTP 3201011201800001",
    "voter id ABC1234567",
    "GSTIN 27ABCPE1234F1Z5",
    "passport number X1234567",
    "my passport is 543216789",
    "Reisepass C01X00T47",
    "pasaporte AAB123456",
    "护照号 E12345678",
    "driver's license D1234567",
    "driving licence number MORGA657054SM9IJ",
    "Führerschein B072RRE2I55",
    "license plate ABC-1234",
    "Kennzeichen B-MW 1234",
    "number plate AB12 CDE",
    "VIN 1HGCM82633A004352",
    "IMEI: 35-209900-176148-1",
    "employee id 4471-220",
    "student number s1234567",
    "date of birth 1990-05-17",
    "née le 3 mars 1975",
    "fecha de nacimiento: 12/05/1988",
    "生年月日 1980年5月3日",
    "mother's maiden name is Kowalski",
)
CONTACT = (
    "reach me at mira.solberg@posteo.de",
    "mira.solberg (at) posteo (dot) de",
    "mira at posteo dot de",
    "+49 170 1234567",
    "call me on 0170 1234567",
    "tel. 01 42 68 53 00",
    "my number is 4151239876 in the office",
    "whatsapp +55 11 91234-5678",
    "1600 Amphitheatre Parkway, Mountain View, CA 94043",
    "I live at 12 Rosewood Lane, Leeds",
    "Hauptstraße 5, 80331 München",
    "12 rue de la Paix, 75002 Paris",
    "Calle Mayor 14, 28013 Madrid",
    "via Roma 12, 20121 Milano",
    "P.O. Box 4411",
    "〒100-0001 東京都千代田区1-1",
    "she lives at 48.20817, 16.37382",
    "the user signed in from 81.2.69.160",
    "his IPv6 address is 2a02:908:13b0:6a00::1f",
    "MAC address 3c:22:fb:9a:10:4e of my phone",
)
FINANCE = (
    "4012888888881881",
    "378282246310005",
    "card no 6304 9850 2809 0561 515",
    "DE89 3704 0044 0532 0130 00",
    "GB29NWBK60161331926819",
    "routing number 011401533",
    "account number: 4400123987",
    "Kontonummer 0532013000",
    "BSB 062-000 account 12345678",
    "IFSC HDFC0001234",
    "CLABE 032180000118359719",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "send the eth to 0x52908400098527886E0F7030069857D2E4169EE7",
    "cvv 123",
    "security code: 4321",
    "my PIN is 7391",
)
HEALTH = (
    "MRN 00123456",
    "patient id: P-448812",
    "NPI 1234567893",
    "DEA number AB1234563",
    "Medicare number 1EG4-TE5-MK73",
    "OHIP 1234-567-897-AB",
    "insurance policy number HX99812345",
    "member ID: ABC123456789",
    "Krankenversichertennummer A123456780",
    "Jane Doe, TSH 9.1",
    "Peter Novak, diagnosis F32.1",
    "my HbA1c is 8.4",
    "prescription number 7788123",
)
SECRETS = (
    "sk-proj-abcDEF123456ghiJKL7890mnoPQR",
    "hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345",
    "npm_9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sT9uV8wX",
    "AccountKey=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6QUJDREVGR0hJSktMTU5PUA==",
    "mongodb+srv://svc:Wq83nfLz@cluster0.abcde.mongodb.net/db",
    "dbPassword: 'kL9$mnQ2xx'",
    "Passwort: Sommer2024!",
    "mot de passe : Chaton#1987",
    "пароль: Qwerty778!",
    "密码是Hx29!kd8",
    "パスワードは kd8!Hx29q です",
    "api_key = 'b7f3c1d9e8a64f52'",
    "client_secret=8Qx~TzPq4Lw9Vn2Rb6Ym1Kc",
    "export TOKEN=9f86d081884c7d659a2feaa0c55ad015",
    "recovery phrase: crane ladder mango river tooth velvet orbit lemon",
    "curl -u deploy:Xk29vbQz77 https://ci.example",
    "the door code is four four one nine",
)
NEAR_MISSES = (
    "part number 100-00-2345",
    "order 123456789 shipped on 2024-01-02",
    "SSN stands for social security number",
    "my PIN is the GPIO pin 13 on the Arduino header",
    "born in the USA is a song",
    "version 10.0.19045.3803",
    "4111 1111 1111 1112",
    "GB29NWBK60161331926818",
    "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "uuid 123e4567-e89b-12d3-a456-426614174000",
    "password: ********",
    "password = os.getenv('PASSWORD')",
    "token: ${{ secrets.GITHUB_TOKEN }}",
    "api_key=YOUR_API_KEY",
    "Author: Mira Solberg <mira@northlight.dev>",
    "Copyright (c) 2020 Mira Solberg <mira@northlight.dev>",
    "git clone git@github.com:python/cpython.git",
    "listen on 127.0.0.1:8080 and 10.0.0.3",
    "pi is 3.14159265358979323846",
    "epoch 1700000000 and 1700000000123",
    "ISBN 978-3-16-148410-0",
    "the meeting is at 12 next Monday, room 4",
    "It took 3 different ways to the place",
    "postgres://postgres:postgres@localhost:5432/app",
    "the placeholder is (555) 123-4567",
    "import via Python 3",
    "user logged in from 192.168.1.20",
    "the secret is to keep calm",
    "the password is wrong",
    "page 12 of 340, line 17",
    "use ssh -p 2222 root@localhost",
)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(PrivacySettings(topics=False))


def found(detector: Detector, text: str) -> set[str]:
    verdict = detector.scan(Conversation(Surface.CHAT, (), (Segment("x", text, Origin.USER),), ()))
    return {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize("text", [*IDENTITY, *CONTACT, *FINANCE, *HEALTH, *SECRETS])
@pytest.mark.parametrize("frame", ["{}", "Fill in the form: {}.", "notes -- {} -- please summarise"])
def test_what_is_private_is_found_in_any_frame(detector: Detector, text: str, frame: str) -> None:
    """An identifier or secret is found alone, at the end of a sentence, and between dashes."""
    rules = found(detector, frame.format(text))
    assert rules
    assert not rules & {"error.scan", "limit.work"}


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_a_near_miss_is_public(detector: Detector, text: str) -> None:
    """What only looks like an identifier, or stands for one in code and documentation, holds nothing back."""
    assert found(detector, text) == set()


def test_rule_names_are_unique_and_belong_to_a_family() -> None:
    """Names are the operator's handle for switching rules off, so each means one rule."""
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert {name.partition(".")[0] for name in names} == {
        "secrets",
        "identity",
        "contact",
        "finance",
        "health",
        "topic",
    }


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_pattern_can_be_compiled(rule: Rule) -> None:
    """At the first hit of its gate it has to be: one that can't be would make every such text private."""
    check_pattern(rule.pattern)
