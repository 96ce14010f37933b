"""The detector's settings: what to look for, what to let pass, and how much."""

from __future__ import annotations

from difflib import get_close_matches

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .engine import BadPattern, check_pattern
from .rules import RULES

_RULE_NAMES = frozenset(rule.name for rule in RULES)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Families(_Settings):
    """Which families of rules are on. Your own words and patterns are on wherever they are given."""

    secrets: bool = Field(default=True, description="Keys, tokens, passwords.")
    identity: bool = Field(default=True, description="Numbers and papers of people, dates of birth.")
    contact: bool = Field(default=True, description="Mail and street addresses, telephones.")
    finance: bool = Field(default=True, description="Cards, accounts, pay.")
    health: bool = Field(
        default=True, description="Record and insurance numbers, lab values or diagnosis codes beside a person."
    )


class CustomTopic(_Settings):
    """A topic of your own: private where at least `at_least` of its words stand in one paragraph."""

    words: tuple[str, ...] = Field(min_length=1, description="In any case, within longer words too.")
    at_least: int = Field(default=2, ge=1, description="Of these words, in one paragraph.")


class Limits(_Settings):
    """Bounds. A request that is over one is private, not unread."""

    max_characters: int = Field(default=8_000_000, ge=1_000, description="Of a request.")
    cache_entries: int = Field(default=20_000, ge=0, description="Remembered messages; a digest and rule names each.")


class PrivacySettings(_Settings):
    """Settings of the detector. Everything is checked when they are read; a message names the bad key and value."""

    families: Families = Families()
    disabled_rules: tuple[str, ...] = Field(default=(), description="Rules to switch off, such as contact.po_box.")
    allow_uninspectable: tuple[str, ...] = Field(
        default=(), description="Kinds of part that may leave unread, such as image. Empty: none may."
    )
    words: tuple[str, ...] = Field(default=(), description="Words or phrases that make a request private.")
    patterns: dict[str, str] = Field(default_factory=dict, description="Name -> RE2 pattern that makes one private.")
    topics: bool = Field(default=True, description="A trained model tells private matters told in words.")
    topic_threshold: float | None = Field(
        default=None, gt=0, lt=1, description="Probability at which a topic is private; default: the model's own."
    )
    topic_encoder: bool = Field(
        default=False,
        description="A sentence encoder reads texts that may be private a second time: more is found, in Latin script. "
        "5 to 30 ms each, 220 MB; needs the extra `semantic`.",
    )
    custom_topics: dict[str, CustomTopic] = Field(default_factory=dict, description="Topics of your own, by name.")
    allow_values: tuple[str, ...] = Field(default=(), description="Exact values that are known to be harmless.")
    allow_domains: tuple[str, ...] = Field(default=(), description="Mail domains whose addresses are harmless.")
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _encoder_reads_for_topics(self) -> PrivacySettings:
        if self.topic_encoder and not self.topics:
            raise ValueError("topic_encoder reads for the topics, which are switched off; switch them on, or it off")
        return self

    @field_validator("disabled_rules")
    @classmethod
    def _known_rules(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in _RULE_NAMES:
                near = ", ".join(get_close_matches(name, _RULE_NAMES, n=3)) or "none that is alike"
                raise ValueError(f"no such rule: {name}; there is {near}")
        return names

    @field_validator("patterns")
    @classmethod
    def _usable_patterns(cls, patterns: dict[str, str]) -> dict[str, str]:
        problems = []
        for name, pattern in patterns.items():
            try:
                check_pattern(pattern)
            except BadPattern as error:
                problems.append(f"pattern {name!r} ({pattern!r}): {error}")
        if problems:
            raise ValueError("; ".join(problems))
        return patterns

    @field_validator("words", "allow_values", "allow_domains")
    @classmethod
    def _not_blank(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if any(not value.strip() for value in values):
            raise ValueError("an entry is blank; remove it")
        return values
