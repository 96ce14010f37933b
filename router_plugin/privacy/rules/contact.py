"""Ways to reach or find a person: e-mail, phone, street address, coordinates, network and device addresses."""

# ruff: noqa: E501, SIM905 - word lists, one entry a line

from __future__ import annotations

import re

from router_plugin.privacy.harmless import harmless_email, harmless_ip, harmless_phone
from router_plugin.privacy.rule import Hit, Rule

from .shapes import word

_STREET = (
    r"street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|terrace|way|parkway|pkwy|"
    r"circle|cir|highway|hwy|close|crescent|cres|grove|gardens|mews|row|walk|trail|loop|alley|plaza|hill|quay|rise|view"
)
_CAP = r"[A-ZÀ-ÖØ-ÞĀ-Ž][\wÀ-ÖØ-öø-ÿĀ-ž'.-]+"
_WORD = r"[\wÀ-ÖØ-öø-ÿĀ-ž'./-]+"

_PUBLISHER = r"free software[\s#*/;]{1,12}foundation|51 franklin st|5[0-9] temple place|675 mass ave|171 second st|444 castro st|one microsoft way"  # addresses in licence headers

_PHONE_WORDS = r"phone|tel|telephone|telefon|t[eé]l[eé]fono|t[eé]l[eé]phone|mobile|mobil|handy|cell|cellphone|whatsapp|fax|call (?:me|him|her|us)|text (?:me|him|her)|reach (?:me|him|her)|ring (?:me|him|her)|sms|messages to|registered|phone number|contact number|my number|his number|her number|teléfono|電話|电话|手机|전화|телефон|celular|m[oó]vil|portable|numero|telefoon|puhelin|telefone|hotline|mob|ph|handynr|handynummer|mobilnummer|rufnummer|r[uü]ckruf|t[eé]l|tfno|tlf|tlfno|cel|fone|cellulare|kom|kom[oó]rka|моб|тел|сот|мой номер|telefonum|gsm|sdt|sđt|số điện thoại|no\.? ?hp|telp|携帯|手机号|微信|연락처|휴대폰|핸드폰|전화번호|फोन|मोबाइल|جوال|هاتف|الهاتف|טלפון|נייד|เบอร์|โทร|msisdn|caller[ _-]?id|zelle|hmu|txt me at"
_EUROPEAN = r"straat|laan|gracht|plein|dijk|kade|gata|gatan|vägen|väg|gränd|vej|gade|vegen|veien|vei|tie|katu|kuja|polku|tänav|gasse|strasse|straße|stræde|allé|útja|utca|braut|vegur|stígur|holt|tun"
_ROMANCE = r"rue|avenue|boulevard|chemin|place|impasse|calle|c/|avenida|av\.|avda\.?|paseo|plaza|carrer|camino|via|viale|corso|piazza|vicolo|rua|r[úu]a|travessa|praça|estrada|ul\.|ulica|ulitsa|улица|ул\.|aleja|al\.|str\.|strada|odos|jalan|jl\."
_ADDRESS_WORDS = r"(?:my|new|our|home|billing|shipping|mailing|his|her|their|delivery|the) address(?: (?:is|to|linked to my credit card to|with|on file is))?|address(?: is|:|\s{1,8}:)|i live (?:at|in)|lives at|living at|moved to|meet (?:me|you) at|return to|taxi to|deliver(?:ed)? to|ship to|drops you off at|restaurant is at|station is (?:on|at)|sent to|it's in|located at|wohne|wohnhaft|vivo en|habite|abito in|woon"


