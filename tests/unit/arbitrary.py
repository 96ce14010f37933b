"""Hypothesis strategies: any inventory, verdict, complexity, settings and wishes, also such as no config has."""

from __future__ import annotations

from hypothesis import strategies as st

from router_plugin.complexity import Tier
from router_plugin.deployments import Deployment, Inventory
from router_plugin.privacy import Finding, Judgement, Verdict
from router_plugin.settings import Settings, Strategy
from router_plugin.steering import Steering
from tests.unit.builders import complexity

NAMES = st.sampled_from(["ollama", "openai", "azure", "vllm", "embedded"])
GROUPS = st.sampled_from(["a", "b", "c", "d", "e", "f", "shared"])


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    """Any mix, also of localities within a provider and within a group, which `check` would refuse."""
    made = []
    for index in range(draw(st.integers(0, 9))):
        local = draw(st.booleans())
        made.append(
            Deployment(
                id=f"id-{index}",
                group=draw(GROUPS),
                provider=draw(NAMES),
                role=draw(st.sampled_from(["fast", "default", "code", "premium", "embedding"])),
                local=local,
                model=f"openai/{draw(st.sampled_from(['m1', 'm2', 'm3']))}",
                api_base="http://127.0.0.1:11434" if local else None,
                priority=draw(st.integers(1, 3)),
            )
        )
    return Inventory(tuple(made))


VERDICTS = st.builds(
    lambda judgement, dropped: Verdict(judgement, (Finding("identity.us_ssn", "user"),), ("user",) if dropped else ()),
    st.sampled_from(Judgement),
    st.booleans(),
)
COMPLEXITIES = st.builds(
    lambda score, abstained, code: complexity(score, abstained=abstained, code=code),
    st.floats(0, 1),
    st.booleans(),
    st.booleans(),
)
CHAINS = st.lists(st.sampled_from(["local", "openai", "azure", "ollama", "vllm"]), min_size=1, unique=True)
SETTINGS = st.builds(
    lambda strategy, low, high, fallback, pin, abstain: Settings.model_validate(
        {
            "routing": {
                "default_strategy": strategy,
                "fallback_enabled": fallback,
                "on_abstain": abstain,
                "chains": {"low": low, "medium": high, "high": high, "cost": low},
            },
            "on_private_pin": pin,
        }
    ),
    st.sampled_from(Strategy),
    CHAINS,
    CHAINS,
    st.booleans(),
    st.sampled_from(["reroute", "reject"]),
    st.sampled_from(["up", "keep"]),
)
WISHES = st.builds(
    Steering,
    strategy=st.none() | st.sampled_from(Strategy),
    provider=st.none() | NAMES | st.just("local"),
    model=st.none() | GROUPS | st.sampled_from(["m1", "m2", "openai/m3", "id-0", "id-1", "nothing"]),
    private=st.booleans(),
    max_tier=st.none() | st.sampled_from(Tier),
)
