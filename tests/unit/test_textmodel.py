"""The text model: arithmetic, file format, refusal of damaged files."""

from __future__ import annotations

import json
import math
import random
from array import array
from dataclasses import replace
from pathlib import Path

import pytest

from router_plugin.errors import ModelFileError
from router_plugin.textmodel import Block, DenseBlock, Head, TextModel
from router_plugin.tokens import TERMS, readable, tokens


def words(text: str) -> list[str]:
    return TERMS["words"](tokens(text))


def edged(text: str) -> list[str]:
    return TERMS["edged"](tokens(text))


def small_model() -> TextModel:
    idf, weights = array("d", (1.0, 2.0, 3.0)), array("d", (1.0, -1.0, 0.5))
    block = Block(0, "words", ("red", "fox", "red fox"), idf, (weights,))
    return TextModel("toy", (Head("hard", 0.25, 2.0, -0.5),), (block,), DenseBlock(("n",), (1.0,), (2.0,), ((4.0,),)))


def test_score_by_hand() -> None:
    """A score is the intercept, the l2-normalised tf-idf dot product and the standardised dense features."""
    score = small_model().score("Red fox!", [3.0])
    expected = 0.25 + (1.0 * 1.0 + 2.0 * -1.0 + 3.0 * 0.5) / (1 + 4 + 9) ** 0.5 + 4.0 * (3.0 - 1.0) / 2.0
    assert score.logits[0] == pytest.approx(expected, abs=1e-12)
    assert score.known == 1.0


def test_contributions_add_up() -> None:
    """The contributions and the logit of no text are the logit; text features are marked as text and hidden in repr."""
    model = small_model()
    found = model.contributions("red red fox", [3.0])
    base, logit = model.score("", [0.0]).logits[0], model.score("red red fox", [3.0]).logits[0]
    assert base + sum(c.weight for c in found) == pytest.approx(logit)
    assert {c.name for c in found if not c.is_text} == {"n"}
    assert "fox" not in repr(found)


@pytest.mark.parametrize("text", ["", "?!", "zebra", "\x00", "😀"])
def test_unknown_text_scores_the_intercept(text: str) -> None:
    """Text without a known term leaves the intercept and the dense part, and nothing is known of it."""
    score = small_model().score(text, [1.0])
    assert score.logits == (0.25,)
    assert score.known == 0.0


def test_save_and_load_round_trip(tmp_path: Path) -> None:
    """A saved model loads as an equal one with the same version."""
    path = tmp_path / "toy.json"
    small_model().save(path)
    loaded = TextModel.load(path)
    assert loaded == small_model()
    assert loaded.version == small_model().version
    assert [p.name for p in tmp_path.iterdir()] == ["toy.json"]


def test_a_model_for_serving_scores_and_explains_but_is_not_written(tmp_path: Path) -> None:
    """Its version and its figures are the whole model's; a file written from it would lack the terms."""
    model = small_model()
    served = model.for_serving()
    assert served.score("red fox", [3.0]) == model.score("red fox", [3.0])
    assert served.contributions("red fox", [3.0]) == model.contributions("red fox", [3.0])
    assert (served.version, repr(served)) == (model.version, repr(model))
    assert model.blocks
    with pytest.raises(ValueError, match="for serving only"):
        served.save(tmp_path / "toy.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("cut short", lambda s: s[: len(s) // 2]),
        ("a weight changed", lambda s: s.replace('"weights":["', '"weights":["A', 1)),
        ("a term changed", lambda s: s.replace("red fox", "red box")),
        ("empty", lambda s: ""),
        ("a list", lambda s: "[]"),
        ("another format", lambda s: s.replace("router-text-model/2", "router-text-model/9")),
        ("written anew", lambda s: json.dumps(json.loads(s))),
        ("two hashes", lambda s: s.replace('{"sha256"', '{"sha256":"0","sha256"')),
        ("no hash", lambda s: json.dumps({k: v for k, v in json.loads(s).items() if k != "sha256"})),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, spoil) -> None:
    """Anything but an intact file of this format raises ModelFileError."""
    path = tmp_path / "toy.json"
    small_model().save(path)
    path.write_text(spoil(path.read_text("utf-8")), "utf-8")
    with pytest.raises(ModelFileError):
        TextModel.load(path)


