"""score(conversation) -> Complexity: how hard the work asked for is, from two calibrated probabilities."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from router_plugin import features
from router_plugin.ask import WORK_ALONE, read_ask
from router_plugin.conversation import Conversation, Origin, Surface, Turn
from router_plugin.errors import ModelFileError
from router_plugin.signals import Signal, signals_of
from router_plugin.stack import ALONE, READS, SUMS, Stack, inputs
from router_plugin.textmodel import TextModel, sigmoid

if TYPE_CHECKING:
    from pathlib import Path

# The outputs that a complexity model has, in this order. "medium", that a mid model is what it takes, is for the stack.
HEADS = ("beyond_local", "beyond_mid", "medium", "code")
CODE = HEADS.index("code")
CODE_FROM = 0.65  # at .5 it is right as often on held-out prompts, but takes greetings for code


class Tier(str, Enum):
    """The class of model that the work needs. Compare by `rank`: a str would compare by letters."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0, 1 or 2, upwards."""
        return _RANKS[self._value_]

    def at_least(self, other: Tier) -> bool:
        """Is this tier the other one or a higher one?"""
        return self.rank >= other.rank

    def up(self) -> Tier:
        """The next higher tier; HIGH stays HIGH."""
        return tuple(Tier)[min(self.rank + 1, 2)]


_RANKS = {"low": 0, "medium": 1, "high": 2}


@dataclass(frozen=True)
class Complexity:
    """`score` in 0..1; `p_local` and `p_mid` = P(a local ~8B model, a mid model suffices).

    `abstained`: the tier is a guess, so take no cheaper one. `code`: it is work on code. `model_version` names what
    decided. `signals` only where an explanation was asked for, strongest first.
    """

    score: float
    tier: Tier
    p_local: float
    p_mid: float
    abstained: bool
    code: bool
    model_version: str
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class Thresholds:
    """Scores below `low` are LOW, from `high` on HIGH. Errors: ValueError unless 0 < low < high < 1."""

    low: float = 0.3
    high: float = 0.7

    def __post_init__(self) -> None:
        if not 0.0 < self.low < self.high < 1.0:
            raise ValueError(f"Thresholds must rise within 0..1, got low={self.low} and high={self.high}.")

    def tier(self, score: float) -> Tier:
        """The tier of a score."""
        if score < self.low:
            return Tier.LOW
        return Tier.HIGH if score >= self.high else Tier.MEDIUM


class ComplexityScorer(ABC):
    """What the pipeline needs of a classifier."""

    @abstractmethod
    def score(self, conversation: Conversation, *, explain: bool = False) -> Complexity:
        """How hard the next answer in this conversation is."""


@dataclass(frozen=True)
class Cuts:
    """Where a model's probabilities change the tier, and when it is unsure.

    `local`, `mid`: LOW below `local` of P(beyond local), HIGH from `mid` of P(beyond mid) on. `band`: it abstains this
    close to a cut. `known`: it abstains where a smaller share of the terms is in its vocabulary.
    """

    local: float = 0.5
    mid: float = 0.5
    band: float = 0.05
    known: float = 0.1

    def score(self, beyond_local: float, beyond_mid: float) -> float:
        """Both probabilities as one score that crosses .3 and .7 where they cross the cuts; continuous between."""
        if beyond_mid >= self.mid and beyond_local >= self.local:
            return 0.7 + 0.3 * (beyond_mid - self.mid) / (1.0 - self.mid)
        if beyond_local < self.local:
            return min(0.3 * beyond_local / self.local, 0.2999)
        above = (beyond_local - self.local) / (1.0 - self.local)
        below = (self.mid - beyond_mid) / self.mid
        return min(0.3 + 0.4 * above / (above + below), 0.6999)

    def unsure(self, beyond_local: float, beyond_mid: float) -> bool:
        """Is a probability within the band around its cut?"""
        return abs(beyond_local - self.local) < self.band or abs(beyond_mid - self.mid) < self.band


