"""Health: record numbers, insurance, providers, and lab values or diagnosis codes beside a person."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

from dataclasses import replace

from router_plugin.privacy import national
from router_plugin.privacy.checksums import dea, npi
from router_plugin.privacy.rule import Rule, on_value

from .identity import told as _told_identity
from .shapes import word


def told(kind: str, words: str, value: str, check: object = None) -> Rule:
    """As the identity family's, under this family's name."""
    rule = _told_identity(kind, words, value, check)  # type: ignore[arg-type]
    return replace(rule, name=f"health.{kind}")


_NAME = r"[A-Z][a-zà-ÿ'-]{1,20} (?:[A-Z]\.? )?[A-Z][a-zà-ÿ'-]{1,24}"
_LAB = r"(?:HbA1c|A1C|TSH|LDL|HDL|eGFR|CRP|PSA|CD4|INR|ferritin|creatinine|troponin|hemoglobin|haemoglobin|BMI|BP|blood pressure|glucose|cholesterol|viral load|WBC|platelets|potassium|sodium|bilirubin|ALT|AST)"
_ICD = r"[A-TV-Z][0-9][0-9AB](?:\.[0-9A-TV-Z]{1,4})"

RULES = (
    told("record_number", r"mrn|medical record|patient(?: id| number| no\.?)|hospital (?:no\.?|number|id)|chart|health record|patient[-_ ]?id|fallnummer|patientennummer|historia cl[íi]nica|num[ée]ro de dossier|unit record|accession|case file", r"[a-z]{0,4}[- ]?[0-9][a-z0-9\-]{3,14}", on_value(lambda v: sum(c.isdigit() for c in v) >= 4)),
    told("nhs_number", r"nhs|chi|h&c", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}"),
    Rule("health.nhs_number_bare", r"(?:^|[^0-9A-Za-z.-])([0-9]{3} [0-9]{3} [0-9]{4})\b", r"[0-9]{3} [0-9]{3} [0-9]{4}", check=on_value(national.nhs), near=r"nhs|patient|hospital|gp\b|surgery|clinic"),
    told("npi", r"npi|national provider(?: identifier)?|provider(?: id)?", r"[12][0-9]{9}", on_value(npi)),
    told("dea", r"dea(?: registration)?", r"[abcdefghjklmnprstux][a-z9][0-9]{7}"),
    Rule("health.dea_bare", r"\b([ABFGMPRX][A-Z9][0-9]{7})\b", r"[A-Z][A-Z9][0-9]{6}", check=on_value(dea), near=r"\bdea\b|prescri|physician|doctor|dr\.|pharmac"),
    Rule("health.us_medicare", r"(?i)\b([1-9][ac-hj-kmnp-rt-y][ac-hj-kmnp-rt-y0-9][0-9]-?[ac-hj-kmnp-rt-y][ac-hj-kmnp-rt-y0-9][0-9]-?[ac-hj-kmnp-rt-y]{2}[0-9]{2})\b", r"[0-9][A-Za-z][A-Za-z0-9][0-9]-?[A-Za-z][A-Za-z0-9][0-9]-?[A-Za-z]{2}[0-9]", near=r"medicare|mbi|beneficiary|insurance|patient"),
    told("us_medicare_told", r"medicare|mbi|medicaid|hicn", r"[1-9][a-z][a-z0-9][0-9]-?[a-z][a-z0-9][0-9]-?[a-z]{2}[0-9]{2}|[0-9]{9}[a-z][0-9a-z]?|[0-9]{3}-[0-9]{2}-[0-9]{4}-?[a-z]|[a-z]{2}[0-9]{5,8}[a-z]?"),
    told("au_medicare", r"medicare", r"[2-6][0-9]{3} ?[0-9]{5} ?[0-9](?: ?/? ?[0-9])?"),
    told("insurance_id", r"member|member[ -]?id|subscriber|subscriber[ -]?id|insurance|insurance (?:id|policy|card)|policy|group|beneficiary|health (?:card|plan|insurance)|ohip|ehic|kvnr|krankenversicherten-?(?:nummer|nr)|versicherten-?(?:nummer|nr)|krankenkasse|mutuelle|p[óo]liza|tarjeta sanitaria|payer|rxbin|rx ?group|claim", r"[a-z]{1,4}[- ]?[0-9][a-z0-9\-]{6,16}|[a-z]{1,3}[0-9]{3,5} [0-9]{4,7}|[0-9]{8,20}", on_value(lambda v: sum(c.isdigit() for c in v) >= 6)),
    told("de_kvnr", r"kvnr|versicherten\w*|egk|krankenkasse\w*", r"[a-z][0-9]{9}"),
    told("ca_health_card", r"ohip|health card|ramq|phn|msp|care card", r"[0-9]{4}[- ]?[0-9]{3}[- ]?[0-9]{3}(?:[- ]?[a-z]{2})?|[a-z]{4} ?[0-9]{4} ?[0-9]{4}"),
    Rule("health.lab_of_person", rf"({_NAME}[^\n]{{0,60}}\b{_LAB}\b[^\n]{{0,12}}[0-9])", word(_LAB), digits="after"),
    Rule("health.code_of_person", rf"({_NAME}[^\n]{{0,60}}\b{_ICD}\b)", r"[A-TV-Z][0-9][0-9AB]\.[0-9]", near=r"diagnos|icd|patient|\bdx\b|hba1c|\bmg\b|admitted|prescri"),
    Rule("health.lab_line", rf"(?i)\b(?:my|our|mum'?s|mom'?s|dad'?s|husband'?s|wife'?s|son'?s|daughter'?s|client'?s)\b[^\n.?]{{0,40}}\b{_LAB}\b[^\n.?]{{0,16}}?[0-9]{{1,4}}(?:\.[0-9]+)?\b", word(_LAB), digits="after"),
    Rule("health.prescription", r"(?i)\b(?:rx|prescription)\b ?(?:number|no\.?|#)[^0-9\n]{0,4}([0-9]{6,12})\b", word(r"rx|prescription"), digits="after"),
    # Someone hands over a record, whatever it holds: "review this patient medical record and ..."
    Rule(
        "health.patient_record",
        r"(?i)\b(?:review|summari[sz]e|analy[sz]e|extract|transcribe|rewrite|read|translate|check|interpret|proofread|clean up|tidy|condense|explain|anonymi[sz]e|here(?: i|')s|here are|attached(?: is| are)?|below (?:is|are)|attaching|pasting)\b[^\n.?]{0,48}\b(?:this|these|the following|the attached|attached|my|our)\s(?:\w{3,12}\s)?(?:patient(?:'?s)?|medical|clinical|hospital|psychiatric|health|therapy)\s(?:(?:medical|health|clinical|case|discharge|treatment|intake)\s)?(?:records?|files?|charts?|notes?|summary|summaries|letters?)\b",
        word(
            r"(?:this|these|following|attached|my|our) (?:[a-z]{3,12} )?(?:patient|medical|clinical|hospital|psychiatric|health|therapy)"
        ),
        digits="",
        unless=r"template|placeholder|fictional|synthetic|mock|schema|dummy|sample|database|software|system\b|format|class |function",
    ),
)  # fmt: skip