@pytest.mark.parametrize(
    "part",
    [
        {"idf": "AAAA"},
        {"idf": "no base64"},
        {"idf": "é"},
        {"terms": "red\nfox"},
        {"terms": ["red", "fox", "red fox"]},
        {"weights": [[1.0, -1.0, 0.5]]},
        {"weights": None},
    ],
)
def test_a_block_that_does_not_fit_together_is_refused(part: dict[str, object]) -> None:
    """Numbers of another count or form than the terms raise ModelFileError, also where the hash is right."""
    content = small_model().content()
    content["blocks"][0] |= part
    with pytest.raises(ModelFileError, match="lacks a part"):
        TextModel.from_content(content)


def test_a_file_keeps_six_decimals() -> None:
    """What is read is the double nearest to the decimal that was written, whatever its sign and size."""
    numbers = array("d", (0.123456, -0.000001, 2147.483647, -0.1, 0.0))
    block = Block(0, "words", ("a", "b", "c", "d", "e"), numbers, (numbers,))
    model = TextModel("toy", (Head("hard", 0.0),), (block,))
    assert TextModel.from_content(model.content()).blocks == (block,)
    too_large = Block(0, "words", ("a",), array("d", (2148.0,)), (array("d", (1.0,)),))
    with pytest.raises(ModelFileError, match="2,147"):
        TextModel("toy", (Head("hard", 0.0),), (too_large,)).content()


