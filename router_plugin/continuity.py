"""Keeps a conversation on its course: the tier of the work under way, and the model that has it in its cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from router_plugin.ask import read_ask
from router_plugin.complexity import Complexity, Thresholds
from router_plugin.conversation import Conversation
from router_plugin.decision import Reason
from router_plugin.plan import Plan
from router_plugin.session import Held, Note, Switch, hold

Weigh = Callable[[Note, str, Conversation], Switch | None]


@dataclass(frozen=True)
class Course:
    """What a request is routed by, where that leads, and what in it is the conversation's doing."""

    complexity: Complexity
    plan: Plan
    held: Held | None = None
    reasons: tuple[Reason, ...] = ()


def stay_on_course(
    note: Note,
    scored: Course,
    conversation: Conversation,
    weigh: Weigh,
    plan_for: Callable[[Complexity], Plan],
    thresholds: Thresholds,
) -> Course:
    """The course of a conversation's next request, from that of its last turn alone."""
    go = scored.plan.groups[0]
    kind = read_ask(conversation).kind
    complexity, held = hold(kind, scored.complexity, note, lambda: weigh(note, go, conversation), thresholds)
    reasons = [] if held is None else [Reason("session", held.why)]
    plan = scored.plan if held is None else plan_for(complexity)
    first = plan.groups[0]
    may_lead = note.warm and complexity.tier is note.tier and note.group in plan.groups and note.group not in plan.last
    weighed = weigh(note, first, conversation) if may_lead and note.group != first else None
    if weighed is not None and not weighed.pays:
        plan = replace(plan, groups=(note.group, *(group for group in plan.groups if group != note.group)))
        reasons.append(Reason("session", "warm"))
    return Course(complexity, plan, held, tuple(reasons))
