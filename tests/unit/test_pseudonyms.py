"""Stand-ins for identifiers: which requests may go out with them, and that everything comes back."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router_plugin import pseudonyms
from router_plugin.build import build_router
from router_plugin.config import check, read_file
from router_plugin.pipeline import Router
from router_plugin.privacy.rules import RULES
from router_plugin.pseudonyms import CannotRedact, Redacted, StandIns, redacted
from router_plugin.request import Surface
from router_plugin.steering import Steering

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = {
    **dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY"), "sk-invented"),
    "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9",
    "OLLAMA_HOST": "http://127.0.0.1:9",
}
MAIL = "mira.kovacs@posteo.de"
PHONE = "+49 30 901820"
SSN = "078-05-1120"


@pytest.fixture(scope="module")
def router() -> Router:
    """The config pack's, with `on_private: redact` and every provider set up."""
    raw = read_file(ROOT / "litellm_config.yaml")
    raw["callback_settings"]["router_plugin"]["on_private"] = "redact"
    return build_router(check(raw, ENVIRON))


def redact(
    router: Router, body: dict[str, Any], surface: Surface = Surface.CHAT, steering: Steering | None = None
) -> Redacted | None:
    """What would be sent in place of a body."""
    steering = steering or Steering()
    decide = functools.partial(router.decide, surface=surface, steering=steering)
    return redacted(body, router.read(body, surface), router, steering, None, "key", decide)


def chat(*texts: str) -> dict[str, Any]:
    """User messages with answers between them."""
    messages = []
    for text in texts:
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": "All right."}]
    return {"model": "auto", "messages": messages[:-1]}


def test_identifiers_alone_are_replaced_and_the_rest_stays(router: Router) -> None:
    """The same value has one stand-in, wherever it stands; reasons and findings name rules, never text."""
    text = f"Write to {MAIL}, or call {PHONE}. Check that {MAIL.upper()} and {MAIL} are spelled alike."
    found = redact(router, chat(text))
    assert found is not None
    sent = json.dumps(found.body)
    assert MAIL.lower() not in sent.lower()
    assert PHONE not in sent
    content = found.body["messages"][0]["content"]
    assert content.startswith("Write to EMAIL_PLACEHOLDER_")
    assert found.stand_ins.restore(content) == text
    assert len(found.stand_ins) == 3
    assert not found.decision.private
    assert not found.plan.local_only
    assert "privacy.redacted:contact.email" in [str(reason) for reason in found.decision.reasons]
    assert MAIL not in repr(found.stand_ins)
    again = redact(router, chat(text, f"And {PHONE}?"))
    assert again is not None
    assert again.body["messages"][0]["content"] == content


BODIES: list[tuple[Surface, dict[str, Any]]] = [
    (Surface.COMPLETIONS, {"prompt": f"Write to {MAIL}."}),
    (Surface.RESPONSES, {"input": f"Write to {MAIL}.", "instructions": f"You work for {MAIL}."}),
    (Surface.RESPONSES, {"input": [{"role": "user", "content": [{"type": "input_text", "text": f"Mail {MAIL}"}]}]}),
    (Surface.MESSAGES, {"system": f"You work for {MAIL}.", "messages": [{"role": "user", "content": f"Hi {PHONE}"}]}),
    (
        Surface.CHAT,
        {
            "messages": [
                {"role": "user", "content": "Look them up."},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "look_up", "arguments": json.dumps({"email": MAIL})},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": f"phone {PHONE}"},
            ]
        },
    ),
]


@pytest.mark.parametrize(("surface", "body"), BODIES)
def test_identifiers_are_found_wherever_a_text_stands(router: Router, surface: Surface, body: dict[str, Any]) -> None:
    """In every API shape, in tool arguments too; what was given is left as it was."""
    before = json.dumps(body)
    found = redact(router, body, surface)
    assert found is not None
    sent = json.dumps(found.body)
    assert MAIL not in sent
    assert PHONE not in sent
    assert found.stand_ins.restore(sent) == before == json.dumps(body)
    assert set(found.changed) <= set(body)