def test_wrong_number_of_dense_features_is_an_error() -> None:
    """Scoring with too few dense features raises instead of guessing."""
    with pytest.raises(ValueError, match="takes 1 dense features"):
        small_model().score("red", [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't STOP", ["don", "t", "stop"]),
        ("Élan ﬁne", ["elan", "fine"]),
        ("2024-05-01", ["0000", "00", "00"]),
        ("你好吗", ["你", "好", "吗"]),
        ("किताब", ["किताब"]),
        ("한국어 입니다", ["한국어", "입니다"]),
        ("e\u0301lan", ["elan"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    """Words are folded in every script, and unspaced scripts give one token a character."""
    assert tokens(text) == expected


def test_equal_to_scikit_learn_on_random_texts() -> None:
    """The exported scorer agrees with scikit-learn's pipeline within 1e-6 on random texts, also with word vectors."""
    np = pytest.importorskip("numpy")
    pytest.importorskip("sklearn")
    from router_plugin.training.linear import BlockSpec, Example, LinearSpec, WordVectors, fit_linear

    rng = random.Random(7)
    vocabulary = [f"w{chr(97 + i)}{chr(97 + j)}" for i in range(8) for j in range(8)]
    vectors = WordVectors(tuple(vocabulary), np.random.default_rng(0).normal(size=(len(vocabulary), 4)))

    def example(vocabulary: list[str]) -> Example:
        text = " ".join(rng.choices(vocabulary, k=rng.randrange(1, 40)))
        return Example((text,), (rng.random(), rng.random()), (float("waa" in text), rng.choice([0.0, 1.0, 0.3, None])))

    seen, unseen = vocabulary[:48], vocabulary[48:]
    train = [example(seen) for _ in range(200)]
    words = BlockSpec("singles", scale=3.0, vectors=vectors, idle=0.5)
    short = BlockSpec("edged", scale=0.7, log_odds=True, below=20)
    blocks = (BlockSpec("edged", log_odds=True), BlockSpec("chars", scale=0.5), words, short)
    fitted = fit_linear(train, ("a", "b"), LinearSpec(blocks))
    model = fitted.export("random", ("x", "y"))
    kept = set(model.blocks[2].terms)
    assert kept >= set(seen)
    assert len(kept & set(unseen)) == len(unseen) // 2
    tests = [example(vocabulary) for _ in range(60)]
    for wanted, e in zip(fitted.logits(tests), tests, strict=True):
        assert model.score(e.views, e.dense).logits == pytest.approx(wanted.tolist(), abs=1e-6)
    for wanted, e in zip(fitted.parts(tests), tests, strict=True):
        assert model.score(e.views, e.dense).parts == [pytest.approx(part, abs=1e-6) for part in wanted.tolist()]
    whole = fit_linear(train, ("a", "b"), LinearSpec((*blocks[:2], replace(words, idle=1.0), short))).logits(train)
    assert fitted.logits(train) == pytest.approx(whole)  # nothing that was learnt has changed


def test_words_are_singles_and_pairs() -> None:
    """The word terms are each word and each pair of neighbours."""
    assert words("a b c") == ["a", "b", "c", "a b", "b c"]


def test_edges_are_terms_of_their_own() -> None:
    """Beside words and pairs: the first word, the first three, the last one; nothing of an empty text."""
    assert edged("a b c d") == [*words("a b c d"), "^ a", "^^ a b c", "$ d"]
    assert edged("a") == ["a", "^ a", "^^ a", "$ a"]
    assert edged(" ?") == []
    assert [readable(term) for term in edged("a b")] == ["a", "b", "a b", "begins: a", "begins: a b", "ends: b"]


def test_a_block_for_short_texts() -> None:
    """It adds to texts of fewer words than it says, and to no others; contributions say the same."""
    block = Block(0, "words", ("a",), array("d", [1.0]), (array("d", [2.0]),), below=3)
    model = TextModel("short", (Head("h", 0.0),), (block,))
    assert model.score("a b").logits == (2.0,)
    assert model.score("a b c").logits == (0.0,)
    assert [one.weight for one in model.contributions("a b")] == [2.0]
    assert model.contributions("a b c") == ()
    assert TextModel.from_content(model.content()).score("a b c").logits == (0.0,)


def test_korean_is_served_as_it_was_trained() -> None:
    """A word of one syllable isn't taken for a syllable of another word: vectors leave such words out."""
    np = pytest.importorskip("numpy")
    pytest.importorskip("sklearn")
    from router_plugin.training.linear import BlockSpec, Example, LinearSpec, WordVectors, fit_linear

    vocabulary = ("수", "강의를", "수강했다", "책", "책상을")
    vectors = WordVectors(vocabulary, np.random.default_rng(0).normal(size=(5, 3))).looked_up()
    assert vectors.words == ("강의를", "수강했다", "책상을")
    rng = random.Random(1)
    rows = [Example((" ".join(rng.choices(vocabulary, k=6)),), (), (float(i % 2),)) for i in range(60)]
    blocks = (BlockSpec("edged", log_odds=True), BlockSpec("singles", scale=3.0, vectors=vectors))
    fitted = fit_linear(rows, ("a",), LinearSpec(blocks))
    model = fitted.export("korean", ())
    for wanted, row in zip(fitted.logits(rows), rows, strict=True):
        assert model.score(row.views).logits == pytest.approx(wanted.tolist(), abs=1e-6)


def test_log_odds_by_hand() -> None:
    """A column that tells the classes apart gets a larger factor than one that doesn't, about 1 in all."""
    np = pytest.importorskip("numpy")
    pytest.importorskip("sklearn")
    from scipy import sparse

    from router_plugin.training.linear import _evidence

    matrix = sparse.csr_matrix([[0.3, 0.5], [0.2, 0.0], [0.0, 0.1], [0.0, 0.7]])
    found = _evidence(matrix, np.array([1, 1, 0, 0]), np.array([1.0, 1.0, 1.0, 1.0]))
    # counts with one added: the first column 3 and 1, the second 2 and 3; sums 5 and 4
    raw = [1 + abs(math.log((3 / 5) / (1 / 4))), 1 + abs(math.log((2 / 5) / (3 / 4)))]
    assert found.tolist() == pytest.approx([x / math.sqrt((raw[0] ** 2 + raw[1] ** 2) / 2) for x in raw])


def test_korean_words_are_read_by_syllable_too() -> None:
    """A word keeps its sense under another particle: forms of it share syllables and pairs of these."""
    syllables = ["학", "교", "에", "가", "학 교", "교 에", "에 가"]
    assert words("학교에 ab 가") == ["학교에", "ab", "가", "학교에 ab", "ab 가", *syllables]
    assert {"학", "교", "학 교"} <= set(words("학교에서")) & set(words("학교를"))