_NATIONAL = (
    r"0[789]0-[0-9]{4}-[0-9]{4}|01[016-9]-[0-9]{3,4}-[0-9]{4}"  # Japan, Korea
    r"|0?\(?5[0-9]{2}\)? [0-9]{3} [0-9]{2} [0-9]{2}|05[0-9]-[0-9]{7}"  # Turkey, Israel
    r"|\([1-9][0-9]\) ?9?[0-9]{4}-[0-9]{4}|\(0[2378]\) [0-9]{4} [0-9]{4}"  # Brazil, Australia
    r"|8[ -]\(?[3489][0-9]{2}\)?[ -][0-9]{3}-[0-9]{2}-[0-9]{2}|8 9[0-9]{2} [0-9]{3}[ -][0-9]{2}[ -][0-9]{2}"  # Russia
    r"|0[1-9][0-9]{1,3}/[0-9]{6,8}|\(0[1-9][0-9]{1,4}\) ?[0-9]{5,8}"  # Germany
)
_NATIONAL_GATE = (
    r"0[0-9]{2}-[0-9]{3,4}-?[0-9]{3}|5[0-9]{2}\)? [0-9]{3} [0-9]{2} |[0-9]\) ?[0-9]{4,5}|[0-9]{3}\)?[ -][0-9]{3}[ -][0-9]{2}[ -]"
    r"|0[1-9][0-9]{1,3}/[0-9]{4}"
)
_CODES = re.compile(r"0[0-9]{3} 0[0-9]{3} 0[0-9]{1,3}$")  # code points and opcodes, in fours


def _phone(hit: Hit) -> bool:
    number = [c for c in hit.value if c.isdigit()]
    return 7 <= len(number) <= 15 and len(set(number)) > 2 and not harmless_phone(hit) and not _CODES.match(hit.value)


def _keyed_phone(hit: Hit) -> bool:
    number = "".join(c for c in hit.value if c.isdigit())
    return 9 <= len(number) <= 15 and len(set(number)) > 3 and not harmless_phone(Hit(hit.value, hit.whole, "", ""))


def _formatted_phone(hit: Hit) -> bool:
    if hit.before.endswith((".", "-", "/", "_", ":", "=", "+")) or (hit.after[:1] in "-/_=" and hit.after[:1]):
        return False
    return _phone(hit)


_CALL = r"call|ring|reach|text|dial|phoned?|contact|message|sms|whatsapp|appell?e[rz]?|joindre|anrufen|erreichbar|erreiche[nr]?|ll[aá]ma(?:me|r|nos)?|chiam(?:a|are|ami)|bel|ligar?|zadzwo[nń]\w{0,3}"


def _dialled(hit: Hit) -> bool:
    """After "call" and the like: a number as one writes it to be dialled, and no date, amount or version."""
    value = hit.value
    if not _formatted_phone(hit) or re.match(
        r"(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?|\d\d?[-./ ]\d\d?[-./ ](?:19|20)\d\d\b", value
    ):
        return False
    number = "".join(c for c in value if c.isdigit())
    said = re.search(r"(?i) (?:on|at|under|unter|au|al|op|no|pod|em|number|nummer|n[uú]mero)[: ]{1,2}$", hit.before)
    if value.isdigit():
        return len(number) >= 8 and (number[0] == "0" or bool(said and len(number) >= 9))
    return len(number) >= 8 and value.count(".") < 3 and bool(said or value[0] in "+(0")


def _pairs(hit: Hit) -> bool:
    """No more pairs on either side."""
    more = re.search(r"[0-9a-fA-F]{2}[ .-]$", hit.before[-3:]) or re.match(r"[ .-][0-9a-fA-F]{2}\b", hit.after)
    return not more and _phone(hit)


def _spelled(hit: Hit) -> bool:
    """ "look at dot product" is no address: written-out "at" and "dot" need each other, and no blank inside names."""
    value = hit.value.lower()
    if any(mark in value for mark in ("(at)", "[at]", "{at}", "<at>")):
        return "example" not in value
    at, dot = _AT.search(value), _DOT.split(value)
    return at is not None and len(dot) > 1 and dot[-1].strip() in _TOP_LEVEL and "example" not in value


_AT, _DOT = re.compile(r" at | _at_ | arroba |@"), re.compile(r" dot | _dot_ | punto |[\[({]dot[\])}]")
_MAIL_TOP = r"com|org|net|edu|gov|uk|de|fr|es|it|nl|ch|se|no|dk|fi|pl|cz|pt|ie|eu|ru|ua|br|jp|cn|kr"
_TOP_LEVEL = frozenset(
    "com org net edu gov io co uk de fr es it nl be ch at se no dk fi pl cz pt ie eu us ca au nz in jp cn kr br mx ar ru "
    "ua tr gr hu ro info biz me app dev ai example test".split()
)
_NOT_STREET = re.compile(
    r"(?i)^[0-9]+[a-z]?(?: [0-9]+)?,? (?:(?:more|other|different|ways?|steps?|people|times?|hours?|minutes?|days?|years?|weeks?|months?|"
    r"percent|points?|items?|files?|lines?|of|in|is|are|and|or|to|the|a|an|per|x|vs|by|on|at|from|for|with|bytes?|mb|gb|ms|kb|seconds?|miles?|km|"
    r"meters?|feet|dollars?|degrees|players?|teams?|students?|cars?|rows?|columns?|tests?|errors?|pages?|words?|new|"
    r"small|large|big|units?|inches|ft|m|cm|mm|kg|lbs?|pieces|kids|children|men|women|apples|that|which|if|it|he|she|they|we|i|you)\b)"
)


