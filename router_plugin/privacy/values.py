"""Is a string a secret, a placeholder, or just code? Tests on values that stand beside a word such as "password"."""

from __future__ import annotations

import math
import re
from collections import Counter

from .linear import tester
from .rule import Hit

_is_placeholder = tester(
    r"x{4}|\*{3}|\.{3}|…|_{4}|#{4}|your|example|sample|dummy|change[-_ ]?me|placeholder|redacted|insert|replace"
    r"|todo|fake|foo|bar\b|lorem|abcdefg|abc123|123abc|<[^>]*>|\$\{|\{\{|\$\(|%\(|\[[a-z]|%[sd]\b"
    r"|^test$|^(?:user|pass|secret|token|key|none|null|true|false|undefined|string|str|required|optional)$|-here\b|_here\b"
)
_CODE = re.compile(
    r"^(?:os|process|env|self|this|config|settings|request|req|res|ctx|secrets|vault|data|args|params|options|props|app|"
    r"var|local|module|random|crypto|hashlib|getpass|input|get|new|await|return|function|import|base64|json)[.(\[:]"
    r"|^[$%&{<\[(!|]|^[A-Za-z_][\w.]*\(|\)$|^_{0,2}[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|^_?[a-z]\w*\.(?:_?[A-Za-z][a-z]+\d{0,5})(?:[A-Z][a-z]+)+$|^[A-Za-z]\w*\._[a-z]\w*$|^[A-Za-z_][\w.]*\[[^\]]*\]$|^[A-Za-z_]\w*(?:::\w+)+$|^https?://|^/[\w/.-]+$|^\w+://$"
    r"|^[a-z_]+(?:\.[a-z_]+)+$|=>|->|\\[nrt]$"
)
_HEX = re.compile(r"^[0-9a-fA-F]+$")
_UUID = re.compile(r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_VERSION = re.compile(r"^v?\d+(?:\.\d+)+(?:[-+.\w]*)?$")
_WORDS = re.compile(r"^[a-z]+(?:[-_. /][a-z]+)*[-_.]?\d{0,2}$", re.IGNORECASE)


def entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0


def placeholder(value: str) -> bool:
    """A value that stands for a secret in documentation: repeated characters, "your-key-here", "<token>", "${VAR}"."""
    return _is_placeholder(value) or len(set(value.lower())) < min(6, len(value) // 2 + 1)


def classes(value: str) -> int:
    """How many of lower case, upper case, digits and other characters `value` has."""
    return (
        any(c.islower() for c in value)
        + any(c.isupper() for c in value)
        + any(c.isdigit() for c in value)
        + any(not c.isalnum() for c in value.strip(".,;:!?\"'`()[]"))
    )


def token(hit: Hit) -> bool:
    """A machine-made secret: long and random enough, not a placeholder, code, version or run of words."""
    value = hit.value.strip("\"'`.,;:()")
    if len(value) < 8 or placeholder(value) or _CODE.search(value) or _VERSION.match(value) or _WORDS.match(value):
        return False
    if value.isdigit():
        return len(value) >= 12 and len(set(value)) > 4
    has_digit = any(c.isdigit() for c in value)
    if _HEX.match(value):
        return has_digit and len(value) >= 16
    if _UUID.match(value):
        return True
    if not has_digit:
        return len(value) >= 16 and classes(value) >= 2 and entropy(value) > 3.4
    return entropy(value) >= 2.8


def password(hit: Hit) -> bool:
    """A human-made secret: at least six characters of two classes, not a placeholder, code or an ordinary word."""
    value = hit.value.strip("\"'`,;")
    if len(value) > 4 and value[-1] in ".?!)" and value[:-1].isalnum():
        value = value[:-1]
    if len(value) < 6 or placeholder(value) or _CODE.search(value) or _VERSION.match(value):
        return False
    if value.replace("-", "").replace("_", "").replace("/", "").isalpha():
        return False
    return (classes(value) >= 2 and any(c.isdigit() for c in value)) or classes(value) >= 3


def random_tail(hit: Hit) -> bool:
    """After a known prefix: anything but a placeholder or a run of words."""
    value = hit.value
    return len(set(value.lower())) >= 6 and not re.search(
        r"(?i)x{6}|\.{3}|\*{3}|<|\[|redacted|placeholder|your[-_]", value
    )
