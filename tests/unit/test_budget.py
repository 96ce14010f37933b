"""router_plugin.budget, ledger and thrift: what is spent, by whom, and what that does to a request's chain."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from router_plugin.budget import Budget, Level
from router_plugin.deployments import Inventory
from router_plugin.errors import BudgetSpent, NoLocalDeployment, RequestRefused
from router_plugin.ledger import Ledger
from router_plugin.pipeline import Router
from router_plugin.request import Surface
from router_plugin.settings import BudgetSettings, Settings
from router_plugin.steering import Steering
from router_plugin.store import MemoryStore, StoreDown
from tests.unit.builders import SECRET, complexity, deployment, inventory, router

BOTH = BudgetSettings(daily_usd=10, monthly_usd=100)


class Clock:
    def __init__(self, text: str = "2026-11-26 12:00") -> None:
        self.at(text)

    def at(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()

    def __call__(self) -> float:
        return self.now


def spent(budget: Budget) -> dict[str, float]:
    return {standing.name: round(standing.spent, 6) for standing in budget.standings()}


async def test_days_and_months_end_in_utc() -> None:
    """A day's limit is free again at midnight, a month's on the first."""
    clock = Clock("2026-11-29 23:59")
    budget = Budget(BOTH, Ledger(None), clock)
    budget.spend(9.0)
    assert spent(budget) == {"daily": 9.0, "monthly": 9.0}
    await budget.refresh(None)
    clock.at("2026-11-30 00:00")
    budget.spend(1.0)
    await budget.refresh(None)
    assert spent(budget) == {"daily": 1.0, "monthly": 10.0}
    assert [f"{s.resets:%Y-%m-%d %H:%M}" for s in budget.standings()] == ["2026-12-01 00:00", "2026-12-01 00:00"]
    clock.at("2026-12-01 00:00")
    await budget.refresh(None)
    assert spent(budget) == {"daily": 0.0, "monthly": 0.0}
    clock.at("2026-12-31 10:00")
    assert [f"{s.resets:%Y-%m-%d %H:%M}" for s in budget.standings()] == ["2027-01-01 00:00", "2027-01-01 00:00"]


@pytest.mark.parametrize(
    ("usd", "level"), [(7.9, None), (8.0, Level.SOFT), (9.9, Level.SOFT), (10.0, Level.HARD), (11.0, Level.HARD)]
)
def test_the_levels(usd: float, level: Level | None) -> None:
    """Soft from the fraction on, hard at the limit, at once and before anything is written."""
    budget = Budget(BudgetSettings(daily_usd=10), Ledger(None), Clock())
    budget.spend(usd)
    worst = budget.worst()
    assert (worst.level if worst else None) is level


def test_of_two_limits_the_one_that_binds_longer_is_named() -> None:
    """Both are spent: waiting for midnight would not help."""
    budget = Budget(BudgetSettings(daily_usd=1, monthly_usd=1), Ledger(None), Clock())
    budget.spend(2)
    worst = budget.worst()
    assert worst is not None
    assert worst.name == "monthly"
    assert "monthly budget of $1.00" in worst.refusal()
    assert "2026-12-01 00:00 UTC" in worst.refusal()
    assert "budget.monthly_usd" in worst.refusal()


async def test_what_was_spent_survives_a_restart(tmp_path: Path) -> None:
    """It is read before the first request."""
    budget = Budget(BOTH, Ledger(tmp_path / "b.sqlite"), Clock())
    budget.spend(3.0)
    await budget.refresh(None)
    assert spent(Budget(BOTH, Ledger(tmp_path / "b.sqlite"), Clock())) == {"daily": 3.0, "monthly": 3.0}


async def test_workers_of_one_machine_count_together_without_redis(tmp_path: Path) -> None:
    """They have one ledger."""
    one, two = (Budget(BOTH, Ledger(tmp_path / "b.sqlite"), Clock()) for _ in range(2))
    one.spend(3.0)
    two.spend(4.0)
    for budget in (one, two, one):
        await budget.refresh(None)
    assert spent(one)["daily"] == spent(two)["daily"] == 7.0


async def test_proxies_count_together_and_nothing_counts_twice() -> None:
    """However often they tell, and also to a store that lost everything."""
    store = MemoryStore(10)
    one, two = (Budget(BOTH, Ledger(None), Clock()) for _ in range(2))
    one.spend(3.0)
    two.spend(4.0)
    for lost in (False, True):
        store = MemoryStore(10) if lost else store
        for budget in (one, two, one, two, one):
            await budget.refresh(store)
        assert spent(one)["daily"] == spent(two)["daily"] == 7.0


async def test_while_the_store_is_down_the_last_known_sum_of_the_others_counts() -> None:
    """Restrictive: what was spent isn't forgotten, and what is spent here still counts."""

    class Down(MemoryStore):
        async def share(self, *_: Any) -> dict[str, bytes]:
            raise StoreDown

    store = MemoryStore(10)
    one, two = (Budget(BOTH, Ledger(None), Clock()) for _ in range(2))
    two.spend(4.0)
    await two.refresh(store)
    await one.refresh(store)
    one.spend(3.0)
    with pytest.raises(StoreDown):
        await one.refresh(Down(10))
    assert spent(one)["daily"] == 7.0


