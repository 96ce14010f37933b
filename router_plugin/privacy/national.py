"""Check digits of national person and tax numbers. Sources: the issuing authorities' published algorithms."""

from __future__ import annotations

from .checksums import alnum, digits, luhn, mod11_10, verhoeff, weighted


def _date(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31 and year >= 0


def _mod11_check(number: list[int], weights: tuple[int, ...]) -> int:
    return sum(w * d for w, d in zip(weights, number, strict=False)) % 11


def cpf(value: str) -> bool:
    """Brazil, person: two mod-11 digits."""
    n = digits(value)
    if len(n) != 11 or len(set(n)) == 1:
        return False
    return all(
        (sum(d * w for d, w in zip(n[:k], range(k + 1, 1, -1), strict=False)) * 10 % 11) % 10 == n[k] for k in (9, 10)
    )


def cnpj(value: str) -> bool:
    """Brazil, company: two mod-11 digits."""
    n = digits(value)
    if len(n) != 14 or len(set(n)) == 1:
        return False
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    first = _mod11_check(n[:12], weights[1:])
    second = _mod11_check(n[:13], weights)
    return n[12] == (0 if first < 2 else 11 - first) and n[13] == (0 if second < 2 else 11 - second)


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


def bsn(value: str) -> bool:
    """Netherlands: the eleven test with -1 as the last weight."""
    n = digits(value)
    return (
        len(n) == 9 and any(n) and sum(w * d for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), n, strict=False)) % 11 == 0
    )


def pesel(value: str) -> bool:
    """Poland: weights 1 3 7 9, and a birth date with the century in the month."""
    n = digits(value)
    return (
        len(n) == 11
        and sum(w * d for w, d in zip((1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), n, strict=False)) % 10 == 0
        and (_date(0, (n[2] * 10 + n[3]) % 20, n[4] * 10 + n[5]))
    )


def nhs(value: str) -> bool:
    """United Kingdom, NHS number: mod 11 with weights 10 to 2."""
    n = digits(value)
    if len(n) != 10:
        return False
    check = 11 - sum(w * d for w, d in zip(range(10, 1, -1), n, strict=False)) % 11
    return check != 10 and check % 11 == n[9]


def tfn(value: str) -> bool:
    """Australia, tax file number."""
    n = digits(value)
    weights = (1, 4, 3, 7, 5, 8, 6, 9, 10) if len(n) == 9 else (10, 7, 8, 4, 6, 3, 5, 1)
    return len(n) in {8, 9} and sum(w * d for w, d in zip(weights, n, strict=False)) % 11 == 0


def au_medicare(value: str) -> bool:
    """Australia, Medicare card: the ninth digit checks the first eight."""
    n = digits(value)
    return (
        len(n) in {10, 11}
        and 2 <= n[0] <= 6
        and sum(w * d for w, d in zip((1, 3, 7, 9, 1, 3, 7, 9), n, strict=False)) % 10 == n[8]
    )


au_abn = weighted((10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19), 89, (10,))


def my_number(value: str) -> bool:
    """Japan, individual number: mod 11 over the first eleven digits."""
    n = digits(value)
    if len(n) != 12:
        return False
    total = sum(d * (i + 1 if i <= 6 else i - 5) for i, d in enumerate(reversed(n[:11]), start=1))
    return n[11] == (0 if total % 11 <= 1 else 11 - total % 11)


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


def no_fnr(value: str) -> bool:
    """Norway: two mod-11 digits."""
    n = digits(value)
    if len(n) != 11:
        return False
    return (
        _mod11_check(n, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0)) == 0
        and _mod11_check(n, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) == 0
    )


def dk_cpr(value: str) -> bool:
    """Denmark: a birth date. Numbers since 2007 have no check digit."""
    n = digits(value)
    return len(n) == 10 and _date(0, n[2] * 10 + n[3], n[0] * 10 + n[1])


def fi_hetu(value: str) -> bool:
    """Finland: number mod 31 picks the last character."""
    text = value.upper().strip()
    body = text[:6] + text[7:10]
    return len(text) == 11 and body.isdigit() and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(body) % 31] == text[10]


def be_nn(value: str) -> bool:
    """Belgium: 97 minus the first nine digits mod 97, with a 2 in front for births since 2000."""
    n = "".join(map(str, digits(value)))
    return len(n) == 11 and any(97 - int(lead + n[:9]) % 97 == int(n[9:]) for lead in ("", "2"))


def ch_ahv(value: str) -> bool:
    """Switzerland: EAN-13 with the country prefix 756."""
    n = digits(value)
    return len(n) == 13 and n[:3] == [7, 5, 6] and sum(d * (3 if i % 2 else 1) for i, d in enumerate(n)) % 10 == 0


def at_svnr(value: str) -> bool:
    """Austria, social insurance: check digit in fourth place."""
    n = digits(value)
    return len(n) == 10 and sum(w * d for w, d in zip((3, 7, 9, 0, 5, 8, 4, 2, 1, 6), n, strict=False)) % 11 == n[3]


def pt_nif(value: str) -> bool:
    """Portugal, tax number."""
    n = digits(value)
    if len(n) != 9:
        return False
    check = 11 - sum(w * d for w, d in zip(range(9, 1, -1), n, strict=False)) % 11
    return n[8] == (0 if check >= 10 else check)


def ie_pps(value: str) -> bool:
    """Ireland: a weighted sum mod 23 picks the letter."""
    text = alnum(value)
    if len(text) not in {8, 9} or not text[:7].isdigit():
        return False
    total = sum(w * int(c) for w, c in zip(range(8, 1, -1), text, strict=False)) + (
        9 * (ord(text[8]) - 64) if len(text) == 9 else 0
    )
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == text[7]