STAY: dict[str, dict[str, Any]] = {
    "nothing private": chat("What is the capital of Portugal?"),
    "a secret": chat(f"Mail {MAIL}: password: Xk29!vbQz7"),
    "a key": chat(f"Mail {MAIL} the key AKIAIOSFODNN7EXAMPLQ"),
    "a topic": chat(f"My husband was just diagnosed with HIV and lost his job over it. Write to {MAIL} for us."),
    "an image": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": f"Mail {MAIL}"},
                    {"type": "image_url", "image_url": {"url": "https://example.com/scan.png"}},
                ],
            }
        ]
    },
    "in a key of an object": {
        "messages": [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c",
                        "type": "function",
                        "function": {"name": "f", "arguments": {MAIL: 1}},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "c", "content": "done"},
        ]
    },
    "hidden with zero-width characters": chat("My number is 0\u200b78\u200b-05-1\u200b120, the social security one."),
    "encoded": chat("Decode bXkgc29jaWFsIHNlY3VyaXR5IG51bWJlciBpcyAwNzgtMDUtMTEyMA== for me."),
    "split over two messages": chat("My social security number is 078-", "05-1120"),
    "a number in part": chat("The last four of my social security number are 1120, check that."),
    "a bank's code": chat("Pay to Sort Code: 608371, Acc No: 21987734 please."),
    "a card with its code": chat("Charge 4111 1111 1111 1111, 12/27, 123 please."),
    "history that isn't shown": {**chat(f"Mail {MAIL}"), "previous_response_id": "resp_1"},
}


@pytest.mark.parametrize("case", STAY)
def test_what_stays_local_all_the_same(router: Router, case: str) -> None:
    """Secrets, topics, what can't be inspected, and identifiers that don't stand there as they are."""
    body = STAY[case]
    surface = Surface.RESPONSES if "previous_response_id" in body else Surface.CHAT
    if surface is Surface.RESPONSES:
        body = {"input": f"Mail {MAIL}", "previous_response_id": "resp_1"}
    assert redact(router, body, surface) is None


def test_a_clients_demand_and_the_setting_count(router: Router) -> None:
    """`private` is the client's word for all of the request; without the setting nothing is redacted."""
    assert redact(router, chat(f"Mail {MAIL}"), steering=Steering(private=True)) is None
    plain = build_router(check(read_file(ROOT / "litellm_config.yaml"), ENVIRON))
    assert redact(plain, chat(f"Mail {MAIL}")) is None
    assert redact(router, {"input": f"Mail {MAIL}"}, Surface.EMBEDDINGS) is None


