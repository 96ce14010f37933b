"""Labelled prompts from JSONL or CSV: checked line by line, deduplicated, grouped so that look-alikes stay together."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from router_plugin.complexity import Tier
from router_plugin.conversation import Conversation, Origin, Surface, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

MIN_OF_A_TIER = 5
MIN_ROWS = 60  # fewer can't be split into five folds with every tier in each
SHINGLE = 8  # words; two rows that share so many in a row are look-alikes
ROLES = {
    "system": Origin.SYSTEM,
    "developer": Origin.SYSTEM,
    "user": Origin.USER,
    "assistant": Origin.ASSISTANT,
    "tool": Origin.TOOL_RESULT,
}


class RowError(ValueError):
    """Labelled data that can't be trained on; the message lists every bad line."""


@dataclass(frozen=True)
class Row:
    """One labelled request. `beyond_local`, `beyond_mid`: P(the weak, the mid model fails), None where unknown."""

    id: str
    messages: tuple[tuple[str, str], ...]  # (role, text)
    beyond_local: float | None
    beyond_mid: float | None
    tier: Tier | None = None
    domain: str = ""
    lang: str = "und"
    source: str = ""
    group: str = ""

    def __repr__(self) -> str:
        return f"Row({self.id!r}, {sum(len(text) for _, text in self.messages)} characters, {self.tier})"

    @property
    def rank(self) -> int:
        """0, 1 or 2: its tier's, or what its outcomes say; what is unknown counts as success."""
        if self.tier is not None:
            return self.tier.rank
        local = self.beyond_local or 0.0
        return int(local > 0.5) + int(min(local, self.beyond_mid or 0.0) > 0.5)  # what a weak model can, a mid one can

    @property
    def conversation(self) -> Conversation:
        """The row as the classifier gets it."""
        return Conversation(Surface.CHAT, tuple(Turn(ROLES[role], text) for role, text in self.messages), (), ())

    @property
    def shape(self) -> str:
        """`conversation` where something was said before, `long` over 1,500 characters, else `single`."""
        spoken = [text for role, text in self.messages if role not in ("system", "developer")]
        if len(spoken) > 1:
            return "conversation"
        return "long" if len(spoken[-1] if spoken else "") > 1500 else "single"


@dataclass(frozen=True)
class Repeat:
    """A row that was left out since an earlier one has its text; `contradicts`: with another label."""

    id: str
    kept: str
    contradicts: bool


def read_rows(path: Path) -> list[Row]:
    """Every row of a .jsonl, .jsonl.gz or .csv file.

    Each row has `text` or `messages`, and `tier` (low, medium, high) or outcomes `weak` and `mid` (success in 0..1 of
    models of that class). Errors: RowError that names each bad line and what is wrong there; nothing is skipped.
    """
    rows: list[Row] = []
    problems: list[str] = []
    for line, record in _records(path, problems):
        try:
            rows.append(_row(record, f"{path.stem.split('.')[0]}-{line}"))
        except RowError as error:
            problems.append(f"line {line}: {error}")
    if problems:
        shown = "\n".join(f"  {problem}" for problem in problems[:50])
        more = f"\n  and {len(problems) - 50} more" if len(problems) > 50 else ""
        raise RowError(f"{path.name} has {len(problems)} bad line(s):\n{shown}{more}")
    return rows


def read_records(path: Path) -> list[dict[str, Any]]:
    """The objects of a .jsonl, .jsonl.gz or .csv file as they are. Errors: RowError naming each bad line."""
    problems: list[str] = []
    records = [record for _, record in _records(path, problems)]
    if problems:
        raise RowError(f"{path.name}: {'; '.join(problems[:50])}")
    return records


def check_enough(rows: Sequence[Row]) -> None:
    """Errors: RowError where there are too few rows, too few of a tier, or rows with half of their outcomes."""
    if len(rows) < MIN_ROWS:
        raise RowError(f"{len(rows)} rows are too few; label at least {MIN_ROWS}, some of every tier.")
    require_labels(rows)
    found = Counter(row.rank for row in rows)
    for tier in Tier:
        if found[tier.rank] < MIN_OF_A_TIER:
            raise RowError(
                f"{found[tier.rank]} of {len(rows)} rows are {tier.value}; "
                f"label at least {MIN_OF_A_TIER} of every tier. "
                "(Outcomes count as low where `weak` is at least .5, else as medium where `mid` is, else as high.)"
            )


def require_labels(rows: Sequence[Row]) -> None:
    """Errors: RowError that names the rows whose tier isn't known, since they have `weak` without `mid`."""
    half = [row.id for row in rows if row.tier is None and (row.beyond_local is None or row.beyond_mid is None)]
    if half:
        more = f" and {len(half) - 20} more" if len(half) > 20 else ""
        raise RowError(f"`weak` without `mid` says no tier; add `mid` or `tier` to {', '.join(half[:20])}{more}.")


def deduplicate(rows: Sequence[Row]) -> tuple[list[Row], list[Repeat]]:
    """Rows without exact repeats, of which the first is kept, and the repeats; those with another label first."""
    seen: dict[tuple[tuple[str, str], ...], Row] = {}
    dropped: list[Repeat] = []
    for row in rows:
        key = tuple((role, " ".join(text.lower().split())) for role, text in row.messages)
        if key in seen:
            first = seen[key]
            same = (row.beyond_local, row.beyond_mid) == (first.beyond_local, first.beyond_mid)
            dropped.append(Repeat(row.id, first.id, contradicts=not same))
        else:
            seen[key] = row
    return list(seen.values()), sorted(dropped, key=lambda repeat: not repeat.contradicts)


