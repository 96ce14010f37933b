"""Rows of a table beside the headings of their columns: a number in a row says nothing, its heading says what it is."""

# ruff: noqa: E501 - one entry, one line

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from .engine import TooLong
from .linear import finder
from .rules.shapes import as_keys

MAX_ROWS = 2_000  # of all tables in one text
_HEADING = as_keys(
    r"ssn|social security(?: number| no)?|sin|nino|tax ?id|steuer-?id|phone|phone ?(?:number|no)|mobile(?: ?(?:number|no))?|cell|telefon(?:nummer)?"
    r"|tel|handy|t[eé]l[eé]phone|tel[eé]fono|dob|date of birth|birth ?date|geburtsdatum|password|passwd|pwd|passwort|kennwort|passphrase|cvv|cvc"
    r"|api ?key|secret|access ?token|auth ?token|api ?token|account ?(?:number|no)|kontonummer|routing ?(?:number|no)|passport(?: ?(?:number|no))?"
    r"|driver'?s? licen[cs]e|mrn|patient ?(?:id|number)|nhs ?number|pesel|bsn|dni|cpf|aadhaar"
)
_CELL_END = r"[\"']?[ \t]*[,;|\t\r\n]"
_next_heading = finder(rf"(?i)(?:^|[\n,;|\t])[ \t]*[\"']?(?:{_HEADING}){_CELL_END}")
_IS_HEADING = re.compile(rf"(?:{_HEADING})", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d][\w .#/'-]{0,40}")
_RULER = re.compile(r"[\s|:+=-]+")
_LONG = 2_000  # characters; a longer line is no row


def headed(text: str) -> str:
    """`heading: cell`, a line each, for the telling columns of the tables in `text`; "" where there are none.

    Raises TooLong where there are more rows than are looked at.
    """
    data = text.encode("utf-8", "replace")
    found: list[str] = []
    position = 0
    while span := _next_heading(data, position):
        start = span[0] + 1 if data[span[0] : span[0] + 1] == b"\n" else data.rfind(b"\n", 0, span[0]) + 1
        position = _end(data, max(start, span[1] - 1))
        found += _cells(data, start, MAX_ROWS - len(found))
    return "\n".join(found)


def _cells(data: bytes, start: int, most: int) -> Iterator[str]:
    first = _line(data, start)
    delimiter = max("\t|;,", key=first.count)
    headings = _row(first, delimiter)
    if len(headings) < 2 or not all(_NAME.fullmatch(heading) for heading in headings):
        return
    telling = [column for column, heading in enumerate(headings) if _IS_HEADING.fullmatch(heading)]
    rows = 0
    while (start := _end(data, start) + 1) < len(data):
        line = _line(data, start)
        if _RULER.fullmatch(line):
            continue
        cells = _row(line, delimiter)
        if len(cells) != len(headings):
            return
        rows += 1
        if rows > most:
            raise TooLong
        yield "\n".join(f"{headings[column]}: {cells[column]}\n" for column in telling if cells[column])


def _end(data: bytes, start: int) -> int:
    """Where the line ends that `start` is in."""
    end = data.find(b"\n", start)
    return len(data) if end < 0 else end


def _line(data: bytes, start: int) -> str:
    return data[start : min(_end(data, start), start + _LONG + 1)].decode("utf-8", "ignore")


def _row(line: str, delimiter: str) -> list[str]:
    if len(line) > _LONG:
        return []
    line = line.strip(" \r")
    if delimiter == "|":
        line = line.strip("|")
    try:
        return [cell.strip(" \t'") for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []
