"""Labelled prompts as they come later in a conversation: after other work, and with "yes" after them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from router_plugin.training.rows import Row

AFTER_OTHERS = 0.3  # share of the single prompts that are also seen after other work
APPROVED = 0.2  # share that is also seen with a short reply after it
WEIGHT = 0.25  # of such a row beside a written one
EXCHANGES = (1, 1, 1, 2, 3, 5, 7)  # before a prompt that comes after other work
APPROVED_AFTER = (0, 0, 1, 2, 4)  # before one that is approved
TOOLS = 0.3  # share of the earlier exchanges in which a tool was used
REPLIES = ("yes", "go on", "continue", "ok do it", "ja bitte", "yes please", "sure", "weiter", "sí", "oui", "go ahead")
ANSWERS = (
    "Here is a first version. Shall I go on?",
    "Done. Do you want me to add tests as well?",
    "It comes to three points, which I can put in a table if you like.",
    "I have read the files. The next step would be to change them.",
)


def continued(rows: Sequence[Row], seed: int = 0) -> list[Row]:
    """Rows made of the single prompts in `rows`, with their labels and groups, so that history isn't taken for work.

    What was asked before says little of a new request, and a short reply keeps the tier of the work under way. Written
    conversations alone teach it badly: in them, both go together with a few kinds of endings. Earlier requests and
    answers come from `rows` too, answers from ANSWERS where it has none.
    """
    chance = random.Random(seed)  # noqa: S311 - the same rows each time
    singles = [row for row in rows if len(row.messages) == 1]
    answers = [text for row in rows for role, text in row.messages if role == "assistant" and text] or list(ANSWERS)
    results = [text for row in rows for role, text in row.messages if role == "tool" and text]
    made: list[Row] = []

    def exchange() -> list[tuple[str, str]]:
        asked = ("user", chance.choice(singles).messages[0][1])
        tools: list[tuple[str, str]] = []
        if results and chance.random() < TOOLS:
            for _ in range(chance.randint(1, 4)):
                tools += [("assistant", ""), ("tool", chance.choice(results))]
        return [asked, *tools, ("assistant", chance.choice(answers))]

    for row in singles:
        if chance.random() < AFTER_OTHERS:
            before = [message for _ in range(chance.choice(EXCHANGES)) for message in exchange()]
            made.append(replace(row, id=f"{row.id}+after", messages=(*before, *row.messages)))
        if chance.random() < APPROVED:
            before = [message for _ in range(chance.choice(APPROVED_AFTER)) for message in exchange()]
            after = (("assistant", chance.choice(answers)), ("user", chance.choice(REPLIES)))
            made.append(replace(row, id=f"{row.id}+yes", messages=(*before, *row.messages, *after)))
    return made
