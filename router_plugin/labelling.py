"""Labels prompts with a tier by asking a model, one prompt at a time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router_plugin.complexity import Tier
from router_plugin.errors import RouterPluginError
from router_plugin.training.rows import RowError, messages_of

MAX_PROMPT = 6_000  # characters of the conversation that the labelling model is shown; the middle is left out
ATTEMPTS = 2
_ANSWER = re.compile(r"\b(low|medium|high)\b", re.IGNORECASE)

RUBRIC = """You judge how capable a language model has to be for the NEXT answer in the conversation below to satisfy \
a demanding user. You don't answer the conversation.

low: a small model of about 8 billion parameters does it well. Small talk, well-known facts, definitions, a \
short rewrite or translation, pulling data out of a text, plain arithmetic, syntax questions, one-line code.
medium: a small model often disappoints, a mid-size one does it well. Summaries of a page or more, structured writing, \
weighing two or three familiar options, an ordinary function with tests, a SQL query with joins, debugging from a \
clear trace, undergraduate exercises.
high: only a frontier model does it well. Plans under many constraints, trade-off analysis, concrete legal, medical, \
financial or strategic cases, concurrency, performance or security debugging, system architecture, proofs, synthesis \
of research, long work by an agent.

Judge the work, not the length or the keywords of the text. A short follow-up such as "yes" or "go on" has the tier of \
the work that it continues; thanks or a goodbye is low.

Answer with exactly one word: low, medium or high."""

Ask = Callable[[Sequence[Mapping[str, str]]], str]


class LabelError(RouterPluginError):
    """A line can't be labelled, or the model that should label may not see it."""


@dataclass
class Labelling:
    """Counts of one run. `unanswered` names the lines for which the model gave no tier."""

    labelled: int = 0
    known: int = 0  # had been labelled before
    private: int = 0  # left out: private, and the labelling model isn't local
    unanswered: tuple[int, ...] = ()


def key_of(row: Mapping[str, Any]) -> str:
    """What identifies a row between two runs: a hash of its messages. Ids may begin anew in each file."""
    return hashlib.sha256(json.dumps(messages_of(row)).encode()).hexdigest()[:16]


def read_lines(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows with `text` or `messages` that training can read, by line number. Errors: LabelError naming the line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            raise LabelError(f"Line {number} is not JSON.") from None
        if not isinstance(row, dict):
            raise LabelError(f"Line {number} is not an object with `text` or `messages`.")
        try:
            messages_of(row)
        except RowError as error:
            raise LabelError(f"Line {number}: {error}.") from None
        yield number, row


def label(
    rows: Iterable[tuple[int, dict[str, Any]]],
    done: set[str],
    ask: Ask,
    *,
    is_private: Callable[[dict[str, Any]], bool] | None,
    write: Callable[[dict[str, Any]], None],
) -> Labelling:
    """Label each row that isn't in `done`, write it with its `tier`, ready for training, and add it to `done`.

    `is_private` is given where the labelling model isn't local: such rows are left out.
    """
    result = Labelling()
    for number, row in rows:
        key = key_of(row)
        if key in done:
            result.known += 1
        elif is_private is not None and is_private(row):
            result.private += 1
        else:
            tier = _tier(row, ask)
            if tier is None:
                result.unanswered += (number,)
                continue
            write({"id": key, **row, "tier": tier.value, "labelled_by": "model"})
            done.add(key)
            result.labelled += 1
    return result


def _tier(row: Mapping[str, Any], ask: Ask) -> Tier | None:
    """The tier that the model names; None where it names none, or several, in every attempt."""
    shown = "\n\n".join(f"[{role}]\n{text}" for role, text in messages_of(row))
    if len(shown) > MAX_PROMPT:
        shown = f"{shown[: MAX_PROMPT // 2]}\n[...]\n{shown[-MAX_PROMPT // 2 :]}"
    asked = [
        {"role": "system", "content": RUBRIC},
        {"role": "user", "content": f"<conversation>\n{shown}\n</conversation>\n\nTier of the next answer:"},
    ]
    for _ in range(ATTEMPTS):
        named = {word.lower() for word in _ANSWER.findall(ask(asked))}
        if len(named) == 1:
            return Tier(named.pop())
    return None