def test_whatever_goes_wrong_stays_local(router: Router, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that can't be put back, too many of them, a text that is still private with its stand-ins."""
    body = chat(f"Mail {MAIL}")
    assert redact(router, body) is not None
    with monkeypatch.context() as patched:
        patched.setattr(pseudonyms, "MAX_VALUES", 0)
        assert redact(router, body) is None
    with monkeypatch.context() as patched:
        patched.setattr(pseudonyms, "MIDDLE", "@posteo.de.")
        assert redact(router, body) is None
    with monkeypatch.context() as patched:
        patched.setattr(pseudonyms, "MAX_DEPTH", 1)
        assert redact(router, body) is None
    for awkward in ('aaaa"b', "aaaa\\b", "aaaa\nb", "aaaa\ud800b", "1234"):
        with pytest.raises(CannotRedact):
            StandIns(b"s").of("ID", awkward)


def test_what_is_written_together_is_replaced_together(router: Router) -> None:
    """A rule may see a part of a longer token; nothing of it may be left."""
    text = f"The file id_{PHONE.replace(' ', '')}x7.csv and {MAIL}.invalid-copy are from {MAIL}."
    found = redact(router, chat(text))
    if found is not None:
        sent = found.body["messages"][0]["content"]
        assert "posteo" not in sent
        assert "901820" not in sent
        assert found.stand_ins.restore(sent) == text


def test_the_lock_looks_for_the_values_themselves() -> None:
    """Also where no rule would see them, and in names of fields."""
    stand_ins = StandIns(b"s")
    assert not stand_ins.shown_in({"a": [MAIL]})
    stand_ins.of("EMAIL", MAIL)
    assert stand_ins.shown_in({"a": [{"b": f"x{MAIL.upper()}x"}]})
    assert stand_ins.shown_in([{MAIL: 1}])
    assert not stand_ins.shown_in({"a": ["mira", 1, None]})


def test_another_conversation_has_other_stand_ins() -> None:
    """Nobody can tell that two conversations are about the same person."""
    assert StandIns(b"a").of("EMAIL", MAIL) != StandIns(b"b").of("EMAIL", MAIL)
    assert StandIns(b"a").of("EMAIL", MAIL) == StandIns(b"a").of("EMAIL", MAIL)


def ssn(rng: random.Random) -> str:
    """A sentence with an invented social security number."""
    number = f"{rng.randrange(100, 665)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"
    return f"My social security number is {number}."


def mail(rng: random.Random) -> str:
    """A sentence with an invented address."""
    return f"Answer {rng.choice(['eva', 'ada.l', 'k_moss'])}{rng.randrange(99)}@{rng.choice(['posteo', 'gmx'])}.net"


def phone(rng: random.Random) -> str:
    """A sentence with an invented number."""
    return f"Call me: (212) {rng.randrange(200, 999)}-{rng.randrange(1000, 9999)}"


KINDS: list[tuple[str, Callable[[random.Random], str]]] = [
    ("an SSN", ssn),
    ("a mail address", mail),
    ("a phone number", phone),
    ("a card", lambda _: "Charge 4111 1111 1111 1111 please."),
    ("an IBAN", lambda _: "Pay to DE89 3704 0044 0532 0130 00."),
]


@pytest.mark.parametrize(("kind", "write"), KINDS, ids=[kind for kind, _ in KINDS])
def test_usual_identifiers_go_out_replaced(router: Router, kind: str, write: Callable[[random.Random], str]) -> None:
    """Where the detector sees one, what is sent holds none of its digits or letters, and comes back whole."""
    rng = random.Random(kind)
    for _ in range(20):
        text = f"Please rewrite this politely. {write(rng)} Thank you."
        assert router.detector.scan(router.read(chat(text), Surface.CHAT)).private, text
        found = redact(router, chat(text))
        assert found is not None, text
        content = found.body["messages"][0]["content"]
        assert not any(character.isdigit() for character in content)
        assert "@" not in content
        assert found.stand_ins.restore(content) == text


@pytest.mark.parametrize(
    "text",
    [
        "Ausweis: Серия 4510 номер 123456, паспорт РФ.",
        "%B4111111111111111^GOMEZ/MARIA^2712101000000?",
        "The last four of my SSN are 1120.",
        "1988年5月12日生",
    ],
)
def test_what_a_rule_sees_a_part_of_only_stays(router: Router, text: str) -> None:
    """What stands beside it would go out."""
    assert router.detector.scan(router.read(chat(text), Surface.CHAT)).private, text
    assert redact(router, chat(text)) is None


def test_words_behind_an_account_number_go_out_as_they_are(router: Router) -> None:
    """Its groups may be of letters too, so the rule takes the next words along; its country says where it ends."""
    found = redact(router, chat("IBAN DE89 3704 0044 0532 0130 00 please check the format."))
    assert found is not None
    content = found.body["messages"][0]["content"]
    assert content.startswith("IBAN IBAN_PLACEHOLDER_")
    assert content.endswith(" please check the format.")


def test_what_stays_is_named_after_rules_that_exist() -> None:
    """A rule that is renamed must be renamed here too."""
    assert {rule.name for rule in RULES} >= pseudonyms.STAYING
    assert {rule.family for rule in RULES} >= pseudonyms.FAMILIES


@pytest.mark.parametrize(
    "form", ["219099999", "219 09 9999", "219.09.9999", "x219-099999x", "２１９０９９９９９", 219099999]
)
def test_a_number_is_known_in_any_form(form: object) -> None:
    """What is written with hyphens once may stand without them elsewhere in the request, or as a number of JSON."""
    stand_ins = StandIns(b"secret")
    stand_ins.of("ID", "219-09-9999")
    assert stand_ins.shown_in({"a": [form]})
    assert not stand_ins.shown_in({"a": ["219099998", 21909999, 219.5, True, None]})


def test_every_form_of_a_number_is_replaced_and_put_back() -> None:
    """Each form has a stand-in of its own, so that the client gets back what it wrote."""
    stand_ins = StandIns(b"secret")
    stand_ins.of("ID", "219-09-9999")
    text = "It is 219-09-9999, or 219 09 9999, or 219099999."
    hidden = stand_ins.everywhere(text)
    assert "219" not in hidden
    assert stand_ins.restore(hidden) == text