def il_id(value: str) -> bool:
    """Israel: Luhn over nine digits."""
    n = "".join(map(str, digits(value))).zfill(9)
    return len(n) == 9 and luhn(n)


def tr_id(value: str) -> bool:
    """Turkey: two check digits."""
    n = digits(value)
    if len(n) != 11 or n[0] == 0:
        return False
    return (7 * sum(n[0:9:2]) - sum(n[1:8:2])) % 10 == n[9] and sum(n[:10]) % 10 == n[10]


def ca_sin(value: str) -> bool:
    """Canada: Luhn over nine digits."""
    n = digits(value)
    return len(n) == 9 and len(set(n)) > 1 and luhn(value)


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


def snils(value: str) -> bool:
    """Russia, pension insurance: weights 9 to 1, mod 101."""
    n = digits(value)
    return (
        len(n) == 11 and sum(w * d for w, d in zip(range(9, 0, -1), n, strict=False)) % 101 % 100 == n[9] * 10 + n[10]
    )


def ru_inn(value: str) -> bool:
    """Russia, tax number of a person: two mod-11 digits."""
    n = digits(value)
    return (
        len(n) == 12
        and _mod11_check(n[:10], (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 10 == n[10]
        and _mod11_check(n[:11], (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 10 == n[11]
    )


def ro_cnp(value: str) -> bool:
    """Romania: weights 279146358279, mod 11."""
    n = digits(value)
    return (
        len(n) == 13
        and sum(w * d for w, d in zip((2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9), n, strict=False)) % 11 % 10 == n[12]
    )


def bg_egn(value: str) -> bool:
    """Bulgaria: weights 2 4 8 5 10 9 7 3 6, mod 11."""
    n = digits(value)
    return len(n) == 10 and sum(w * d for w, d in zip((2, 4, 8, 5, 10, 9, 7, 3, 6), n, strict=False)) % 11 % 10 == n[9]


def cz_rc(value: str) -> bool:
    """Czechia and Slovakia, birth number: divisible by eleven."""
    n = digits(value)
    month = (n[2] * 10 + n[3]) % 50 if len(n) == 10 else 0
    return (
        len(n) == 10
        and _date(0, month - 20 if month > 20 else month, n[4] * 10 + n[5])
        and int("".join(map(str, n))) % 11 == 0
    )


def gr_amka(value: str) -> bool:
    """Greece, social security: birth date and Luhn."""
    n = digits(value)
    return len(n) == 11 and _date(0, n[2] * 10 + n[3], n[0] * 10 + n[1]) and luhn(value)


def gr_afm(value: str) -> bool:
    """Greece, tax number: powers of two, mod 11."""
    n = digits(value)
    return len(n) == 9 and sum(d << (8 - i) for i, d in enumerate(n[:8])) % 11 % 10 == n[8]


def th_id(value: str) -> bool:
    """Thailand: weights 13 to 2, mod 11."""
    n = digits(value)
    return len(n) == 13 and (11 - sum(w * d for w, d in zip(range(13, 1, -1), n, strict=False)) % 11) % 10 == n[12]


def tw_id(value: str) -> bool:
    """Taiwan: the letter stands for two digits; weights 1 9 8 ... 1 1, mod 10."""
    text = alnum(value)
    if len(text) != 10 or not text[1:].isdigit() or text[0] not in _TW:
        return False
    number = [*divmod(_TW.index(text[0]) + 10, 10), *map(int, text[1:])]
    return sum(w * d for w, d in zip((1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), number, strict=False)) % 10 == 0


_TW = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def hk_id(value: str) -> bool:
    """Hong Kong: weighted letters and digits, mod 11."""
    text = alnum(value)
    letters = 1 if len(text) == 8 else 2
    if len(text) not in {8, 9} or not text[:letters].isalpha() or not text[letters:-1].isdigit():
        return False
    worth = [36] * (2 - letters) + [ord(c) - 55 for c in text[:letters]] + [int(c) for c in text[letters:-1]]
    rest = (11 - sum(w * v for w, v in zip(range(9, 1, -1), worth, strict=False)) % 11) % 11
    return text[-1] == ("A" if rest == 10 else str(rest))


def nz_ird(value: str) -> bool:
    """New Zealand, tax number: two rounds of weights, mod 11."""
    n = "".join(map(str, digits(value))).zfill(9)
    if len(n) != 9:
        return False
    for weights in ((3, 2, 7, 6, 5, 4, 3, 2), (7, 4, 3, 2, 5, 2, 7, 6)):
        rest = sum(w * int(d) for w, d in zip(weights, n, strict=False)) % 11
        check = 0 if rest == 0 else 11 - rest
        if check != 10:
            return check == int(n[8])
    return False


def baltic(value: str) -> bool:
    """Estonia and Lithuania: two rounds of weights, mod 11."""
    n = digits(value)
    if len(n) != 11 or not _date(0, n[3] * 10 + n[4], n[5] * 10 + n[6]):
        return False
    check = sum(w * d for w, d in zip((1, 2, 3, 4, 5, 6, 7, 8, 9, 1), n, strict=False)) % 11
    if check == 10:
        check = sum(w * d for w, d in zip((3, 4, 5, 6, 7, 8, 9, 1, 2, 3), n, strict=False)) % 11 % 10
    return check == n[10]


aadhaar = verhoeff
steuer_id = mod11_10
hr_oib = mod11_10
