"""Fit a linear text model with scikit-learn and export it as a `TextModel` with the same arithmetic."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import warnings
from array import array
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from router_plugin.textmodel import Block, DenseBlock, Head, TextModel
from router_plugin.tokens import chars, stems, tokens, words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

ANALYZERS = {"words": words, "chars": chars, "singles": tokens, "stems": stems}
CERTAIN = 4.0  # logit of .98
NO_TERM = "-"  # no analyzer returns it
DECIMALS = 4  # weights and idf in the file; the fitted estimators are rounded alike, so both score the same


@dataclass(frozen=True, eq=False)
class WordVectors:
    """A vector for each of many words, so that weights learnt on some words carry over to words like them."""

    words: tuple[str, ...]
    matrix: np.ndarray  # [word, dimension]

    @classmethod
    def load(cls, path: Path) -> WordVectors:
        """Read what `save` wrote. Errors: FileNotFoundError, KeyError."""
        content = json.loads(path.read_text("utf-8"))
        raw = np.frombuffer(base64.b64decode(content["int8"]), dtype=np.int8)
        words = tuple(content["words"].split(" "))
        return cls(words, raw.reshape(len(words), -1).astype(float) * content["step"])

    def save(self, path: Path) -> None:
        """Write as JSON: the words, and the vectors as signed bytes times a step."""
        step = float(np.abs(self.matrix).max()) / 127
        raw = np.round(self.matrix / step).astype(np.int8).tobytes()
        content = {"words": " ".join(self.words), "step": step, "int8": base64.b64encode(raw).decode()}
        path.write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")


@dataclass(frozen=True)
class BlockSpec:
    """A tf-idf block to learn: which view, which analyzer, and how much vocabulary."""

    analyzer: str = "words"
    view: int = 0
    min_df: int = 2
    max_features: int | None = 30_000
    scale: float = 1.0  # > 1: this block is regularised less than the others
    vectors: WordVectors | None = None  # learn one weight per dimension of these, and from them one per word
    idle: float = 1.0  # share of the vectors' words that is kept of those in no example: the ones that weigh most


@dataclass(frozen=True)
class LinearSpec:
    """What to fit. `C` is scikit-learn's inverse regularisation; `dense_scale` > 1 regularises dense features less."""

    blocks: tuple[BlockSpec, ...] = (BlockSpec("words"), BlockSpec("chars"))
    C: float = 10.0
    dense_scale: float = 0.3
    tolerance: float = 1e-3  # of the solver's gradient; rows of little weight make it stop too early at this one


@dataclass(frozen=True)
class Example:
    """One training row. `targets`: probability per head or None. `nuisance`: a column in training only."""

    views: tuple[str, ...]
    dense: tuple[float, ...]
    targets: tuple[float | None, ...]
    weight: float = 1.0
    nuisance: str = ""

    def __repr__(self) -> str:
        return f"Example({sum(map(len, self.views))} characters, {self.targets})"


@dataclass
class Features:
    """Fitted vectorizers and scaling: examples -> one sparse matrix. Picklable, for those who go on in scikit-learn."""

    spec: LinearSpec
    vectorizers: list[Any] = field(default_factory=list)
    mean: Any = None
    scale: Any = None

    def fit(self, examples: Sequence[Example]) -> Features:
        self.vectorizers = [_vectorizer(block, examples) for block in self.spec.blocks]
        dense = np.array([e.dense for e in examples], dtype=float).reshape(len(examples), -1)
        self.mean = np.round(dense.mean(axis=0), DECIMALS)
        spread = dense.std(axis=0)
        self.scale = np.round(np.where(spread > 1e-3, spread, 1.0) / self.spec.dense_scale, DECIMALS)
        return self

    def transform(self, examples: Sequence[Example]) -> sparse.csr_matrix:
        """One row per example: the blocks, then the standardised dense features."""
        parts = [
            vectorizer.transform([e.views[block.view] for e in examples]) * block.scale
            for block, vectorizer in zip(self.spec.blocks, self.vectorizers, strict=True)
        ]
        dense = np.array([e.dense for e in examples], dtype=float).reshape(len(examples), -1)
        parts.append(sparse.csr_matrix((dense - self.mean) / self.scale))
        return sparse.hstack(parts, format="csr")

    def folded(self, matrix: Any) -> tuple[Any, Callable[[np.ndarray], np.ndarray]]:
        """The matrix with each block of word vectors as sums of vectors, and how to get weights per word back."""
        parts: list[Any] = []
        maps: list[np.ndarray | None] = []
        start = 0
        for block, vectorizer in zip(self.spec.blocks, self.vectorizers, strict=True):
            stop = start + len(vectorizer.vocabulary_)
            part = matrix[:, start:stop]
            vectors = None if block.vectors is None else block.vectors.matrix
            parts.append(part if vectors is None else sparse.csr_matrix(part @ vectors))
            maps.append(vectors)
            start = stop
        parts.append(matrix[:, start:])
        maps.append(None)

        def unfold(coefficients: np.ndarray) -> np.ndarray:
            pieces, at = [], 0
            for part, vectors in zip(parts, maps, strict=True):
                piece = coefficients[at : at + part.shape[1]]
                pieces.append(piece if vectors is None else vectors @ piece)
                at += part.shape[1]
            return np.concatenate(pieces)

        return sparse.hstack(parts, format="csr"), unfold


