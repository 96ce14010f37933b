"""Parts that only their maker can read go to no one else; what can't be dropped keeps a request with its maker."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from router_plugin.capabilities import Capabilities
from router_plugin.conversation import Surface
from router_plugin.deployments import Deployment, Inventory
from router_plugin.eligibility import Needs
from router_plugin.errors import RequestRefused
from router_plugin.fitting import fit_call
from router_plugin.pinned import pins
from router_plugin.plan import make_plan
from router_plugin.settings import RoutingSettings
from router_plugin.steering import Steering
from tests.unit.builders import BODIES, complexity, deployment, inventory, policy, router

CLAUDE = deployment("anthropic-default")
OPENAI = deployment("openai-default")
AZURE = deployment("azure-default")
BEDROCK = deployment("bedrock-default", model="bedrock/anthropic.claude-sonnet-4")
OLLAMA = deployment("ollama-default")

SIGNED = {"type": "thinking", "thinking": "hm", "signature": "c2lnbmVk"}
UNSIGNED = {"type": "thinking", "thinking": "hm", "signature": ""}
REDACTED = {"type": "redacted_thinking", "data": "Zm9v"}
SERVER_TOOL = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
SERVER_RESULT = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
TEXT = {"type": "text", "text": "Paris."}


@pytest.mark.parametrize("field", ["content", "thinking_blocks"])
@pytest.mark.parametrize(
    ("block", "takers"),
    [
        (SIGNED, (CLAUDE, BEDROCK)),
        (UNSIGNED, (OLLAMA,)),
        (REDACTED, (CLAUDE, BEDROCK)),
        (SERVER_TOOL, (CLAUDE, BEDROCK)),
        (SERVER_RESULT, (CLAUDE, BEDROCK)),
        (TEXT, (CLAUDE, BEDROCK, OPENAI, AZURE, OLLAMA)),
    ],
    ids=["signed", "unsigned", "redacted", "server_tool", "server_result", "text"],
)
@pytest.mark.parametrize("to", [CLAUDE, BEDROCK, OPENAI, AZURE, OLLAMA], ids=lambda d: d.provider)
def test_a_block_goes_only_where_it_can_be_read(
    field: str, block: dict[str, Any], takers: tuple[Deployment, ...], to: Deployment
) -> None:
    """In Messages' contents and in Chat's `thinking_blocks`; the text beside it stays, the client's list unchanged."""
    said = {"role": "assistant", "content": [TEXT], field: [block, TEXT]}
    messages = [{"role": "user", "content": "hi"}, said, {"role": "user", "content": "and?"}]
    before = copy.deepcopy(messages)
    call: dict[str, Any] = {"messages": messages}
    fit_call(call, to, {})
    assert call["messages"][1][field] == ([block, TEXT] if to in takers else [TEXT])
    assert messages == before


def test_a_turn_of_nothing_but_foreign_thinking_goes_and_one_with_tool_calls_stays() -> None:
    """An empty message would be an error of the provider's."""
    alone = {"role": "assistant", "content": [SIGNED]}
    calls = {"role": "assistant", "content": None, "thinking_blocks": [SIGNED], "tool_calls": [{"id": "c"}]}
    call: dict[str, Any] = {"messages": [alone, calls]}
    fit_call(call, OPENAI, {})
    assert call["messages"] == [{"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}]


def test_thinking_is_off_where_the_last_turn_lost_its_own() -> None:
    """Anthropic refuses a tool's turn without its thinking, where thinking is on; an earlier turn doesn't matter."""
    lost, kept = {"role": "assistant", "content": [UNSIGNED, TEXT]}, {"role": "assistant", "content": [SIGNED, TEXT]}
    for messages, on in (([kept, lost], False), ([lost, kept], True), ([], True)):
        call: dict[str, Any] = {"messages": messages, "thinking": {"type": "enabled", "budget_tokens": 1024}}
        fit_call(call, CLAUDE, {})
        assert ("thinking" in call) is on


@pytest.mark.parametrize("to", [OPENAI, AZURE, CLAUDE, OLLAMA], ids=lambda d: d.provider)
@pytest.mark.parametrize("maker", ["openai", "azure", "anthropic", ""])
def test_encrypted_reasoning_and_item_ids_go_to_their_maker_only(to: Deployment, maker: str) -> None:
    """Who made them is who answered last; where no one remembers, no one gets them."""
    said = {"type": "message", "role": "assistant", "id": "msg_1", "content": [{"type": "output_text", "text": "Hm."}]}
    items = [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "Zm9v"}, said]
    call: dict[str, Any] = {"input": items}
    fit_call(call, to, {}, maker)
    own = to.provider == maker and maker != "anthropic"
    assert call["input"] == (items if own else [{key: value for key, value in said.items() if key != "id"}])


FILE = {
    "messages": [{"role": "user", "content": [{"type": "document", "source": {"type": "file", "file_id": "file_1"}}]}]
}
PINNED: dict[str, tuple[dict[str, Any], Surface, str, tuple[str, ...]]] = {
    "messages file": (FILE, Surface.MESSAGES, "file", ("anthropic",)),
    "messages container": ({"container": "container_1"}, Surface.MESSAGES, "container", ("anthropic",)),
    "chat file": (
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
        *(Surface.CHAT, "file", ("azure", "openai")),
    ),
    "responses file": (
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]},
        *(Surface.RESPONSES, "file", ("azure", "openai")),
    ),
    "responses container": (
        {"tools": [{"type": "code_interpreter", "container": "cntr_1"}]},
        *(Surface.RESPONSES, "container", ("azure", "openai")),
    ),
    "responses container by its id": (
        {"tools": [{"type": "code_interpreter", "container": {"id": "cntr_1"}}]},
        *(Surface.RESPONSES, "container", ("azure", "openai")),
    ),
    "compaction": ({"input": [{"type": "compaction"}]}, Surface.RESPONSES, "compaction", ("azure", "openai")),
    "stored answer": ({"previous_response_id": "resp_1"}, Surface.RESPONSES, "previous_response", ("azure", "ollama")),
}
ALL = ("ollama", "azure", "openai", "anthropic")


