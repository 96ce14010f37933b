"""router_plugin.deployments: hosts, names, and the inventory that a model list gives."""

from __future__ import annotations

from typing import Any

import pytest

from router_plugin.deployments import Inventory, host_of, is_auto, provider_name, read_inventory
from tests.unit.builders import OLLAMA_URL, deployment, entry, inventory

LOCALHOST = inventory(deployment("ollama-default", api_base="http://127.0.0.1:11434"))

HOSTS: list[tuple[str | None, str | None]] = [
    ("http://127.0.0.1:11434", "127.0.0.1:11434"),
    ("http://127.0.0.1:11434/v1/", "127.0.0.1:11434"),
    ("HTTP://LocalHost:11434", "localhost:11434"),
    ("127.0.0.1:11434", "127.0.0.1:11434"),
    ("http://box", "box:80"),
    ("https://box", "box:443"),
    ("https://box:8443/x?y=z#f", "box:8443"),
    ("http://user:word@box:1234", "box:1234"),
    ("http://[::1]:11434", "::1:11434"),
    ("http://[::1]", "::1:80"),
    ("http://[FE80::A]:11434", "fe80::a:11434"),
    ("", None),
    (None, None),
    ("http://", None),
    ("http://:80", None),
    ("http:///path", None),
    ("http://box:port", None),
    ("http://box:99999", None),
    ("http://[::1", None),
]


@pytest.mark.parametrize(("url", "host"), HOSTS)
def test_the_host_of_an_address(url: str | None, host: str | None) -> None:
    """Lower case, with the scheme's port, without user, path or query; None where there is no usable host."""
    assert host_of(url) == host


ELSEWHERE = [
    "http://127.0.0.1:11434@evil.example",
    "http://127.0.0.1:11434@evil.example:11434/",
    "http://user:127.0.0.1:11434@evil.example",
    "http://evil.example/127.0.0.1:11434",
    "http://evil.example?127.0.0.1:11434",
    "http://evil.example#127.0.0.1:11434",
    "http://127.0.0.1.evil.example:11434",
    "http://127.0.0.1:114340",
    "http://127.0.0.1:1143",
    "http://127.0.0.1",
    "https://127.0.0.1",
    "http://127.0.0.10:11434",
    "http://127.0.0.1.:11434",  # with a trailing dot it is a name for the resolver
    "http://[::1]:11434",
    "http://[::ffff:127.0.0.1]:11434",
    "http://2130706433:11434",
    "http://localhost:11434",
    "http://evil.example\\@127.0.0.1.example:11434",
    "//evil.example",
    "file:///127.0.0.1:11434",
    "",
]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_only_the_configured_host_and_port_are_local(url: str) -> None:
    """An address that only looks like the local one, or another spelling of it, isn't local."""
    assert not LOCALHOST.is_local_host(host_of(url))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:11434", "http://127.0.0.1:11434/api/chat", "http://a:b@127.0.0.1:11434"]
)
def test_the_configured_host_is_local(url: str) -> None:
    """Path and user don't matter."""
    assert LOCALHOST.is_local_host(host_of(url))


@pytest.mark.parametrize(
    "configured", ["http://[::1]:11434", "http://LOCALHOST:11434", "https://Box.Lan", "http://box.lan:80/v1"]
)
def test_the_host_of_a_local_deployment_matches_itself(configured: str) -> None:
    """However an address is written in the config, the same address is local."""
    offered = inventory(deployment("ollama-default", api_base=configured))
    assert offered.is_local_host(host_of(configured))


def test_no_host_is_local_without_a_local_deployment() -> None:
    """The host of a cloud deployment, or none, is never local."""
    offered = inventory(deployment("openai-default", api_base="http://127.0.0.1:11434"))
    assert not offered.is_local_host("127.0.0.1:11434")
    assert not offered.is_local_host(None)
    assert not Inventory(()).is_local_host(None)


@pytest.mark.parametrize(
    ("name", "known"),
    [("azure_openai", "azure"), ("claude", "anthropic"), ("azure", "azure"), ("mine", "mine"), ("", "")],
)
def test_a_provider_has_one_name(name: str, known: str) -> None:
    """Aliases of the seed are understood."""
    assert provider_name(name) == known


@pytest.mark.parametrize(
    ("model", "door"),
    [
        *(("auto", True), ("auto-cost", True), ("auto-anything", True)),
        *(("automatic", False), ("gpt-auto", False), ("", False), ("AUTO", False), ("ollama-default", False)),
    ],
)
def test_a_door_is_known_by_its_name(model: str, door: bool) -> None:
    """`auto` and `auto-...` ask the router to choose."""
    assert is_auto(model) is door


FIND: list[tuple[str, list[str]]] = [
    ("ollama-default", ["ollama-default-1"]),
    ("azure-default-1", ["azure-default-1"]),
    ("openai/gpt-4o", ["openai-premium-1"]),
    ("gpt-4o", ["azure-premium-1", "openai-premium-1"]),
    ("GPT-4o", []),
    ("auto", []),
    ("", []),
]


