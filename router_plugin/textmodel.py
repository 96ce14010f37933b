"""A linear model over text, scored in plain Python: tf-idf blocks and dense features, several outputs at once.

The arithmetic is that of scikit-learn's ``TfidfVectorizer(sublinear_tf=True)`` and ``LogisticRegression``. The file is
JSON, checked by a SHA-256 over its content, so that loading a model never runs code. A block's terms stand there as one
string with a line each, its idf and weights as millionths: little-endian 32-bit integers in base64, since a hundred
thousand JSON numbers take three times as long to read, and the memory of their objects isn't given back.
"""

from __future__ import annotations

import base64
import copy
import functools
import math
import struct
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from router_plugin import modelfile
from router_plugin.dotproducts import DotProducts
from router_plugin.errors import ModelFileError
from router_plugin.termtable import Table, merged
from router_plugin.tokens import FEATURE_VERSION, TERMS, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORMAT = "router-text-model/2"
_UNIT = 1_000_000  # numbers of a block are kept as multiples of 1 / _UNIT


@dataclass(frozen=True)
class Block:
    """One tf-idf block: terms of one view of the text, their idf, and a weight per head.

    Arrays of doubles; a file keeps six decimals of them. `below`: it counts for texts of fewer words; 0: for all.
    """

    view: int
    analyzer: str
    terms: tuple[str, ...]
    idf: array[float]
    weights: tuple[array[float], ...]  # [head][term]
    below: int = 0


@dataclass(frozen=True)
class DenseBlock:
    """Features that the caller computes, standardised as (x - mean) / scale and weighted per head."""

    names: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    weights: tuple[tuple[float, ...], ...] = ()  # [head][feature]


@dataclass(frozen=True)
class Head:
    """One output. Probability = sigmoid(slope * logit + offset), Platt's calibration."""

    name: str
    intercept: float
    slope: float = 1.0
    offset: float = 0.0


class TextScore(NamedTuple):
    """`logits` per head; `known` = share of distinct terms in the vocabulary.

    `parts`: what each view, and last the dense features with the intercept, add to the logits.
    """

    logits: tuple[float, ...]
    known: float
    terms: int
    parts: Sequence[Sequence[float]]
    heads: tuple[Head, ...]

    def probability(self, head: int) -> float:
        """A head's calibrated probability."""
        made = self.heads[head]
        return sigmoid(made.slope * self.logits[head] + made.offset)


@dataclass(frozen=True)
class Contribution:
    """What one feature adds to a head's logit. `is_text`: the name is a piece of the request, so never log it.

    `view`: where it was found, as an index into a score's `parts`.
    """

    name: str
    weight: float
    is_text: bool
    view: int

    def __repr__(self) -> str:
        name = f"<{len(self.name)} characters>" if self.is_text else self.name
        return f"Contribution({name}, {self.weight:+.3f})"


