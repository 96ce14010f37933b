"""The keyword heuristic: a named baseline, and what scores requests while no trained model is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from router_plugin.complexity import Complexity, ComplexityScorer, Thresholds
from router_plugin.signals import Signal

if TYPE_CHECKING:
    from router_plugin.conversation import Conversation

# Matched as substrings of the lower-cased text. One hit in a group counts, further ones don't.
HARD_WORK = (
    *("analyze", "architect", "compare", "comprehensive", "contrast", "debug", "deep dive", "design pattern"),
    *("detailed analysis", "evaluate", "explain why", "optimize", "pros and cons", "refactor", "research"),
    *("synthesize", "trade-off"),
)
ROUTINE_WORK = (
    *("api", "class", "convert", "create", "function", "generate", "implement", "summarize", "translate", "write"),
)
CODE_WORK = (
    *("bug", "class", "code", "debug", "deploy", "error", "function", "implement", "refactor", "stack trace", "test"),
)
_FENCED = re.compile(r"```[\s\S]+```")


def keyword_signals(text: str, user_turns: int = 0) -> list[Signal]:
    """What the heuristic finds and how much each adds to the score."""
    lowered = text.lower()
    words = len(lowered.split())
    found: list[Signal] = []

    def add(name: str, weight: float) -> None:
        found.append(Signal(name, weight, is_text=False))

    if words > 500:
        add("very_long", 0.3)
    elif words > 100:
        add("long", 0.15)
    elif words < 20:
        add("short", -0.1)
    if any(word in lowered for word in HARD_WORK):
        add("hard_work_keyword", 0.25)
    if any(word in lowered for word in ROUTINE_WORK):
        add("routine_work_keyword", 0.1)
    if _is_code(text, lowered):
        add("code", 0.15)
    if user_turns > 5:
        add("deep_history", 0.15)
    elif user_turns > 2:
        add("history", 0.05)
    if text.count("?") > 3:
        add("many_questions", 0.1)
    return found


def keyword_score(text: str, user_turns: int = 0) -> float:
    """Score in 0..1 of the last message's text after `user_turns` user messages."""
    total = 0.0
    for signal in keyword_signals(text, user_turns):  # added in this order, so that sums round alike everywhere
        total += signal.weight
    return max(0.0, min(1.0, total))


def _is_code(text: str, lowered: str) -> bool:
    return _FENCED.search(text) is not None or any(word in lowered for word in CODE_WORK)


class HeuristicScorer(ComplexityScorer):
    """Scores the last turn's text by `keyword_score`; its two probabilities are the score's distance, uncalibrated."""

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self.thresholds = thresholds or Thresholds()

    def score(self, conversation: Conversation, *, explain: bool = False) -> Complexity:
        """The score of the last turn. It never abstains."""
        text = conversation.turns[-1].text if conversation.turns else ""
        user_turns = sum(turn.role.value == "user" for turn in conversation.turns)
        score = keyword_score(text, user_turns)
        return Complexity(
            score=score,
            tier=self.thresholds.tier(score),
            p_local=1.0 - score,
            p_mid=min(1.0, 1.3 - score),
            abstained=False,
            code=_is_code(text, text.lower()),
            model_version="heuristic",
            signals=tuple(keyword_signals(text, user_turns)) if explain else (),
        )
