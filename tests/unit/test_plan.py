"""router_plugin.plan: groups in order, and never a cloud deployment for what must stay local."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router_plugin.complexity import Complexity, Tier
from router_plugin.config import check
from router_plugin.conversation import Surface
from router_plugin.deployments import Inventory
from router_plugin.errors import InvalidRequest, NoDeployment, NoLocalDeployment, RequestRefused
from router_plugin.plan import Plan, make_plan
from router_plugin.policy import Policy, choose
from router_plugin.privacy import Verdict
from router_plugin.settings import RoutingSettings, Settings, Strategy
from router_plugin.steering import Steering
from tests.unit.arbitrary import COMPLEXITIES, SETTINGS, VERDICTS, WISHES, inventories
from tests.unit.builders import KEYS, PRIVATE, PUBLIC, complexity, deployment, inventory, pack, policy

EMBEDDERS = ("ollama-embedding", "openai-embedding")
CHAT = (
    *("ollama-fast", "ollama-default", "ollama-code", "azure-default", "azure-premium"),
    *("openai-default", "openai-premium", "anthropic-default", "anthropic-premium"),
)
OFFERED = inventory(*CHAT, *EMBEDDERS)


def make(chosen: Policy, scored: Complexity, surface: Surface = Surface.CHAT, **routing: Any) -> Plan:
    return make_plan(chosen, scored, surface, RoutingSettings(**routing), OFFERED)


ROLES: dict[str, tuple[Complexity, Policy, tuple[str, ...]]] = {
    "trivial": (complexity(0.1), policy("ollama", "azure", tier=Tier.LOW), ("ollama-fast", "azure-default")),
    "low": (complexity(0.25), policy("ollama", "azure", tier=Tier.LOW), ("ollama-default", "azure-default")),
    "fast ends at 0.2": (complexity(0.2), policy("ollama", tier=Tier.LOW), ("ollama-default",)),
    "medium": (complexity(0.5), policy("azure", "openai"), ("azure-default", "openai-default")),
    "high": (
        complexity(0.9),
        policy("anthropic", "ollama", tier=Tier.HIGH),
        ("anthropic-premium", "ollama-default"),
    ),
    "premium begins at 0.7": (complexity(0.7), policy("openai", tier=Tier.HIGH), ("openai-premium",)),
    "just below": (complexity(0.6999), policy("openai"), ("openai-default",)),
    "high but capped": (complexity(0.9), policy("openai", tier=Tier.MEDIUM), ("openai-default",)),
    "medium and raised": (complexity(0.6, abstained=True), policy("openai", tier=Tier.HIGH), ("openai-default",)),
    "trivial but unsure": (complexity(0.1, abstained=True), policy("ollama", tier=Tier.LOW), ("ollama-default",)),
    "code": (complexity(0.5, code=True), policy("ollama", "azure"), ("ollama-code", "azure-default")),
    "trivial code": (complexity(0.1, code=True), policy("ollama", tier=Tier.LOW), ("ollama-code",)),
    "hard code": (
        complexity(0.9, code=True),
        policy("openai", "ollama", tier=Tier.HIGH),
        ("openai-premium", "ollama-code"),
    ),
    "provider that isn't there": (complexity(0.5), policy("groq", "azure"), ("azure-default",)),
}


@pytest.mark.parametrize("case", ROLES)
def test_the_group_fits_the_work(case: str) -> None:
    """Fast below 0.2, code for code, premium from 0.7 in the high tier, default otherwise; each provider once."""
    scored, chosen, groups = ROLES[case]
    assert make(chosen, scored).groups == groups


@pytest.mark.parametrize(
    ("scored", "groups"),
    [
        (complexity(0.5), ["ollama-default", "ollama-fast", "ollama-code"]),
        (complexity(0.5, code=True), ["ollama-code", "ollama-fast", "ollama-default"]),
    ],
    ids=["prose", "code"],
)
def test_a_private_request_may_use_every_group_of_a_local_provider(scored: Complexity, groups: list[str]) -> None:
    """It has no other provider to turn to, so the other groups follow the fitting one."""
    made = make(policy("ollama", local_only=True), scored)
    assert made.groups[0] == groups[0]
    assert sorted(made.groups) == sorted(groups)


def test_a_provider_without_a_default_offers_what_it_has() -> None:
    """Its first group stands in."""
    offered = inventory("groq-premium")
    assert make_plan(policy("groq"), complexity(0.5), Surface.CHAT, RoutingSettings(), offered).groups == (
        "groq-premium",
    )


def test_without_fallback_only_the_first_group_is_tried() -> None:
    """fallback_enabled: false means one answer or an error."""
    assert make(policy("azure", "openai"), complexity(0.5), fallback_enabled=False).groups == ("azure-default",)


def test_a_group_brings_all_its_deployments() -> None:
    """LiteLLM balances between the deployments of a group, so each of them is allowed."""
    offered = inventory("azure-default", deployment("azure-default", id="azure-default-2"), "openai-default")
    made = make_plan(policy("azure"), complexity(0.5), Surface.CHAT, RoutingSettings(), offered)
    assert [d.id for d in made.deployments] == ["azure-default-1", "azure-default-2"]
    assert made.allows("azure-default-2")
    assert not made.allows("openai-default-1")
    assert not made.allows("")


def test_a_pinned_model_is_the_whole_plan() -> None:
    """A caller who names a model gets that one."""
    made = make(policy("azure", pinned=OFFERED.of_group("openai-premium")), complexity(0.1))
    assert made.groups == ("openai-premium",)


def test_embeddings_use_one_embedding_group_and_chats_none() -> None:
    """Another model's vectors corrupt an index, so there is no second group."""
    assert make(policy("openai", "ollama"), complexity(0.5), Surface.EMBEDDINGS).groups == ("ollama-embedding",)
    forced = policy("openai", forced="openai")
    assert make(forced, complexity(0.5), Surface.EMBEDDINGS).groups == ("openai-embedding",)
    chat = make(policy("ollama", "openai"), complexity(0.5))
    assert not set(chat.groups) & set(EMBEDDERS)