@dataclass(frozen=True)
class TextModel:
    """A loaded or freshly trained model. `extra` is the owner's own data: thresholds, training profile, ..."""

    name: str
    heads: tuple[Head, ...]
    blocks: tuple[Block, ...]
    dense: DenseBlock = DenseBlock()
    extra: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""  # of the training data
    feature_version: str = FEATURE_VERSION
    _lines: tuple[tuple[float, tuple[float, ...]], ...] = field(default=(), compare=False, repr=False)
    _slopes: DotProducts = field(default_factory=lambda: DotProducts(()), compare=False, repr=False)
    _tables: tuple[Table, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "_tables", merged(self.blocks, len(self.heads)))
        object.__setattr__(self, "_lines", _lines(self.dense))
        object.__setattr__(self, "_slopes", DotProducts(slopes for _, slopes in self._lines))

    def __repr__(self) -> str:
        return f"TextModel({self.name!r}, {self.version}, {sum(len(table.rows) for table in self._tables)} terms)"

    @functools.cached_property
    def digest(self) -> str:
        """The SHA-256 of the content as it stands in the file, in hex."""
        return modelfile.digest(self.content())

    @property
    def version(self) -> str:
        """The first 12 hex digits of the content's SHA-256."""
        return self.digest[:12]

    def score(self, views: str | Sequence[str | list[str]], dense: Sequence[float] = ()) -> TextScore:
        """Score one request.

        `views` is one text, or one for each view that the blocks name; a view may also be the list of its tokens.
        """
        texts = (views,) if isinstance(views, str) else views
        parts = [[0.0] * len(self.heads) for _ in texts]
        known, terms = 0, 0
        found_words = [tokens(text) if isinstance(text, str) else text for text in texts]
        for position, table in enumerate(self._tables):
            found = found_words[table.view]
            if not found:
                continue
            hits, distinct = table.add(TERMS[table.analyzer](found), len(found), parts[table.view])
            if position == 0:
                known, terms = hits, distinct
        if len(dense) != len(self.dense.names):
            raise ValueError(f"{self.name} takes {len(self.dense.names)} dense features, got {len(dense)}")
        parts.append([head.intercept for head in self.heads])
        for head, adds in enumerate(self._slopes(dense)):
            parts[-1][head] += self._lines[head][0] + adds
        logits = map(sum, zip(*parts, strict=True))
        return TextScore(
            logits=tuple(logits),
            known=known / terms if terms else 0.0,
            terms=terms,
            parts=parts,
            heads=self.heads,
        )

    def contributions(
        self, views: str | Sequence[str], dense: Sequence[float] = (), *, head: int = 0, top: int = 8
    ) -> tuple[Contribution, ...]:
        """The `top` features that are there, by absolute effect on a head's logit, strongest first.

        All of them and the logit of a text without any add up to the logit.
        """
        texts = (views,) if isinstance(views, str) else views
        found: list[Contribution] = []
        width = 1 + len(self.heads)
        for table in self._tables:
            words = tokens(texts[table.view])
            counts = Counter(TERMS[table.analyzer](words))
            rows = ((term, n, table.row(term)) for term, n in counts.items())
            known = [(term, 1.0 + math.log(n), row) for term, n, row in rows if row is not None]
            for position, below in enumerate(table.below):
                if below and len(words) >= below:
                    continue
                start = position * width
                hits = [(term, tf, entry) for term, tf, entry in known if entry[start]]
                norm = math.sqrt(sum(tf * tf * entry[start] for _, tf, entry in hits))
                found += [
                    Contribution(term, tf * row[start + 1 + head] / norm, True, table.view) for term, tf, row in hits
                ]
        if len(dense) != len(self.dense.names):
            raise ValueError(f"{self.name} takes {len(self.dense.names)} dense features, got {len(dense)}")
        slopes = self._lines[head][1] if self._lines else ()
        found += [
            Contribution(name, value * slope, False, len(texts))
            for name, value, slope in zip(self.dense.names, dense, slopes, strict=True)
            if value
        ]
        found.sort(key=lambda c: -abs(c.weight))
        return tuple(found[:top])

    def for_serving(self) -> TextModel:
        """The same model without its blocks, a third of its memory: it scores and explains, but can't be written."""
        served = copy.copy(self)
        vars(served).update(blocks=(), digest=self.digest)
        return served

    def content(self) -> dict[str, Any]:
        """The file's content without its hash. Errors: ValueError for a model that is only for serving."""
        if self._tables and not self.blocks:
            raise ValueError(f"{self.name} is loaded for serving only; read its file with TextModel.load.")
        return {
            "format": FORMAT,
            "feature_version": self.feature_version,
            "name": self.name,
            "fingerprint": self.fingerprint,
            "heads": [
                {"name": h.name, "intercept": h.intercept, "slope": h.slope, "offset": h.offset} for h in self.heads
            ],
            "dense": {
                "names": list(self.dense.names),
                "mean": list(self.dense.mean),
                "scale": list(self.dense.scale),
                "weights": [list(row) for row in self.dense.weights],
            },
            "extra": dict(self.extra),
            "blocks": [
                {
                    "view": b.view,
                    "analyzer": b.analyzer,
                    "below": b.below,
                    "terms": "\n".join(b.terms),
                    "idf": _packed(b.idf),
                    "weights": [_packed(row) for row in b.weights],
                }
                for b in self.blocks
            ],
        }

    def save(self, path: Path) -> None:
        """Write the model to `path` atomically: a reader sees the old file or the new one, never half of one."""
        modelfile.write(self.content(), path)

    @classmethod
    def load(cls, path: Path) -> TextModel:
        """Read a model file. Raises FileNotFoundError, or ModelFileError for anything but an intact, matching file."""
        content = modelfile.read(path, FORMAT)
        model = cls.from_content(content)
        vars(model)["digest"] = content["sha256"]  # writing the content out again would take as long as reading it
        return model

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> TextModel:
        """The model of a file's content. Raises ModelFileError where parts are missing or don't fit together."""
        try:
            dense = content["dense"]
            return cls(
                name=content["name"],
                feature_version=content["feature_version"],
                fingerprint=content["fingerprint"],
                heads=tuple(Head(**head) for head in content["heads"]),
                blocks=tuple(_block(b) for b in content["blocks"]),
                dense=DenseBlock(
                    tuple(dense["names"]), tuple(dense["mean"]), tuple(dense["scale"]), _rows(dense["weights"])
                ),
                extra=content["extra"],
            )
        except (KeyError, TypeError, AttributeError, ValueError, struct.error) as error:
            raise ModelFileError(f"The model file lacks a part or has it in a wrong shape: {error}") from error


