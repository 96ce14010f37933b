"""`examples/kotlin` compiles, works against the real proxy, and scores as Python does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e import clients
from tests.e2e.clients import run, run_against
from tests.e2e.proxy import ROOT, Proxy

pytestmark = pytest.mark.slow

FOLDER = ROOT / "examples" / "kotlin"
VECTORS = ROOT / "tests" / "keyword_vectors.json"


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The start of a command that runs one of the compiled classes."""
    program = clients.program("java", "on Debian: apt-get install openjdk-17-jdk-headless")
    compiler = clients.npm_package("kotlin-compiler")
    classes = tmp_path_factory.mktemp("classes")
    sources = sorted(str(path) for path in (FOLDER / "src").glob("*.kt"))
    done = subprocess.run(
        [str(compiler / "bin" / "kotlinc"), "-Werror", "-d", str(classes), *sources],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [program, "-cp", f"{classes}:{compiler / 'lib' / 'kotlin-stdlib.jar'}"]


def test_the_client(java: list[str], proxy: Proxy, tmp_path: Path) -> None:
    """Chat, private text, a forced provider, a strategy, a stream, and a refusal with its cure."""
    printed = run_against(proxy, [*java, "router.MainKt"], tmp_path)
    for line in (
        "chat: tier=low by=ollama-",
        "private: private=true by=ollama-",
        "provider: by=anthropic-",
        "strategy: strategy=cost by=ollama-",
        "stream: served by ollama",
        "refused: 400",
    ):
        assert line in printed, printed
    assert "auto-cost" in printed.split("refused: 400")[1]
    assert proxy.cloud_calls() == ["anthropic"]


def test_the_keyword_score(java: list[str], tmp_path: Path) -> None:
    """Every vector has the very same score as in Python."""
    printed = run([*java, "router.Vectors", str(VECTORS)], tmp_path, {}).splitlines()
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert len(printed) == len(vectors)
    assert [v for v, line in zip(vectors, printed, strict=True) if float(line) != v["score"]] == []


def test_any_text_arrives(java: list[str], proxy: Proxy, tmp_path: Path) -> None:
    """Quotes, backslashes, control and non-Latin characters are sent as they are."""
    text = 'a "quoted" \\ back\\slash\n\tnew line \u0001 é 日 🙂 \u2028'
    java_says = ["env", "LC_ALL=C.UTF-8", *java, "router.MainKt", text]
    assert "served by ollama" in run_against(proxy, java_says, tmp_path)
    assert proxy.fakes["ollama"].saw(text)


def test_json_is_read(java: list[str], tmp_path: Path) -> None:
    """Escapes and nested values are read as JSON means them; broken JSON is an error that says where."""
    vectors = tmp_path / "vectors.json"
    vectors.write_text('[ {"x": [1e3, -2, true, null, {}], "text": "\\u0063ompare\\n\\"it\\""} ]', encoding="utf-8")
    assert run([*java, "router.Vectors", str(vectors)], tmp_path, {}).strip() == "0.15"
    vectors.write_text('[{"text": "cut', encoding="utf-8")
    with pytest.raises(AssertionError, match="unexpected end at character"):
        run([*java, "router.Vectors", str(vectors)], tmp_path, {})
