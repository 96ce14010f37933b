"""router_plugin.diagnosis: what `router-plugin doctor` finds about Ollama servers, each finding with its cure."""

from __future__ import annotations

from router_plugin.diagnosis import look, set_up
from router_plugin.fakes import FakeProvider
from tests.unit.builders import KEYS, entry, pack

MODELS = ["phi3:mini", "llama3.1:8b", "codellama:13b", "nomic-embed-text"]


def test_each_server_is_shown_and_what_it_lacks() -> None:
    """Those that OLLAMA_HOST lists and those that the config names; one that is down, with what to do."""
    raw = pack()
    with (
        FakeProvider("one", kind="ollama", models=MODELS) as one,
        FakeProvider("two", kind="ollama", models=MODELS[:3]) as two,
        FakeProvider("own", kind="ollama", models=["big:70b"]) as own,
        FakeProvider("gone", kind="ollama") as gone,
    ):
        for url, model in ((own.base_url, "big:70b"), (gone.base_url, "other")):
            raw["model_list"].append(
                {
                    **entry("ollama-premium", f"ollama_chat/{model}", local=True, api_base=url),
                    "model_info": {"id": model, "router": {"provider": "ollama", "role": "premium", "local": True}},
                }
            )
        gone.down()
        checks = look(set_up(raw, {**KEYS, "OLLAMA_HOST": f"{one.base_url},{two.base_url}"}))
        servers = [(check.ok, check.seen) for check in checks if check.name == "ollama"]
        assert servers == [
            (True, f"version 0.12.6 at {one.base_url}, 4 models"),
            (True, f"version 0.12.6 at {two.base_url}, 3 models"),
            (True, f"version 0.12.6 at {own.base_url}, 1 models"),
            (False, f"nothing answers at {gone.base_url}"),
        ]
        assert [check.cure for check in checks if check.name == "model"] == [
            f"OLLAMA_HOST={two.base_url} ollama pull nomic-embed-text"
        ]


def test_without_ollama_one_finding_says_so() -> None:
    """Not one for each of its models too."""
    with FakeProvider("gone", kind="ollama") as gone:
        gone.down()
        checks = look(set_up(pack(), {**KEYS, "OLLAMA_HOST": gone.base_url}))
    found = [check for check in checks if check.name in ("ollama", "model")]
    assert [(check.ok, check.cure) for check in found] == [(False, "start it with `ollama serve`, or set OLLAMA_HOST")]


def test_workers_that_know_nothing_of_each_other_are_found() -> None:
    """Unless a Redis is set."""
    raw = pack()
    ours = raw["callback_settings"]["router_plugin"]

    def found() -> list[str]:
        return [check.name for check in look(set_up(raw, {**KEYS, "NUM_WORKERS": "2"})) if check.name == "workers"]

    assert found() == ["workers"]
    ours["store"] = {"redis_url": "redis://127.0.0.1:9/0"}
    assert found() == []


def test_with_a_budget_a_model_without_a_price_is_found() -> None:
    """Its answers would count as free."""
    raw = pack()
    raw["model_list"].append(entry("openai-odd", "openai/no-such-model"))
    raw["model_list"][-1]["model_info"] = {"id": "odd-1", "router": {"provider": "openai", "role": "fast"}}

    def found() -> list[bool]:
        return [check.advice for check in look(set_up(raw, KEYS)) if check.name == "price" and "odd-1" in check.seen]

    assert found() == [True]
    raw["callback_settings"]["router_plugin"]["budget"] = {"daily_usd": 5}
    assert found() == [False]
