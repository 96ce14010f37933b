"""router_plugin.adopt: what a config without the router tells about its models. What can't be told is cloud."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.adopt import adopt, chains_for


def entry(name: str, model: str, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **params}}


@pytest.mark.parametrize(
    ("params", "environment", "local"),
    [
        ({"model": "ollama_chat/llama3.1:8b"}, {}, True),  # LiteLLM calls localhost then
        ({"model": "ollama/llama3.1:8b", "api_base": "http://192.168.1.5:11434"}, {}, True),
        ({"model": "ollama/llama3.1:8b", "api_base": "https://ollama.example.com"}, {}, False),
        ({"model": "ollama/gpt-oss:120b-cloud"}, {}, False),
        ({"model": "ollama/llama3.1:8b", "api_base": "os.environ/WHERE"}, {"WHERE": "http://127.0.0.1:11434"}, True),
        ({"model": "ollama/llama3.1:8b", "api_base": "os.environ/WHERE"}, {"WHERE": "https://far.example.com"}, False),
        ({"model": "hosted_vllm/qwen", "api_base": "http://127.0.0.1:8000/v1"}, {}, True),
        ({"model": "openai/gpt-4o"}, {}, False),
        ({"model": "gpt-4o"}, {}, False),
        ({"model": "openai/qwen", "api_base": "http://127.0.0.1:8000/v1"}, {}, False),  # may be a gateway
        ({"model": "groq/llama-3.1-8b-instant"}, {}, False),
    ],
)
def test_local_is_only_what_is_clearly_at_home(
    params: dict[str, Any], environment: dict[str, str], local: bool
) -> None:
    """A model server's own kind, at an address at home; anything else is cloud."""
    found = adopt([{"model_name": "m", "litellm_params": params}], environment).entries[0]
    assert (found["model_info"]["router"].get("local") is True) is local
    assert not local or found["litellm_params"]["api_base"].startswith("http://")


def test_a_home_address_that_may_be_a_gateway_is_noted() -> None:
    """The operator can mark it local; the note names the setting."""
    notes = adopt([entry("mine", "openai/qwen", api_base="http://127.0.0.1:8000/v1")], {}).notes
    assert any("mine" in note and "model_info.router.local" in note for note in notes)


def test_what_is_marked_stays() -> None:
    """The operator's marks and ids win over the guess."""
    given = entry("m", "ollama/llama3.1:8b") | {
        "model_info": {"id": "x", "router": {"provider": "box", "role": "fast", "local": False}}
    }
    found = adopt([given], {}).entries[0]["model_info"]
    assert found == {"id": "x", "router": {"provider": "box", "role": "fast", "local": False}}


def test_roles_come_from_kind_and_price() -> None:
    """The clearly dearer model of a provider is premium; embeddings and code are seen by name and price list."""
    entries = adopt(
        [
            entry("big", "openai/gpt-4o"),
            entry("small", "openai/gpt-4o-mini"),
            entry("vectors", "openai/text-embedding-3-small"),
            entry("coder", "ollama_chat/codellama:13b"),
            entry("home-vectors", "ollama/nomic-embed-text"),
            entry("unknown", "openai/never-heard-of"),
        ],
        {},
    ).entries
    roles = {e["model_name"]: e["model_info"]["router"]["role"] for e in entries}
    assert roles == {
        "big": "premium",
        "small": "default",
        "vectors": "embedding",
        "coder": "code",
        "home-vectors": "embedding",
        "unknown": "default",
    }


def test_every_entry_gets_an_id_of_its_own() -> None:
    """Doubled ids, missing ones and ids that are a group's name are replaced; the others stay."""
    with_id = [{**entry(n, "openai/gpt-4o"), "model_info": {"id": i}} for n, i in (("a", "a"), ("b", "x"), ("b", "x"))]
    entries = adopt([*with_id, entry("c", "openai/gpt-4o"), {**entry("c", "gpt-4o"), "model_info": {"id": "c-1"}}], {})
    ids = [e["model_info"]["id"] for e in entries.entries]
    assert ids[-1] == "c-1"
    assert len({*ids, "a", "b", "c"}) == len(ids) + 3


def test_a_group_of_both_kinds_is_split() -> None:
    """A private request must not meet the cloud half of a group."""
    found = adopt([entry("m", "openai/gpt-4o"), entry("m", "ollama/llama3.1:8b")], {})
    assert [e["model_name"] for e in found.entries] == ["m", "m-local"]
    assert any("m-local" in note for note in found.notes)


def test_wildcards_and_malformed_entries_are_left_out_with_a_note() -> None:
    """The router needs names to choose among."""
    found = adopt([entry("openai/*", "openai/*"), "text", entry("auto", "openai/gpt-4o")], {})
    assert [e["model_name"] for e in found.entries] == ["own-auto"]
    assert len(found.notes) == 3


def test_chains_hold_the_providers_that_are_there() -> None:
    """Local first for easy work and last for hard work; a provider beyond the usual ones is in each chain."""
    entries = adopt([entry("g", "groq/llama-3.1-8b-instant"), entry("o", "openai/gpt-4o")], {}).entries
    assert chains_for(entries) == {
        "low": ["local", "openai", "groq"],
        "medium": ["openai", "groq", "local"],
        "high": ["openai", "groq", "local"],
        "cost": ["local", "openai", "groq"],
    }
