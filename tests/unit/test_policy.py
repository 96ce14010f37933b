"""router_plugin.policy: privacy first, then strategy, tier, and what the caller asked for."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.complexity import Tier
from router_plugin.errors import InvalidRequest, PrivatePinRejected
from router_plugin.policy import Policy, choose
from router_plugin.privacy import Finding, Judgement, Verdict
from router_plugin.settings import Settings, Strategy
from router_plugin.steering import Steering
from tests.unit.builders import PRIVATE, PUBLIC, UNREADABLE, complexity, deployment, inventory

LOW, MEDIUM, HIGH = complexity(0.1), complexity(0.5), complexity(0.9)
COST, LATENCY, PRIVACY = (Steering(strategy=item) for item in (Strategy.COST, Strategy.LATENCY, Strategy.PRIVACY))


def decide(verdict: Verdict = PUBLIC, given: Any = MEDIUM, steering: Steering | None = None, **settings: Any) -> Policy:
    return choose(verdict, given, steering or Steering(), Settings(**settings), inventory())


def codes(policy: Policy) -> list[str]:
    return [str(reason) for reason in policy.reasons]


@pytest.mark.parametrize(
    ("given", "steering", "providers"),
    [
        (LOW, Steering(), ("ollama", "azure", "openai")),
        (MEDIUM, Steering(), ("azure", "openai", "ollama", "anthropic")),
        (HIGH, Steering(), ("anthropic", "openai", "azure", "ollama")),
        (LOW, COST, ("ollama", "azure", "openai", "anthropic")),
        (HIGH, COST, ("ollama", "azure", "openai", "anthropic")),
        (HIGH, LATENCY, ("ollama", "azure", "openai", "anthropic")),
        (HIGH, PRIVACY, ("ollama",)),
        (LOW, Steering(provider="anthropic"), ("anthropic",)),
        (HIGH, Steering(provider="local"), ("ollama",)),
        (HIGH, Steering(max_tier=Tier.LOW), ("ollama", "azure", "openai")),
        (LOW, Steering(max_tier=Tier.HIGH), ("ollama", "azure", "openai")),
    ],
)
def test_the_chain_follows_strategy_and_tier(given: Any, steering: Steering, providers: tuple[str, ...]) -> None:
    """The seed's chains, by tier or by strategy; a forced provider stands alone."""
    policy = decide(PUBLIC, given, steering)
    assert policy.providers == providers
    assert not policy.local_only or steering is PRIVACY


@pytest.mark.parametrize("verdict", [PRIVATE, UNREADABLE], ids=["private", "uninspectable"])
@pytest.mark.parametrize("given", [LOW, MEDIUM, HIGH], ids=["low", "medium", "high"])
@pytest.mark.parametrize(
    "steering",
    [
        *(Steering(), COST, LATENCY, Steering(provider="anthropic"), Steering(model="openai-premium")),
        *(Steering(max_tier=Tier.HIGH), Steering(strategy=Strategy.COST, provider="azure", model="azure-default")),
    ],
)
def test_nothing_loosens_privacy(verdict: Verdict, given: Any, steering: Steering) -> None:
    """A private request has local providers only and no cloud pin, whatever is asked."""
    policy = decide(verdict, given, steering)
    assert policy.local_only
    assert policy.providers == ("ollama",)
    assert policy.pinned == ()


def test_a_caller_can_ask_for_privacy() -> None:
    """The wish tightens, and is a reason of its own."""
    policy = decide(steering=Steering(private=True, strategy=Strategy.COST))
    assert policy.local_only
    assert "privacy.asked" in codes(policy)


def test_privacy_as_the_configured_strategy_keeps_everything_local() -> None:
    """The operator's default counts where the caller asks for nothing."""
    assert decide(routing={"default_strategy": "privacy"}).local_only


@pytest.mark.parametrize(
    ("score", "max_tier", "on_abstain", "tier"),
    [
        (0.1, None, "up", Tier.MEDIUM),
        (0.5, None, "up", Tier.HIGH),
        (0.9, None, "up", Tier.HIGH),
        (0.1, None, "keep", Tier.LOW),
        (0.1, Tier.LOW, "up", Tier.LOW),
        (0.5, Tier.MEDIUM, "up", Tier.MEDIUM),
        (0.9, Tier.MEDIUM, "up", Tier.MEDIUM),
        (0.9, Tier.LOW, "up", Tier.LOW),
    ],
)
def test_an_unsure_classifier_goes_up_a_tier_but_not_over_the_ceiling(
    score: float, max_tier: Tier | None, on_abstain: str, tier: Tier
) -> None:
    """Never down to the cheapest; a caller's ceiling holds."""
    policy = decide(
        PUBLIC, complexity(score, abstained=True), Steering(max_tier=max_tier), routing={"on_abstain": on_abstain}
    )
    assert policy.tier is tier


@pytest.mark.parametrize("max_tier", [Tier.LOW, Tier.MEDIUM])
def test_a_ceiling_is_a_reason(max_tier: Tier) -> None:
    """The classifier's tier and the one that routes are both told."""
    policy = decide(PUBLIC, HIGH, Steering(max_tier=max_tier))
    assert codes(policy) == ["complexity.high", f"asked.max_tier:{max_tier.value}", "strategy.complexity"]


