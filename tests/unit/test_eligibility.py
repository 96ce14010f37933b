"""router_plugin.eligibility: nothing is planned for a deployment that can't take it, and a refusal names the limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from router_plugin import eligibility
from router_plugin.build import with_facts
from router_plugin.capabilities import ASSUMED, FLAGS, Capabilities
from router_plugin.complexity import Tier
from router_plugin.config import check
from router_plugin.conversation import Surface
from router_plugin.deployments import Inventory
from router_plugin.eligibility import DEFAULT_ANSWER, SOFT, estimate, read_needs
from router_plugin.errors import ContextTooLong, NotCapable
from router_plugin.fitting import fit_call
from router_plugin.pipeline import Router
from router_plugin.price_list import entry_of, price_list
from router_plugin.request import parse
from router_plugin.settings import Settings
from router_plugin.steering import Steering
from tests.unit.builders import KEYS, PUBLIC, complexity, deployment, inventory, pack, router, user

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}
PICTURE = [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]
SOUND = [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]
PAPER = [{"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA"}}]
# What a chat body that needs each capability holds.
ASKS: dict[str, dict[str, Any]] = {
    "tools": {"messages": user("hi"), "tools": [TOOL]},
    "parallel_tools": {"messages": user("hi"), "tools": [TOOL], "parallel_tool_calls": True},
    "vision": {"messages": user(PICTURE)},
    "audio": {"messages": user(SOUND)},
    "pdf": {"messages": user(PAPER)},
    "json_mode": {"messages": user("hi"), "response_format": {"type": "json_object"}},
    "json_schema": {"messages": user("hi"), "response_format": SCHEMA},
    "reasoning": {"messages": user("hi"), "reasoning_effort": "high"},
    "n": {"messages": user("hi"), "n": 2},
    "logprobs": {"messages": user("hi"), "logprobs": True},
    "streaming": {"messages": user("hi"), "stream": True},
}
# The same in the other shapes that agents use.
OTHER_SHAPES: list[tuple[Surface, dict[str, Any], set[str]]] = [
    (Surface.RESPONSES, {"input": "hi", "text": {"format": {"type": "json_schema", "name": "a"}}}, {"json_schema"}),
    (Surface.RESPONSES, {"input": "hi", "reasoning": {"effort": "low"}}, {"reasoning"}),
    (Surface.RESPONSES, {"input": "hi", "reasoning": {"effort": "none"}}, set()),
    (
        Surface.RESPONSES,
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
        {"vision"},
    ),
    (Surface.MESSAGES, {"messages": user("hi"), "tools": [{"name": "look", "input_schema": {}}]}, {"tools"}),
    (Surface.MESSAGES, {"messages": user("hi"), "thinking": {"type": "enabled", "budget_tokens": 2048}}, {"reasoning"}),
    (Surface.MESSAGES, {"messages": user("hi"), "thinking": {"type": "disabled"}}, set()),
    (Surface.MESSAGES, {"messages": user([{"type": "document", "source": {"type": "base64", "data": "AA"}}])}, {"pdf"}),
    (Surface.CHAT, {"messages": user("hi"), "n": 1, "logprobs": False, "tools": [], "stream": False}, set()),
    (Surface.CHAT, {"messages": user("hi"), "functions": [{"name": "look"}]}, {"tools"}),
]
STEERINGS = [Steering(), Steering(private=True)]


def open_settings() -> Settings:
    """Images and the like count as public, so that they may go anywhere that can take them."""
    kinds = ("image", "audio", "file", "document")
    return Settings.model_validate({"privacy": {"topics": False, "allow_uninspectable": kinds}})


def packed(score: float = 0.5) -> Router:
    """The config pack's deployments with the price list's facts."""
    offered = with_facts(check(pack(), KEYS).inventory)
    return router(offered, open_settings(), complexity(score))


class AllowingDetector:
    """Finds nothing."""

    def scan(self, conversation: Any) -> Any:
        return PUBLIC


def decide(
    made: Router, body: dict[str, Any], surface: Surface = Surface.CHAT, steering: Steering = STEERINGS[0]
) -> Any:
    """Decision and plan, with a detector that finds nothing."""
    return replace(made, detector=AllowingDetector()).decide(body, surface, steering)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ASKS)
def test_each_capability_is_read_from_a_body(name: str) -> None:
    """A body that asks for something needs that, and `parallel_tools` needs tools too."""
    needs = read_needs(ASKS[name], parse(ASKS[name], Surface.CHAT))
    assert name in needs.flags
    assert needs.flags <= {name, "tools"}


def test_a_body_is_only_passed_over_without_any_field_that_asks() -> None:
    """`read_needs` looks closely only where one of the fields is there that the readers of its flags look at."""
    looked: set[str] = set()

    class Recorder(dict[str, Any]):
        def get(self, key: str, default: object = None) -> Any:
            looked.add(key)
            return Recorder() if key in {"text", "output_config"} else default

        def __len__(self) -> int:
            return 1

    for asks in eligibility._ASKS.values():
        asks(Recorder())
    assert looked == eligibility._ASKED_IN | {"parallel_tool_calls"}  # asks for nothing without tools


@pytest.mark.parametrize(("surface", "body", "flags"), OTHER_SHAPES)
def test_capabilities_are_read_from_every_shape(surface: Surface, body: dict[str, Any], flags: set[str]) -> None:
    """Responses and Messages say the same things in other words."""
    assert read_needs(body, parse(body, surface)).flags == flags


@pytest.mark.parametrize("steering", STEERINGS, ids=["public", "private"])
@pytest.mark.parametrize("score", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("name", ASKS)
def test_the_matrix_has_no_misroute(name: str, score: float, steering: Steering) -> None:
    """In the pack, no planned deployment lacks what the request needs; a refusal names it."""
    offered = [d for d in packed().config.inventory.deployments if d.local or not steering.private]
    if all(d.capabilities.can(name) is False for d in offered if d.role != "embedding") and name not in SOFT:
        with pytest.raises(NotCapable, match=name):
            decide(packed(score), ASKS[name], steering=steering)
        return
    decision, plan = decide(packed(score), ASKS[name], steering=steering)
    needed = read_needs(ASKS[name], parse(ASKS[name], Surface.CHAT)).flags - SOFT
    wrong = [(d.id, need) for d in plan.deployments for need in needed if d.capabilities.can(need) is False]
    assert not wrong
    assert plan.groups == decision.chain


@pytest.mark.parametrize("can", [True, False, None])
@pytest.mark.parametrize("name", [name for name in ASKS if name not in SOFT])
def test_a_fact_decides_and_an_unknown_comes_after_the_known(name: str, can: bool | None) -> None:
    """Able deployments are used; one that can't is out; one of which nothing is known only where none is able."""
    known = can if can is not None or name not in ASSUMED else True
    rest = Capabilities(flags=dict.fromkeys(FLAGS, True))
    other = replace(deployment("azure-default"), capabilities=rest)
    flags = {flag: True for flag in FLAGS if flag != name} | ({} if can is None else {name: can})
    first = deployment("openai-default", capabilities=Capabilities(flags=flags))
    _, plan = decide(router(Inventory((first, other))), ASKS[name], steering=Steering())
    ids = [d.id for d in plan.deployments]
    assert ("openai-default-1" in ids) is (known is True)
    assert "azure-default-1" in ids
    if can is False:
        with pytest.raises(NotCapable, match=name):
            decide(router(Inventory((first,))), ASKS[name])
    else:
        assert decide(router(Inventory((first,))), ASKS[name])[1].groups == ("openai-default",)


