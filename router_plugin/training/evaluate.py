"""How good a complexity model is: beside LiteLLM's heuristics, on its cases, under noise, in time, on outcomes."""

from __future__ import annotations

import json
import os
import random
import statistics
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import numpy as np

from router_plugin.complexity import HEADS, TrainedScorer
from router_plugin.conversation import Conversation, Origin, Surface, Turn
from router_plugin.training import metrics
from router_plugin.training.complexity import baselines
from router_plugin.training.examples import examples, ranks, training_examples
from router_plugin.training.linear import LinearSpec, fit_linear
from router_plugin.training.rows import RowError, require_labels
from router_plugin.training.unseen import FOLDS, TIER_HEADS, folds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from router_plugin.training.rows import Row

TURN = 25  # decisions that are timed in a row
# LiteLLM's four tiers as ours.
LITELLM_RANKS = {"SIMPLE": 0, "MEDIUM": 1, "COMPLEX": 2, "REASONING": 2}


def single(text: str) -> Conversation:
    """One user message."""
    return Conversation(Surface.CHAT, (Turn(Origin.USER, text),), (), ())


def litellm_classifiers() -> dict[str, Callable[[str], int]]:
    """LiteLLM's two heuristics, text -> rank. Empty where LiteLLM doesn't ship them."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        from litellm.router_strategy.complexity_router.complexity_router import ComplexityRouter
    except ImportError:
        return {}
    first = ComplexityRouter("auto", MagicMock())
    second = ComplexityRouter("auto", MagicMock(), complexity_router_config={"classifier_type": "heuristic_v2"})
    found = {"litellm_heuristic": lambda text: _rank(first.classify(text)[0])}
    predict = getattr(second, "_classify_with_heuristic_v2", None)  # `classify` is the first heuristic's for both
    if predict is not None:
        found["litellm_heuristic_v2"] = lambda text: _rank(predict(text).tier)
    return found


def _rank(tier: Any) -> int:
    return LITELLM_RANKS[str(tier.value).upper()]


def litellm_baselines(rows: Sequence[Row]) -> dict[str, dict[str, float | int]]:
    """LiteLLM's heuristics on the rows' last messages."""
    truth = ranks(rows)
    return {
        name: metrics.summary(truth, np.array([classify(row.messages[-1][1]) for row in rows]))
        for name, classify in litellm_classifiers().items()
    }


def litellm_cases(scorer: TrainedScorer) -> dict[str, int]:
    """How many of LiteLLM's published cases pass, its acceptable tiers counted. For measuring only."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    try:
        from litellm.router_strategy.complexity_router.evals.eval_complexity_router import EVAL_CASES
    except ImportError:
        return {}
    classifiers: dict[str, Callable[[str], int]] = {
        "ours": lambda text: scorer.score(single(text)).tier.rank,
        **litellm_classifiers(),
    }
    passed = dict.fromkeys(classifiers, 0)
    for case in EVAL_CASES:
        allowed = {_rank(t) for t in (case.expected_tier, *(case.acceptable_tiers or ()))}
        for name, classify in classifiers.items():
            passed[name] += classify(case.prompt) in allowed
    return {"cases": len(EVAL_CASES), **passed}


def held_out(scorer: TrainedScorer, rows: Sequence[Row]) -> dict[str, Any]:
    """Figures on rows that the model was not trained on, and the trivial rules' on the same rows.

    Errors: RowError where there is no row, or one without a tier.
    """
    if not rows:
        raise RowError("There is no labelled row to measure on.")
    require_labels(rows)
    truth = ranks(rows)
    predicted = np.array([scorer.score(row.conversation).tier.rank for row in rows])
    return {
        "ours": metrics.summary(truth, predicted),
        "baselines": {**baselines(rows, truth), **litellm_baselines(rows)},
        "by_shape": metrics.by([row.shape for row in rows], truth, predicted),
        "by_lang": metrics.by([row.lang for row in rows], truth, predicted),
        "by_source": metrics.by([row.source for row in rows], truth, predicted),
        "version": scorer.model.version,
    }


def table(figures: dict[str, Any], *, as_json: bool) -> str:
    """The figures of `held_out` for people, or as JSON."""
    if as_json:
        return json.dumps(figures)
    lines = [f"{'':24}{'rows':>7}{'accuracy':>10}{'off by two':>12}{'macro F1':>10}"]
    named = {"ours": figures["ours"], **figures["baselines"]}
    named |= {
        f"  {name or '(no source)'}": row
        for kind in ("by_source", "by_shape", "by_lang")
        for name, row in figures[kind].items()
    }
    lines += [
        f"{name:24}{row['rows']:7}{row['accuracy']:10.3f}{row['off_by_two']:12.3f}{row['macro_f1']:10.3f}"
        for name, row in named.items()
    ]
    return "\n".join(lines)


