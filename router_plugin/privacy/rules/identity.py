"""Who a person is: national numbers, passports, licences, births, vehicles and devices."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

import re

from router_plugin.privacy import checksums, national
from router_plugin.privacy.rule import Check, Hit, Rule, on_value

from .shapes import LONG, NO_LETTER, as_keys, word

_TO = (
    r"[\"']?(?:[ _-]?(?:card|karte|kaart))?(?:[ _-]?(?:number|n[uú]mero|num[ée]ro|nummer|numer|numaram?|numaras[ıi]|sz[áa]ma?|no\.?|nr\.?|num\.?"
    r"|n\.?[º°]\.?|№|#|id|code|card|号码?|號碼?|番号|번호|संख्या))?[\"'\])]{0,2}(?: ?(?:is|was|ist|lautet|es|est|jest|è|é|är|este|on file|of mine|は|=))?"
    r"[\"'\s:：#=.\-–|>_]{0,6}"
)
_SEP = r"[ .\-/]?"


def told(
    kind: str, words: str, value: str, check: Check | None = None, *, digits: str = "after", strong: bool = False
) -> Rule:
    """A number beside the words that name it, in one of the usual ways of writing that."""
    words = as_keys(words)
    head = rf"(?i:{NO_LETTER}(?:{words}))"
    return Rule(
        f"identity.{kind}", rf"{head}(?i:{_TO}({value})\b)", word(words), digits=digits, check=check, strong=strong
    )


def _n(count: int, sep: str = _SEP) -> str:
    return rf"[0-9](?:{sep}[0-9]){{{count - 1}}}"


_LONGER_BEFORE = re.compile(r"[0-9][-./+]$")
# What says that the number right behind it is another. Further off, "in order to" and "an AI model" say nothing.
_OTHER_NUMBER = re.compile(
    r"\b(?:part ?(?:no\b\.?|number)|(?:invoice|order|version|isbn|sku|serial|ticket|build|model)(?: ?(?:no\b\.?|nr\b\.?|num(?:ber)?\b|id\b|code\b))?)"
    r"(?: is)?[ \t:=#\"']{0,4}$",
    re.IGNORECASE,
)


def _ssn(hit: Hit) -> bool:
    return (
        checksums.us_ssn(hit.value)
        and not _LONGER_BEFORE.search(hit.before)
        and not (hit.after[:1] in {"-", "/"} and hit.after[1:2].isdigit())
        and not _OTHER_NUMBER.search(hit.before)
    )


def _dni(hit: Hit) -> bool:
    """Not the decimals of a number."""
    return hit.before[-1:] not in {".", ","} and national.dni(hit.value)


def _much(hit: Hit) -> bool:
    """Six digits or more, and not a number that is explained: "the number", "my favourite number"."""
    end = hit.whole.lower()
    if end.endswith("number") and not re.search(
        r"phone|cell|mobile|account|work|home|office|\b(?:id|ni|nhs)\b|passport|contact|insurance|social|security|tax|licen[cs]e|policy|member|card",
        end,
    ):
        return False
    return sum(c.isdigit() for c in hit.value) >= 6


def _plate(hit: Hit) -> bool:
    value = hit.value.replace(" ", "")
    return any(c.isalpha() for c in value) and any(c.isdigit() for c in value) and len(value) >= 5


def _aadhaar(hit: Hit) -> bool:
    """Not four of a longer row of groups, as in a table of code points."""
    row = re.search(r"[0-9A-F]{4} $", hit.before) or re.match(r"\s[0-9A-F]{4}\b", hit.after)
    return not row and national.aadhaar(hit.value)


def _itin(hit: Hit) -> bool:
    text = "".join(c for c in hit.value if c.isdigit())
    return text[0] == "9" and (text[3:5] >= "50")


def _birth(hit: Hit) -> bool:
    return not re.search(r"(?i)star|war|treaty|founded|released", hit.before[-20:])


_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|august|september|october|"
    r"november|december|januar|februar|märz|mai|juni|juli|oktober|dezember|enero|febrero|marzo|abril|mayo|junio|julio|agosto|"
    r"septiembre|octubre|noviembre|diciembre|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre)\.?"
)
_DATE = (
    rf"[0-9]{{1,2}}[./\- ][0-9]{{1,2}}[./\- ](?:19|20)?[0-9]{{2}}|(?:19|20)[0-9]{{2}}[./\-][0-9]{{1,2}}[./\-][0-9]{{1,2}}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?\.? (?:of )?(?:de )?{_MONTH},? (?:de )?(?:19|20)?[0-9]{{2}}|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)[0-9]{{2}}"
    r"|(?:19|20)[0-9]{2}年[0-9]{1,2}月[0-9]{1,2}日"
)

_BIRTH_WORDS = as_keys(
    r"dob|d\.o\.b\.?|date of birth|birth ?date|birthday|born(?: on)?|b-?day|geb(?:oren)?\.?(?: am)?|geburtsdatum|fecha de nacimiento|nacid[oa](?: el)?|date de naissance|n[ée]e? le|data di nascita|nat[oa] il|(?:data de )?nascimento|nascid[oa] em|urodzon[ya]|data urodzenia|ur\.|datum narozen[íi]|narozen[aý]?|doğum tarihi|f[øo]dselsdato|f[øo]dt|syntynyt|geboren op|geboortedatum|f[öo]delsedatum|f[öo]dd|дата рождения|родил(?:ся|ась)|生年月日|生まれ|出生日期|생년월일"
    r"|geburtstag|geb\.?-?datum|f\. ?nac\.?|data nasc\.?|bday|born on the|geboren|生日|생일|ngày sinh|tgl\.? lahir|tanggal lahir|doğum|г\.? ?р\.?"
)
# What stands between: a sign, a verb, and how the date is to be written.
_BIRTH_LINK = r"(?: ?\([a-z/. -]{6,12}\))?[：\s:=,|\"'\-]{0,6}(?:(?:is|was|ist|war|est|es|é|on)[ :]{1,2})?"

RULES = (
    # --- United States, Canada
    Rule("identity.us_ssn", r"(?:^|[^0-9A-Za-z])([0-8][0-9]{2}[-][0-9]{2}[-][0-9]{4}|[0-8][0-9]{2} [0-9]{2} [0-9]{4})(?:[^0-9A-Za-z]|$)", r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}", check=_ssn, strong=True),
    told("us_ssn_told", r"ssn|s\.s\.n\.?|ss ?#|ss n(?:umber|o)|social(?: security)?(?: insurance)?|soc(?:ial)? sec|sozialversicherung|seguro social|customer_ssn|ssn_\w+", r"[0-9]{3}[ .\-_/]{0,3}[0-9]{2}[ .\-_/]{0,3}[0-9]{4}", strong=True),
    Rule("identity.us_ssn_of", r"(?i)\b(?:ssn|social security(?: number)?) (?:(?:for|of|from) [^0-9:\n]{2,30}|\([^0-9)\n]{2,30}\))(?:\s?[:=]| is)\s?([0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{4})\b", word(r"ssn|social security"), digits="after"),
    Rule("identity.us_ssn_last4", r"(?i)\b(?:ssn|social security|social)\b[^0-9\n]{0,30}(?:last (?:four|4)(?: digits)?|ending(?: in)?)[^0-9\n]{0,12}([0-9]{4})\b", word(r"ssn|social"), digits="after"),
    Rule("identity.us_ssn_last4_of", r"(?i)\blast (?:four|4)(?: digits)? of (?:my |his |her |their |the |your )?(?:ssn|social(?: security)?(?: number)?)\b[\s:=]{0,3}(?:(?:is|are|was)\s)?([0-9]{4})\b", word(r"ssn|social"), digits="after"),
    Rule("identity.us_itin", r"(?:^|[^0-9A-Za-z-])(9[0-9]{2}[- ][0-9]{2}[- ][0-9]{4})\b", r"9[0-9]{2}[- ][0-9]{2}[- ][0-9]", check=_itin, near=r"itin|tax|irs|w-?7|1040|identification"),
    told("us_itin_told", r"itin|individual taxpayer(?: identification)?", r"9[0-9]{2}[- ]?[0-9]{2}[- ]?[0-9]{4}"),
    told("us_ein", r"f?ein|employer identification|federal tax(?: id)?|tax[ -]?id(?:entification)?|tin|irs number|taxpayer id(?:entification)?", r"[0-9]{2}-?[0-9]{7}"),
    told("ca_sin", r"sin|social insurance|nas|num[ée]ro d'assurance sociale", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}"),
    Rule("identity.ca_sin_bare", r"(?:^|[^0-9A-Za-z])([1-9][0-9]{2}-[0-9]{3}-[0-9]{3})\b", r"[0-9]-[0-9]{3}-[0-9]{3}", check=on_value(national.ca_sin), near=r"\bsin\b|insurance|canad"),
    told("us_alien", r"alien(?: registration)?|a-number|uscis|green card", r"a[- ]?[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{2,3}"),
    # --- United Kingdom, Ireland
    Rule("identity.uk_nino", r"\b([A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D])\b", r"[A-Z]{2} ?[0-9]{2} ?[0-9]{2}", strong=True),
    told("uk_nino_told", r"nino|ni|n\.i\.|national insurance|nat ins", r"[a-z]{2}(?:[ -]?[0-9]{2}){3}[ -]?[a-d]"),
    told("uk_utr", r"utr|unique taxpayer(?: reference)?", r"[0-9]{5} ?[0-9]{5}k?"),
    told("ie_pps", r"ppsn?|personal public service", r"[0-9]{7} ?[a-w][a-iw]?"),
    # --- continental Europe
    told("de_steuer_id", r"steuer[- ]?(?:id|identifikationsnummer|idnr\.?|nummer)|idnr\.?|tin|steuerliche identifikationsnummer", r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}|[0-9]{2,3}/[0-9]{3}/[0-9]{4,5}"),
    Rule("identity.de_sozialversicherung_bare", r"\b([0-9]{2} ?[0-3][0-9][01][0-9]{3} ?[A-Z] ?[0-9]{3})\b", r"[0-9]{6} ?[A-Z] ?[0-9]{3}", check=on_value(national.de_sozialversicherung)),
    told("de_sozialversicherung", r"sozialversicherungs?(?:nummer|nr\.?)|sv-?(?:nummer|nr\.?)|rentenversicherungs(?:nummer|nr\.?)|rvnr\.?", r"[0-9]{2} ?[0-9]{6} ?[a-z] ?[0-9]{3}"),
    told("de_personalausweis", r"personalausweis(?:nummer)?|ausweis(?:nummer|nr\.?)?|id card", r"[cfghjklmnprtvwxyz0-9]{9,10}", on_value(lambda v: any(c.isdigit() for c in v))),
    told("vat_id", r"ust-?id(?:nr\.?|-nr\.?)?|umsatzsteuer-?id(?:entifikationsnummer)?|vat(?: (?:id|no|number|reg))?|tva|btw|iva|p\.? ?iva|partita iva|mwst(?:-nr)?|nip|cvr|tax id|uid", r"(?:at ?u|be ?0|bg|cy|cz|de|dk|ee|el|es|fi|fr|gb|hr|hu|ie|it|lt|lu|lv|mt|nl|pl|pt|ro|se|si|sk|che)?[- .]?[a-z0-9]{1,3}[0-9][0-9 .\-]{5,11}[0-9][a-z0-9]{0,3}"),
    Rule("identity.es_dni", r"\b([0-9]{8}[- ]?[A-HJ-NP-TV-Z]|[XYZ][- ]?[0-9]{7}[- ]?[A-HJ-NP-TV-Z])\b", r"[0-9]{7}[- ]?[A-Z]", check=_dni, strong=True),
    told("es_dni_told", r"dni|nie|nif|documento nacional(?: de identidad)?", r"[xyz]?[- ]?[0-9]{7,8}[- ]?[a-z]"),
    Rule("identity.fr_nir", r"(?:^|[^0-9])([1-478] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9abAB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2})\b", LONG, check=on_value(national.nir), strong=True),
    told("fr_nir_told", r"nir|num[ée]ro de s[ée]cu(?:rit[ée] sociale)?|s[ée]curit[ée] sociale|insee|carte vitale", r"[1-478](?: ?[0-9a-b]){12,14}"),
    Rule("identity.it_codice_fiscale", r"(?i)\b([a-z]{6}[0-9lmnp-v]{2}[abcdehlmprst][0-9lmnp-v]{2}[a-z][0-9lmnp-v]{3}[a-z])\b", r"[0-9]{2}[A-Za-z][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]", check=on_value(national.codice_fiscale), strong=True),
    told("it_codice_fiscale_told", r"codice fiscale|cod\. ?fisc\.?|c\.?f\.?", r"[a-z]{6}[0-9]{2}[a-z][0-9]{2}[a-z][0-9]{3}[a-z]"),
    told("nl_bsn", r"bsn|burgerservicenummer|sofi(?:nummer)?", _n(9)),
    told("pl_pesel", r"pesel(?: to)?", r"[0-9]{11}"),
    told("pl_nip", r"nip|regon", r"[0-9]{3}[- ]?[0-9]{2,3}[- ]?[0-9]{2}[- ]?[0-9]{2,3}"),
    told("se_personnummer", r"personnummer|personnr\.?|pnr|personal identity number|samordningsnummer", r"(?:19|20)?[0-9]{6}[-+ ]?[0-9]{4}"),
    Rule("identity.se_personnummer_bare", r"(?:^|[^0-9A-Za-z-])((?:19|20)?[0-9]{6}[-+][0-9]{4})\b", r"[0-9]{3}[-+A-FU-Y][0-9]{3}", check=on_value(national.se_personnummer)),
    Rule("identity.no_fodselsnummer_bare", r"(?:^|[^0-9A-Za-z.+-])([0-7][0-9][0-9]{4} ?[0-9]{5})(?:[^0-9A-Za-z]|$)", r"[0-7][0-9][0-9]{4} ?[0-9]{5}", check=on_value(national.no_fodselsnummer), strong=False),
    told("no_fodselsnummer", r"f[øo]dselsnummer|personnummer|personnr\.?|fnr|d-nummer", r"[0-9]{6} ?[0-9]{5}"),
    told("dk_cpr", r"cpr(?:[- ]?(?:nr|nummer))?|personnummer", r"[0-9]{6}[- ]?[0-9]{4}"),
    Rule("identity.fi_hetu", r"\b([0-3][0-9][01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y])\b", r"[0-9]{3}[-+A-FU-Y][0-9]{3}", check=on_value(national.fi_hetu), strong=True),
    told("fi_hetu_told", r"hetu|henkil[öo]tunnus", r"[0-9]{6}[-+a][0-9]{3}[0-9a-y]"),
    Rule("identity.be_national_number", r"(?:^|[^0-9])([0-9]{2}\.[01][0-9]\.[0-3][0-9]-[0-9]{3}\.[0-9]{2})\b", r"\.[0-9]{2}-[0-9]{3}\.", strong=True),
    told("be_national_number_told", r"rijksregister(?:nummer)?|num[ée]ro national|registre national|niss|insz|national number", _n(11, "[ .-]?")),
    Rule("identity.ch_ahv", r"(?:^|[^0-9])(756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2})\b", r"756[. ]?[0-9]{4}", check=on_value(national.ch_ahv), strong=True),
    told("ch_ahv_told", r"ahv(?:[- ]?(?:nr|nummer))?|avs|oasi", r"756[. ]?[0-9]{4}[. ]?[0-9]{4}[. ]?[0-9]{2}"),
    told("steuer_told", r"identifikationsnummer", r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}"),
    told("at_svnr", r"svnr|sv[- ]?nummer|versicherungsnummer|sozialversicherungsnummer", r"[0-9]{4} ?[0-9]{6}"),
    told("pt_nif", r"nif|nipc|contribuinte|n[úu]mero de identifica[çc][ãa]o fiscal|cart[ãa]o de cidad[ãa]o", r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}(?: ?[0-9] ?[a-z]{2}[0-9])?"),
    told("gr_amka", r"amka|αμκα|afm|αφμ", r"[0-9]{9}(?:[0-9]{2})?"),
    told("ro_cnp", r"cnp|cod numeric personal", r"[1-9][0-9]{12}"),
    told("bg_egn", r"egn|егн", r"[0-9]{10}"),
    told("cz_birth_number", r"rodn[ée] [čc][íi]slo|r\.?[čc]\.?|birth number", r"[0-9]{6} ?/? ?[0-9]{3,4}"),
    told("hr_oib", r"oib|jmbg|emšo|emso", r"[0-9]{11,13}"),
    told("hu_taj", r"taj|adóazonosító|szem[ée]lyi(?: sz[áa]m)?", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3,5}"),
    told("baltic_id", r"isikukood|asmens kodas|personas kods", r"[0-9]{6}[- ]?[0-9]{5}"),
    Rule("identity.ru_snils", r"(?:^|[^0-9])([0-9]{3}-[0-9]{3}-[0-9]{3} [0-9]{2})\b", r"[0-9]{3}-[0-9]{3} [0-9]{2}", strong=True),
    told("ru_numbers", r"снилс|snils|инн|паспорт|passport rf|серия|inn", r"[0-9]{2} ?[0-9]{2} ?(?:№|no)? ?[0-9]{6}|[0-9]{3}-?[0-9]{3}-?[0-9]{3}[ -]?[0-9]{2}|[0-9]{10}(?:[0-9]{2})?"),
    told("ua_numbers", r"рнокпп|іпн|rnokpp|ipn", r"[0-9]{10}"),
    told("tr_id", r"t\.?c\.?(?: ?kimlik)?|kimlik|tckn|tc kimlik|tckno", r"[1-9][0-9]{10}"),
    told("il_id", r"teudat zehut|ת\.?ז\.?|תעודת זהות|israeli id", r"[0-9]{8,9}"),
    # --- the Americas
    Rule("identity.br_cpf", r"(?:^|[^0-9])([0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2})\b", r"\.[0-9]{3}-[0-9]{2}", strong=True),
    told("br_cpf_told", r"cpf", r"[0-9]{3}\.?[0-9]{3}\.?[0-9]{3}[- ]?[0-9]{2}"),
    Rule("identity.br_cnpj", r"(?:^|[^0-9])([0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2})\b", r"/[0-9]{4}-[0-9]{2}", strong=True),
    told("br_other", r"cnpj|rg|pis|pasep|nit|titulo de eleitor|t[íi]tulo de eleitor|cnh", r"[0-9][0-9.\-/]{6,17}[0-9x]"),
    Rule("identity.mx_curp", r"\b([A-Z][AEIOUX][A-Z]{2}[0-9]{2}[01][0-9][0-3][0-9][HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z0-9][0-9])\b", r"[0-9]{6}[HMX][A-Z]", strong=True),
    told("mx_curp_told", r"curp", r"[a-z]{4}[0-9]{6}[a-z0-9]{8}"),
    Rule("identity.mx_rfc", r"(?i)\brfc\b[^a-z0-9\n]{0,6}([a-zñ&]{3,4}-?[0-9]{6}-?[a-z0-9]{3})\b", word(r"rfc"), digits="after"),
    told("mx_nss", r"nss|imss", r"[0-9]{2}[- ]?[0-9]{2}[- ]?[0-9]{2}[- ]?[0-9]{4}[- ]?[0-9]"),
    told("ar_dni", r"dni|cuil|cuit", r"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}|[0-9]{2}[- ]?[0-9]{8}[- ]?[0-9]"),
    Rule("identity.ar_cuit", r"(?:^|[^0-9])((?:20|23|24|27|30|33|34)-[0-9]{8}-[0-9])\b", r"[0-9]-[0-9]{8}-", check=on_value(national.ar_cuit), strong=True),
    Rule("identity.cl_rut", r"(?:^|[^0-9])([0-9]{1,2}\.[0-9]{3}\.[0-9]{3}-[0-9kK])\b", r"\.[0-9]{3}-[0-9kK]", check=on_value(national.cl_rut), strong=True),
    told("cl_rut_told", r"rut|run", r"[0-9]{1,2}\.?[0-9]{3}\.?[0-9]{3}-[0-9k]"),
    told("co_cedula", r"c[ée]dula(?: de ciudadan[íi]a)?|c\.?c\.?|ruc|nit|cedula", r"[0-9]{1,3}(?:\.?[0-9]{3}){2,3}(?:-[0-9])?", ),
    # --- Asia, Pacific, Africa
    Rule("identity.in_aadhaar_bare", r"(?:^|[^0-9A-Za-z.-])([2-9][0-9]{3} [0-9]{4} [0-9]{4})(?:[^0-9 ]|$| [^0-9]|\.$)", r"[0-9]{4} [0-9]{4} [0-9]{4}", check=_aadhaar),
    told("in_aadhaar", r"aadha+r|adhar|uidai|uid|आधार", r"[2-9][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}"),
    Rule("identity.in_pan", r"\b([A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z])\b", r"[A-Z]{2}[0-9]{4}[A-Z]", strong=True),
    told("in_pan_told", r"pan(?: card)?|permanent account", r"[a-z]{5}[0-9]{4}[a-z]"),
    told("in_voter", r"voter(?: id)?|epic|elector(?:'?s)? photo", r"[a-z]{3}[0-9]{7}"),
    told("in_gstin", r"gst(?:in)?", r"[0-9]{2}[a-z]{5}[0-9]{4}[a-z][0-9a-z]z[0-9a-z]"),
    Rule("identity.cn_resident_id", r"(?:^|[^0-9A-Za-z])([1-9][0-9]{5}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}[0-9xX])(?:[^0-9A-Za-z]|$)", r"(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}", check=on_value(national.cn_id), strong=True),
    Rule("identity.cn_resident_id_told", r"(?:身份证|居民身份|公民身份)[^0-9\n]{0,8}([1-9][0-9]{16}[0-9xX])", r"身份证|居民身份|公民身份", digits="after"),
    told("jp_my_number", r"my ?number|マイナンバー|個人番号|kojin bango", r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}"),
    Rule("identity.jp_my_number_cjk", r"(?:マイナンバー|個人番号)[^0-9\n]{0,6}([0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4})\b", r"マイナンバー|個人番号", digits="after"),
    Rule("identity.kr_rrn", r"(?:^|[^0-9A-Za-z-])([0-9]{2}[01][0-9][0-3][0-9]-[1-8][0-9]{6})\b", r"[0-9]{2}-[1-8][0-9]{6}", check=on_value(national.kr_rrn), strong=True),
    Rule("identity.kr_rrn_told", r"(?i)(?:주민등록번호|주민번호|외국인등록번호|\brrn\b|resident registration(?: number)?)[^0-9\n]{0,8}([0-9]{6}[- ]?[0-9]{7})\b", r"주민등록번호|주민번호|외국인등록번호|(?i:rrn|resident registration)", digits="after"),
    Rule("identity.sg_nric", r"\b([STFGM][0-9]{7}[A-Z])\b", r"[0-9]{7}[- ]?[A-Z]", check=on_value(national.sg_nric), strong=True),
    told("sg_nric_told", r"nric|fin|singpass", r"[stfgm][0-9]{7}[a-z]"),
    told("hk_id", r"hkid|hong kong id(?:entity card)?|香港身份證", r"[a-z]{1,2}[0-9]{6} ?\(?[0-9a]\)?"),
    Rule("identity.hk_id_bare", r"\b([A-Z]{1,2}[0-9]{6}\([0-9A]\))", r"[0-9]{3}\([0-9A]\)", strong=True),
    told("tw_id", r"(?:taiwan )?(?:national )?id|身分證(?:字號)?|統一編號", r"[a-z][12][0-9]{8}"),
    told("my_nric", r"mykad|nric|ic|kad pengenalan", r"[0-9]{6}-?[0-9]{2}-?[0-9]{4}"),
    told("id_nik", r"nik|ktp|npwp", r"[0-9]{2}\.?[0-9]{3}\.?[0-9]{3}\.?[0-9][-. ]?[0-9]{3}\.?[0-9]{3}(?:[0-9])?|[0-9]{16}"),
    Rule("identity.th_id_bare", r"(?:^|[^0-9-])([1-8]-[0-9]{4}-[0-9]{5}-[0-9]{2}-[0-9])(?:[^0-9-]|$)", r"[0-9]-[0-9]{4}-[0-9]{5}-", check=on_value(national.th_id), strong=True),
    told("th_id", r"thai(?:land)? (?:national )?id|บัตรประชาชน|เลขประจำตัวประชาชน|citizen id|national id", r"[0-9][- ]?[0-9]{4}[- ]?[0-9]{5}[- ]?[0-9]{2}[- ]?[0-9]"),
    told("ph_id", r"philsys|sss|umid|gsis|philhealth|pag-?ibig|tin", r"[0-9]{2,4}[- ]?[0-9]{4,9}[- ]?[0-9]{1,4}(?:[- ]?[0-9]{3,4})?|[0-9]{3}-[0-9]{3}-[0-9]{3}(?:-[0-9]{3,5})?"),
    told("vn_id", r"cccd|cmnd|căn cước", r"[0-9]{9}(?:[0-9]{3})?"),
    told("pk_cnic", r"cnic|nadra", r"[0-9]{5}-?[0-9]{7}-?[0-9]"),
    Rule("identity.pk_cnic_bare", r"(?:^|[^0-9-])([1-7][0-9]{4}-[0-9]{7}-[0-9])\b", r"[0-9]-[0-9]{7}-", strong=True),
    told("au_tfn", r"tfn|tax file", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{2,3}"),
    told("au_abn", r"abn|acn|australian (?:business|company)", r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}|[0-9]{3} ?[0-9]{3} ?[0-9]{3}"),
    told("nz_ird", r"ird|nhi", r"[0-9]{2,3}[- ]?[0-9]{3}[- ]?[0-9]{3}|[a-z]{3}[0-9]{4}"),
    told("za_id", r"(?:sa|rsa|south african)[ -]?id(?:entity)?|id(?:entity)? number|identity document", r"[0-9]{6} ?[0-9]{4} ?[0-9]{3}"),
    Rule("identity.za_id_bare", r"(?:^|[^0-9A-Za-z.-])([0-9]{2}[01][0-9][0-3][0-9][0-9]{4}[0-2][89][0-9])\b", LONG, check=on_value(national.za_id), near=r"\bid\b|identity|south africa|\bsa\b|born"),
    told("ng_nin", r"nin|bvn", r"[0-9]{11}"),
    told("ke_id", r"kra(?: pin)?|kenyan? id", r"[ap][0-9]{9}[a-z]|[0-9]{7,8}"),
    told("ae_emirates_id", r"emirates id|eid", r"784[- ]?[0-9]{4}[- ]?[0-9]{7}[- ]?[0-9]"),
    Rule("identity.ae_emirates_id_bare", r"(?:^|[^0-9])(784-[0-9]{4}-[0-9]{7}-[0-9])\b", r"784-", strong=True),
    told("national_id", r"national id(?:entity|entification)?|id card|identity card|citizen(?:ship)? (?:id|number)|documento|carta d'identit[àa]|carte d'identit[ée]|c[ée]dula|identifikationsnummer|personal (?:id|number)|resident (?:id|permit)|government id", r"[a-z]{0,3}[0-9][a-z0-9\-]{5,17}", on_value(lambda v: sum(c.isdigit() for c in v) >= 5)),
    # --- documents
    told("passport", r"passport|pass(?:port)?[- ]?(?:nummer|nr\.?)|reisepass(?:nummer)?|pasaporte|passeport|passaporto|passaporte|paspoort|паспорт|护照|護照|パスポート|旅券番号|여권", r"[a-z]{0,3}[- ]?[0-9][a-z0-9]{5,9}", on_value(lambda v: sum(c.isdigit() for c in v) >= 3)),
    Rule("identity.passport_letters", r"(?i)\b(?:passport|reisepass)\b[^\n]{0,24}?\b([cfghjk][a-z0-9]{8,9})\b", word(r"passport|reisepass"), digits="after", check=on_value(lambda v: sum(c.isdigit() for c in v) >= 3)),
    Rule("identity.passport_mrz", r"\b(P[A-Z<][A-Z]{3}[A-Z<]{20,39}|[A-Z0-9<]{9}[0-9][A-Z]{3}[0-9]{7}[MFX<][0-9]{7})", r"<<", digits="", check=lambda hit: "<" in hit.value or len(hit.value) == 28, strong=True),
    told("driver_licence", r"(?:driver'?s?|driving)[ _-]?licen[cs]e|licen[cs]e|dl|d\.l\.|f[üu]hrerschein(?:nummer)?|permis(?: de conduire)?|patente|rijbewijs|licencia(?: de conducir)?|carnet de conducir|dvla|cdl|operator'?s licen[cs]e", r"[a-z]{0,5}[- ]?[0-9][a-z0-9\- ]{5,17}[a-z0-9]|[a-z]{4,5}[0-9]{6}[a-z0-9]{5}", on_value(lambda v: sum(c.isdigit() for c in v) >= 5)),
    Rule("identity.uk_driver_licence", r"\b([A-Z]{2,5}9{0,3}[0-9][0156][0-9][0-3][0-9][0-9][A-Z9]{2}[A-Z0-9][A-Z]{2})\b", r"[A-Z9][0-9]{6}[A-Z9]{2}", check=on_value(lambda v: len(v) == 16), strong=True),
    told("visa_number", r"visa (?:number|no\.?)|work permit|residence permit|aufenthaltstitel|brp|evisa", r"[a-z]{1,3}[- ]?[0-9]{6,10}|[0-9]{8,12}"),
    told("licence_plate", r"(?:licen[cs]e|number|registration|reg|car) plate|plate number|plate no\.?|registration|kennzeichen|nummernschild|plaque d'immatriculation|immatriculation|matr[íi]cula|targa|kenteken|vehicle reg|car reg|rego|tag number", r"[a-z]{2}[- ]?[0-9]{1,3}[- ]?[a-z]{2}(?:[- ]?[0-9]{1,4})?|[a-z]{1,3}[- ][a-z]{1,2}[- ]?[0-9]{1,4}|[a-z]{1,3}[- ]?[0-9]{1,4}[- ]?[a-z]{0,3}[0-9]{0,4}|[0-9]{1,4}[- ]?[a-z]{2,4}[- ]?[0-9]{0,4}|[a-z]{2}[0-9]{2} ?[a-z]{3}", _plate),
    told("vin", r"vin|chassis|vehicle identification|fahrgestellnummer|fin", r"[a-hj-npr-z0-9]{17}", on_value(lambda v: any(c.isdigit() for c in v))),
    Rule("identity.vin_bare", r"\b([A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{2}[0-9]{6})\b", word(r"car|vehicle|chassis|truck|honda|toyota|ford|bmw|vin"), check=lambda hit: checksums.vin(hit.value) and any(c.isalpha() for c in hit.value), near=r"\bcar\b|vehicle|chassis|truck|honda|toyota|ford|bmw|vin"),
    told("imei", r"imei|meid|esn", r"[0-9]{2}[- ]?[0-9]{6}[- ]?[0-9]{6}[- ]?[0-9]"),
    told("device_serial", r"serial|serial number|udid|device id|iccid|imsi|advertising id|idfa|gaid|seriennummer", r"[a-z0-9][a-z0-9\-]{7,39}", on_value(lambda v: sum(c.isdigit() for c in v) >= 3 and len(set(v.lower())) > 4)),
    told("student_or_staff_id", r"personalnummer|personalnr\.?|mitarbeiter(?:nummer|nr\.?)|kunden(?:nummer|nr\.?)|num[ée]ro client|matricule|n[úu]mero de empleado|(?:student|employee|staff|personnel|payroll|badge|matriculation|membership|customer|client|inmate|prisoner|case|claim|policy|loyalty|frequent flyer|matrikel|pupil|member)[ _-]?(?:number|no\.?|id|nr\.?|#|nummer)", r"[a-z]{0,4}[- ]?[0-9][a-z0-9\-]{3,14}", on_value(lambda v: sum(c.isdigit() for c in v) >= 4)),
    # --- birth
    Rule("identity.birth_date", rf"(?i)(?:^|[^a-z])(?:{_BIRTH_WORDS}){_BIRTH_LINK}({_DATE}|(?:19|20)[0-9]{{2}}[01][0-9][0-3][0-9]|[0-3][0-9][0-3][0-9](?:19|20)[0-9]{{2}})(?:[^0-9]|$)", word(_BIRTH_WORDS), digits="after", check=_birth),
    Rule("identity.birth_date_then_word", r"((?:19|20)[0-9]{2}年[0-9]{1,2}月[0-9]{1,2}日|(?:昭和|平成)[0-9]{1,2}年[0-9]{1,2}月[0-9]{1,2}日|[0-9]{2}\.[0-9]{2}\.(?:19|20)[0-9]{2}) ?(?:生|出生|г\. ?р)", r"日(?:生|出生)|[0-9] ?г\. ?р"),
    Rule("identity.birth_date_cjk", r"(?:生年月日|出生日期|出生于|生于|생년월일|дата рождения)[^0-9\n]{0,6}((?:19|20)?[0-9]{2}[年./-][0-9]{1,2}[月./-][0-9]{2,4}|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4})", r"生年月日|出生日期|出生于|生于|생년월일|дата рождения", digits="after"),
    # --- a number before the word that names it
    Rule("identity.number_then_word", r"(?i)(?:^|[\s\"'(:*>|;,=])([a-z]{0,3}[0-9(+](?:[ .\-/()]?[0-9]|[ .\-]?[a-z]){4,24}) (?:is|was|ist|lautet|est|es|è|é|are) (?:my|his|her|our|their|the|mein|meine|mon|ma|mi|das|die|la|le) (?:\w{2,14} ){0,2}(?:ssn|social(?: security)?|sin|nino|ni|nhs|nric|bsn|pesel|dni|nie|nif|cpf|cnp|aadhaar|pan|passport|passnummer|reisepass|pasaporte|passeport|licen[cs]e|tax id|steuer-?id|iban|account|konto(?:nummer)?|cell|mobile|phone|phone number|handy(?:nummer)?|telefon(?:nummer)?|landline|number|pin|mrn|imei|vin|plate|tfn|medicare|insurance|policy|employee id|student id|member id)\b", r"[0-9][a-zA-Z]{0,2} (?:is|was|ist|lautet|est|es|è|é|are) (?:my|his|her|our|their|the|mein|meine|mon|ma|mi|das|die|la|le) ", digits="", check=_much),
    told("mothers_maiden_name", r"mother'?s maiden name", r"[a-z][a-z'-]{2,20}", digits=""),
)  # fmt: skip
