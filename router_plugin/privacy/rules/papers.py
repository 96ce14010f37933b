"""Numbers of people and papers by the words, abbreviations and scripts of their own countries."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

from router_plugin.privacy import national
from router_plugin.privacy.rule import Rule, on_value

from .identity import told

_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE_RU = "[АВЕКМНОРСТУХ]"

RULES = (
    # --- Europe
    told("de_tax_number", r"st\.?[- ]?nr\.?|steuernummer", r"[0-9]{2,3}/[0-9]{3}/[0-9]{4,5}|[0-9]{5}/[0-9]{5}"),
    told("de_papers", r"perso|personalausweis", r"[cfghjklmnprtvwxyz][cfghjklmnprtvwxyz0-9]{8,9}", on_value(lambda v: any(c.isdigit() for c in v))),
    told("de_health", r"kv-?nr\.?|krankenversicherung(?:s(?:nummer|nr\.?))?|vers\.?-?nr\.?", r"[a-z][0-9]{9}"),
    told("at_insurance", r"sv-?nr\.?|sozialversicherungsnr\.?", r"[0-9]{4} ?[0-9]{6}"),
    told("fr_papers", r"n° ?s[ée]cu|s[ée]cu|n° ?ss", r"[1-478](?: ?[0-9ab]){12,14}"),
    told("fr_tax", r"num[ée]ro fiscal|n° ?fiscal|spi", r"[0-3](?: ?[0-9]){12}"),
    told("fr_identity_card", r"cni", r"[0-9a-z]{9,12}", on_value(lambda v: sum(c.isdigit() for c in v) >= 5)),
    told("es_social", r"(?:n[úu]mero de la )?seguridad social|nuss|nss|n\.?º? ?afiliaci[óo]n", r"[0-9]{2}[/ -]?[0-9]{7,8}[/ -]?[0-9]{2}|[0-9]{11}"),
    told("it_health_card", r"tessera sanitaria", r"[0-9]{20}"),
    told("pt_health", r"cns|cart[ãa]o nacional de sa[úu]de|n[úu]mero de utente", r"[0-9]{15}|[0-9]{9}"),
    told("pt_citizen_card", r"cart[ãa]o de cidad[ãa]o", r"[0-9]{8} ?[0-9] ?[a-z]{2}[0-9]"),
    told("br_voter", r"t[íi]tulo de eleitor", r"[0-9]{4} ?[0-9]{4} ?[0-9]{4}"),
    told("pl_papers", r"dow[óo]d(?:u)?(?: osobist\w{1,4})?|paszport(?:u)?", r"[a-z]{2,3} ?[0-9]{6,7}"),
    Rule("identity.cz_birth_number_bare", r"(?:^|[^0-9A-Za-z./-])([0-9]{2}[01235678][0-9][0-3][0-9]/[0-9]{4})(?:[^0-9A-Za-z/-]|$)", r"[0-9]{6}/[0-9]{4}", check=on_value(national.cz_birth_number)),
    told("cz_papers", r"ob[čc]ansk[ýy] pr[ůu]kaz|[čc][íi]slo op", r"[0-9]{9}"),
    told("hu_papers", r"szem[ée]lyi (?:sz[áa]m|igazolv[áa]ny)|ad[óo]azonos[íi]t[óo](?: jel)?|ad[óo]sz[áa]m", r"[1-8][- ]?[0-9]{6}[- ]?[0-9]{4}|[0-9]{6}[a-z]{2}|[0-9]{10}"),
    told("ro_papers", r"(?:buletin|c\.?i\.?|carte de identitate),? seria", r"[a-z]{2},? ?(?:nr\.? ?)?[0-9]{6}"),
    told("balkan_number", r"ембг|јмбг|embg|dav[čc]na(?: [šs]tevilka)?", r"[0-9]{13}|[0-9]{8}"),
    told("gr_identity_card", r"αδτ|(?:αριθμ[όο]ς )?(?:δελτίου )?ταυτότητα[ς]?", r"[α-ωa-z]{1,2}[ -]?[0-9]{6}"),
    told("is_kennitala", r"kennitala|kt\.?", r"[0-3][0-9][01][0-9]{3}-?[0-9]{4}"),
    told("ru_passport", r"паспорт[а-яё]{0,3}(?: данные| гражданина(?: рф)?)?(?: рф)?[: ]{0,2}(?:,? ?сери[яиії])?|сери[яиії]", r"(?:[0-9]{2} ?[0-9]{2}|[а-яёіїє]{2})[, ]{0,2}(?:номер|№)? ?[0-9]{6}"),
    told("ru_papers", r"(?:полис|омс)(?: омс)?|в/у|водительское(?: удостоверение)?", r"[0-9]{16}|[0-9]{2} ?[0-9]{2} ?[0-9]{6}|[0-9]{2} [0-9]{8}"),
    Rule("identity.ru_plate", rf"(?:^|[^А-Яа-я0-9])({_PLATE_RU} ?[0-9]{{3}} ?{_PLATE_RU}{{2}} ?[0-9]{{2,3}})(?:[^А-Яа-я0-9]|$)", rf"{_PLATE_RU} ?[0-9]{{3}} ?{_PLATE_RU}{{2}}"),
    told("ua_kz_number", r"ідентифікаційний (?:код|номер)|иин|жсн|жшн", r"[0-9]{10}(?:[0-9]{2})?"),
    told("tr_papers", r"vergi(?: kimlik)?|pasaport", r"[0-9]{10}|[a-z][0-9]{8}"),
    # --- Near East, Asia
    told("ar_number", r"رقم الهوية|الرقم القومي|رقم الجواز|جواز السفر|هوية|رقم الإقامة|إقامة|iqama", r"[a-z]?[0-9]{8,14}"),
    told("il_id_hebrew", r"ת[.״\"']{0,2}ז\.?|תעודת זהות", r"[0-9]{9}"),
    told("ir_code", r"کد ملی|کدملی|code melli", r"[0-9]{3}-?[0-9]{6}-?[0-9]"),
    told("in_papers", r"uan|abha|ration card|आधार(?: नंबर)?", r"[0-9]{2}-?[0-9]{4}-?[0-9]{4}-?[0-9]{4}|[0-9]{4} ?[0-9]{4} ?[0-9]{4}"),
    told("lk_nic", r"nic", r"[0-9]{9}[vx]|(?:19|20)[0-9]{10}"),
    told("bd_nid", r"nid", r"[0-9]{17}|[0-9]{13}|[0-9]{10}"),
    told("cn_papers", r"身份證|社保号|社会保障号|港澳通行证|台胞证|通行证", r"[a-z]?[0-9]{8,17}[0-9x]"),
    Rule("identity.cn_plate", rf"([{_PROVINCE}][A-HJ-NP-Z][·• ]?[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳])", rf"[{_PROVINCE}][A-HJ-NP-Z][·• ]?[A-HJ-NP-Z0-9]{{3}}"),
    told("jp_papers", r"(?:運転)?免許証|在留カード|年金番号|基礎年金番号|保険証", r"[0-9]{12}|[a-z]{2}[0-9]{8}[a-z]{2}|[0-9]{4}-[0-9]{6}"),
    told("kr_papers", r"운전면허(?:증)?(?: ?번호)?|건강보험증(?: ?번호)?|여권번호", r"[0-9]{2}-[0-9]{2}-[0-9]{6}-[0-9]{2}|[1-9]-[0-9]{10}|[a-z][0-9]{8}"),
    told("my_ic", r"(?:no\.? ?)?k/?p", r"[0-9]{6}-[0-9]{2}-[0-9]{4}"),
    told("id_family_card", r"kk|kartu keluarga", r"[0-9]{16}"),
    told("vn_papers", r"(?:cccd|cmnd|căn cước(?: công dân)?)(?: số)?|hộ chiếu(?: số)?|mã số thuế", r"[0-9]{9}(?:[0-9]{3})?|[0-9]{10}|[a-z][0-9]{7,8}"),
    told("th_passport", r"พาสปอร์ต|หนังสือเดินทาง", r"[a-z]{1,2}[0-9]{6,7}"),
    told("ph_crn", r"crn", r"[0-9]{4}-[0-9]{7}-[0-9]"),
    # --- Africa, the Americas, Australia
    Rule("identity.gh_card", r"\b(GHA-[0-9]{9}-[0-9])\b", r"GHA-[0-9]", strong=True),
    told("au_crn", r"crn|centrelink", r"[0-9]{3} ?[0-9]{3} ?[0-9]{3}[a-z]"),
    Rule("identity.mx_elector", r"\b([A-Z]{6}[0-9]{8}[HM][0-9]{3})\b", r"[A-Z]{6}[0-9]{8}[HM]"),
    told("latin_identity_card", r"c[ée]dula(?: (?:de identidad|ecuatoriana|venezolana))?|c\.?i\.?|dui|dni peruano|dpi", r"(?:[ve]-?)?[0-9]{1,2}\.[0-9]{3}\.[0-9]{3}(?:-[0-9])?|[0-9]\.[0-9]{3}\.[0-9]{3}-[0-9]|[ve]-[0-9]{7,8}|[0-9]{8}-[0-9]|[0-9]{4} ?[0-9]{5} ?[0-9]{4}"),
    told("us_traveler", r"known traveler|ktn|redress|global entry", r"(?:tt)?[0-9a-z]{7,10}", on_value(lambda v: sum(c.isdigit() for c in v) >= 6)),
    told("us_alien_number", r"a ?#|uscis ?#?", r"[0-9]{3}-?[0-9]{3}-?[0-9]{3}"),
)  # fmt: skip