@pytest.mark.parametrize(("name", "ids"), FIND)
def test_a_deployment_is_found_by_group_id_or_model(name: str, ids: list[str]) -> None:
    """A group beats an id, an id beats a model; a bare model name finds every provider that has it."""
    offered = inventory(
        "ollama-default",
        "azure-default",
        deployment("azure-premium", model="azure/gpt-4o"),
        deployment("openai-premium", model="openai/gpt-4o"),
    )
    assert [found.id for found in offered.find(name)] == ids


def test_the_inventory_is_ordered() -> None:
    """Groups in the config's order, providers by priority, local ones apart."""
    offered = inventory("anthropic-default", "ollama-default", "ollama-fast", "openai-default")
    assert offered.groups == ("anthropic-default", "ollama-default", "ollama-fast", "openai-default")
    assert offered.providers() == ("ollama", "openai", "anthropic")
    assert offered.local_providers() == ("ollama",)
    assert [d.group for d in offered.of_provider("ollama")] == ["ollama-default", "ollama-fast"]
    assert [d.id for d in offered.of_group("ollama-fast")] == ["ollama-fast-1"]


def read(*entries: dict[str, Any], **enabled: tuple[bool, int]) -> tuple[Inventory, list[str]]:
    return read_inventory(entries, {"SET": "value", "EMPTY": ""}, enabled)


def test_an_entry_without_marks_is_a_cloud_deployment_of_its_prefix() -> None:
    """Nothing is local unless the config says so."""
    plain = {"model_name": "g", "litellm_params": {"model": "ollama_chat/x", "api_base": OLLAMA_URL}}
    bare = {"model_name": "h", "litellm_params": {"model": "gpt-4o"}}
    offered, _ = read({**plain, "model_info": {"id": "a"}}, {**bare, "model_info": {"id": "b"}})
    assert [(d.provider, d.role, d.local, d.priority) for d in offered.deployments] == [
        ("ollama", "default", False, 9),
        ("openai", "default", False, 9),
    ]


@pytest.mark.parametrize("mark", [1, "true", "yes", None, [True]])
def test_only_true_marks_a_deployment_as_local(mark: object) -> None:
    """Anything else than the YAML value true is no mark, and is told."""
    given = entry("ollama-default", "ollama_chat/x", local=True)
    given["model_info"]["router"]["local"] = mark
    offered, problems = read(given)
    assert problems
    assert not any(d.local for d in offered.deployments)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"api_key": "os.environ/UNSET"}, "UNSET not set"),
        ({"api_key": "os.environ/EMPTY"}, "EMPTY not set"),
        ({"api_key": "os.environ/B", "api_base": "os.environ/A"}, "A and B not set"),
        ({"api_key": "os.environ/SET"}, None),
    ],
)
def test_a_deployment_without_its_variables_is_left_out(params: dict[str, str], why: str | None) -> None:
    """The reason names each variable, and nothing of its value."""
    offered, problems = read(entry("openai-default", "openai/x", **params))
    assert problems == []
    assert offered.left_out == ((("openai-default-1", why),) if why else ())
    assert len(offered.deployments) == (0 if why else 1)


@pytest.mark.parametrize(
    ("params", "variable"),
    [
        ({"api_key": "os.environ/SET"}, "SET"),
        ({"api_key": "sk-in-the-config"}, None),
        ({}, "OPENAI_API_KEY"),
    ],
)
def test_the_variable_of_a_key_is_known_and_never_the_key(params: dict[str, str], variable: str | None) -> None:
    """Advice names it; without `api_key` LiteLLM reads its own variable."""
    offered, _ = read(entry("openai-default", "openai/x", **params))
    assert [d.key_variable for d in offered.deployments] == [variable]
    assert "sk-" not in repr(offered)


def test_a_provider_that_is_off_is_left_out_with_its_switch() -> None:
    """The reason is the key to change; priorities come from the same place."""
    offered, _ = read(
        entry("openai-default", "openai/x"), entry("groq-default", "groq/x"), openai=(False, 1), groq=(True, 7)
    )
    assert offered.left_out == (("openai-default-1", "openai is switched off (providers.openai.enabled)"),)
    assert [(d.provider, d.priority) for d in offered.deployments] == [("groq", 7)]


def test_an_address_from_the_environment_is_resolved_for_cloud_deployments() -> None:
    """The lock compares what is really called."""
    offered, _ = read(entry("azure-default", "azure/x", api_base="os.environ/SET"))
    assert offered.deployments[0].api_base == "value"
    assert offered.deployments[0].host == "value:80"


@pytest.mark.parametrize(
    "model", ["openai/soundcloud", "ollama_chat/cloud-tuned:8b", "hosted_vllm/cloudy", "ollama_chat/llama3.1:8b"]
)
@pytest.mark.parametrize("server", [OLLAMA_URL])
def test_a_local_model_may_have_cloud_in_its_name(model: str, server: str) -> None:
    """Ollama's cloud models end in `-cloud` or `:cloud`; other names with these letters are local."""
    assert read(entry("ollama-default", model, local=True, api_base=server))[1] == []


def test_a_deployment_does_not_show_a_password() -> None:
    """A representation may be logged, so it holds no credentials of an address."""
    shown = repr(deployment("ollama-default", api_base="http://user:hidden@127.0.0.1:11434"))
    assert "hidden" not in shown
