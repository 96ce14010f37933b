"""router_plugin.capture: which prompts become rows for labelling, and that no private one ever does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router_plugin.capture import MAX_CHARACTERS, Capture, CaptureError, Messages, is_private
from router_plugin.complexity import Tier
from router_plugin.decision import Decision, Reason
from router_plugin.errors import InvalidRequest
from router_plugin.labelling import label, read_lines
from router_plugin.outcome import Ending, Recorder
from router_plugin.plan import Plan
from router_plugin.privacy import Finding
from router_plugin.request import Conversation, Opaque, Surface, parse
from router_plugin.settings import CaptureSettings
from router_plugin.state import RequestState
from router_plugin.training.rows import read_rows
from tests.unit.builders import SECRET, decision, plan, router

WHOLE = Ending(200, complete=True, seconds=0.1, first_content_seconds=0.1)
FAILED = Ending(503, complete=True, seconds=0.1, first_content_seconds=None)
CHAIN = plan("ollama-default", "azure-default")


def chat(*texts: str, **more: Any) -> Conversation:
    roles = ("user", "assistant")
    messages = [{"role": roles[index % 2], "content": text} for index, text in enumerate(texts)]
    return parse({"messages": messages, **more}, Surface.CHAT)


class Capturing:
    """A capture, and one request through it."""

    def __init__(
        self,
        path: Path,
        draw: Callable[[], float] = lambda: 0.0,
        judge: Callable[[Messages], bool] | None = None,
        **given: Any,
    ) -> None:
        self.path = path
        judge = judge or (lambda row: is_private(router(), row))
        self.capture = Capture(path, CaptureSettings(path=str(path), **given), judge, draw)

    def ask(
        self,
        conversation: Conversation,
        decided: Decision | None = None,
        chain: Plan = CHAIN,
        late: Callable[[RequestState], None] = lambda _: None,
        ending: Ending = WHOLE,
    ) -> None:
        state = RequestState(decision=decided or decision(), plan=chain)
        assert state.decision is not None
        state.sample = self.capture.sample(conversation, state.decision, chain)
        late(state)
        self.capture.ended(state, ending)
        assert state.sample is None  # the text isn't kept

    def rows(self) -> list[dict[str, Any]]:
        self.capture.close()
        return [row for _, row in read_lines(self.path.read_text().splitlines())]


def test_a_public_prompt_becomes_a_row_that_can_be_labelled(tmp_path: Path) -> None:
    """With the decision's id and the turns, in a file of this user's; its folder is made."""
    capturing = Capturing(tmp_path / "deep" / "prompts.jsonl")
    capturing.ask(chat("What is 2 + 2?", "4", "And 3 + 3?", user="u-1"))
    (row,) = capturing.rows()
    assert row["id"] == "d1"
    assert [m["role"] for m in row["messages"]] == ["user", "assistant", "user"]
    assert row["messages"][2]["content"] == "And 3 + 3?"
    assert "u-1" not in json.dumps(row)
    assert capturing.path.stat().st_mode & 0o777 == 0o600


def test_label_and_then_train_take_the_rows_as_they_are(tmp_path: Path) -> None:
    """The decision's id names the row all the way."""
    capturing = Capturing(tmp_path / "p.jsonl")
    capturing.ask(chat("What is 2 + 2?", "4", "And 3 + 3?"))
    labelled = tmp_path / "labelled.jsonl"
    with labelled.open("w") as file:
        done = label(
            enumerate(capturing.rows(), 1),
            set(),
            lambda _: "low",
            is_private=None,
            write=lambda row: print(json.dumps(row), file=file),
        )
    assert done.labelled == 1
    (row,) = read_rows(labelled)
    assert (row.id, row.tier, len(row.messages)) == ("d1", Tier.LOW, 3)


HELD: dict[str, tuple[Decision, Plan]] = {
    "private": (decision(private=True, verdict="private"), CHAIN),
    "private by its conversation only": (decision(private=True), CHAIN),
    "local only": (decision(local_only=True), CHAIN),
    "a plan that is local only": (decision(), plan("ollama-default", local_only=True)),
    "uninspectable": (decision(verdict="uninspectable"), CHAIN),
    "an identifier in metadata": (decision(findings=(Finding("contact.email", "metadata"),)), CHAIN),
    "the provider local was asked for": (decision(reasons=(Reason("asked.provider", "local"),)), CHAIN),
}


@pytest.mark.parametrize("case", HELD)
def test_what_must_stay_at_home_is_never_kept(tmp_path: Path, case: str) -> None:
    """Not even until the answer has ended."""
    decided, chain = HELD[case]
    capturing = Capturing(tmp_path / "p.jsonl")
    assert capturing.capture.sample(chat("hi"), decided, chain) is None
    capturing.ask(chat("hi"), decided, chain)
    assert capturing.rows() == []


def test_an_allowed_part_that_cannot_be_inspected_keeps_a_request_out(tmp_path: Path) -> None:
    """The operator let images leave; the row would lack what the question is about."""
    asked = chat("What is in the picture?")
    seen = Conversation(asked.surface, asked.turns, asked.segments, (Opaque("messages[0]", "image"),))
    capturing = Capturing(tmp_path / "p.jsonl")
    capturing.ask(seen)
    assert capturing.rows() == []