async def test_a_ledger_that_can_not_be_written_loses_nothing() -> None:
    """It is still to be written, and counts meanwhile."""

    class Full(Ledger):
        full = True

        def add(self, amounts: Any) -> None:
            if self.full:
                raise sqlite3.OperationalError("database or disk is full")
            super().add(amounts)

    ledger = Full(None)
    budget = Budget(BOTH, ledger, Clock())
    budget.spend(3.0)
    with pytest.raises(sqlite3.OperationalError):
        await budget.refresh(None)
    assert spent(budget)["daily"] == 3.0
    ledger.full = False
    await budget.refresh(None)
    assert spent(budget)["daily"] == ledger.total("2026-11-26") == 3.0


def frugal(usd: float, groups: Inventory | None = None, score: float = 0.9, **settings: Any) -> Router:
    """A router that has spent so much of ten dollars."""
    budget = Budget(BudgetSettings(daily_usd=10), Ledger(None), Clock())
    budget.spend(usd)
    made = router(groups, Settings.model_validate(settings), complexity(score))
    return replace(made, budget=budget)


PRICED = inventory(
    deployment("ollama-default"),
    deployment("azure-premium", model="azure/gpt-4o"),
    deployment("openai-premium", model="openai/gpt-4o-mini"),
    deployment("anthropic-premium", model="anthropic/claude-opus-4-6"),
)
QUESTION = {"messages": [{"role": "user", "content": "hello"}]}


def chain(made: Router, **steering: Any) -> tuple[str, ...]:
    return made.decide(QUESTION, Surface.CHAT, Steering(**steering))[0].chain


def test_below_the_soft_limit_nothing_changes() -> None:
    """The chain of the settings, and no reason of the budget."""
    decision = frugal(1, PRICED).decide(QUESTION, Surface.CHAT, Steering())[0]
    assert decision.chain[0] == "anthropic-premium"
    assert not any("budget" in str(reason) for reason in decision.reasons)


def test_at_the_soft_limit_local_comes_first_and_then_the_cheapest() -> None:
    """By the price list, also where the chain holds nothing local."""
    cheap = ("ollama-default", "openai-premium", "azure-premium", "anthropic-premium")
    decision = frugal(8, PRICED).decide(QUESTION, Surface.CHAT, Steering())[0]
    assert decision.chain == cheap
    assert "budget.soft:daily" in map(str, decision.reasons)
    only_cloud = {"routing": {"chains": {"high": ["anthropic", "azure", "openai"]}}}
    assert chain(frugal(8, PRICED, **only_cloud)) == cheap
    assert chain(frugal(8, PRICED, routing={"fallback_enabled": False})) == cheap[:1]


