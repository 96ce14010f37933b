"""Check digits. Each function takes a value as written (separators allowed) and says whether it can be genuine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Test = Callable[[str], bool]


def digits(value: str) -> list[int]:
    """The ASCII digits of `value`."""
    return [ord(c) - 48 for c in value if "0" <= c <= "9"]


def alnum(value: str) -> str:
    """`value` in upper case without anything but letters and digits."""
    return "".join(c for c in value.upper() if c.isalnum())


def luhn(value: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    total = 0
    for position, digit in enumerate(reversed(digits(value))):
        doubled = digit * 2 if position % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def weighted(weights: Sequence[int], modulus: int, accept: Sequence[int] = (0,), length: int | None = None) -> Test:
    """A test that the weighted digit sum modulo `modulus` is in `accept`; `length`: in digits."""
    wanted = len(weights) if length is None else length

    def test(value: str) -> bool:
        number = digits(value)
        return len(number) == wanted and sum(w * d for w, d in zip(weights, number, strict=False)) % modulus in accept

    return test


def iban(value: str) -> bool:
    """ISO 13616: mod 97 of the rearranged number is 1, and the length is the country's."""
    text = alnum(value)
    if len(text) != IBAN_LENGTHS.get(text[:2], -1):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


IBAN_LENGTHS = {  # SWIFT IBAN registry
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18,
    "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
}  # fmt: skip


def aba(value: str) -> bool:
    """ABA routing number: weights 3 7 1, and a Federal Reserve prefix."""
    number = digits(value)
    if len(number) != 9:
        return False
    prefix = number[0] * 10 + number[1]
    if not (prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80):
        return False
    return sum(w * d for w, d in zip((3, 7, 1) * 3, number, strict=False)) % 10 == 0


_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 4, 0, 6, 7, 8, 9, 5), (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7), (4, 0, 1, 2, 3, 9, 5, 6, 7, 8), (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2), (7, 6, 5, 9, 8, 2, 1, 0, 4, 3), (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)  # fmt: skip
_P = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4), (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7), (9, 4, 5, 3, 1, 2, 6, 8, 7, 0), (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5), (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)  # fmt: skip


def verhoeff(value: str) -> bool:
    """Verhoeff 1969, as in India's Aadhaar."""
    check = 0
    for position, digit in enumerate(reversed(digits(value))):
        check = _D[check][_P[position % 8][digit]]
    return check == 0


def npi(value: str) -> bool:
    """US National Provider Identifier: Luhn over 80840 and the ten digits (45 CFR 162.406)."""
    return len(digits(value)) == 10 and value.strip()[:1] in {"1", "2"} and luhn("80840" + value)


def dea(value: str) -> bool:
    """US DEA registration: two letters, seven digits; (d1+d3+d5) + 2(d2+d4+d6) ends in d7."""
    number = digits(value)
    return len(number) == 7 and (sum(number[0:6:2]) + 2 * sum(number[1:6:2])) % 10 == number[6]


def us_ssn(value: str) -> bool:
    """US Social Security number: area not 000, 666 or 9xx (9xx are ITINs), group not 00, serial not 0000."""
    text = "".join(map(str, digits(value)))
    return (
        len(text) == 9
        and text[:3] not in {"000", "666"}
        and text[0] != "9"
        and text[3:5] != "00"
        and text[5:] != "0000"
    )


def card(value: str) -> bool:
    """A payment card: Luhn, and an issuer prefix (ISO/IEC 7812) with a length that this issuer uses."""
    text = "".join(map(str, digits(value)))
    return issuer_fits(text) and luhn(text) and len(set(text)) > 1


def issuer_fits(text: str) -> bool:
    """Whether prefix and length belong to one of the large card schemes."""
    size, two, four = len(text), text[:2], text[:4]
    if text[:1] == "4":
        return size in {13, 16, 19}
    if "51" <= two <= "55" or "2221" <= four <= "2720":
        return size == 16
    if two in {"34", "37"}:
        return size == 15
    if two in {"36", "38", "39"} or "300" <= text[:3] <= "305":
        return size in {14, 16}
    if four in {"6011", "2131", "1800"} or two == "65" or "644" <= text[:3] <= "649" or "3528" <= four <= "3589":
        return size in {15, 16, 19}
    if two == "62" or two in {"81", "60"}:
        return size in {16, 17, 18, 19}
    if "2200" <= four <= "2204" or two in {"50", "56", "57", "58", "63", "67", "68", "69"}:
        return size in {12, 13, 16, 18, 19}
    return False


def vin(value: str) -> bool:
    """Vehicle identification number with the North American check digit (49 CFR 565)."""
    text = alnum(value)
    if len(text) != 17 or set(text) & set("IOQ"):
        return False
    worth = {**{str(d): d for d in range(10)}, **dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", _VIN_VALUES, strict=False))}
    rest = (
        sum(worth[c] * w for c, w in zip(text, (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2), strict=False)) % 11
    )
    return text[8] == ("X" if rest == 10 else str(rest))


_VIN_VALUES = (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9)
