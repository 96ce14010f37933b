"""router_plugin.pick: which of several deployments of a group takes a request."""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from router_plugin import state
from router_plugin.health import Health, Status
from router_plugin.outcome import Ending
from router_plugin.pick import Picker
from router_plugin.plan import Plan
from router_plugin.session import Note
from router_plugin.session_key import Keys
from router_plugin.sessions import Memory, Sessions
from router_plugin.settings import SessionSettings
from router_plugin.state import Attempt, RequestState
from tests.unit.builders import deployment

COLD = 4
LOADED = frozenset({"llama3.1:8b"})
WARM, IDLE, DOWN = Status(True, "1", LOADED, LOADED), Status(True, "1", LOADED, frozenset()), Status(False)
LACKING = Status(True, "1", frozenset(), frozenset())


@pytest.fixture(autouse=True)
def _no_others() -> Iterator[None]:
    """No request of another test is still counted."""
    gc.collect()
    state._running.clear()
    yield
    state._running.clear()


def entry(number: int, weight: float | None = None, *, cloud: bool = False) -> dict[str, Any]:
    share = {} if weight is None else {"weight": weight}
    return {"litellm_params": share, "model_info": {"id": f"cloud{number}" if cloud else f"d{number}"}}


def picker(*statuses: Status, seed: int = 1) -> Picker:
    """A picker over d1, d2, ... at a server each."""
    deployments = [
        deployment("ollama-default", id=f"d{n}", model="ollama_chat/llama3.1:8b", api_base=f"http://10.0.0.{n}:11434")
        for n in range(1, len(statuses) + 1)
    ]
    health = Health(deployments, 10)
    health._status.update({f"10.0.0.{n}:11434": status for n, status in enumerate(statuses, 1)})
    return Picker(health, COLD, random.Random(seed))


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [item["model_info"]["id"] for item in entries]


def busy(identity: str, requests: int) -> list[RequestState]:
    """Requests that a deployment is working on, for as long as the list is held."""
    found = [state.begin() for _ in range(requests)]
    for item in found:
        item.served = identity
    return found


CASES: list[tuple[str, tuple[Status, ...], dict[str, int], str]] = [
    ("a dead one is passed over", (DOWN, WARM), {"d2": 50}, "d2"),
    ("one that lacks the model is passed over", (LACKING, IDLE), {}, "d2"),
    ("a warm one goes before a cold one", (IDLE, WARM), {}, "d2"),
    ("also with a few more requests waiting there", (IDLE, WARM), {"d2": COLD - 1}, "d2"),
    ("but not with a crowd", (IDLE, WARM), {"d2": COLD + 1}, "d1"),
    ("of two warm ones the one with less to do", (WARM, WARM), {"d1": 2, "d2": 1}, "d2"),
    ("of two cold ones too", (IDLE, IDLE), {"d1": 1}, "d2"),
]


@pytest.mark.parametrize(("case", "statuses", "requests", "wanted"), CASES)
def test_the_order(case: str, statuses: tuple[Status, ...], requests: dict[str, int], wanted: str) -> None:
    """Dead ones last, then warm ones, then the least to do."""
    held = [busy(identity, count) for identity, count in requests.items()]
    now = RequestState()
    assert names(picker(*statuses).narrow([entry(1), entry(2)], now)) == [wanted], case
    assert now.picked == wanted
    assert now.others == 1
    assert held == held


def test_if_all_are_dead_all_are_kept() -> None:
    """The call is made, so that its error says that nothing answers."""
    assert len(picker(DOWN, DOWN).narrow([entry(1), entry(2)], RequestState())) == 1


def test_requests_that_come_at_once_are_spread() -> None:
    """A request counts from its pick, not only from its call."""
    chooser = picker(WARM, WARM, WARM)
    held = [state.begin() for _ in range(30)]
    picked = Counter(names(chooser.narrow([entry(1), entry(2), entry(3)], item))[0] for item in held)
    assert picked == {"d1": 10, "d2": 10, "d3": 10}


def test_a_request_that_has_ended_is_not_counted() -> None:
    """Nor is one that was lost without an ending."""
    chooser = picker(WARM, WARM)
    held = busy("d1", 3)
    assert chooser.outstanding() == {"10.0.0.1:11434": 3}
    held[0].ending = Ending(200, True, 1.0, None)
    assert chooser.outstanding() == {"10.0.0.1:11434": 2}
    held.clear()
    state._current.set(None)
    gc.collect()
    assert chooser.outstanding() == {}


def test_weights_share_the_load() -> None:
    """A server of weight 3 holds three requests for one of the other's."""
    chooser = picker(WARM, WARM)
    held = [state.begin() for _ in range(40)]
    picked = Counter(names(chooser.narrow([entry(1, 3), entry(2, 1)], item))[0] for item in held)
    assert 28 <= picked["d1"] <= 32