def test_reasons_name_rules_and_never_text() -> None:
    """Each rule once, at most five, before everything else."""
    findings = tuple(Finding(f"identity.rule{i % 7}", f"messages[{i}]") for i in range(14))
    policy = decide(Verdict(Judgement.PRIVATE, findings))
    named = [reason.detail for reason in policy.reasons if reason.code == "privacy"]
    assert named == [f"identity.rule{i}" for i in range(5)]


def test_a_finding_that_is_dropped_is_no_reason() -> None:
    """Only an identity field held something, so the request is public and may leave without it."""
    policy = decide(Verdict(Judgement.PUBLIC, (Finding("contact.email", "user"),), ("user",)))
    assert not policy.local_only
    assert codes(policy) == ["complexity.medium", "strategy.complexity"]


PINS: list[tuple[Steering, list[str]]] = [
    (Steering(model="azure-premium"), ["azure-premium"]),
    (Steering(model="ollama-fast"), ["ollama-fast"]),
    (Steering(model="openai-default-1"), ["openai-default"]),
    (Steering(model="azure/azure-premium"), ["azure-premium"]),
    (Steering(model="azure-premium", provider="azure"), ["azure-premium"]),
]


@pytest.mark.parametrize(("steering", "groups"), PINS)
def test_a_named_model_is_used_where_it_may(steering: Steering, groups: list[str]) -> None:
    """A public request gets the model that it names."""
    policy = decide(PUBLIC, LOW, steering)
    assert [d.group for d in policy.pinned] == groups
    assert f"asked.model:{groups[0]}" in codes(policy)


def test_a_provider_narrows_a_model_that_several_have() -> None:
    """`gpt-4o` from Azure is Azure's."""
    offered = inventory(
        deployment("azure-premium", model="azure/gpt-4o"), deployment("openai-premium", model="openai/gpt-4o")
    )
    both = choose(PUBLIC, LOW, Steering(model="gpt-4o"), Settings(), offered)
    one = choose(PUBLIC, LOW, Steering(model="gpt-4o", provider="openai"), Settings(), offered)
    assert [d.group for d in both.pinned] == ["azure-premium", "openai-premium"]
    assert [d.group for d in one.pinned] == ["openai-premium"]


def test_a_private_pin_to_the_cloud_is_rerouted_with_a_reason() -> None:
    """By default the pin falls, not the lock."""
    assert "privacy.pin_rerouted" in codes(decide(PRIVATE, LOW, Steering(model="openai-premium")))


def test_a_private_pin_to_the_cloud_can_be_refused() -> None:
    """With on_private_pin: reject nothing is sent, and the local groups are named as the cure."""
    with pytest.raises(PrivatePinRejected, match=r"ollama-fast, ollama-default, ollama-code\."):
        decide(PRIVATE, LOW, Steering(model="openai-premium"), on_private_pin="reject")


@pytest.mark.parametrize("on_private_pin", ["reroute", "reject"])
def test_a_private_pin_to_a_local_model_holds(on_private_pin: str) -> None:
    """What stays at home may be chosen freely."""
    policy = decide(PRIVATE, LOW, Steering(model="ollama-fast"), on_private_pin=on_private_pin)
    assert [d.group for d in policy.pinned] == ["ollama-fast"]


def test_chains_take_aliases_and_several_local_providers() -> None:
    """`local` stands for every local provider by priority, and no provider stands twice."""
    settings = Settings.model_validate({"routing": {"chains": {"low": ["embedded", "local", "claude", "azure"]}}})
    offered = inventory("embedded-default", "ollama-default", "anthropic-default", "azure-default")
    assert choose(PUBLIC, LOW, Steering(), settings, offered).providers == ("embedded", "ollama", "anthropic", "azure")


BOTH = inventory(
    deployment("openai-default", model="openai/llama"),
    deployment("vllm-default", local=True, model="hosted_vllm/llama"),
)


@pytest.mark.parametrize("on_private_pin", ["reroute", "reject"])
def test_a_private_pin_uses_the_local_one_of_several(on_private_pin: str) -> None:
    """A model that is there locally and in the cloud is named; the local one answers a private request."""
    settings = Settings.model_validate({"on_private_pin": on_private_pin})
    try:
        pinned = choose(PRIVATE, LOW, Steering(model="llama"), settings, BOTH).pinned
    except PrivatePinRejected:
        pinned = ()
    assert [d.group for d in pinned] == ["vllm-default"]


def test_a_private_request_that_forces_a_cloud_provider_says_so() -> None:
    """What was asked and not done is among the reasons."""
    assert "privacy.pin_rerouted" in codes(decide(PRIVATE, LOW, Steering(provider="anthropic")))


def test_a_private_request_that_forces_a_cloud_provider_can_be_refused() -> None:
    """Forcing a provider is a pin as well."""
    with pytest.raises(PrivatePinRejected):
        decide(PRIVATE, LOW, Steering(provider="anthropic"), on_private_pin="reject")


def test_a_model_and_a_provider_that_contradict_each_other_are_refused() -> None:
    """Neither wish silently beats the other."""
    with pytest.raises(InvalidRequest):
        decide(PUBLIC, LOW, Steering(model="openai-premium", provider="anthropic"))
