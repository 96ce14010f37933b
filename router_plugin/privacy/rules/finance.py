"""Cards, accounts and wallets."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

import re

from router_plugin.privacy.checksums import IBAN_LENGTHS, aba, card, iban, issuer_fits, luhn
from router_plugin.privacy.rule import Hit, Rule, all_of, on_value

from .shapes import LONG, word

# How cards are written and printed: four groups of four, or 4-6-5 (American Express), 4-6-4 (Diners Club). Taken by
# themselves, so that an expiry date behind or a date before the number isn't taken for more digits of it.
_GAP = r"(?:\+|[ \t.|/_·•-]{1,3})"
_BY_FOUR = rf"[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}"
_GROUPED = rf"{_BY_FOUR}|3[0-9]{{3}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}}"
_GROUPED_GATE = rf"[0-9]{{4}}{_GAP}[0-9]{{4,6}}{_GAP}[0-9]{{4}}"
_FIRST_GROUPS = re.compile(_GROUPED)
_OF_FOUR_BEFORE, _OF_FOUR_AFTER = (
    re.compile(rf"(?:^|[^0-9])[0-9]{{4}}{_GAP}$"),
    re.compile(rf"{_GAP}[0-9]{{4}}(?:[^0-9]|$)"),
)
_GROUP_BEFORE, _ROW = re.compile(r"[0-9]{4} $"), re.compile(r"[0-9]{4}[^0-9\n]{1,3}[0-9]{4}")
_DECIMAL = re.compile(r"[0-9]{1,4}\.[0-9]{8,}$")
# An integer literal's suffix.
_LITERAL = r"(?i:u?ll?|llu?|lu|u|n|m|[iu](?:64|128))"
_LITERAL_AFTER = re.compile(rf"{_LITERAL}(?![A-Za-z0-9])")
_DIGITS_13_19 = r"[0-9](?:[ .\-_/]{0,2}[0-9]){11,18}"
_TEST_NUMBERS = frozenset({"4242424242424242", "4000056655665556", "5200828282828210", "4000000000000002"})
_CARD_WORD = r"\bcards?\b|credit|debit|\bcc\b|visa|master ?card|amex|\bpan\b|karte|tarjeta|carte|carta|cart[aã]o|карт|卡|カード|카드|kort"


def _real_card(hit: Hit) -> bool:
    number = "".join(c for c in hit.value if c.isdigit())
    if number in _TEST_NUMBERS or not card(number):
        return False
    # 13 digits are also an epoch in milliseconds or an EAN, 19 a database id: those need a word beside them.
    return len(number) in {14, 15, 16} or bool(_near_card(hit))


def _card_by_groups(hit: Hit) -> bool:
    """A card, unless it is part of a row of such groups, as in a table: of those, one in forty looks like a card."""
    number = "".join(c for c in hit.value if c.isdigit())
    in_row = _OF_FOUR_BEFORE.search(hit.before) or _OF_FOUR_AFTER.match(hit.after)
    return number not in _TEST_NUMBERS and card(number) and (not in_row or _after_a_number(hit) or _near_card(hit))


def _after_a_number(hit: Hit) -> bool:
    """One number of four digits before the card, in a sentence: no second one, and no row like it on lines around."""
    one = _GROUP_BEFORE.search(hit.before)
    if one is None or _OF_FOUR_AFTER.match(hit.after) or "\t" in hit.value or "  " in hit.value:
        return False
    return not _OF_FOUR_BEFORE.search(hit.before[: one.start()]) and not _ROW.search(
        hit.before[: one.start()] + "\n" + hit.after
    )


def _float_card(hit: Hit) -> bool:
    """All digits of a card in scientific notation, as a spreadsheet or a double prints it."""
    mantissa, _, exponent = hit.value.lower().partition("e")
    return len(mantissa) == int(exponent.lstrip("+")) + 2 and _real_card(Hit(mantissa, hit.whole, "", ""))


_OCR = str.maketrans("OoIl", "0011")


def _misread_card(hit: Hit) -> bool:
    """A card in which a scanner took some digits for the letters that look like them."""
    return any(c.isalpha() for c in hit.value) and _real_card(
        Hit(hit.value.translate(_OCR), hit.whole, hit.before, hit.after)
    )


def _near_card(hit: Hit) -> bool:
    return bool(re.search(_CARD_WORD, hit.before + " " + hit.after, re.IGNORECASE))


def _grouped_or_plain(hit: Hit) -> bool:
    """Digits in one run, or in groups of which none is a lone decimal part."""
    return (
        not _DECIMAL.match(hit.value)
        and not hit.before.endswith((".", "0x", "-", "_"))
        and (not hit.after[:1].isalnum() or _LITERAL_AFTER.match(hit.after) is not None)
        and not (hit.after[:1] == "." and hit.after[1:2].isdigit())
    )


def _bitcoin(value: str) -> bool:
    """Base58Check (Bitcoin wiki): the last four bytes are the head of a double SHA-256."""
    import hashlib

    number = 0
    for c in value:
        place = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".find(c)
        if place < 0:
            return False
        number = number * 58 + place
    raw = number.to_bytes(25, "big") if number.bit_length() <= 200 else b""
    return bool(raw) and hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def _told(hit: Hit) -> bool:
    """All of the digits, or the groups of a card that they begin with: an expiry date may follow."""
    groups = _FIRST_GROUPS.match(hit.value)
    return _may_be_card(hit.value) or (groups is not None and _may_be_card(groups[0]))


def _may_be_card(value: str) -> bool:
    number = "".join(c for c in value if c.isdigit())
    return (
        len(set(number)) > 1
        and number not in _TEST_NUMBERS
        and (12 <= len(number) <= 19)
        and (issuer_fits(number) or luhn(number))
    )


def _iban(hit: Hit) -> bool:
    end = iban_end(hit.value)
    return end > 0 and not (hit.value[end : end + 1] or hit.after[:1]).isalnum() and iban(hit.value[:end])


def iban_end(value: str) -> int:
    """How many characters of `value` are the account number that it begins with, as its country's length says; 0: none.

    The pattern may have taken following words along.
    """
    size = IBAN_LENGTHS.get(value[:2].upper(), 0)
    seen = 0
    for end, c in enumerate(value, start=1):
        seen += c.isalnum()
        if seen == size:
            return end
    return 0


IBAN = "finance.iban"
RULES = (
    Rule("finance.card", rf"\b({_DIGITS_13_19}){_LITERAL}?\b", LONG, check=all_of(_grouped_or_plain, _real_card), strong=True),
    # Card numbers in conversation have typing errors and rare prefixes: beside "my card", a scheme's length is enough.
    Rule(
        "finance.card_told",
        rf"(?i)\b(?:cards?|credit card|debit card|cc|visa|mastercard|amex|karte|tarjeta|carte|cart[aã]o|carta)\b(?: number| no\.?| nr\.?| num| details?)?[ :#=\-]{{0,4}}(?:is |ist |es |est |with |ending )?#?({_DIGITS_13_19})\b", LONG,
        check=all_of(_grouped_or_plain, _told),
        strong=True,
    ),
    Rule("finance.card_groups", rf"(?:\b|_)({_GROUPED})(?:\b|_)", _GROUPED_GATE, check=_card_by_groups, strong=True, again=True),
    Rule("finance.card_in_name", r"(?:[-_]|\b(?i:cards?|cc|pan|visa|mastercard|amex))([0-9]{14,16})(?:\b|_)", LONG, check=_real_card, strong=True),
    Rule("finance.card_track", r"\bB([0-9]{13,19})\^", r"[0-9]{4}\^[A-Z]", check=on_value(card), strong=True),  # ISO/IEC 7813, track 1
    # What a table of floats makes of a number.
    Rule("finance.card_float", r"\b([0-9]\.[0-9]{13,15}[eE]\+?1[3-5])\b", r"[0-9]{3}[eE]\+?1[3-5]", check=_float_card),
    Rule("finance.card_round", r"(?:^|[^0-9A-Za-z._-])([0-9]{14,16})\.0{1,2}(?:[^0-9.]|$)", r"[0-9]{8}\.00?(?:[^0-9.]|$)", check=_real_card),
    Rule("finance.card_misread", rf"\b([0-9OoIl]{{4}}(?:{_GAP}[0-9OoIl]{{4}}){{3}})\b", r"[0-9OoIl]{4}[ -][0-9OoIl]{4}[ -][0-9OoIl]{4}[ -][0-9OoIl]{4}", check=_misread_card),
    Rule(IBAN, r"(?i)(?:\b|_|iban)([a-z]{2}[0-9]{2}(?:(?:[ \t]{0,3}|[+.\-_/])[a-z0-9]){11,30})(?:\b|_)", r"(?:^|[^A-Za-z0-9]|(?i:iban))[A-Za-z]{2}[0-9]{2}(?:[ \t]*|[+._/-])[A-Za-z0-9]", check=_iban, strong=True, again=True),
    Rule("finance.us_routing", r"(?i)\b(?:routing|aba|rtn|transit)(?:\b|_|n)[ _]?(?:(?:number|umber|no\.?|#|num)\b)?[^0-9\n]{0,6}([0-9]{9})\b", word(r"routing|aba|rtn|transit"), digits="after", check=on_value(aba)),
    Rule(
        "finance.bank_account",
        r"(?i)(?:^|[^a-z])(?:bank )?(?:account|acct|acc|a/c|kontonummer|konto|kto|cuenta|compte|conta|conto|rekening|счет|счёт)\.?(?:[ _-]?(?:number|no|nr|num|nummer|is))?[\"']?[.:#= \"']{0,4}([0-9](?:[ \-]?[0-9]){5,16})\b", word(r"bank|account|acct|acc|a/c|konto|kto|cuenta|compte|conta|conto|rekening|счет|счёт"), digits="after",
        near=r"bank|routing|sort ?code|bic|swift|iban|bsb|blz|branch|transfer|\bwire\b|deposit|checking|savings|acct|account n|account:|konto|cuenta|compte|rekening|счет|счёт|holder|beneficiary|payee",
    ),
    Rule("finance.bank_account_named", r"(?i)(?:\b|_)(?:bank[ _-]?acc(?:oun)?t|acct\.? no\.?|acct|a/c(?: no\.?)?|account[ _-]?(?:number|no\.?|nr\.?|#)|checking account|savings account|kontonummer|konto-nr\.?|kto\.?(?:-?nr\.?)?|bankverbindung|iban|nr konta|n[uú]mero de cuenta|cbu|cvu|cci|rib)(?:\b|[.:#])[\"']?[.:#=]{0,2}(?: is| number| no\.?| nr\.?)?[.:#= \"']{0,3}([0-9](?:[ \-]?[0-9]){5,16})\b", word(r"bank[ _-]?acc(?:oun)?t|acct|a/c|account[ _-]?(?:n|nr|number|#)|checking account|savings account|konto(?:nummer)?|kto|bankverbindung|iban|konta|de cuenta|cbu|cvu|cci|rib"), digits="after"),
    Rule("finance.bank_account_cjk", r"(?:口座番号|银行卡号?|银行账号|銀行帳號|계좌번호|계좌|р/с|расч[её]тный сч[её]т|номер счета|номер карты|сч[её]т)[^0-9\n]{0,6}([0-9](?:[ -]?[0-9]){5,22})", r"口座番号|银行|銀行帳|계좌|р/с|сч[её]т|номер карты", digits="after"),
    Rule("finance.uk_sort_code", r"(?i)\bsort[- ]?code\b[^0-9\n]{0,6}([0-9]{2}[- ]?[0-9]{2}[- ]?[0-9]{2})\b", word(r"sort"), digits="after"),
    Rule("finance.au_bsb", r"(?i)\bbsb\b[^0-9\n]{0,6}([0-9]{3}[- ]?[0-9]{3})\b", word(r"bsb"), digits="after"),
    Rule("finance.in_ifsc", r"\b([A-Z]{4}0[A-Z0-9]{6})\b", word(r"ifsc|neft|rtgs|bank|branch"), near=r"ifsc|bank|branch|account|neft|rtgs"),
    Rule("finance.mx_clabe", r"(?i)\bclabe\b[^0-9\n]{0,6}([0-9]{18})\b", word(r"clabe"), digits="after"),
    Rule("finance.bic_account", r"(?i)\b(?:bic|swift)\b[^a-z0-9\n]{0,4}[a-z]{6}[a-z0-9]{2,5}\b[^\n]{0,20}?([0-9]{6,14})\b", word(r"bic|swift"), digits="after"),
    Rule("finance.bitcoin", r"\b([13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{38,60})\b", r"(?:^|[^A-Za-z0-9])(?:[13][1-9A-HJ-NP-Za-km-z]{6}|bc1[a-z0-9]{8})", check=lambda hit: hit.value.startswith("bc1") or _bitcoin(hit.value), strong=True),
    Rule("finance.ethereum", r"\b(0x[a-fA-F0-9]{40})\b", r"0x[a-fA-F0-9]{6}", near=r"wallet|ethereum|\beth\b|address|send|transfer|crypto|metamask|usdt|usdc"),
    Rule("finance.wallet", r"\b([48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}|(?:ltc1|addr1|cosmos1)[0-9a-z]{38,100}|T[1-9A-HJ-NP-Za-km-z]{33}|r[1-9A-HJ-NP-Za-km-z]{24,34}|L[1-9A-HJ-NP-Za-km-z]{26,33}|D[1-9A-HJ-NP-Za-km-z]{33})\b", word(r"wallet|monero|xmr|litecoin|cardano|tron|ripple|xrp|doge|crypto|solana"), near=r"wallet|monero|\bxmr\b|litecoin|cardano|tron|ripple|\bxrp\b|doge|crypto|solana"),
    Rule("finance.salary_line", r"(?i)\b(?:gross|net|base) (?:salary|pay|wage)s?\s{0,2}(?:[:=]|is|of)\s{0,2}((?:usd|eur|gbp|chf|[$€£])?\s?[0-9][0-9.,]{2,12}k?)\b", word(r"gross|net|base"), digits="after", near=r"\bmy\b|payslip|employee"),
)  # fmt: skip