def test_weights_share_requests_that_come_one_by_one() -> None:
    """Among idle servers chance decides, as weighted."""
    chooser = picker(WARM, WARM)
    picked = Counter(names(chooser.narrow([entry(1, 3), entry(2, 1)], RequestState()))[0] for _ in range(400))
    assert 260 <= picked["d1"] <= 340


def test_a_weight_of_nothing_is_a_reserve() -> None:
    """It is used where no other is there."""
    held = busy("d1", 20)
    assert names(picker(WARM, WARM).narrow([entry(1), entry(2, 0)], RequestState())) == ["d1"]
    assert names(picker(DOWN, WARM).narrow([entry(1), entry(2, 0)], RequestState())) == ["d2"]
    assert len(held) == 20


def test_a_retry_goes_to_another_server() -> None:
    """The one that failed for this request comes last, whatever else speaks for it."""
    now = RequestState(failures=[Attempt("d1", 500, "E")])
    assert names(picker(WARM, IDLE).narrow([entry(1), entry(2)], now)) == ["d2"]
    now.failures.append(Attempt("d2", 500, "E"))
    assert names(picker(WARM, IDLE).narrow([entry(1), entry(2)], now)) == ["d1"]


def test_a_retry_goes_back_to_the_only_server_that_is_there() -> None:
    """A server that failed once is a better hope than one that is down."""
    now = RequestState(failures=[Attempt("d1", 500, "E")])
    assert names(picker(WARM, DOWN).narrow([entry(1), entry(2)], now)) == ["d1"]


def test_other_providers_are_left_to_litellm() -> None:
    """All of them, but for those that have failed for this request."""
    chooser, now = picker(WARM), RequestState()
    both = [entry(1, cloud=True), entry(2, cloud=True)]
    assert names(chooser.narrow(both, now)) == ["cloud1", "cloud2"]
    assert now.picked is None
    now.failures.append(Attempt("cloud1", 500, "E"))
    assert names(chooser.narrow(both, now)) == ["cloud2"]
    assert chooser.narrow([], now) == []


def test_a_broken_stream_goes_on_at_another_server_of_its_group() -> None:
    """A stream that breaks is no failed call for LiteLLM, so what was called counts; once each, then the next group."""
    chooser = picker(WARM, WARM, DOWN)
    deployments = tuple(deployment("ollama-default", id=f"d{n}") for n in (1, 2, 3))
    now = RequestState(plan=Plan(("ollama-default", "ollama-fast"), deployments, local_only=True))
    assert chooser.another_server(now, lambda *_: True) is None  # nothing was picked yet
    now.groups_tried.append("ollama-default")
    now.calls["d1"] += 1
    assert chooser.another_server(now, lambda *_: False) is None  # its circuit is open
    assert chooser.another_server(now, lambda *_: True) == "ollama-default"
    assert names(chooser.narrow([entry(1), entry(2), entry(3)], now)) == ["d2"]
    now.calls["d2"] += 1
    assert chooser.another_server(now, lambda *_: True) is None  # the third is down


def remembered(key: str, *, goes_on: bool = True) -> RequestState:
    """A request of a conversation, its second turn or its first."""
    note = Note() if goes_on else None
    return RequestState(memory=Memory(Sessions.in_memory(b"s", SessionSettings()), Keys(opening=key), "", note))


def test_a_conversation_stays_at_its_server() -> None:
    """Which has read it already, also where one more request waits there, but not behind two."""
    chooser = picker(WARM, WARM, WARM)
    three = [entry(1), entry(2), entry(3)]
    for key in ("a", "b", "c", "d"):
        (first,) = names(chooser.narrow(three, remembered(key, goes_on=False)))
        assert {names(chooser.narrow(three, remembered(key)))[0] for _ in range(20)} == {first}
        held = busy(first, 1)
        assert names(chooser.narrow(three, remembered(key))) == [first]
        assert names(chooser.narrow(three, remembered(key, goes_on=False))) != [first]
        held += busy(first, 1)
        assert names(chooser.narrow(three, remembered(key))) != [first]
        for item in held:
            item.ending = Ending(200, True, 1.0, None)


def test_conversations_are_spread_by_weight_and_only_those_of_a_dead_server_move() -> None:
    """Rendezvous hashing."""
    three = [entry(1, 2), entry(2, 1), entry(3, 1)]
    keys = [str(number) for number in range(400)]
    before = [names(picker(WARM, WARM, WARM).narrow(three, remembered(key)))[0] for key in keys]
    assert 160 <= Counter(before)["d1"] <= 240
    assert 60 <= Counter(before)["d2"] <= 140
    after = [names(picker(WARM, WARM, DOWN).narrow(three, remembered(key)))[0] for key in keys]
    assert all(new == old for old, new in zip(before, after, strict=True) if old != "d3")


def test_a_mixed_group_is_left_to_litellm_without_its_dead_servers() -> None:
    """Of another kind of server nothing is known."""
    mixed = [entry(1), entry(2), entry(1, cloud=True)]
    assert names(picker(DOWN, WARM).narrow(mixed, RequestState())) == ["d2", "cloud1"]