@pytest.mark.parametrize(
    ("group", "surface", "kind"),
    [("openai-default", Surface.EMBEDDINGS, "an embedding model"), ("openai-embedding", Surface.CHAT, "a chat model")],
)
def test_a_pinned_model_of_another_kind_is_refused(group: str, surface: Surface, kind: str) -> None:
    """Nothing is tried that can't answer."""
    with pytest.raises(InvalidRequest, match=kind) as caught:
        make(policy("openai", pinned=OFFERED.of_group(group)), complexity(0.5), surface)
    assert caught.value.param == "model"


def test_a_request_without_any_deployment_is_refused_with_a_cure() -> None:
    """It names what was tried."""
    with pytest.raises(NoDeployment, match=r"tried groq.*key"):
        make(policy("groq"), complexity(0.5))


def test_a_private_request_without_a_local_deployment_is_refused_with_a_cure() -> None:
    """503, with the local deployments that were left out and why."""
    offered = Inventory(
        inventory("openai-default").deployments, (("ollama-fast-1", "switched off"), ("azure-default-1", "no key"))
    )
    with pytest.raises(NoLocalDeployment) as caught:
        make_plan(policy(local_only=True), complexity(0.5), Surface.CHAT, RoutingSettings(), offered)
    assert caught.value.status == 503
    assert "must stay local" in caught.value.message
    assert "ollama-fast-1 (switched off)" in caught.value.message
    assert "azure" not in caught.value.message
    assert "ollama serve" in caught.value.message


def test_a_private_embedding_without_a_local_embedder_is_refused() -> None:
    """A chat model is no substitute, nor is the cloud's embedder."""
    offered = inventory("ollama-default", "openai-embedding")
    with pytest.raises(NoLocalDeployment, match="no local embedding deployment"):
        make_plan(policy("ollama", local_only=True), complexity(0.5), Surface.EMBEDDINGS, RoutingSettings(), offered)


# -- random inventories, verdicts and wishes -------------------------------------------------------------------------


