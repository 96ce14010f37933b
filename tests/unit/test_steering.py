"""router_plugin.steering: what a caller may ask for, and how."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.complexity import Tier
from router_plugin.errors import InvalidRequest
from router_plugin.settings import Strategy
from router_plugin.steering import AUTO_MODELS, Steering, read_steering
from tests.unit.builders import deployment, inventory

OFFERED = inventory("ollama-default", "azure-default", deployment("openai-premium", model="openai/gpt-4o"))


def read(
    model: str = "auto", headers: dict[str, str] | None = None, asked: Any = None, metadata: Any = None
) -> Steering:
    given = metadata if metadata is not None else ({"router": asked} if asked is not None else None)
    return read_steering(model, headers or {}, given, OFFERED)


ASKED: dict[str, tuple[dict[str, Any], Steering]] = {
    "nothing": ({}, Steering()),
    "auto-complexity": ({"model": "auto-complexity"}, Steering(strategy=Strategy.COMPLEXITY)),
    "auto-cost": ({"model": "auto-cost"}, Steering(strategy=Strategy.COST)),
    "auto-latency": ({"model": "auto-latency"}, Steering(strategy=Strategy.LATENCY)),
    "auto-private": ({"model": "auto-private"}, Steering(strategy=Strategy.PRIVACY, private=True)),
    "group": ({"model": "azure-default"}, Steering(model="azure-default")),
    "deployment id": ({"model": "azure-default-1"}, Steering(model="azure-default-1")),
    "model's own name": ({"model": "gpt-4o"}, Steering(model="gpt-4o")),
    "strategy header": ({"headers": {"x-router-strategy": "cost"}}, Steering(strategy=Strategy.COST)),
    "headers in any case": ({"headers": {"X-Router-Strategy": " COST "}}, Steering(strategy=Strategy.COST)),
    "provider header": ({"headers": {"x-router-provider": "azure"}}, Steering(provider="azure")),
    "provider alias": ({"headers": {"x-router-provider": "Azure_OpenAI"}}, Steering(provider="azure")),
    "local provider": ({"headers": {"x-router-provider": "local"}}, Steering(provider="local")),
    "model header": ({"headers": {"x-router-model": "gpt-4o"}}, Steering(model="gpt-4o")),
    "private header": ({"headers": {"x-router-private": "true"}}, Steering(private=True)),
    "private as 1": ({"headers": {"x-router-private": "1"}}, Steering(private=True)),
    "private off": ({"headers": {"x-router-private": "no"}}, Steering()),
    "max tier": ({"headers": {"x-router-max-tier": "medium"}}, Steering(max_tier=Tier.MEDIUM)),
    "metadata": ({"asked": {"strategy": "latency", "max_tier": "low"}}, Steering(Strategy.LATENCY, max_tier=Tier.LOW)),
    "metadata private": ({"asked": {"private": True}}, Steering(private=True)),
    "metadata empty": ({"asked": {}}, Steering()),
    "metadata of others": ({"metadata": {"session": "s", "strategy": "cost"}}, Steering()),
    "other headers": ({"headers": {"x-strategy": "cost", "authorization": "k"}}, Steering()),
    "header beats metadata": (
        {"headers": {"x-router-strategy": "cost"}, "asked": {"strategy": "latency"}},
        Steering(strategy=Strategy.COST),
    ),
    "metadata beats the model's name": (
        {"model": "auto-cost", "asked": {"strategy": "latency"}},
        Steering(strategy=Strategy.LATENCY),
    ),
    "header beats the model": (
        {"model": "azure-default", "headers": {"x-router-model": "gpt-4o"}},
        Steering(model="gpt-4o"),
    ),
    "private stays on": (
        {"headers": {"x-router-private": "false"}, "asked": {"private": True}},
        Steering(private=True),
    ),
}


@pytest.mark.parametrize("case", ASKED)
def test_a_wish_is_read(case: str) -> None:
    """Model name, metadata and headers say the same things; the later beats the earlier, but privacy only tightens."""
    given, expected = ASKED[case]
    assert read(**given) == expected


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown door": ({"model": "auto-fast"}, "model"),
    "unknown model": ({"model": "gpt-9"}, "model"),
    "no model": ({"model": ""}, "model"),
    "batch of models": ({"model": "auto,openai-premium"}, "model"),
    "unknown strategy": ({"headers": {"x-router-strategy": "best"}}, "x-router-strategy"),
    "empty strategy": ({"headers": {"x-router-strategy": ""}}, "x-router-strategy"),
    "unknown provider": ({"headers": {"x-router-provider": "bedrock"}}, "x-router-provider"),
    "provider that is not set up": ({"headers": {"x-router-provider": "anthropic"}}, "x-router-provider"),
    "unknown model in a header": ({"headers": {"x-router-model": "gpt-9"}}, "x-router-model"),
    "private is a word": ({"headers": {"x-router-private": "maybe"}}, "x-router-private"),
    "private is null": ({"asked": {"private": None}}, "metadata.router.private"),
    "unknown tier": ({"headers": {"x-router-max-tier": "3"}}, "x-router-max-tier"),
    "unknown header": ({"headers": {"x-router-privat": "true"}}, "x-router"),
    "metadata is a word": ({"asked": "cost"}, "metadata.router"),
    "metadata is a list": ({"asked": ["cost"]}, "metadata.router"),
    "metadata is false": ({"asked": False}, "metadata.router"),
    "unknown field": ({"asked": {"stratgy": "cost"}}, "metadata.router"),
    "strategy is null": ({"asked": {"strategy": None}}, "metadata.router.strategy"),
    "strategy is a list": ({"asked": {"strategy": ["cost"]}}, "metadata.router.strategy"),
    "model is an object": ({"asked": {"model": {"name": "auto"}}}, "metadata.router.model"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wish_that_cannot_be_met_is_refused(case: str) -> None:
    """The error names the field, what it may be, and nothing that the caller wrote."""
    given, param = REFUSED[case]
    with pytest.raises(InvalidRequest) as caught:
        read(**given)
    assert caught.value.param == param
    assert caught.value.message.endswith(".")


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    """A wrong value may be anything, so only the field's name appears."""
    for given in (
        {"model": "my diagnosis"},
        {"headers": {"x-router-strategy": "my diagnosis"}},
        {"asked": {"my diagnosis": 1}},
        {"asked": {"provider": "my diagnosis"}},
    ):
        with pytest.raises(InvalidRequest) as caught:
            read(**given)  # type: ignore[arg-type]
        assert "diagnosis" not in f"{caught.value.message} {caught.value.param}"


