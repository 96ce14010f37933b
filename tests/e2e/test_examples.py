"""Each file in `examples/` works as it stands: programs run against the real proxy, settings name real models."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from router_plugin.fakes import FakeProvider
from tests.e2e import clients
from tests.e2e.clients import run, run_against
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import CLOUD, ROOT, Proxy, pack, point_at, running

EXAMPLES = ROOT / "examples"
MAX_LINES = 30
PROGRAMS = {
    "curl.sh", "openai_chat.py", "openai_chat.mjs", "anthropic_messages.py", "responses_api.py", "langchain_chat.py",
    "litellm_proxy.py", "litellm_in_process.py", "ollama_models.py",
}  # fmt: skip
SETTINGS = {"claude-code.json", "continue.yaml", "open-webui.env"}
LOCAL = "served by ollama"


def test_every_file_is_run_and_short() -> None:
    """A new example has a place here, and no more lines than a reader takes in at once."""
    files = {path.name for path in EXAMPLES.iterdir() if path.is_file()} - {"README.md"}
    assert files == PROGRAMS | SETTINGS
    for name in files:
        assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) <= MAX_LINES, name


def test_the_index_names_every_example() -> None:
    """`examples/README.md` says what each is."""
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in PROGRAMS | SETTINGS if f"`{name}`" not in index] == []


# What a program imports, and the package that brings it.
PACKAGES = {
    "openai": "pip install openai",
    "anthropic": "pip install anthropic",
    "langchain_openai": "pip install langchain-openai",
    "litellm": "pip install litellm",
    "router_plugin": "pip install litellm-router-plugin",
    "ollama": "pip install ollama",
}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_each_program_says_what_to_install(path: Path) -> None:
    """In its head, and in the index, for whoever copies it into an environment of their own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    head = ast.get_docstring(tree) or ""
    names = [alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in tree.body if isinstance(node, ast.ImportFrom)]
    needed = {name.split(".")[0] for name in names} - sys.stdlib_module_names
    needed -= {"litellm"} if "router_plugin" in needed else set()  # it brings that along
    assert needed
    (row,) = [line for line in (EXAMPLES / "README.md").read_text().splitlines() if line.startswith(f"| `{path.name}`")]
    for name in needed:
        assert f"`{PACKAGES[name]}`" in head
        assert f"`{PACKAGES[name]}`" in row


def test_curl_without_keys(tmp_path: Path) -> None:
    """The request that names a provider is refused, and the example prints why and goes on."""
    clients.program("curl", "on Debian: apt-get install curl")
    none = dict.fromkeys(("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "ANTHROPIC_API_KEY"), "")
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, environ=none) as proxy,
    ):
        printed = run_against(proxy, ["sh", str(EXAMPLES / "curl.sh")], tmp_path)
    assert "names no provider that is set up" in printed
    assert "data: [DONE]" in printed.split("names no provider that is set up")[1]


def test_curl(proxy: Proxy, tmp_path: Path) -> None:
    """A chat, a decision's headers, a forced provider, a stream."""
    clients.program("curl", "on Debian: apt-get install curl")
    printed = run_against(proxy, ["sh", str(EXAMPLES / "curl.sh")], tmp_path)
    assert LOCAL in printed
    assert "x-router-private: true" in printed
    assert "x-router-deployment: openai-default-1" in printed
    assert "data: [DONE]" in printed
    assert proxy.cloud_calls() == ["openai"]


# What each example prints, beside two answers: whether its first prompt is private, and who serves its second.
PYTHON = [
    ("openai_chat.py", "private: true served by: ollama-", LOCAL),
    ("anthropic_messages.py", "private: true served by: ollama-", "served by anthropic"),
    ("responses_api.py", "tier: low served by: ollama-", LOCAL),
    ("litellm_proxy.py", "served by: ollama-", LOCAL),
]


@pytest.mark.parametrize(("name", "first", "second"), PYTHON, ids=[case[0] for case in PYTHON])
def test_python(proxy: Proxy, tmp_path: Path, name: str, first: str, second: str) -> None:
    """The openai, anthropic and litellm packages, whole and streamed."""
    printed = run_against(proxy, [sys.executable, str(EXAMPLES / name)], tmp_path)
    assert first in printed
    assert LOCAL in printed
    assert second in printed.splitlines()[-1]
    assert not proxy.cloud_saw("078-05-1120")