def group_of(rows: Sequence[Row]) -> list[int]:
    """A group number for each row: rows with the same `group` or a shared run of words are in one group."""
    parent = list(range(len(rows)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, row in enumerate(rows):
        for key in _keys(row):
            parent[find(i)] = find(first.setdefault(key, i))
    return [find(i) for i in range(len(rows))]


def _keys(row: Row) -> Iterator[str]:
    if row.group:
        yield f"group {row.group}"
    yield "\n".join(f"{role} {' '.join(text.lower().split())}" for role, text in row.messages)  # however short
    for role, text in row.messages:
        if role in ("system", "developer"):
            continue  # many sessions share their system prompt
        words = text.lower().split()
        for start in range(max(1, len(words) - SHINGLE + 1)):
            shingle = " ".join(words[start : start + SHINGLE])
            if len(shingle) >= 32:
                yield shingle


def _records(path: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if path.suffix.lower() == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise RowError(
            f"{path}: can't be read ({type(error).__name__}); give a .jsonl, .jsonl.gz or .csv file."
        ) from None
    if path.suffix.lower() == ".csv":
        yield from _cells(data, problems)
        return
    for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except UnicodeDecodeError:
            problems.append(f"line {number}: not UTF-8")
            continue
        except (ValueError, RecursionError):
            problems.append(f"line {number}: not JSON")
            continue
        if isinstance(record, dict):
            yield number, record
        else:
            problems.append(f"line {number}: not an object")


def _cells(data: bytes, problems: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of a CSV file with a header."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.append(f"line {data.count(bytes([10]), 0, error.start) + 1}: not UTF-8")
        return
    limit = csv.field_size_limit(max(len(text), 1))  # a cell may hold a whole conversation
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        names = reader.fieldnames or ()
        if not {"text", "prompt", "messages"} & set(names):
            problems.append(  # without the names: in a file without a header they are a prompt
                f"line 1: no column `text` or `messages` among {len(names)}, split by commas; the first line names them"
            )
            return
        for record in reader:
            if None in record:
                problems.append(f"line {reader.line_num}: more cells than columns; put text with commas in quotes")
                continue
            yield reader.line_num, {k: v for k, v in record.items() if k and v not in (None, "")}
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    finally:
        csv.field_size_limit(limit)


def messages_of(record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """(role, text) of a record's `messages`, or of its `text`. Errors: RowError for anything that isn't a prompt."""
    text = record.get("text", record.get("prompt"))
    messages = record.get("messages")
    if isinstance(messages, str):  # a CSV cell
        try:
            messages = json.loads(messages)
        except (ValueError, RecursionError):
            raise RowError("`messages` is not JSON") from None
    if messages is None and isinstance(text, str) and text.strip():
        messages = [{"role": "user", "content": text}]
    if not isinstance(messages, list) or not messages:
        raise RowError("needs `text` or a non-empty list `messages`")
    return tuple(_message(message) for message in messages)


def _row(record: dict[str, Any], fallback_id: str) -> Row:
    messages = messages_of(record)
    beyond_local, beyond_mid, tier = _label(record)
    return Row(
        id=str(record.get("id", fallback_id)),
        messages=messages,
        beyond_local=beyond_local,
        beyond_mid=beyond_mid,
        tier=tier,
        domain=str(record.get("domain", "")),
        lang=str(record.get("lang", "und")),
        source=str(record.get("source", "")),
        group="" if record.get("group") is None else str(record["group"]),
    )


def _message(message: object) -> tuple[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(role, str) or role not in ROLES:
        raise RowError(f"a message's `role` must be one of {', '.join(ROLES)}")
    content = message.get("content")
    if not isinstance(content, str):
        raise RowError("a message's `content` must be a string")
    if not content.isascii():
        try:
            content.encode("utf-8")
        except UnicodeEncodeError:
            raise RowError("its text holds half of a surrogate pair") from None
    return role, content


def _label(record: dict[str, Any]) -> tuple[float | None, float | None, Tier | None]:
    tier = _tier(record.get("tier"))
    weak, mid = _share(record, "weak"), _share(record, "mid")
    if weak is not None:
        return 1.0 - weak, None if mid is None else 1.0 - mid, tier
    if tier is not None:
        return float(tier.rank > 0), float(tier.rank > 1), tier
    raise RowError(_NEEDS)


_NEEDS = "needs `tier` (low, medium or high), or `weak` and `mid` (success in 0..1)"


def _tier(named: object) -> Tier | None:
    """The tier of a label, in small or capital letters; None where there is no label."""
    if named is None or named == "":
        return None
    try:
        return Tier(named.strip().lower() if isinstance(named, str) else named)
    except ValueError:
        raise RowError(_NEEDS) from None


def _share(record: dict[str, Any], key: str) -> float | None:
    if record.get(key) is None:
        return None
    try:
        value = float(record[key])
    except (TypeError, ValueError):
        raise RowError(f"`{key}` must be a number in 0..1") from None
    if not 0.0 <= value <= 1.0:
        raise RowError(f"`{key}` must be in 0..1, got {value}")
    return value
