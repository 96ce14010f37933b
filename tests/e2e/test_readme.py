"""The README's code is run, and prints what the README shows.

A block marked `sh` or `python` is run against a proxy with the embedded model, as a newcomer would; one marked
`sh check` installs, pulls or trains, so its commands are looked up instead. A `text` block behind another holds what
that one prints.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from router_plugin.cli import commands
from router_plugin.fakes import FakeProvider
from tests.e2e import clients
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import KEY, ROOT, Proxy

DOCUMENTS = ("README.md", "docs/providers.md", "docs/deploy.md")
CHANGES_EACH_TIME = ("x-router-decision-id", "x-router-model-version")
# and those of their commands that a document may name
OTHER_PROGRAMS = {"ollama": {"pull"}, "cp": {".env.example"}, "docker": {"compose"}}


@dataclass(frozen=True)
class Block:
    """A fenced block: its marks (`sh`, `sh check`, `python`, `text`) and what it holds."""

    marks: str
    body: str


def blocks(document: str) -> list[Block]:
    """The fenced blocks of a document in order."""
    found = re.findall(r"^```([^\n]*)\n(.*?)^```", (ROOT / document).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [Block(marks.strip(), body) for marks, body in found]


README = blocks("README.md")


@pytest.fixture(scope="module")
def home(embedded_proxy: Proxy) -> Path:
    """The proxy's folder, with the program where a checkout has it."""
    folder = embedded_proxy.log.parent / ".venv" / "bin"
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "router-plugin").symlink_to(Path(sys.executable).parent / "router-plugin")
    return embedded_proxy.log.parent


def environment(proxy: Proxy) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LITELLM", "ROUTER"))}
    cloud = {"ANTHROPIC_API_KEY": "sk-ant-test", "OPENAI_API_KEY": "sk-openai-test"}
    ours = {"LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONPATH": str(ROOT)}
    return {**kept, **cloud, **ours}


def shell(script: str, proxy: Proxy, folder: Path) -> str:
    """What a block prints when a shell runs it, with the proxy's address in place of the README's."""
    script = script.replace("http://localhost:4000", proxy.url)
    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=folder,
        env=environment(proxy),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_block_is_known() -> None:
    """A mark that no test looks at would let a block go stale."""
    assert {block.marks for name in DOCUMENTS for block in blocks(name)} <= {"sh", "sh check", "python", "text"}


def test_the_first_request(embedded: Proxy, home: Path) -> None:
    """The curl command answers with the headers that the picture at the top shows, in that order."""
    clients.program("curl", "on Debian: apt-get install curl")
    command = next(block.body for block in README if block.marks == "sh" and "curl" in block.body)
    picture = next(block.body for block in README if block.marks == "text")

    def headers(text: str) -> list[str]:
        lines = [line.strip() for line in text.splitlines() if line.startswith(("HTTP/", "x-router-"))]
        return [line.split(":")[0] if line.startswith(CHANGES_EACH_TIME) else line for line in lines]

    assert headers(shell(command, embedded, home)) == headers(picture)


def test_the_other_commands(embedded: Proxy, home: Path) -> None:
    """Each works in the proxy's folder, once a request was answered; what is shown below it is what it prints."""
    embedded.chat("What is 2 + 2?")
    for block, after in zip(README, [*README[1:], Block("", "")], strict=True):
        if block.marks == "sh" and "curl" not in block.body:
            printed = shell(block.body, embedded, home)
            if after.marks == "text":
                assert printed == after.body


def test_python(tmp_path: Path) -> None:
    """The Python block runs as it stands."""
    body = next(block.body for block in README if block.marks == "python")
    with FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama:
        environ = {"OLLAMA_HOST": ollama.base_url, "PYTHONPATH": str(ROOT)}
        (tmp_path / "litellm_config.yaml").write_bytes((ROOT / "litellm_config.yaml").read_bytes())
        program = f"{body}\nprint(answer.choices[0].message.content)"
        assert "served by ollama" in clients.run([sys.executable, "-c", program], tmp_path, environ)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_is_only_checked(document: str) -> None:
    """Scripts can be started, our commands take the options that are written, other programs have the command."""
    lines = [line for block in blocks(document) if block.marks == "sh check" for line in block.body.splitlines()]
    assert lines
    for program, *arguments in filter(None, (shlex.split(line, comments=True) for line in lines)):
        if program.startswith("scripts/"):
            assert os.access(ROOT / program, os.X_OK), program
        elif program == ".venv/bin/router-plugin":
            command = commands.commands[arguments[0]]
            options = {name for parameter in command.params for name in parameter.opts}
            assert {word for word in arguments if word.startswith("--")} <= options
        else:
            assert arguments[0] in OTHER_PROGRAMS[program]