def _vectorizer(block: BlockSpec, examples: Sequence[Example]) -> Any:
    vectorizer = TfidfVectorizer(
        analyzer=ANALYZERS[block.analyzer],
        sublinear_tf=True,
        min_df=block.min_df if block.vectors is None else 1,
        max_features=block.max_features if block.vectors is None else None,
        vocabulary=None if block.vectors is None else {w: i for i, w in enumerate(block.vectors.words)},
        dtype=np.float64,
    )
    texts = [e.views[block.view] for e in examples]
    try:
        vectorizer.fit(texts)
    except ValueError:  # no term is frequent enough, such as in data without conversations: an inert block
        vectorizer.set_params(vocabulary={NO_TERM: 0}, min_df=1, max_features=None).fit(texts)
    vectorizer.idf_ = np.round(vectorizer.idf_, DECIMALS)
    return vectorizer


@dataclass
class Fitted:
    """Features and one logistic regression per head."""

    features: Features
    heads: dict[str, LogisticRegression]
    slopes: dict[str, tuple[float, float]] = field(default_factory=dict)  # Platt: slope, offset

    def logits(self, examples: Sequence[Example]) -> np.ndarray:
        """[example, head], before calibration."""
        matrix = self.features.transform(examples)
        return np.column_stack([model.decision_function(matrix) for model in self.heads.values()])

    def parts(self, examples: Sequence[Example]) -> np.ndarray:
        """[example, view or numbers, head]: what a served model's `TextScore.parts` holds."""
        matrix = self.features.transform(examples)
        weights = np.column_stack([model.coef_[0] for model in self.heads.values()])
        found = np.zeros((len(examples), len(examples[0].views) + 1, len(self.heads)))
        start = 0
        for block, vectorizer in zip(self.features.spec.blocks, self.features.vectorizers, strict=True):
            stop = start + len(vectorizer.vocabulary_)
            found[:, block.view] += matrix[:, start:stop] @ weights[start:stop]
            start = stop
        found[:, -1] = matrix[:, start:] @ weights[start:]
        found[:, -1] += [float(model.intercept_[0]) for model in self.heads.values()]
        return found

    def export(
        self, name: str, dense_names: Sequence[str], *, extra: Mapping[str, Any] | None = None, fingerprint: str = ""
    ) -> TextModel:
        """The same model for serving."""
        coefficients = [model.coef_[0] for model in self.heads.values()]
        blocks, start = [], 0
        for spec, vectorizer in zip(self.features.spec.blocks, self.features.vectorizers, strict=True):
            terms = vectorizer.get_feature_names_out().tolist()
            stop = start + len(terms)
            weights = tuple(array("d", np.round(c[start:stop] * spec.scale, DECIMALS + 2)) for c in coefficients)
            blocks.append(Block(spec.view, spec.analyzer, tuple(terms), array("d", vectorizer.idf_), weights))
            start = stop
        dense = DenseBlock(
            tuple(dense_names),
            tuple(self.features.mean.tolist()),
            tuple(self.features.scale.tolist()),
            tuple(tuple(c[start:].tolist()) for c in coefficients) if dense_names else (),
        )
        heads = tuple(
            Head(head, float(model.intercept_[0]), *self.slopes.get(head, (1.0, 0.0)))
            for head, model in self.heads.items()
        )
        return TextModel(name, heads, tuple(blocks), dense, dict(extra or {}), fingerprint)