@settings(max_examples=600, deadline=None)
@given(inventories(), VERDICTS, COMPLEXITIES, SETTINGS, WISHES, st.sampled_from(Surface))
def test_a_request_that_must_stay_local_never_has_a_cloud_deployment(
    offered: Inventory,
    verdict: Verdict,
    scored: Complexity,
    configured: Settings,
    wishes: Steering,
    surface: Surface,
) -> None:
    """Over all inventories and wishes: private, asked to be private, or the privacy strategy -> local or refused."""
    strategy = wishes.strategy or configured.routing.default_strategy
    stays = verdict.private or wishes.private or strategy is Strategy.PRIVACY
    try:
        chosen = choose(verdict, scored, wishes, configured, offered)
        made = make_plan(chosen, scored, surface, configured.routing, offered)
    except RequestRefused:
        return
    assert made.local_only is stays
    assert made.groups
    assert {d.group for d in made.deployments} == set(made.groups)
    assert all(d in offered.deployments for d in made.deployments)
    assert not any((d.role == "embedding") != (surface is Surface.EMBEDDINGS) for d in made.deployments)
    if stays:
        assert all(d.local for d in made.deployments)
        assert not any(made.allows(d.id) for d in offered.deployments if not d.local)
    if surface is Surface.EMBEDDINGS or not configured.routing.fallback_enabled:
        assert len(made.groups) == 1


PACKED = check(pack(), KEYS).inventory


@settings(max_examples=200, deadline=None)
@given(VERDICTS, COMPLEXITIES, SETTINGS, WISHES)
def test_the_config_pack_always_has_a_local_plan_for_a_chat(
    verdict: Verdict, scored: Complexity, configured: Settings, wishes: Steering
) -> None:
    """With Ollama there, a private chat is never refused but for a pin that the operator forbids."""
    wished = Steering(wishes.strategy, None, None, True, wishes.max_tier)
    made = make_plan(
        choose(verdict, scored, wished, configured, PACKED), scored, Surface.CHAT, configured.routing, PACKED
    )
    assert made.groups[0].startswith("ollama-")


# -- what doesn't hold yet ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("local_only", [True, False], ids=["private", "public"])
def test_two_groups_of_one_role_are_both_in_the_chain(local_only: bool) -> None:
    """A second Ollama with the same role answers when the first is down, before a request is refused."""
    offered = inventory("ollama-default", deployment("ollama-default-b", role="default"))
    chosen = policy("ollama", local_only=local_only)
    made = make_plan(chosen, complexity(0.5), Surface.CHAT, RoutingSettings(), offered)
    assert made.groups == ("ollama-default", "ollama-default-b")


def test_the_other_groups_follow_in_the_order_of_the_config() -> None:
    """What an operator writes first is tried first."""
    made = make(policy("ollama", local_only=True), complexity(0.5))
    assert made.groups == ("ollama-default", "ollama-fast", "ollama-code")


MIXED = inventory(
    deployment("openai-default", local=False),
    deployment("openai-fast", local=True),
    deployment("azure-default"),
)


@pytest.mark.parametrize(
    "steering",
    [Steering(provider="local"), Steering(strategy=Strategy.COST)],
    ids=["forced local", "local first"],
)
def test_local_in_a_chain_means_local_deployments(steering: Steering) -> None:
    """Where a provider has local and cloud groups, `local` takes the local ones only."""
    chosen = choose(PUBLIC, complexity(0.5), steering, Settings(), MIXED)
    made = make_plan(chosen, complexity(0.5), Surface.CHAT, RoutingSettings(), MIXED)
    assert made.groups[0] == "openai-fast"


def test_a_private_embedding_is_never_given_another_model() -> None:
    """The named model's vectors or none: rerouting would corrupt the index without a word."""
    chosen = choose(PRIVATE, complexity(0.5), Steering(model="openai-embedding"), Settings(), OFFERED)
    with pytest.raises(NoLocalDeployment):
        make_plan(chosen, complexity(0.5), Surface.EMBEDDINGS, RoutingSettings(), OFFERED)


def test_the_embedding_model_does_not_depend_on_the_text() -> None:
    """Texts of one index get one model, however hard or private they look."""
    made = set()
    for verdict in (PUBLIC, PRIVATE):
        for score in (0.1, 0.5, 0.9):
            chosen = choose(verdict, complexity(score), Steering(), Settings(), OFFERED)
            made.add(make_plan(chosen, complexity(score), Surface.EMBEDDINGS, RoutingSettings(), OFFERED).groups)
    assert len(made) == 1


def test_premium_begins_where_the_setting_says() -> None:
    """premium_from: 0.5 means from 0.5 on, unless the caller set a ceiling."""
    assert make(policy("openai"), complexity(0.6), premium_from=0.5).groups == ("openai-premium",)
