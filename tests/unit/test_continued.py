"""router_plugin.training.continued: prompts as they come later in a conversation, with their own labels."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("sklearn")

from router_plugin.ask import Kind, read_ask
from router_plugin.complexity import Tier
from router_plugin.training.continued import ANSWERS, continued
from router_plugin.training.rows import Row


def row(number: int, *messages: tuple[str, str], **given: Any) -> Row:
    said = messages or (("user", f"work number {number}"),)
    return Row(f"r{number}", said, 1.0, 0.0, Tier.MEDIUM, group=f"g{number}", **given)


ROWS = [row(n) for n in range(200)]
TALK = row(999, ("user", "hi"), ("assistant", "hello there"), ("tool", "7 passed"), ("user", "and now?"))


def test_a_continued_row_keeps_its_label_and_its_group() -> None:
    """Nothing but its id and what is said around it is new; about half as many come out as went in."""
    made = continued([*ROWS, TALK])
    by_id = {one.id: one for one in ROWS}
    assert 60 < len(made) < 140
    assert len({one.id for one in made}) == len(made)
    for one in made:
        own = by_id[one.id.rpartition("+")[0]]
        assert (one.tier, one.group, one.beyond_local, one.beyond_mid) == (own.tier, own.group, 1.0, 0.0)
        assert own.messages[0] in one.messages


def test_the_work_asked_for_is_still_the_rows_own() -> None:
    """After other work it is a new request; with "yes" after it, the task under way."""
    for one in continued([*ROWS, TALK]):
        number = one.id.rpartition("+")[0].removeprefix("r")
        ask = read_ask(one.conversation)
        assert ask.kind is (Kind.GO_ON if one.id.endswith("+yes") else Kind.FOLLOW_UP)
        assert f"work number {number}" in (ask.task if ask.kind is Kind.GO_ON else ask.work)


def test_history_comes_from_the_rows_given_and_the_same_each_time() -> None:
    """So that a fold's training holds no word of its test rows."""
    few = [*ROWS[:40], TALK]
    known = {message for one in few for message in one.messages}
    said = {message for one in continued(few) for message in one.messages}
    assert all(message in known for message in said if message[0] == "tool" or "number" in message[1])
    assert all(text == "hello there" or not text for role, text in said if role == "assistant")
    assert continued(few) == continued(few)
    assert continued(few, seed=1) != continued(few)


def test_rows_without_any_answer_take_stock_ones() -> None:
    """Labels of one's own are often single prompts only; without single prompts there is nothing to make."""
    said = {text for one in continued(ROWS) for role, text in one.messages if role == "assistant"}
    assert said <= set(ANSWERS)
    assert continued([TALK]) == []