def test_at_the_soft_limit_what_a_caller_names_is_kept() -> None:
    """A model or a provider."""
    assert chain(frugal(8, PRICED), model="anthropic-premium") == ("anthropic-premium",)
    assert chain(frugal(8, PRICED), provider="azure") == ("azure-premium",)


def test_at_the_hard_limit_only_local_deployments_are_left() -> None:
    """And the conversation isn't private for that."""
    decision, plan = frugal(10, PRICED).decide(QUESTION, Surface.CHAT, Steering())
    assert decision.chain == ("ollama-default",)
    assert all(deployment.local for deployment in plan.deployments)
    assert "budget.hard:daily" in map(str, decision.reasons)
    assert (decision.private, decision.local_only) == (False, False)


@pytest.mark.parametrize("steering", [{"model": "anthropic-premium"}, {"provider": "azure"}], ids=["model", "provider"])
def test_at_the_hard_limit_a_named_cloud_model_is_refused(steering: dict[str, str]) -> None:
    """429, with the limit, when it resets and the cure; another model would be another answer."""
    with pytest.raises(BudgetSpent, match=r"daily budget of \$10\.00 .* 2026-11-27 00:00 UTC") as caught:
        chain(frugal(10, PRICED), **steering)
    assert (caught.value.status, caught.value.code) == (429, "budget_spent")


@pytest.mark.parametrize("steering", [{}, {"model": "openai-default"}], ids=["auto", "model"])
def test_at_the_hard_limit_without_a_local_deployment_both_are_named(steering: dict[str, str]) -> None:
    """No cloud deployment takes it; the budget is spent, and no local model is up, each with its cure."""
    lost = replace(inventory("openai-default"), left_out=(("ollama-default-1", "OLLAMA_KEY not set"),))
    with pytest.raises(BudgetSpent, match=r"daily budget of \$10\.00 is spent.* none is up") as caught:
        chain(frugal(10, lost), **steering)
    for said in ("left out: ollama-default-1 (OLLAMA_KEY not set)", "`ollama serve`", "budget.daily_usd"):
        assert said in caught.value.message


def test_an_embedding_model_is_no_local_model_for_a_chat() -> None:
    """Nor is it one that "can't take this request as it is asked"."""
    with pytest.raises(BudgetSpent, match="none is up"):
        chain(frugal(10, inventory("openai-default", deployment("ollama-embed", role="embedding"))))


def test_a_plan_of_what_is_left_says_why_so_little_is() -> None:
    """For the error where its local deployments fail too; a plan that the budget leaves alone says nothing."""
    spent = frugal(10, PRICED).decide(QUESTION, Surface.CHAT, Steering())[1].spent
    assert "daily budget of $10.00 is spent" in spent
    assert "`ollama serve`" in spent
    assert frugal(8, PRICED).decide(QUESTION, Surface.CHAT, Steering())[1].spent == ""
    private = {"messages": [{"role": "user", "content": SECRET}]}
    assert frugal(10, PRICED).decide(private, Surface.CHAT, Steering())[1].spent == ""


def test_a_private_request_is_judged_as_without_a_budget() -> None:
    """Local as ever, also where it names a cloud model; and the refusal is the one of privacy."""
    private = {"messages": [{"role": "user", "content": SECRET}]}
    decision = frugal(10, PRICED).decide(private, Surface.CHAT, Steering(model="azure-premium"))[0]
    assert decision.chain == ("ollama-default",)
    assert decision.local_only
    with pytest.raises(NoLocalDeployment):
        frugal(10, inventory("openai-default")).decide(private, Surface.CHAT, Steering())


def test_a_request_that_is_wrong_is_told_so_also_at_the_hard_limit() -> None:
    """Not that the budget is spent."""
    with pytest.raises(RequestRefused) as caught:
        chain(frugal(10, PRICED), model="anthropic-premium", provider="azure")
    assert not isinstance(caught.value, BudgetSpent)
