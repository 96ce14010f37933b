"""Markings that people put on what must not leave: confidentiality, privilege, embargo. Part of the topics."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

from router_plugin.privacy.rule import Rule

# A marking that is talked about, asked for or made up marks nothing.
_MENTION = (
    r"what does|what is|what's|\bmeans?\b|meaning|template|placeholder|definition|define|the (?:phrase|word|term|stamp)|"
    r"translate '|example of|fictional|invented|made[- ]up|novel|movie|film|song|title|bingo|was bedeutet|signifie|significa|"
    r"how (?:do|to|should|can)|difference|policy on|in general|synonym"
)

RULES = (
    Rule(
        "topic.marker",
        r"(?i)\b(?:strictly|highly|company|streng|strikt|strictement|estritamente|estrictamente|strettamente|altamente|ściśle|строго)\s"
        r"(?:confidential|private and confidential|vertraulich|vertrouwelijk|confidentiel|confidencial|riservato|reservado|poufne|конфиденциально|секретно)"
        r"|\bconfidentiel d[ée]fense\b|\bnot for (?:circulation|distribution|publication|onward)\b|\b(?:attorney|lawyer)[- ]client privileged?\b"
        r"|\bprivileged (?:and|&) confidential\b|\b(?:for )?internal (?:use )?only\b|\bunder (?:nda|embargo|a non-disclosure)\b"
        r"|\bembargoed until\b|\bfor the eyes of\b|\b(?:board|your|deal team|m&a)[a-z ]{0,12} eyes only\b|\bdo not (?:share|forward|distribute|circulate)(?: this| it\b| outside| beyond| with (?:anyone|others)|\s{0,2}[.!,;:)\n]|$)"
        r"|\bnur für den (?:internen|dienst)|\bdiffusion (?:interdite|restreinte)\b|\bnicht (?:zur weitergabe|weitergeben)\b|社外秘|部外秘|严格保密|内部机密|대외비|совершенно секретно",
        r"(?i:(?:strictly|highly|company|streng|strikt|strictement|estritamente|estrictamente|strettamente|altamente|ściśle|строго) \w"
        r"|confidentiel d|not for [cdpo]|client privileged|privileged (?:and|&)|internal (?:use )?only|under nda|under embargo"
        r"|under a non-|embargoed until|the eyes of|eyes only|do not [sfdc]|nur für den|diffusion [ir]|nicht (?:zur )?weiterg"
        r"|совершенно с)|社外秘|部外秘|严格保密|内部机密|대외비",
        digits="",
        unless=_MENTION,
    ),
)