def test_an_unknown_model_is_told_what_there_is() -> None:
    """The cure: the doors and the groups that are set up."""
    with pytest.raises(InvalidRequest) as caught:
        read("gpt-9")
    for name in (*AUTO_MODELS, *OFFERED.groups):
        assert name in caught.value.message


def test_local_is_no_provider_without_a_local_deployment() -> None:
    """Asking for what isn't there is an error, not a wish for something else."""
    with pytest.raises(InvalidRequest, match="azure"):
        read_steering("auto", {"x-router-provider": "local"}, None, inventory("azure-default"))


@pytest.mark.parametrize("steer", [{"headers": {"x-router-model": "auto"}}, {"asked": {"model": "auto-cost"}}])
def test_a_field_may_name_a_door(steer: dict[str, Any]) -> None:
    """`x-router-model: auto` means what `model: auto` means."""
    assert read("azure-default", **steer).model is None


@pytest.mark.parametrize(
    "steer",
    [{"headers": {"x-router-strategy": "cost"}}, {"asked": {"strategy": "latency"}}, {"asked": {"model": "gpt-4o"}}],
)
def test_the_private_door_stays_private(steer: dict[str, Any]) -> None:
    """Whoever calls `auto-private` stays at home, whatever else a header or metadata asks for."""
    found = read("auto-private", **steer)
    assert found.private or found.strategy is Strategy.PRIVACY