def _street(hit: Hit) -> bool:
    """Numbers stand before many words ending in "way" or "place": ask for a capital or an address around it."""
    value = hit.value
    if _NOT_STREET.match(value):
        return False
    words = value.split()
    suffix = words[-1].lower().strip(".,")
    names = [w for w in words[1:-1] if not w[0].isdigit()]
    if not names:
        return False
    if re.search(
        r"(?i)address|live[sd]? (?:at|on)|apt|suite|meet me|taxi|restaurant|bus |street in|return to|\b[A-Z]{2} [0-9]{5}|[0-9]{5}",
        hit.before + hit.after,
    ):
        return True
    if re.search(r"(?i)sherlock|holmes", hit.before):  # the one address that everyone quotes
        return False
    capital = words[-1][:1].isupper() and all(w[:1].isupper() or w.lower() in {"de", "la", "of", "the"} for w in names)
    return (
        capital
        and suffix not in {"view", "rise", "row", "way", "hill", "walk", "close", "place", "loop", "trail", "drive"}
    ) or (capital and len(names) <= 2 and bool(re.search(r"^[,\s]+(?:[A-Z][a-z]+|apt|suite|unit)", hit.after)))


def _line(hit: Hit) -> bool:
    """ "March 12, 2024 Meeting" is a date: a postal code there is no year, and no month stands before."""
    month = re.search(
        r"(?i)\b(?:jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zé]* [0-9]{1,2},", hit.value
    )
    return not month and not re.search(r", (?:19|20)[0-9]{2} ", hit.value)


def _named(hit: Hit) -> bool:
    """The street has a name, with a capital: "61 route files" has none."""
    return hit.value.split()[-1].lstrip("'").rpartition("'")[2][:1].isupper()


def _romance(hit: Hit) -> bool:
    """ "via Python 3" and "place 1" are no streets: the name starts with a capital, and "via" needs two words."""
    words = hit.value.split()
    lead = next((i for i, w in enumerate(words) if not w[0].isdigit()), 0)
    name = words[lead + 1 :]
    if not name or not re.match(
        r"(?:\d{1,3}|d[eiao]|dos|della|delle|del|la|le|l'|du|des|dei|san|[A-ZÀ-ŽА-Я])", name[0]
    ):
        return bool(re.search(r"(?i)address|live|meet|return|taxi|bus|restaurant|street", hit.before))
    first = words[lead].lower()
    if first in {"via", "place", "al.", "str.", "corso", "plaza", "strada", "av."} and len(name) < 3:
        return bool(
            re.search(
                r"(?i)address|live|meet|return|taxi|bus|restaurant|street|abit|indirizzo|suite|apt|[0-9]{5}",
                hit.before + hit.after,
            )
        )
    return True


def _told_address(hit: Hit) -> bool:
    """A house number and a name after "my address is" and the like; times, amounts, IP addresses and ports are none."""
    value = hit.value
    if re.match(
        r"(?i)[0-9]{1,2}(?::[0-9]{2})?\s?(?:am|pm|o'clock|uhr|h)\b|[0-9]+(?:\.[0-9]+){1,3}\b|0x|[0-9]+ or [0-9]|[0-9]+[- ]?bits?\b|[0-9]+\s?(?:%|percent|usd|eur|minutes?|hours?|days?|weeks?|months?|years?|bytes?|bits?|times|people|noon|midnight)",
        value,
    ):
        return False
    if re.match(r"[0-9,.]+\s?[%°$€£]", value) or hit.before[-1:] in {"$", "€", "£", "."}:
        return False
    return bool(re.search(r"[A-Za-zÀ-ž]{3}", value)) and not re.match(
        r"(?i)(?:rfc|iso|pep|ieee|bits?|line|step|page|chapter|section|version|port|index|level|row|table|figure|python|node|room|gate|stage|least|most|around|about|top|layer|byte|offset|position|room|python|java|channel|group|step)\b",
        value,
    )


