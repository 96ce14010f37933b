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
from sklearn.preprocessing import normalize

from router_plugin.textmodel import Block, DenseBlock, Head, TextModel
from router_plugin.tokens import TERMS, is_unspaced, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

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

    def looked_up(self) -> WordVectors:
        """Without words of one letter: a served model looks words up among terms, where parts of Korean words (their
        syllables, and letters and digits in them) are named alike. Scripts without spaces keep theirs.
        """
        kept = np.array([len(word) > 1 or is_unspaced(ord(word)) for word in self.words])
        return WordVectors(tuple(itertools.compress(self.words, kept)), self.matrix[kept])

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
    log_odds: bool = False  # regularise a term less, the more its odds differ between the classes
    below: int = 0  # it reads texts of fewer words than this; 0: all
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

    def fit_transform(self, examples: Sequence[Example]) -> sparse.csr_matrix:
        """Learn vocabularies and scales; returns what `transform` would."""
        read = _Read(examples)
        fitted = [_fit(block, read) for block in self.spec.blocks]
        self.vectorizers = [vectorizer for vectorizer, _ in fitted]
        dense = np.array([e.dense for e in examples], dtype=float).reshape(len(examples), -1)
        self.mean = np.round(dense.mean(axis=0), DECIMALS)
        spread = dense.std(axis=0)
        self.scale = np.round(np.where(spread > 1e-3, spread, 1.0) / self.spec.dense_scale, DECIMALS)
        return self._joined([matrix for _, matrix in fitted], dense)

    def transform(self, examples: Sequence[Example]) -> sparse.csr_matrix:
        """One row per example: the blocks, then the standardised dense features."""
        read = _Read(examples)
        pairs = zip(self.spec.blocks, self.vectorizers, strict=True)
        blocks = [vectorizer.transform(read.texts(block)) for block, vectorizer in pairs]
        return self._joined(blocks, np.array([e.dense for e in examples], dtype=float).reshape(len(examples), -1))

    def _joined(self, blocks: Sequence[Any], dense: np.ndarray) -> sparse.csr_matrix:
        parts = [matrix * block.scale for block, matrix in zip(self.spec.blocks, blocks, strict=True)]
        parts.append(sparse.csr_matrix((dense - self.mean) / self.scale))
        return sparse.hstack(parts, format="csr")

    def folded(self, matrix: Any) -> tuple[Any, Callable[[np.ndarray], np.ndarray], list[slice]]:
        """The matrix with each block of word vectors as sums of vectors, and how to get weights per word back.

        Last the columns there of the blocks with `log_odds`.
        """
        parts: list[Any] = []
        maps: list[np.ndarray | None] = []
        by_odds: list[slice] = []
        start = at = 0
        for block, vectorizer in zip(self.spec.blocks, self.vectorizers, strict=True):
            stop = start + len(vectorizer.vocabulary_)
            part = matrix[:, start:stop]
            vectors = None if block.vectors is None else block.vectors.matrix
            parts.append(part if vectors is None else sparse.csr_matrix(part @ vectors))
            maps.append(vectors)
            if block.log_odds:
                by_odds.append(slice(at, at + parts[-1].shape[1]))
            start, at = stop, at + parts[-1].shape[1]
        parts.append(matrix[:, start:])
        maps.append(None)

        def unfold(coefficients: np.ndarray) -> np.ndarray:
            pieces, at = [], 0
            for part, vectors in zip(parts, maps, strict=True):
                piece = coefficients[at : at + part.shape[1]]
                pieces.append(piece if vectors is None else vectors @ piece)
                at += part.shape[1]
            return np.concatenate(pieces)

        return sparse.hstack(parts, format="csr"), unfold, by_odds


class _Read:
    """The words of examples' views, found once for all blocks."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._views = list(zip(*([tokens(view) for view in e.views] for e in examples), strict=True))

    def texts(self, block: BlockSpec) -> Sequence[list[str]]:
        """What a block reads of each example, as a list of words."""
        texts = self._views[block.view]
        return [text if len(text) < block.below else [] for text in texts] if block.below else texts


def _evidence(matrix: Any, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A factor for each column, about 1: how much more often it occurs in one class than in the other.

    1 + |log odds ratio| with one added to each count, as in Wang and Manning's NB-SVM (2012), but for the sign, which
    changes nothing here, and the 1, which keeps common words. A term's weight costs less where the counts speak for it.
    """
    there = sparse.csr_matrix((np.ones_like(matrix.data), matrix.indices, matrix.indptr), shape=matrix.shape)
    above = there.T @ (weight * target) + 1.0
    below = there.T @ (weight * (1 - target)) + 1.0
    factor = 1.0 + np.abs(np.log(above / above.sum()) - np.log(below / below.sum()))
    return np.asarray(factor / np.sqrt(np.mean(factor**2)))


def _fit(block: BlockSpec, read: _Read) -> tuple[Any, Any]:
    """A block's vectorizer, and what it makes of the examples that it was fitted on."""
    vectorizer = TfidfVectorizer(
        analyzer=TERMS[block.analyzer],
        sublinear_tf=True,
        min_df=block.min_df if block.vectors is None else 1,
        max_features=block.max_features if block.vectors is None else None,
        vocabulary=None if block.vectors is None else {w: i for i, w in enumerate(block.vectors.words)},
        dtype=np.float64,
    )
    texts = read.texts(block)
    try:
        matrix = vectorizer.fit_transform(texts)
    except ValueError:  # no term is frequent enough, such as in data without conversations: an inert block
        vectorizer.set_params(vocabulary={NO_TERM: 0}, min_df=1, max_features=None)
        matrix = vectorizer.fit_transform(texts)
    exact = vectorizer.idf_.copy()
    vectorizer.idf_ = np.round(exact, DECIMALS)
    # Counting the terms once more would take longer than scaling the rows anew.
    return vectorizer, normalize(matrix @ sparse.diags(vectorizer.idf_ / exact), copy=False)


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
            idf = array("d", vectorizer.idf_)
            blocks.append(Block(spec.view, spec.analyzer, tuple(terms), idf, weights, spec.below))
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
    features = Features(spec)
    terms = features.fit_transform(examples)
    matrix, unfold, by_odds = features.folded(terms)
    width = matrix.shape[1]
    nuisance = sorted({e.nuisance for e in examples if e.nuisance})
    if nuisance:
        column = {name: i for i, name in enumerate(nuisance)}
        named = [i for i, e in enumerate(examples) if e.nuisance]
        places = [column[examples[i].nuisance] for i in named]
        one_hot = sparse.csr_matrix((np.ones(len(named)), (named, places)), shape=(len(examples), len(nuisance)))
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
            rows, factor = matrix[index], np.ones(matrix.shape[1])
            for columns in by_odds:
                factor[columns] = _evidence(rows[:, columns], target, weight)
            with warnings.catch_warnings():  # the last digits of convergence don't matter to a rounded model
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(rows @ sparse.diags(factor), target, sample_weight=weight)
            model.coef_ = model.coef_ * factor
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
            features.vectorizers[position], _ = _fit(smaller, _Read(examples))
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
