"""Identifiers and secrets as programs, forms, tools and people of many countries write them, and look-alikes."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

import base64

import pytest

from router_plugin.privacy import Detector, PrivacySettings
from router_plugin.privacy.tables import headed
from router_plugin.request import Conversation, Origin, Segment, Surface

VISA, PLAIN, SSN, PASSWORD = "4111 1111 1111 1111", "4111111111111111", "078-05-1120", "Wq83nfLz2x"
TOKEN = "b7f3c1d9e8a64f52aa"
KEY = "MIIEpAIBAAKCAQEAx4fG7Qe0uYk3vJqgk8n2b9h0sYt1m5wqXzR7oL2pD4eK9cVb"

CARDS = (
    f"order 5000 {VISA}", f"ref 2024 {VISA}", "4111\n1111\n1111\n1111", "my number\n- 4111\n- 1111\n- 1111\n- 1111",
    f"x = {PLAIN}L", f"const n = {PLAIN}n;", f"{PLAIN}u", f"{PLAIN}ULL", f"{PLAIN}.0", "4.111111111111111E15",
    f"Visa{PLAIN}", f"%B{PLAIN}^DOE/JOHN^2512", "4111•1111•1111•1111", "41l1 1111 1111 1111", "5500 OOOO OOOO OOO4",
    base64.b32encode(PLAIN.encode()).decode(), base64.b32encode(SSN.encode()).decode(),
    "quatre" + " un" * 15, "IBANDE89370400440532013000", "DE89_3704_0044_0532_0130_00", "DE89  3704  0044  0532  0130  00",
)  # fmt: skip
KEYS = (
    '"socialSecurityNumber": "078051120"', "social_security_number=078051120", "SSN for Mary: 078051120", "SSN_078051120.pdf",
    "s.s.n. 078051120", "last four of SSN: 1120", "SSN 078 - 05 - 1120", '"phoneNumber": "4155238899"', "phone=4155238899",
    '"accountNumber":"4400123987"', 'routing_number": "011401533"', '"dateOfBirth":"1988-05-12"', "date_of_birth=1988-05-12",
    "medicalRecordNumber: 00123456", '"cvv":"123"', "DOB 19880512", "my birthday is May 12, 1988", "client_ip=81.2.69.160",
)  # fmt: skip
TABLES = (
    "name,ssn\nJohn,078051120", "| name | ssn |\n|---|---|\n| John | 078051120 |", "name;telefon\nHans;01712345678",
    "first_name,last_name,date_of_birth\nJohn,Doe,1988-05-12", f"user,password\nbob,{PASSWORD}", f"url\tusername\tpassword\nhttps://bank.io\tbob\t{PASSWORD}",
)  # fmt: skip
PLACES = (
    "моб. 89161234567", "携帯 09012345678", "090-1234-5678", "010-1234-5678", "fone: 11 98765-4321", "(11) 98765-4321", "SĐT 0912345678",
    "جوال 0501234567", "0171/2345678", "https://wa.me/4915123456789", "mira @ posteo.de", "mira(a)posteo.de", "mira@posteo(dot)de",
    "mira arroba posteo punto es", "иван@почта.рф", "Geburtstag: 12.05.1988", "1988年5月12日生", "12.05.1988 г.р.", "ngày sinh 12/05/1988",
    "n° sécu : 1 85 05 78 006 084 36", "NUSS 28/12345678/40", "nr dowodu ABA300000", "občanský průkaz 123456789", "736028/5163",
    "személyi igazolvány 123456AB", "kennitala 120174-3389", "паспорт серия 45 08 номер 123456", "ИИН 850101300123", "رقم الهوية 1234567890",
    "ת״ז 123456782", "کد ملی 0499370899", "NIC 853400937V", "車牌 京A12345", "在留カード AB12345678CD", "운전면허 11-12-345678-90",
    "No. K/P: 850101-14-5678", "hộ chiếu B1234567", "GHA-123456789-0", "cédula V-12345678", "госномер А123ВС77", "口座番号 1234567",
    "계좌번호 110-123-456789", "银行卡号：6222021234567890123", "р/с 40817810099910004312", "Kto-Nr. 4400123987",
)  # fmt: skip
SECRETS = (
    f"env:\n- name: DB_PASSWORD\n  value: {PASSWORD}", f'{{"name":"DB_PASSWORD","value":"{PASSWORD}"}}', f'<add key="Password" value="{PASSWORD}"/>',
    f'variable "db_password" {{\n  default = "{PASSWORD}"\n}}', f"define('DB_PASSWORD', '{PASSWORD}');", f"os.getenv('API_KEY', '{TOKEN}')",
    f"process.env.API_KEY || '{TOKEN}'", f"auth=('bob', '{PASSWORD}')", f"ConvertTo-SecureString '{PASSWORD}' -AsPlainText -Force",
    f"reg add HKLM\\X /v DefaultPassword /t REG_SZ /d {PASSWORD}", f"<password>\n  {PASSWORD}\n</password>", f"docker login -u bob -p {PASSWORD} r.io",
    f"redis-cli -h db -a {PASSWORD} ping", f"requirepass {PASSWORD}", f"sqlplus scott/{PASSWORD}@orcl", f"echo bob:{PASSWORD} | chpasswd",
    f"net user bob {PASSWORD} /add", f"username bob privilege 15 password 0 {PASSWORD}", f"WIFI:T:WPA;S:home;P:{PASSWORD};;",
    f"identifiant bob mdp {PASSWORD}", f"user bob pass {PASSWORD}", f"I changed it to {PASSWORD}, my password",
    f"INSERT INTO users (name,password) VALUES ('bob','{PASSWORD}')", "Cookie: a=b; PHPSESSID=8f3a9c1d7e5b2046a8c0e1f2d3",
    f"curl -b 'session={TOKEN}' x.io", f".acme.io\tTRUE\t/\tTRUE\t1799999999\tsession\t{TOKEN}2b", f"https://api.x.io/v1?key={TOKEN}",
    f"https://{TOKEN}{TOKEN}@github.com/a/b", "_auth=Ym9iOldxODNuZkx6Mng=", f"X-Amz-Signature={'b7f3c1d9e8a64f52' * 4}",
    "bob:$2b$12$Xk29vbQz77Wq83nfLz2xPuQxTzPq4Lw9Vn2Rb6Ym1KcXk29vbQz77", "1:aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0:::",
    f'"-----BEGIN PRIVATE KEY-----" +\n"{KEY}"', f"----BEGIN RSA PRIVATE KEY----\n{KEY}", KEY,
    '{"kty":"RSA","n":"x4fG","e":"AQAB","d":"Wq83nfLz2xPq8QxTzPq4Lw9Vn2Rb6Ym1Kc"}', "<Modulus>x4fG</Modulus><D>Wq83nfLz2xPq8QxTzPq4Lw9Vn2Rb6Ym1Kc==</D>",
    "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..Q0tCRUZHSElKS0xN.c2VjcmV0Y2lwaGVydGV4dA.dGFndGFndGFndGFn",
    "123456-234567-345678-456789-567890-678901-789012-890123", "G-483920 is your Google verification code", "验证码：483920", "PUK: 48291047",
)  # fmt: skip

HARMLESS = (
    "Model 4512 4111 1111 1111 1111 4423 5120", "row 4512 4111 1111 1111 1111\nrow 4423 5120 3321 4512", "4111\n1111\n1111\n1111\n4512", "2021\n2022\n2023\n2024",
    "n = 4111111111111112L", "x = 4.111111111111112E15", "CONSTANTS AND SETTINGS ABCDEFGHIJKLMNOP", "un deux trois quatre cinq", "Illl Ooll 1111 OOOO",
    "def load(user, password, retries):\n    return open(user, password, retries)", "name,password\nbob,********", "id,phone\n1,none", "token,count\nthe,1200",
    "c = a @ b.T", "loss = x @ w.com_part", "f(a)g.h", "look at us dot all", "account_number: str", "phone = models.CharField(max_length=15)", "dateOfBirth: Date;",
    "parser.add_argument('--password', help='the password')", "getattr(self, 'token', 'default')", "- name: DB_PASSWORD\n  value: changeme", "- name: TOKEN\n  valueFrom:",
    "login('bob', password)", "docker run -p 8080:80/tcp nginx", "unzip -p archive.zip file1.TXT2", "openssl rand -hex 32", "class A:\n    pass\n\nXk29vbQz = 1",
    'if "-----BEGIN PRIVATE KEY-----" in text:', '"-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"', "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", "https://x.io/?key=value&page=2",
    "$1$ and $5 and $6", "exit code 4040 is your error code", "404 is the status code", "736028/5164", "2024/0171", "0.171/2345678", "the session=abc of today",
)  # fmt: skip


@pytest.fixture(scope="module")
def detector() -> Detector:
    """By rules alone."""
    return Detector(PrivacySettings(topics=False))


def found(detector: Detector, text: str) -> set[str]:
    verdict = detector.scan(Conversation(Surface.CHAT, (), (Segment("x", text, Origin.USER),), ()))
    return {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize("text", [*CARDS, *KEYS, *TABLES, *PLACES, *SECRETS])
def test_what_forms_tools_and_people_write_is_found(detector: Detector, text: str) -> None:
    """Each is private to any reader, and found by a rule, not for being too much work."""
    rules = found(detector, text)
    assert rules
    assert not rules & {"error.scan", "limit.work"}


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_alike_is_not(detector: Detector, text: str) -> None:
    """Tables of numbers, code, placeholders and wrong check digits hold nothing back."""
    assert found(detector, text) == set()


def test_cells_stand_beside_their_headings() -> None:
    """Only of telling columns, as far as the rows are those of the table."""
    assert headed("id,ssn\n1,078051120\n2,219099999\nThe end.") == "ssn: 078051120\n\nssn: 219099999\n"
    assert headed("We met, talked, and left.\n1, 2, 3") == ""


def test_a_row_far_down_is_read_or_the_text_is_private(detector: Detector) -> None:
    """Blank cells above it hide nothing, however many there are."""
    assert found(detector, "id,ssn\n" + "1,\n" * 1_500 + "2,219099999\n") == {"identity.us_ssn_told"}
    assert found(detector, "id,ssn\n" + "1,\n" * 2_500 + "2,219099999\n") == {"limit.work"}


@pytest.mark.parametrize(
    "repeated",
    ["password ", "insert into password ", "id,ssn\n", "4111\n", "name: token value: ", "a@", "eyJhbGciOiJ."],
)
def test_hostile_repeats_are_read_in_bounded_work(detector: Detector, repeated: str) -> None:
    """A text of nothing but beginnings is read, or refused, and never an error."""
    assert "error.scan" not in found(detector, repeated * (200_000 // len(repeated)))