RULES = (
    Rule("contact.email", r"(?i)([a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,6}[a-z]{2,24})\b", r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]@[A-Za-z0-9]", digits="", check=lambda hit: not harmless_email(hit), strong=True),
    Rule("contact.email_international", r"(?i)([a-z0-9À-ɏЀ-ӿ._+-]{2,64}@(?:[a-z0-9À-ɏЀ-ӿ-]{2,63}\.){1,3}[a-zЀ-ӿ]{2,24})", r"[a-zÀ-ɏЀ-ӿ]@[A-Za-z0-9-]*[À-ɏЀ-ӿ]", digits="", check=lambda hit: not harmless_email(hit)),
    # As a scanner reads it, or as one writes it to keep it from harvesters.
    Rule("contact.email_apart", rf"(?i)(?:^|[^a-z0-9@])([a-z][a-z0-9._%+-]{{1,63}}(?: @ ?|@ |\(a\)|\[a\])[a-z][a-z0-9-]{{1,60}}\.(?:{_MAIL_TOP}))(?:[^a-z0-9(\[.]|\.?$|\.\s)", r"[A-Za-z0-9](?: @ ?|@ |\(a\)|\[a\])[A-Za-z]", digits="", check=lambda hit: not harmless_email(Hit(re.sub(r" ?@ ?|\(a\)|\[a\]", "@", hit.value), hit.whole, hit.before, hit.after))),
    Rule("contact.email_spelled", r"(?i)\b([a-z0-9._%+-]{1,64}\s?(?:\(at\)|\[at\]|\{at\}|<at>| _at_ | at | arroba |@)\s?[a-z0-9-]{1,60}(?:\s?(?:\(dot\)|\[dot\]|\{dot\}|<dot>| _dot_ | dot | punto |\.)\s?[a-z0-9-]{2,30}){1,4})\b", r"(?i:\(at\)|\[at\]|\{at\}|<at>|[\[({]dot[\])}]|[ _]dot[ _]| punto )", digits="", check=_spelled),
    Rule("contact.phone_international", r"(?:^|[^0-9A-Za-z+])(\+[1-9][0-9]{0,3}[ .\-()/]{0,3}(?:[0-9][ .\-()/]{0,2}){6,13}[0-9])", r"\+[1-9]", check=_phone, strong=True),
    Rule("contact.phone_us", r"(?:^|[^0-9A-Za-z.])(\([2-9][0-9]{2}\)\s?[2-9][0-9]{2}[ .-]?[0-9]{4}|(?:1[ .-])?[2-9][0-9]{2}[.-][2-9][0-9]{2}[.-][0-9]{4}|1?[ -]?[2-9][0-9]{2} [2-9][0-9]{2}[ -][0-9]{4})\b", r"[0-9]\) ?[0-9]{3}[ .-]?[0-9]{4}|[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{4}", check=_formatted_phone),
    Rule("contact.phone_us_local", r"(?:^|[^0-9A-Za-z.-])([2-9][0-9]{2}[-.][0-9]{4})(?:\s{0,2}(?:ext|x|extension)\.?\s{0,2}[0-9]{1,6})\b", word(r"ext|x|extension")),
    Rule("contact.phone_uk", r"(?:^|[^0-9A-Za-z.])(0[1-9][0-9]{2,4}[ -][0-9]{3,4}[ -]?[0-9]{3,4}|07[0-9]{3}\s?[0-9]{6}|02[0-9] [0-9]{4} [0-9]{4})\b", r"0[1-9][0-9]{2,4}[ -][0-9]{3}|07[0-9]{9}", check=_formatted_phone),
    Rule(
        "contact.phone_told",
        rf"(?i)(?:^|[^a-z0-9])(?:{_PHONE_WORDS})(?:(?:nr|no|num|number|nummer)?[^0-9a-z+(\n][^0-9+(\n]{{0,23}})?(\(?\+?[0-9](?:[ .\-()/]{{0,3}}[0-9]){{5,14}})", word(_PHONE_WORDS), digits="after",
        check=_phone,
    ),
    # A key and a value: no arithmetic, though an equals sign stands before it.
    Rule("contact.phone_key", r"(?i)(?:^|[^a-z])[a-z_]{0,12}(?:phone|mobile|cell|tel|telephone|msisdn)[ _-]?(?:number|num|no|nr)?[\"']?\s?=\s?[\"']?(\+?[0-9](?:[ .()-]{0,2}[0-9]){8,14})\b", r"(?i:phone|mobile|cell|tel|msisdn)(?:[ _-]?n[a-z]+)?[\"']?\s?=", digits="after", check=_keyed_phone),
    Rule("contact.phone_link", r"(?i)\b(?:wa\.me/|t\.me/\+|api\.whatsapp\.com/send\?phone=|callto:|sms:)\+?([0-9]{8,15})\b", r"(?i:wa\.me/|t\.me/\+|send\?phone=|callto:|sms:)", digits="after"),
    # Mobile and area codes of one country, in groups as people there write them.
    Rule("contact.phone_national", rf"(?:^|[^0-9A-Za-z.+:/_-])({_NATIONAL})(?:[^0-9A-Za-z/_-]|-?$)", rf"{_NATIONAL_GATE}", check=_formatted_phone),
    # French and other numbers in pairs; a hex dump also has pairs, but more of them.
    Rule("contact.phone_pairs", r"(?:^|[^0-9A-Za-z.:-])(0[1-9](?:(?: [0-9]{2}){4}|(?:\.[0-9]{2}){4}|(?:-[0-9]{2}){4}))(?:[^0-9A-Za-z]|$)", r"0[1-9][ .-][0-9]{2}[ .-][0-9]{2}[ .-][0-9]{2}[ .-][0-9]{2}", check=_pairs),
    Rule("contact.phone_00", r"(?:^|[^0-9A-Za-z+.,:-])(00 ?[1-9][0-9]{0,2}[ \-/](?:[0-9][ \-/()]{0,2}){6,12}[0-9])", r"00 ?[1-9][0-9]{0,2}[ /-][0-9(]", check=_phone),
    Rule("contact.phone_verb", rf"(?i)\b(?:{_CALL})\b[^0-9+(\n]{{0,40}}?(\(?\+?[0-9](?:[ .\-()/]{{0,2}}[0-9]){{6,13}})(?:[^0-9A-Za-z]|$)", word(_CALL), digits="after", check=_dialled),
    Rule("contact.street_address", rf"(?i)\b([0-9]{{1,6}}[a-z]?(?:[ -][0-9]{{1,5}})?,? (?:(?:n|s|e|w|north|south|east|west|ne|nw|se|sw)\.? )?(?:{_WORD} ){{1,4}}(?:{_STREET}))\b(?:[.,;|<)\"'\s]|$)", rf"(?i:[ ](?:{_STREET}))(?:[^a-zA-Z]|$)", digits="before", check=_street, unless=_PUBLISHER),
    Rule("contact.unit_address", rf"(?i)\b([0-9]{{1,6}} (?:{_WORD}[ ,]{{1,2}}){{1,7}}\s{{0,3}}(?:apt|apartment|suite|ste|flat)\b\.? ?#?(?:[0-9]{{1,5}}[a-z]?|[a-z]))\b", word(r"apt|apartment|suite|ste|flat"), unless=_PUBLISHER),
    Rule("contact.unit_address_line", r"(?i)[0-9]{1,6} [^\n]{3,60}\n[\s>?]{0,8}(?:apt|apartment|suite|ste|flat|unit)\b\.? ?#?([0-9a-z]{1,5})\b", word(r"apt|apartment|suite|ste|flat|unit")),
    Rule("contact.military_address", r"(?i)\b((?:unit|psc|uss)\b[^\n]{1,40}[\s,]{1,3}(?:a|f|d)po,? a[aep],? [0-9]{5})\b", r"(?i:[afd]po,? a[aep])"),
    Rule("contact.military_post_office", r"(?i)\b((?:apo|fpo|dpo),? a[aep],? [0-9]{5})\b", r"(?i:[afd]po,? a[aep])"),
    Rule("contact.po_box", r"(?i)\b((?:p\.? ?o\.? ?box|postfach|bo[iî]te postale|apartado(?: de correos)?|postbox|postbus) [0-9]{1,6})\b", r"(?i:box|postfach|bo[iî]te postale|apartado|postbus)", digits="after", unless=r"what is a|rent a"),
    Rule("contact.address_german", rf"\b({_CAP}(?:straße|strasse|str\.|gasse|weg|allee|platz|ring|damm|ufer|steig) [0-9]{{1,4}} ?[a-zA-Z]?)\b", r"(?:straße|strasse|str\.|gasse|weg|allee|platz|ring|damm|ufer|steig) [0-9]", check=lambda hit: not hit.value.startswith(("Der ", "Ein "))),
    Rule("contact.address_european", rf"(?i)\b([\wÀ-ÖØ-öø-ÿĀ-ž]{{2,24}}(?:{_EUROPEAN}) [0-9]{{1,4}} ?[a-z]?)\b", rf"(?i:{_EUROPEAN}) [0-9]"),
    Rule("contact.address_slavic", rf"\b({_CAP} (?:út|utca|tér|körút|sétány|náměstí|nábřeží|třída|ulice|ulica|ulitsa|prospekt|cesta|trg|caddesi|cad\.|sokak|sok\.|mah\.|bulvarı|iela|gatvė|tänav|tee|st\.|str\.) (?:[Nn]o[:. ]{{1,2}})?[0-9]{{1,4}})\b", r" (?:út|utca|tér|körút|sétány|náměstí|nábřeží|třída|ulice|ulica|ulitsa|prospekt|cesta|trg|caddesi|cad\.|sokak|sok\.|mah\.|bulvarı|iela|gatvė|tänav|tee|st\.|str\.) (?:[Nn]o[:. ]{1,2})?[0-9]"),
    Rule("contact.address_russian", r"((?:ул\.|улица|пр-т|просп\.|проспект|пер\.|переулок|наб\.|шоссе|бульвар|вул\.|вулиця)[^\n]{2,40}?(?:д\.|дом|буд\.) ?[0-9]{1,4})", r"(?:д\.|дом|буд\.) ?[0-9]"),
    Rule("contact.address_korean", r"([가-힣]{1,12}(?:시|도|구|군) [가-힣0-9 ]{1,20}(?:로|길) ?[0-9]{1,4})", r"(?:로|길) ?[0-9]"),
    Rule("contact.address_line", rf"\b({_CAP}(?: {_CAP}){{0,3}} [0-9]{{1,4}} ?[a-zA-Z]?(?:/[0-9]{{1,4}})?, (?:[A-Z]{{1,2}}-)?(?:[0-9]{{4,5}}|[0-9]{{3}} [0-9]{{2}}|[0-9]{{2}}-[0-9]{{3}}|[0-9]{{4}} ?[A-Z]{{2}}) {_CAP})", r"[0-9] ?[a-zA-Z]?, (?:[A-Z]{1,2}-)?[0-9]{2}[0-9 -]{2}", check=_line),
    Rule("contact.address_romance", rf"(?i)\b((?:[0-9]{{1,5}},? )?(?:{_ROMANCE}) (?:{_WORD} ){{0,4}}{_WORD},? (?:n[º°o.] ?)?[0-9]{{1,5}})\b", word(_ROMANCE), digits="after", check=_romance),
    Rule("contact.address_french", rf"(?i)\b([0-9]{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|chemin|place|impasse|all[ée]e|quai|route) (?:de |du |des |la |le |l'|d')*{_CAP})", word(r"rue|avenue|boulevard|chemin|place|impasse|all[ée]e|quai|route"), check=_named, digits="before"),
    Rule("contact.address_told", rf"(?i)\b(?:{_ADDRESS_WORDS})\b[:\s]{{1,6}}(?:the corner of )?(?:{_WORD}[ ,]{{1,2}}){{0,3}}?([0-9]{{1,6}}\b[ ,]+{_WORD}[^\n]{{0,60}}|{_WORD} [0-9]{{1,5}}\b)", word(_ADDRESS_WORDS), digits="after", check=_told_address),
    Rule("contact.address_city_postcode", rf"\b({_CAP}(?: {_CAP}){{0,2}},? [A-Z]{{2}},? [0-9]{{5}}(?:-[0-9]{{4}})?)\b", r"[A-Z]{2},? [0-9]{5}", near=r"\d+ \w|address|apt|suite|live|lives|ship|street|\bst\b|home", unless=_PUBLISHER),
    Rule("contact.postcode_city", rf"\b([0-9]{{1,4}}[a-z]?,? (?:[A-Z]{{1,2}}-?)?[0-9]{{4,5}} {_CAP})\b", r"[0-9]{4} [A-ZÀ-Þ]", near=r"stra|weg|gasse|platz|address|adresse|wohn|rue|via|laan"),
    Rule("contact.uk_postcode", r"\b([0-9]{1,4}[A-Za-z]? [A-Z][^\n]{3,60}[ ,][A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2})\b", r"[A-Z][0-9][A-Z0-9]? ?[0-9][A-Z]{2}"),
    Rule("contact.jp_address", r"(〒\s?[0-9]{3}-[0-9]{4}|[都道府県][^\s、。]{1,12}[市区町村][^\s、。]{1,20}[0-9０-９]{1,3}[-−丁－])", r"〒|[市区町村]"),
    Rule("contact.cn_address", r"([^\s，。]{2,8}[省市][^\s，。]{2,10}[区县市][^\s，。]{1,16}[路街道巷][0-9]{1,5}号)", r"[0-9]号"),
    Rule("contact.corner", rf"\bcorner of {_WORD}(?: {_WORD}){{0,4}} and (?:{_WORD} ?){{1,4}}", r"corner of ", digits="", check=lambda hit: bool(re.search(r"[0-9]", hit.whole)) or bool(re.search(r"(?i)\b(?:st|street|ave|avenue|rd|road)\b", hit.whole))),
    Rule("contact.coordinates", r"(?i)([0-9]{1,2}\.[0-9]{3,8}\s?°?\s?[ns][ ,]{1,3}[0-9]{1,3}\.[0-9]{3,8}\s?°?\s?[ew]|[0-9]{1,2}°\s?[0-9]{1,2}['′]\s?[0-9.]{0,6}[\"″]?\s?[ns][ ,]{1,3}[0-9]{1,3}°\s?[0-9]{1,2}['′])", r"[0-9]°|[0-9]{3} ?°? ?[NSns][ ,]", near=r"home|house|live|lives|my |his |her |location|gps|coordinates|address|where|stay|position|whereabouts"),
    Rule("contact.coordinates_decimal", r"(-?[0-9]{1,2}\.[0-9]{4,8}\s?(?:,\s?|,?\s?[\"']?(?:lng|lon|long|longitude)[\"']?\s?[:=]\s?)-?[0-9]{1,3}\.[0-9]{4,8})", r"[0-9]\.[0-9]{4,8}\s?,\s?(?:-?[0-9]{1,3}\.[0-9]|[\"']?l)", near=r"home|house|\blive|lives|\bmy |\bhis |\bher |whereabouts|last seen|tracked|parked|shelter|hiding|gps", unless=r"haversine|paris|capital"),
    Rule("contact.ip_address", r"\b((?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})\.){3}(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2}))\b", r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]", near=r"\buser|logged in|login|log in|customer|visitor|client[ _-]?ip|his ip|her ip|my ip|ip address (?:of|is)|home ip|subscriber|session|sign(?:ed)? in|account|from ip|remote[_-]?addr|remote[_-]?ip|failed password|suspect", check=lambda hit: not harmless_ip(hit)),
    Rule("contact.ipv6_address", r"(?i)(?:^|[^0-9a-z:])((?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){2,6}:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,4})\b", r"[0-9a-fA-F]:[0-9a-fA-F]{1,4}:[0-9a-fA-F:]", near=r"\buser|logged in|login|log in|customer|visitor|client|his |her |my |ip(?:v6)? address|home|subscriber|from ", unless=r"inet6?\b|scope|\bmtu\b|link/", check=lambda hit: not harmless_ip(hit)),
    Rule("contact.mac_address", r"(?i)\b([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})\b", r"[0-9a-fA-F]{2}[:-][0-9a-fA-F]{2}[:-][0-9a-fA-F]{2}[:-]", near=r"\bmac\b|laptop|phone|device|his |her |my |router|wifi|wi-fi|bluetooth|hardware address|ethernet|adapter", unless=r"link/ether|hwaddr|\bether\b|loopback|multicast", check=lambda hit: len(set(hit.value.lower())) > 3 and not hit.value.lower().startswith(("00:00:00:00", "ff:ff:ff:ff"))),
)  # fmt: skip