def noise(scorer: TrainedScorer, rows: Sequence[Row], seed: int = 0) -> dict[str, float]:
    """Share of single prompts that keep their tier after each kind of noise."""
    rng = random.Random(seed)  # noqa: S311 - noise, not secrets
    texts = [row.messages[-1][1] for row in rows if len(row.messages) == 1 and len(row.messages[0][1]) > 12]
    kinds: dict[str, Callable[[str], str]] = {
        "upper_case": str.upper,
        "lower_case": str.lower,
        "spaces": lambda text: text.replace(" ", "  ") + " ",
        "one_typo": lambda text: _typo(text, rng),
        "politeness": lambda text: f"{text.rstrip()} please",
    }
    before = [scorer.score(single(text)).tier for text in texts]
    return {
        name: round(
            float(np.mean([scorer.score(single(make(t))).tier is b for t, b in zip(texts, before, strict=True)])), 4
        )
        for name, make in kinds.items()
    }


def _typo(text: str, rng: random.Random) -> str:
    """Two neighbouring characters swapped."""
    i = rng.randrange(len(text) - 1)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def latency(scorer: TrainedScorer, rows: Sequence[Row], turns: int = 12) -> dict[str, dict[str, float]]:
    """Median microseconds of one decision on 50 and on 2,000 English words, of ours and of LiteLLM's heuristics.

    They take turns of `TURN` decisions, so that what else the machine does meets them alike, and each has its own
    data in the processor's cache; the ratios say more than the times.
    """
    words = " ".join(r.messages[-1][1] for r in rows if r.lang == "en" and len(r.messages) == 1).split()
    found: dict[str, dict[str, float]] = {}
    for count in (50, 2000):
        text = " ".join(words[:count])
        decisions: dict[str, Callable[[], object]] = {"ours": partial(scorer.score, single(text))}
        decisions |= {name: partial(classify, text) for name, classify in litellm_classifiers().items()}
        times: dict[str, list[float]] = {name: [] for name in decisions}
        for name, decide in [*decisions.items()] * turns:
            for _ in range(TURN):
                start = time.perf_counter()
                decide()
                times[name].append(time.perf_counter() - start)
        for name, taken in times.items():
            found.setdefault(name, {})[f"{count}_words_us"] = round(statistics.median(taken) * 1e6, 1)
    return found


def abstention(
    scorer: TrainedScorer, rows: Sequence[Row], spec: LinearSpec, progress: Callable[[str], None]
) -> dict[str, dict[str, float | int]]:
    """How often the tier is a guess, by language, and for all languages but English together (`other`).

    A row's judge is a model that saw neither it nor its look-alikes, with the cuts, calibration and stack of `scorer`.
    """
    fold = folds(rows)
    slopes = {head.name: (head.slope, head.offset) for head in scorer.model.heads}
    seen: Counter[str] = Counter()
    guessed: Counter[str] = Counter()
    for k in range(FOLDS):
        learnt = [row for row, f in zip(rows, fold, strict=True) if f != k]
        fitted = fit_linear(training_examples(learnt), HEADS, spec)
        fitted.slopes = slopes
        model = replace(fitted.export("complexity", scorer.model.dense.names), extra=scorer.model.extra)
        judge = TrainedScorer(model)
        for row in (row for row, f in zip(rows, fold, strict=True) if f == k):
            abstained = judge.score(row.conversation).abstained
            for name in {row.lang, "en" if row.lang == "en" else "other"}:
                seen[name] += 1
                guessed[name] += abstained
        progress(f"abstention: fold {k + 1} of {FOLDS}")
    return {name: {"rows": n, "abstained": round(guessed[name] / n, 4)} for name, n in seen.most_common()}


def leave_one_source_out(outcomes: Sequence[Row], spec: LinearSpec, progress: Callable[[str], None]) -> dict[str, Any]:
    """AUC of "weak fails" and three-tier macro F1 on each outcome source, trained on the others."""
    made = examples(outcomes)
    sources = sorted({row.source for row in outcomes})
    found: dict[str, Any] = {}
    pooled, failed = np.zeros(len(outcomes)), np.array([(row.beyond_local or 0.0) > 0.5 for row in outcomes])
    for source in sources:
        train = [e for e, row in zip(made, outcomes, strict=True) if row.source != source]
        held = [row for row in outcomes if row.source == source]
        test = [e for e, row in zip(made, outcomes, strict=True) if row.source == source]
        logits = fit_linear(train, TIER_HEADS, spec).logits(test)
        here = np.array([row.source == source for row in outcomes])
        pooled[here], fails = logits[:, 0], failed[here]
        truth = ranks(held)
        predicted = (logits[:, 0] > 0).astype(int) + ((logits[:, 0] > 0) & (logits[:, 1] > 0)).astype(int)
        found[source] = {
            "auc": round(metrics.auc(logits[:, 0], fails), 4),
            "auc_length": round(metrics.auc(np.array([len(r.messages[-1][1]) for r in held]), fails), 4),
            "macro_f1": round(metrics.macro_f1(truth, predicted), 4),
        }
        progress(f"{source}: {found[source]}")
    found["pooled_auc"] = round(metrics.auc(pooled, failed), 4)
    for figure in ("auc", "auc_length", "macro_f1"):
        found[f"macro_{figure}"] = round(float(np.mean([found[source][figure] for source in sources])), 4)
    return found