def test_langchain(proxy: Proxy, tmp_path: Path) -> None:
    """LangChain's ChatOpenAI reads the headers, and streams by another strategy."""
    printed = run_against(proxy, [clients.client_python(), str(EXAMPLES / "langchain_chat.py")], tmp_path)
    assert "private: true served by: ollama-" in printed
    assert printed.count(LOCAL) == 2
    assert proxy.cloud_calls() == []


def test_javascript(proxy: Proxy, tmp_path: Path) -> None:
    """The openai package for JavaScript: private stays local, a forced provider streams."""
    node = clients.program("node", "on Debian: apt-get install nodejs npm")
    clients.npm_package("openai")
    (tmp_path / "node_modules").symlink_to(clients.MODULES)
    (tmp_path / "chat.mjs").write_bytes((EXAMPLES / "openai_chat.mjs").read_bytes())
    printed = run_against(proxy, [node, "chat.mjs"], tmp_path)
    assert "private: true" in printed
    assert LOCAL in printed
    assert "served by openai" in printed.splitlines()[-1]


def test_in_process(tmp_path: Path) -> None:
    """Without a proxy: the same decisions, on the config of the working folder."""
    fakes = {name: FakeProvider(name, kind=name) for name in CLOUD}
    with FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama:
        config = pack()
        point_at(config, fakes)  # never started: an attempt to reach them would fail the example
        (tmp_path / "litellm_config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        environ = {"OLLAMA_HOST": ollama.base_url, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "sk-invented"}
        printed = run([sys.executable, str(EXAMPLES / "litellm_in_process.py")], tmp_path, environ)
    assert "private: True tier: low" in printed
    assert printed.count(LOCAL) == 2
    assert "without a call: low" in printed


def test_ollama(tmp_path: Path) -> None:
    """Ollama's own client pulls what is missing."""
    models = ["phi3:mini", "nomic-embed-text:latest"]
    with FakeProvider("ollama", kind="ollama", models=models) as ollama:
        command = [clients.client_python(), str(EXAMPLES / "ollama_models.py")]
        printed = run(command, tmp_path, {"OLLAMA_HOST": ollama.base_url})
        assert "phi3:mini is there" in printed
        assert "llama3.1:8b success" in printed
        assert {"llama3.1:8b", "codellama:13b"} <= set(ollama.backend.known_models())


def _offered(proxy: Proxy) -> set[str]:
    return {entry["id"] for entry in proxy.client.get("/v1/models").json()["data"]}


def test_claude_code(proxy: Proxy) -> None:
    """Its settings name offered models, and a request in its manner is answered: blocks, tools, betas, a count."""
    env = json.loads((EXAMPLES / "claude-code.json").read_text(encoding="utf-8"))["env"]
    named = {value for key, value in env.items() if key.endswith("_MODEL")}
    assert named <= _offered(proxy)
    body: dict[str, Any] = {
        "model": env["ANTHROPIC_MODEL"],
        "max_tokens": 64,
        "system": [{"type": "text", "text": "You write code.", "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "What is 2 + 2?"}]}],
        "tools": [{"name": "read", "description": "Reads a file.", "input_schema": {"type": "object"}}],
    }
    answer = proxy.post("/v1/messages?beta=true", body, anthropic_beta="claude-code-20250219")
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"]
    count = proxy.post("/v1/messages/count_tokens?beta=true", {**body, "max_tokens": None})
    assert count.json()["input_tokens"] > 0


def test_continue(proxy: Proxy) -> None:
    """Its entries name offered models; chats and embeddings are answered at their addresses."""
    config = yaml.safe_load((EXAMPLES / "continue.yaml").read_text(encoding="utf-8"))
    assert {entry["model"] for entry in config["models"]} <= _offered(proxy)
    paths = {"chat": "/chat/completions", "embed": "/embeddings"}
    for entry in config["models"]:
        prefix = "/" + entry["apiBase"].split("/", 3)[3]
        role = entry["roles"][0]
        asked = {"input": "hi"} if role == "embed" else {"messages": [{"role": "user", "content": "hi"}]}
        answer = proxy.post(prefix + paths[role], {"model": entry["model"], **asked})
        assert answer.status_code == 200, answer.text


def test_open_webui(proxy: Proxy) -> None:
    """Its address, with the container's name for this machine replaced, lists the models and answers."""
    lines = (EXAMPLES / "open-webui.env").read_text(encoding="utf-8").splitlines()
    env = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    base = env["OPENAI_API_BASE_URL"].replace("http://host.docker.internal:4000", proxy.url)
    assert "auto" in {entry["id"] for entry in proxy.client.get(f"{base}/models").json()["data"]}
    asked = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
    assert proxy.post(f"{base}/chat/completions", asked).status_code == 200
