"""Check digits of national person and tax numbers. Sources: the issuing authorities' published algorithms."""

from __future__ import annotations

from .checksums import alnum, digits, luhn, verhoeff


def _date(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31 and year >= 0


def dni(value: str) -> bool:
    """Spain, DNI and NIE: number mod 23 picks the letter."""
    text = alnum(value)
    if len(text) != 9:
        return False
    number = {"X": "0", "Y": "1", "Z": "2"}.get(text[0], text[0]) + text[1:8]
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[8]


def nir(value: str) -> bool:
    """France, social security: 97 minus the number mod 97; 2A and 2B are Corsica."""
    text = alnum(value)
    if len(text) != 15:
        return False
    body = text[:13].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and text[13:].isdigit() and 97 - int(body) % 97 == int(text[13:])


def codice_fiscale(value: str) -> bool:
    """Italy: 16 characters, the last one a check letter."""
    text = alnum(value)
    if len(text) != 16:
        return False
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    total = 0
    for position, c in enumerate(text[:15]):
        number = int(c) if c.isdigit() else ord(c) - 65
        total += odd[number] if position % 2 == 0 else number
    return text[15] == chr(65 + total % 26)


def nhs(value: str) -> bool:
    """United Kingdom, NHS number: mod 11 with weights 10 to 2."""
    n = digits(value)
    if len(n) != 10:
        return False
    check = 11 - sum(w * d for w, d in zip(range(10, 1, -1), n, strict=False)) % 11
    return check != 10 and check % 11 == n[9]


def za_id(value: str) -> bool:
    """South Africa: birth date, citizenship digit, Luhn."""
    n = digits(value)
    return len(n) == 13 and _date(0, n[2] * 10 + n[3], n[4] * 10 + n[5]) and n[10] in {0, 1, 2} and luhn(value)


def cn_id(value: str) -> bool:
    """China, resident identity: ISO 7064 mod 11-2, birth date inside."""
    text = alnum(value)
    if len(text) != 18 or not text[:17].isdigit() or not _date(0, int(text[10:12]), int(text[12:14])):
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(w * int(c) for w, c in zip(weights, text, strict=False)) % 11] == text[17]


def kr_rrn(value: str) -> bool:
    """South Korea, resident registration: birth date and a century digit. Numbers since 2020 have no check digit."""
    n = digits(value)
    return len(n) == 13 and _date(0, n[2] * 10 + n[3], n[4] * 10 + n[5]) and 1 <= n[6] <= 8


def sg_nric(value: str) -> bool:
    """Singapore, NRIC and FIN: a weighted sum picks the letter."""
    text = alnum(value)
    if len(text) != 9 or not text[1:8].isdigit():
        return False
    total = sum(w * int(c) for w, c in zip((2, 7, 6, 5, 4, 3, 2), text[1:8], strict=False)) + {
        "T": 4,
        "G": 4,
        "M": 3,
    }.get(text[0], 0)
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "KLJNPQRTUWX"}
    if text[0] == "M":
        return letters["M"][10 - total % 11] == text[8] or letters["M"][total % 11] == text[8]
    return text[0] in letters and letters[text[0]][total % 11] == text[8]


def se_personnummer(value: str) -> bool:
    """Sweden: birth date and Luhn over the last ten digits."""
    n = digits(value)[-10:]
    day = n[4] * 10 + n[5] if len(n) == 10 else 0
    return len(n) == 10 and _date(0, n[2] * 10 + n[3], day - 60 if day > 60 else day) and luhn("".join(map(str, n)))


def fi_hetu(value: str) -> bool:
    """Finland: number mod 31 picks the last character."""
    text = value.upper().strip()
    body = text[:6] + text[7:10]
    return len(text) == 11 and body.isdigit() and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(body) % 31] == text[10]


def ch_ahv(value: str) -> bool:
    """Switzerland: EAN-13 with the country prefix 756."""
    n = digits(value)
    return len(n) == 13 and n[:3] == [7, 5, 6] and sum(d * (3 if i % 2 else 1) for i, d in enumerate(n)) % 10 == 0


def ca_sin(value: str) -> bool:
    """Canada: Luhn over nine digits."""
    n = digits(value)
    return len(n) == 9 and len(set(n)) > 1 and luhn(value)


def cz_birth_number(value: str) -> bool:
    """Czechia and Slovakia since 1954: birth date (month + 50 for women, + 20 where a day is full), divisible by 11."""
    n = digits(value)
    month = (n[2] * 10 + n[3]) % 50
    return (
        len(n) == 10
        and _date(0, month - 20 if month > 20 else month, n[4] * 10 + n[5])
        and int("".join(map(str, n))) % 11 == 0
    )


def cl_rut(value: str) -> bool:
    """Chile: mod 11 with cycling weights 2 to 7."""
    text = alnum(value)
    if not 8 <= len(text) <= 9 or not text[:-1].isdigit():
        return False
    rest = 11 - sum(int(c) * (i % 6 + 2) for i, c in enumerate(reversed(text[:-1]))) % 11
    return text[-1] == {11: "0", 10: "K"}.get(rest, str(rest))


def ar_cuit(value: str) -> bool:
    """Argentina, tax number: mod 11."""
    n = digits(value)
    return (
        len(n) == 11
        and (11 - sum(w * d for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), n, strict=False)) % 11) % 11 == n[10]
    )


def no_fodselsnummer(value: str) -> bool:
    """Norway: birth date (day + 40 for a D number), two check digits mod 11."""
    n = digits(value)
    if len(n) != 11 or not _date(0, n[2] * 10 + n[3], (n[0] % 4) * 10 + n[1]):
        return False
    first = -sum(w * d for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2), n, strict=False)) % 11
    second = -sum(w * d for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), n, strict=False)) % 11
    return first == n[9] and second == n[10]


def de_sozialversicherung(value: str) -> bool:
    """Germany, pension insurance: area, birth date, a letter as two digits; digit sums of weighted digits mod 10."""
    text = alnum(value)
    if len(text) != 12 or not text[8].isascii() or not text[8].isalpha():
        return False
    body = text[:8] + f"{ord(text[8]) - 64:02d}" + text[9:11]
    if not (body.isdigit() and text[11].isdigit() and _date(0, int(text[4:6]), int(text[2:4]))):
        return False
    products = (w * int(c) for w, c in zip((2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), body, strict=False))
    return sum(p // 10 + p % 10 for p in products) % 10 == int(text[11])


def th_id(value: str) -> bool:
    """Thailand: weights 13 to 2, mod 11."""
    n = digits(value)
    return len(n) == 13 and (11 - sum(w * d for w, d in zip(range(13, 1, -1), n, strict=False)) % 11) % 10 == n[12]


aadhaar = verhoeff