class TrainedScorer(ComplexityScorer):
    """Scores with a trained model file."""

    def __init__(self, model: TextModel, thresholds: Thresholds | None = None) -> None:
        if tuple(head.name for head in model.heads) != HEADS or model.dense.names != features.NAMES:
            raise ModelFileError(f"{model.name} was trained for other outputs or features. Train it again.")
        if model.extra.get("features") != features.VERSION:
            raise ModelFileError(f"{model.name} was trained for features of another version. Train it again.")
        try:
            self.cuts = Cuts(**model.extra["cuts"])
        except (KeyError, TypeError) as error:
            raise ModelFileError(f"{model.name} has no usable cuts. Train it again.") from error
        self.stack = _stack(model)
        self._alone = self.stack.cut(ALONE) if self.stack else None
        self.model = model
        self.thresholds = thresholds or Thresholds()

    @classmethod
    def load(cls, path: Path, thresholds: Thresholds | None = None) -> TrainedScorer:
        """Read a model file. Errors: FileNotFoundError; ModelFileError for anything that can't be scored with."""
        try:
            scorer = cls(TextModel.load(path).for_serving(), thresholds)
            usable = all(0.0 <= scorer.score(one).p_local <= 1.0 for one in _TRIED)
        except (FileNotFoundError, ModelFileError):
            raise
        except Exception as error:  # whatever a number of another type, or a view too many, comes to
            raise ModelFileError(f"{path.name} can't score ({type(error).__name__}). Train it again.") from error
        if not usable:
            raise ModelFileError(f"{path.name} makes no probabilities. Train it again.")
        return scorer

    def score(self, conversation: Conversation, *, explain: bool = False) -> Complexity:
        """Two probabilities for the work asked for, and the tier that the thresholds make of them."""
        ask = read_ask(conversation)
        views, dense = features.views(ask), features.dense(ask)
        result = self.model.score(views, dense)
        if self.stack and self._alone:
            found = inputs(result.parts, dense)
            alone = ask.kind in WORK_ALONE
            logits = self._alone.logits(found[:ALONE]) if alone else self.stack.logits(found)
            beyond_local, beyond_mid = map(sigmoid, logits)
        else:
            beyond_local, beyond_mid = result.probability(0), result.probability(1)
        beyond_mid = min(beyond_mid, beyond_local)  # what a local model can do, a mid model can
        score = self.cuts.score(beyond_local, beyond_mid)
        unread = result.terms > 0 and result.known < self.cuts.known
        signals: tuple[Signal, ...] = ()
        if explain:
            head = 1 if beyond_local >= self.cuts.local else 0
            signals = signals_of(self.model, self.stack, views, dense, head, merge=not ask.paste)
        return Complexity(
            score=score,
            tier=self.thresholds.tier(score),
            p_local=1.0 - beyond_local,
            p_mid=1.0 - beyond_mid,
            abstained=unread or not result.terms or self.cuts.unsure(beyond_local, beyond_mid),
            code=result.probability(CODE) >= CODE_FROM,
            model_version=self.model.version,
            signals=signals,
        )


# What a model has to score before it is used: a request, and one more after an answer.
_ASKED = Turn(Origin.USER, "Explain in 3 sentences why the sky is blue.")
_TRIED = tuple(
    Conversation(Surface.CHAT, turns, (), ())
    for turns in (
        (_ASKED,),
        (_ASKED, Turn(Origin.ASSISTANT, "Blue light is scattered."), Turn(Origin.USER, "and red?")),
    )
)


def _stack(model: TextModel) -> Stack | None:
    """The model's second regression; None where its rows were too few for one, or it was no better with it."""
    content = model.extra.get("stack")
    if content is None:
        return None
    try:
        stack = Stack.from_content(content)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{model.name} has a stack that doesn't fit. Train it again.") from error
    if stack.reads != READS or len(stack.weights) != 2 or len(stack.mean) != SUMS + len(READS):
        raise ModelFileError(f"{model.name} has a stack for other inputs. Train it again.")
    return stack


def load_scorer(
    path: Path, kind: Literal["trained", "heuristic"] = "trained", thresholds: Thresholds | None = None
) -> ComplexityScorer:
    """The scorer that the settings name; a trained one takes up a new file by itself.

    A missing file means the keyword heuristic and a warning.

    Errors: ModelFileError for a file that is there but can't be used.
    """
    from router_plugin.keywords import HeuristicScorer
    from router_plugin.reload import ReloadingScorer

    if kind == "heuristic":
        return HeuristicScorer(thresholds)
    try:
        return ReloadingScorer(path, thresholds)
    except FileNotFoundError:
        warnings.warn(
            f"No trained complexity model at {path.resolve()}; the keyword heuristic decides. "
            "Train one with scripts/train_classifier.py, or restore the shipped file.",
            stacklevel=2,
        )
        return HeuristicScorer(thresholds)