def _block(content: Mapping[str, Any]) -> Block:
    terms = tuple(content["terms"].split("\n")) if content["terms"] else ()
    weights = tuple(_unpacked(row, len(terms)) for row in content["weights"])
    idf = _unpacked(content["idf"], len(terms))
    return Block(content["view"], content["analyzer"], terms, idf, weights, int(content.get("below", 0)))


def _packed(numbers: Sequence[float]) -> str:
    try:
        raw = struct.pack(f"<{len(numbers)}i", *(round(x * _UNIT) for x in numbers))
    except struct.error:
        raise ModelFileError("A model file holds weights up to 2,147; regularise more (a smaller C).") from None
    return base64.b64encode(raw).decode("ascii")


def _unpacked(packed: str, count: int) -> array[float]:
    """What `_packed` wrote, each the double nearest to its decimal. Errors: struct.error for another count."""
    return array("d", [n / _UNIT for n in struct.unpack(f"<{count}i", base64.b64decode(packed, validate=True))])


def _rows(rows: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in rows)


def _check(model: TextModel) -> None:
    if model.feature_version != FEATURE_VERSION:
        raise ModelFileError(
            f"{model.name} was trained for features {model.feature_version!r}, this version computes "
            f"{FEATURE_VERSION!r}. Train it again."
        )
    heads = len(model.heads)
    widths: list[tuple[int, Sequence[float], Sequence[Sequence[float]]]] = [
        (len(b.terms), b.idf, b.weights) for b in model.blocks
    ]
    widths.append((len(model.dense.names), model.dense.mean, model.dense.weights))
    for width, per_term, weights in widths:
        if len(per_term) != width or (width and len(weights) != heads) or any(len(row) != width for row in weights):
            raise ModelFileError(f"{model.name}: weights, terms and heads differ in number. Train it again.")
    if len(model.dense.scale) != len(model.dense.names) or any(not scale for scale in model.dense.scale):
        raise ModelFileError(f"{model.name}: a dense feature has no scale. Train it again.")
    if any(b.analyzer not in TERMS for b in model.blocks):
        raise ModelFileError(f"{model.name} names an unknown analyzer; known are {', '.join(TERMS)}.")


def _lines(dense: DenseBlock) -> tuple[tuple[float, tuple[float, ...]], ...]:
    """Per head the dense part as base + slope x feature, so that no feature is standardised while scoring."""
    return tuple(
        (
            -sum(w * mean / scale for w, mean, scale in zip(row, dense.mean, dense.scale, strict=True)),
            tuple(w / scale for w, scale in zip(row, dense.scale, strict=True)),
        )
        for row in dense.weights
    )


def sigmoid(z: float) -> float:
    """1 / (1 + exp(-z)), without overflow."""
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    e = math.exp(z)
    return e / (1.0 + e)