@pytest.mark.parametrize("case", PINNED)
def test_a_part_that_cannot_be_dropped_keeps_the_request_with_its_maker(case: str) -> None:
    """The others are left out with the part's name; the conversation's last turn was Azure's."""
    body, surface, kind, takers = PINNED[case]
    held = pins(body, surface, "azure")
    assert held == {kind}
    offered = inventory(OLLAMA, AZURE, OPENAI, CLAUDE)
    needs = Needs(pins=held, maker="azure")
    plan = make_plan(policy(*ALL), complexity(0.5), surface, RoutingSettings(), offered, needs)
    assert {d.provider for d in plan.deployments} == set(takers)
    assert {item.reason for item in plan.left_out} == {f"pinned.{kind}"}


@pytest.mark.parametrize("case", PINNED)
def test_a_request_is_searched_only_where_something_in_it_cannot_be_read(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part that pins is such a part, so no other request has any; the search of a long one takes time."""
    body, surface, _, _ = PINNED[case]
    searched: list[bool] = []
    monkeypatch.setattr("router_plugin.pipeline.pins", lambda *_: searched.append(True) or frozenset())
    for sent in ({**BODIES[surface], **body}, BODIES[surface]):
        router(inventory(OLLAMA)).decide(sent, surface, Steering())
    assert searched == [True]


def refused(offered: Inventory, needs: Needs, surface: Surface, *, local_only: bool = False) -> str:
    """The message of the refusal of a request that nothing can take."""
    allowed = policy("ollama" if local_only else "openai", local_only=local_only, widen=() if local_only else ALL)
    with pytest.raises(RequestRefused) as error:
        make_plan(allowed, complexity(0.5), surface, RoutingSettings(), offered, needs)
    return error.value.message


def test_a_private_request_with_an_uploaded_file_is_told_to_send_the_content() -> None:
    """No local model can fetch it, and the provider that keeps it must not see the rest: waiting doesn't help."""
    needs = Needs(pins=frozenset({"file"}))
    message = refused(inventory(OLLAMA, CLAUDE), needs, Surface.MESSAGES, local_only=True)
    assert "must stay local" in message
    assert "Its file can be read only by anthropic: send the content itself in place of the reference." in message


@pytest.mark.parametrize(
    ("case", "offered", "readers"),
    [
        ("messages file", (OLLAMA, OPENAI), "anthropic"),
        ("chat file", (OLLAMA, CLAUDE), "azure or openai"),
        ("responses container", (CLAUDE,), "azure or openai"),
        ("stored answer", (OPENAI, CLAUDE), "azure"),
    ],
)
def test_a_request_whose_provider_is_not_there_names_it_and_the_cure(
    case: str, offered: tuple[Deployment, ...], readers: str
) -> None:
    """The kind of the part and who can read it, never an id."""
    body, surface, kind, _ = PINNED[case]
    message = refused(inventory(*offered), Needs(pins=pins(body, surface, "azure"), maker="azure"), surface)
    assert f"Its {kind} can be read only by {readers}: send the content itself" in message
    assert f"wait until {readers} is back" in message
    assert not any(identity in message for identity in ("file-1", "file_1", "cntr_1", "resp_1"))


def test_a_reader_that_lacks_something_else_is_told_first() -> None:
    """Sending it elsewhere needs both cures."""
    small = deployment("anthropic-default", capabilities=Capabilities(window=1000))
    needs = Needs(pins=frozenset({"file"}), bound=5000, tokens=lambda: 5000)
    message = refused(inventory(small, OPENAI), needs, Surface.MESSAGES)
    assert "the largest context window is 1,000" in message
    assert "Its file can be read only by anthropic" in message


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "https://a.example/b.pdf"}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": "data:,x"}}]}]},
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        {"input": "file_id", "previous_response_id": "resp_1"},
        {"messages": "odd", "input": [3, None], "tools": {}},
    ],
)
def test_what_anyone_can_take_is_no_pin(body: dict[str, Any]) -> None:
    """Addresses, inline data, new containers, a stored answer that no one remembers (it is private), odd shapes."""
    assert pins(body, Surface.RESPONSES, "") == frozenset()
