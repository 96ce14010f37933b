"""Ask -> what the complexity model reads: its text views, and some sixty named numbers."""

from __future__ import annotations

import re
import string
from math import log1p
from typing import TYPE_CHECKING

from router_plugin.ask import EDGE, WORK_ALONE, Ask, Kind, cap

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = "ask-9"  # part of every model file: change it whenever a view or a number here comes out different

WHOLE = "whole_"  # begins the names of what is measured on a long text as a whole
COURTESY = 60  # characters that a greeting and thanks around the work may take without counting as not read
DEPTH = 3  # turns and tool results up to which depth is told apart: a session of fifty says no more than one of four


def views(ask: Ask) -> tuple[str, str, str]:
    """Work, context and last answer. Work that stands alone has only what is pasted with it for a context."""
    if ask.kind in WORK_ALONE:
        pasted = cap(ask.paste, EDGE, EDGE)
        return (ask.work, "" if pasted == ask.work else pasted, "")
    return (ask.work, f"{ask.task}\n{ask.offer}", ask.last)


_WIDE = re.compile("[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_MATHS = re.compile("[∑∫√≤≥≠∈∀∃∂∞πλσθ²³^]")
_CAPITAL = re.compile(" [A-Z]")
_ITEM = re.compile(r"\n\s*(?:[-*•]|[0-9]{1,2}[.)])\s")
_ERRORS = ("error", "exception", "traceback", "failed", "panic", "warning", "denied", "timeout")
_STOPS = tuple((ord(stop[0]), stop) for stop in (". ", "? ", "! ", "; ", ".\n", "?\n"))
_WIDE_STOPS = ("。", "！", "？", "；")
_OPERATORS = tuple((ord(op[0]), op) for op in ("()", "::", "->", "=>", "==", "!=", "&&", "_", ".py", ".js"))
_UNSIGNED = string.ascii_letters.encode() + b" "


def _wide_length(text: str) -> float:
    """Characters, those of dense scripts counted as 2.5: about as much as the same words take in English."""
    return len(text) if text.isascii() else len(text) + 1.5 * len(_WIDE.findall(text))


def dense(ask: Ask) -> list[float]:
    """One number for each of `NAMES`: of the work's text, of the whole of it where it is long, of the conversation."""
    surface = _surface(ask.work)
    whole = _surface(ask.paste) if ask.paste else surface
    not_read = log1p(max(0, ask.length - len(ask.paste or ask.work) - COURTESY))
    return [*surface, *whole, not_read, *(_ALONE if ask.kind in WORK_ALONE else _followed(ask))]


def _followed(ask: Ask) -> list[float]:
    """What came before work that doesn't stand alone; one number for each of `_FOLLOWED`."""
    asks = "?" in ask.offer[-200:] or "？" in ask.offer[-200:]
    return [
        1.0,
        *(float(ask.kind is kind) for kind in _KINDS),
        log1p(max(0, min(ask.user_turns - 1, DEPTH))),  # a conversation of system messages has no turn of the user's
        log1p(min(ask.tool_results, DEPTH)),
        float(ask.tool_results > 0),
        log1p(len(ask.task)),
        log1p(len(ask.offer)),
        log1p(len(ask.last)),
        float(asks),
        float(asks and ask.kind is Kind.GO_ON),
    ]


def _count(raw: bytes, characters: bytes) -> int:
    """How many of these ASCII characters a text in UTF-8 holds, where no other character has a byte of theirs."""
    return len(raw) - len(raw.translate(None, characters))


def _sum(count: Callable[[str], int], signs: bytes, patterns: tuple[tuple[int, str], ...]) -> int:
    """How often all the patterns occur, each given with its first character, that has to be among the signs."""
    return sum([count(pattern) for first, pattern in patterns if first in signs])


def _surface(text: str) -> list[float]:
    """What a text looks like; one number for each of `_SURFACE`."""
    count = text.count
    size = _wide_length(text)
    log_size = log1p(size)
    # Most characters are letters and spaces: what is told by signs is read of the signs alone.
    signs = text.encode("utf-8", "surrogatepass").translate(None, _UNSIGNED)
    symbols = _count(signs, b"{};=(<")
    plain = text.isascii()
    lines = signs.count(b"\n")
    return [
        log_size,
        max(0.0, log_size - 3.5),
        max(0.0, log_size - 4.5),
        max(0.0, log_size - 5.5),
        log1p(signs.count(b"?") + (count("？") + count("؟") if not plain else 0)),
        float(text.rstrip().endswith(("?", "？", "؟"))),
        log1p(lines),
        log1p(signs.count(b",") + (count("，") + count("、") + count("،") if not plain else 0)),
        log1p(_sum(count, signs, _STOPS) + (sum(map(count, _WIDE_STOPS)) if not plain else 0)),
        log1p(signs.count(b":") + (count("：") if not plain else 0)),
        log1p(_count(signs, b"\"'`") + (count("«") + count("「") + count("“") if not plain else 0)),
        log1p(_count(signs, b"0123456789")),
        log1p(len(_ITEM.findall(text))) if lines else 0.0,
        log1p(len(_CAPITAL.findall(text))),
        float(b"`" in signs and "```" in text),
        log1p(symbols),
        symbols / (size + 20.0),
        log1p(_sum(count, signs, _OPERATORS)),
        log1p(count("\n  ") + count("\n\t")) if lines else 0.0,
        log1p(_count(signs, b"^\\$") + (0 if plain else len(_MATHS.findall(text)))),
        float(any(map(text.lower().__contains__, _ERRORS))),
        float(text[:1].islower()),
        0.0 if plain else (size - len(text)) / (size + 1.0),
    ]


_KINDS = tuple(kind for kind in Kind if kind not in WORK_ALONE)
_SURFACE = (
    *("length", "length_over_30", "length_over_90", "length_over_250", "questions", "ends_in_question", "lines"),
    *("commas", "sentences", "colons", "quotes", "digits", "list_items", "capitals", "code_fence", "symbols"),
    *("symbol_share", "identifiers", "indented_lines", "maths", "error_words", "lower_case_start", "wide_script"),
)
_FOLLOWED = (
    "conversation",
    *(f"kind_{kind.value}" for kind in _KINDS),
    *("user_turns", "tool_results", "agent", "task_length", "answer_length", "reply_length", "answer_asks"),
    "accepts_offer",
)
_ALONE = (0.0,) * len(_FOLLOWED)
NAMES = (
    *_SURFACE,
    *(f"{WHOLE}{name}" for name in _SURFACE),
    "length_not_read",
    *_FOLLOWED,
)