def _private(state: RequestState) -> None:
    state.decision = decision(private=True, verdict="private")


def _local(state: RequestState) -> None:
    state.plan = plan("ollama-default", local_only=True)


def _shut(state: RequestState) -> None:
    state.shut = True


def _refused(state: RequestState) -> None:
    state.refusal = InvalidRequest("no")


@pytest.mark.parametrize("late", [_private, _local, _shut, _refused])
def test_a_verdict_that_becomes_private_late_keeps_the_text_out(
    tmp_path: Path, late: Callable[[RequestState], None]
) -> None:
    """After the text was taken: by another decision, another plan, the lock, or a refusal."""
    capturing = Capturing(tmp_path / "p.jsonl")
    capturing.ask(chat("hi"), late=late)
    assert capturing.rows() == []


def test_a_row_is_scanned_by_itself_before_it_is_written(tmp_path: Path) -> None:
    """A decision that missed what the detector finds in the row doesn't let it through."""
    capturing = Capturing(tmp_path / "p.jsonl")
    capturing.ask(chat(f"Well, {SECRET}."))
    capturing.ask(chat("What is 2 + 2?"))
    assert [row["messages"][0]["content"] for row in capturing.rows()] == ["What is 2 + 2?"]


def test_a_scan_that_fails_loses_the_row_and_tells_no_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The next request is captured again."""
    failing = [True, False]

    def judge(row: Messages) -> bool:
        if failing.pop(0):
            raise ValueError(str(row))
        return False

    capturing = Capturing(tmp_path / "p.jsonl", judge=judge)
    capturing.ask(chat("the first text"))
    capturing.ask(chat("the second text"))
    assert [row["messages"][0]["content"] for row in capturing.rows()] == ["the second text"]
    assert "ValueError" in caplog.text
    assert "the first text" not in caplog.text


def test_a_request_that_failed_is_no_row(tmp_path: Path) -> None:
    """Nothing answered it."""
    capturing = Capturing(tmp_path / "p.jsonl")
    capturing.ask(chat("hi"), ending=FAILED)
    assert capturing.rows() == []


def test_a_share_is_drawn(tmp_path: Path) -> None:
    """Half of them, by the draw."""
    draws = iter([0.1, 0.5, 0.49, 0.9])
    capturing = Capturing(tmp_path / "p.jsonl", lambda: next(draws), share=0.5)
    for text in "abcd":
        capturing.ask(chat(text))
    assert [row["messages"][0]["content"] for row in capturing.rows()] == ["a", "c"]


def test_the_file_is_bounded_also_over_a_restart_and_with_two_writers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows, and the length of each; it is said once."""
    path = tmp_path / "p.jsonl"
    first, second = Capturing(path, max_rows=3), Capturing(path, max_rows=3)
    first.ask(chat("x" * (MAX_CHARACTERS + 1)))
    for index in range(5):
        (first, second)[index % 2].ask(chat(f"number {index}"))
    first.capture.close()
    assert len(second.rows()) == 3
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        again = Capturing(path, max_rows=3)
        again.ask(chat("one more"))
    assert len(again.rows()) == 3
    assert caplog.text.count("max_rows") == 1


@pytest.mark.parametrize("empty", [Path.unlink, lambda path: path.write_text("")])
def test_an_emptied_file_takes_rows_again(tmp_path: Path, empty: Callable[[Path], object]) -> None:
    """The operator has moved the rows away; the proxy goes on."""
    path = tmp_path / "p.jsonl"
    capturing = Capturing(path, max_rows=1)
    capturing.ask(chat("a"))
    capturing.capture._thread.submit(lambda: empty(path)).result()  # between two rows
    capturing.ask(chat("b"))
    assert [row["messages"][0]["content"] for row in capturing.rows()] == ["b"]


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    """It may have been made by hand."""
    path = tmp_path / "p.jsonl"
    path.touch(mode=0o644)
    assert Capturing(path).rows() == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_path_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    """With the setting's name; a link isn't followed."""
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path, tmp_path / "link"):
        with pytest.raises(CaptureError, match=r"capture\.path"):
            Capturing(path)


def test_embeddings_are_no_prompts(tmp_path: Path) -> None:
    """They have no tier."""
    capturing = Capturing(tmp_path / "p.jsonl")
    capturing.ask(parse({"input": "hi"}, Surface.EMBEDDINGS))
    assert capturing.rows() == []


async def test_the_recorder_hands_a_request_over_once_it_is_over() -> None:
    """A capture that fails doesn't keep the decision from being recorded."""
    told: list[Any] = []
    recorder = Recorder()
    recorder.add(told.append)

    def fail(state: RequestState, ending: Ending) -> None:
        told.append("captured")
        raise OSError

    recorder.capture = fail
    recorder.ended(RequestState(), FAILED)
    assert told[0] == "captured"
    assert told[1]["status"] == 503


def test_no_text_shows_in_a_sample(tmp_path: Path) -> None:
    """Nor in the state that holds it."""
    sample = Capturing(tmp_path / "p.jsonl").capture.sample(chat("swordfish"), decision(), CHAIN)
    assert sample is not None
    assert "swordfish" not in repr(sample) + repr(RequestState(sample=sample))