def fit_linear(examples: Sequence[Example], heads: Sequence[str], spec: LinearSpec, *, seed: int = 0) -> Fitted:
    """Fit one logistic regression per head. Soft targets count as two weighted rows; nuisance columns are dropped."""
    features = Features(spec).fit(examples)
    terms = features.transform(examples)
    matrix, unfold = features.folded(terms)
    width = matrix.shape[1]
    nuisance = sorted({e.nuisance for e in examples if e.nuisance})
    if nuisance:
        column = {name: i for i, name in enumerate(nuisance)}
        rows = [i for i, e in enumerate(examples) if e.nuisance]
        columns = [column[examples[i].nuisance] for i in rows]
        one_hot = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(examples), len(nuisance)))
        matrix = sparse.hstack([matrix, one_hot], format="csr")
    fitted: dict[str, LogisticRegression] = {}
    for position, head in enumerate(heads):
        index, target, weight = _expand(examples, position)
        model = LogisticRegression(C=spec.C, solver="lbfgs", max_iter=200, tol=spec.tolerance, random_state=seed)
        if len(set(target.tolist())) < 2:  # nothing to learn from: the answer is always the one seen, or no
            model.classes_ = np.array([0, 1])
            model.coef_ = np.zeros((1, width))
            model.intercept_ = np.array([CERTAIN if target.any() else -CERTAIN])
        else:
            with warnings.catch_warnings():  # the last digits of convergence don't matter to a rounded model
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(matrix[index], target, sample_weight=weight)
        model.coef_ = np.round(unfold(model.coef_[0, :width]), DECIMALS)[np.newaxis, :]
        model.intercept_ = np.round(model.intercept_, DECIMALS)
        fitted[head] = model
    _leave_out_idle_words(features, examples, fitted.values(), terms)
    for model in fitted.values():
        model.n_features_in_ = model.coef_.shape[1]
    return Fitted(features, fitted)


def _leave_out_idle_words(
    features: Features, examples: Sequence[Example], models: Collection[LogisticRegression], terms: sparse.csr_matrix
) -> None:
    """Drop words that no example holds and that weigh little: nothing was learnt with them, so no weight changes."""
    kept = np.ones(terms.shape[1], dtype=bool)
    used = terms.getnnz(axis=0) > 0
    weight = np.max([np.abs(model.coef_[0]) for model in models], axis=0)
    start = 0
    for position, block in enumerate(features.spec.blocks):
        stop = start + len(features.vectorizers[position].vocabulary_)
        idle = np.flatnonzero(~used[start:stop]) + start
        if block.vectors is not None and block.idle < 1.0 and idle.size:
            kept[idle] = weight[idle] >= np.quantile(weight[idle], 1.0 - block.idle)
            part = kept[start:stop]
            words = tuple(itertools.compress(block.vectors.words, part))
            smaller = replace(block, vectors=WordVectors(words, block.vectors.matrix[part]))
            features.vectorizers[position] = _vectorizer(smaller, examples)
        start = stop
    for model in models:
        model.coef_ = model.coef_[:, kept]


def _expand(examples: Sequence[Example], position: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Soft targets as hard ones: a row with p = .3 counts .3 as positive and .7 as negative."""
    index: list[int] = []
    target: list[int] = []
    weight: list[float] = []
    for i, example in enumerate(examples):
        p = example.targets[position]
        if p is None:
            continue
        for label, share in ((1, p), (0, 1.0 - p)):
            if share > 0:
                index.append(i)
                target.append(label)
                weight.append(share * example.weight)
    return np.array(index), np.array(target), np.array(weight)


def platt(logits: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, float]:
    """Slope and offset that calibrate out-of-fold logits (Platt 1999)."""
    model = LogisticRegression(C=1e4, solver="lbfgs")
    model.fit(logits.reshape(-1, 1), targets, sample_weight=weights)
    return round(float(model.coef_[0, 0]), DECIMALS + 2), round(float(model.intercept_[0]), DECIMALS + 2)


def fingerprint(rows: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 over the training rows, whatever their order."""
    digests = sorted(
        hashlib.sha256(json.dumps(row, sort_keys=True, ensure_ascii=False).encode()).hexdigest() for row in rows
    )
    return hashlib.sha256("".join(digests).encode()).hexdigest()
