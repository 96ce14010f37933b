"""Markings that people put on what must not leave: confidentiality, privilege, embargo. Part of the topics."""

from __future__ import annotations

from ..rule import Rule
from .shapes import word

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
        r"|\bembargoed until\b|\bfor the eyes of\b|\b(?:board|your|deal team|m&a)[a-z ]{0,12} eyes only\b|\b(?:do|please do) not (?:share|forward|distribute|circulate)\b"
        r"|\bnur für den (?:internen|dienst)|\bdiffusion (?:interdite|restreinte)\b|\bnicht (?:zur weitergabe|weitergeben)\b|社外秘|部外秘|严格保密|内部机密|대외비|совершенно секретно",
        word(
            r"strictly|highly|company|streng|strikt|strictement|estritamente|estrictamente|strettamente|altamente|confidentiel|not for|attorney|lawyer|"
            r"privileged|internal|under|embargoed|for|board|your|deal team|do not|please do not|nur|diffusion|nicht|совершенно"
        )
        + r"|社外秘|部外秘|严格保密|内部机密|대외비|(?i:строго|ściśle)",
        digits="",
        unless=_MENTION,
    ),
)