def test_a_model_without_reasoning_comes_last_and_is_not_asked_for_it() -> None:
    """The parameter can be left out, so such a model stays a fallback."""
    _, plan = decide(packed(0.9), ASKS["reasoning"])
    assert plan.groups[0] == "anthropic-premium"
    assert "openai-premium" in plan.groups
    call = {"reasoning_effort": "high", "thinking": {"type": "enabled"}, "messages": user("hi")}
    fit_call(call, next(d for d in plan.deployments if d.group == "openai-premium"), plan.room)
    assert set(call) == {"messages"}


def test_a_request_for_more_than_its_chain_can_do_goes_to_a_provider_that_can() -> None:
    """An easy question about a long text is still a long text; a caller's ceiling is respected."""
    body = {"messages": user("word " * 150_000)}
    decision, plan = decide(packed(0.1), body)
    assert set(plan.groups) <= {"anthropic-default", "anthropic-premium"}
    assert decision.to_json()["left_out"]["azure-default-1"] == "window:128000"
    assert "without:window" in [str(reason) for reason in decision.reasons]
    with pytest.raises(ContextTooLong):
        decide(packed(0.1), body, steering=Steering(max_tier=Tier.LOW))


@pytest.mark.parametrize("characters", [20_000, 2_000_000])
def test_a_private_request_that_fits_nowhere_is_refused_with_the_limit_and_the_cure(characters: int) -> None:
    """Nothing is cut without a word, and nothing goes to the cloud instead."""
    body = {"messages": user("ab" * (characters // 2)), "max_tokens": 500}
    small = packed()
    local = tuple(
        replace(d, capabilities=Capabilities(window=4096).over(d.capabilities)) if d.local else d
        for d in small.config.inventory.deployments
    )
    small = replace(small, config=replace(small.config, inventory=Inventory(local)))
    with pytest.raises(ContextTooLong, match=r"4,096.*num_ctx") as caught:
        decide(small, body, steering=Steering(private=True))
    assert caught.value.status == 413


def test_a_long_answer_is_cut_to_the_room_only_where_the_request_must_stay_local() -> None:
    """Coding agents ask for far longer answers than they get; elsewhere another deployment can give them."""
    body = {"messages": user("word " * 4_000), "max_tokens": 32_000}
    _, plan = decide(packed(0.1), body, steering=Steering(private=True))
    room = plan.room["ollama-default-1"]
    assert DEFAULT_ANSWER <= room < 16384
    call = {"max_tokens": 32_000}
    fit_call(call, next(d for d in plan.deployments if d.id == "ollama-default-1"), plan.room)
    assert call["max_tokens"] == room
    assert all(not d.local for d in decide(packed(0.1), body)[1].deployments)


def test_ollama_is_asked_for_the_window_that_the_prompt_was_measured_against() -> None:
    """Whatever the client asked for; where nobody says, it is what was assumed. An embedder has its own."""
    model = "ollama_chat/llama3.1:8b"
    for given, asked in ((Capabilities(window=9000), 9000), (Capabilities(), 4096)):
        call: dict[str, Any] = {"num_ctx": 100}
        fit_call(call, deployment("ollama-default", model=model, capabilities=given), {})
        assert call == {"num_ctx": asked}
    for other in (deployment("ollama-embed", role="embedding", model=model), deployment("openai-default")):
        call = {}
        fit_call(call, other, {})
        assert call == {}


def test_tokens_are_counted_only_near_a_limit() -> None:
    """A text of fewer bytes than the window has tokens fits for certain."""
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return estimate(text)

    made = replace(packed(0.1), count=count)
    decide(made, {"messages": user("x" * 3_000)})
    assert not counted
    decide(made, {"messages": user("x" * 10_000)})
    assert counted


def test_a_pinned_model_that_cant_take_the_request_is_refused() -> None:
    """A caller who names a model gets its limit named, not another model."""
    with pytest.raises(NotCapable, match="audio"):
        decide(packed(), ASKS["audio"], steering=Steering(model="openai-default"))


def test_embeddings_need_no_capability() -> None:
    """Their group must never change, so nothing leaves it."""
    assert decide(packed(), {"input": "hi"}, Surface.EMBEDDINGS)[1].groups == ("ollama-embed",)


OVERRIDES: list[tuple[dict[str, Any], str]] = [
    ({"tools": False}, ""),
    ({"context_window": 8000, "max_output": 100}, ""),
    ({"tools": "yes"}, "capabilities.tools: must be true or false"),
    ({"window": 8000}, "capabilities: unknown window; it takes tools,"),
    ({"context_window": -1}, "capabilities.context_window: must be a number of tokens"),
    ([], "capabilities: must be a mapping"),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("given", "wrong"), OVERRIDES)
def test_an_operator_overrides_the_price_list(given: dict[str, Any], wrong: str) -> None:
    """`model_info.router.capabilities` beats LiteLLM's words, and a mistake stops the start."""
    from router_plugin.errors import ConfigError

    raw = pack()
    entry = next(e for e in raw["model_list"] if e["model_name"] == "openai-default")
    entry["model_info"] = {**entry["model_info"], "supports_function_calling": True, "max_input_tokens": 9}
    entry["model_info"]["router"] = {**entry["model_info"]["router"], "capabilities": given}
    if wrong:
        with pytest.raises(ConfigError) as caught:
            check(raw, KEYS)
        assert wrong in str(caught.value)
        return
    offered = with_facts(check(raw, KEYS).inventory)
    found = offered.of_group("openai-default")[0].capabilities
    assert found.can("tools") is given.get("tools", True)
    assert found.window == given.get("context_window", 9)
    assert found.output == given.get("max_output", 16384)
    assert found.can("vision") is True


def test_the_price_list_is_there_and_knows_the_packs_models() -> None:
    """It is a file of the LiteLLM package; one that moved would leave every fact unknown."""
    assert len(price_list()) > 1_000
    for found in check(pack(), KEYS).inventory.deployments:
        assert found.local or entry_of(found.model, found.base_model)
    local = {d.group: d.capabilities for d in with_facts(check(pack(), KEYS).inventory).deployments if d.local}
    assert local["ollama-default"].window == 16384
    assert local["ollama-default"].can("tools") is True


def test_a_deployment_without_facts_takes_plain_requests() -> None:
    """An unknown model is no worse than before."""
    assert decide(router(inventory("openai-default")), {"messages": user("hi")})[1].groups == ("openai-default",)
