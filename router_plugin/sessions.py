"""Recalls and keeps the notes about conversations, in a store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router_plugin.conversation import Conversation, Origin
from router_plugin.decision import Decision
from router_plugin.session import WARM_SECONDS, Note
from router_plugin.session_key import Keys, Naming
from router_plugin.settings import SessionSettings
from router_plugin.store import LocalCopy, MemoryStore, Notes, Store

log = logging.getLogger("router_plugin")

ASKED = ("asked.model", "asked.provider")
UNKNOWN = Note(private=True)  # a stored history of which nothing is known
PRIVATE = ":private"  # after a note's key: a mark that a later note, written by a proxy that knew less, can't undo


@dataclass(frozen=True)
class Sessions:
    """The memory of conversations. Nothing in it can make a request less private than its own scan says."""

    naming: Naming
    store: Notes
    seconds: float
    clock: Callable[[], float] = time.time

    @classmethod
    def in_memory(cls, secret: bytes, settings: SessionSettings, shared: Store | None = None) -> Sessions:
        """Sessions of this process, and of others that use the same store."""
        local = MemoryStore(settings.entries)
        return cls(Naming(secret), LocalCopy(shared, local) if shared else local, settings.ttl_seconds)

    async def open(
        self, body: Mapping[str, Any], conversation: Conversation, tenant: str, headers: Mapping[str, Any]
    ) -> Memory:
        """The memory of the conversation that a request belongs to."""
        keys = self.naming.keys(body, conversation, tenant, headers)
        shows = any(turn.role is Origin.ASSISTANT for turn in conversation.turns)
        return Memory(self, keys, tenant, await self.recall(keys), shows)

    async def recall(self, keys: Keys) -> Note | None:
        """What is known about a conversation. One that continues a stored answer of which nothing is known is private.

        The opening's note counts only for a conversation's second request, when it has no note of its own yet, and
        never for privacy: other conversations may begin with the same words.
        """
        known = await self._get([key for key in (keys.own, keys.opening, keys.stored) if key is not None])
        own = known.get(keys.own or "")
        if own is None and keys.own is not None and keys.opening in known:
            own = replace(known[keys.opening], private=False)
        if keys.stored is None:
            return own
        stored = known.get(keys.stored, UNKNOWN)
        return replace(own or stored, private=stored.private or (own is not None and own.private))

    async def keep(self, keys: Keys, note: Note, *, answer: str | None = None) -> None:
        """Keep a note under a conversation's own name, else under its opening's; and under a stored answer's."""
        for key in filter(None, (keys.own or keys.opening, answer)):
            try:
                if note.private:
                    await self.store.set(key + PRIVATE, b"1", self.seconds)
                await self.store.set(key, note.to_bytes(), self.seconds)
            except Exception as error:  # noqa: BLE001 - without its memory a request is judged by what it shows
                log.error("router_plugin: the session store failed (%s)", type(error).__name__)

    def after(self, note: Note | None, decision: Decision, *, shows_answers: bool = False) -> Note:
        """The note after a decision. A model or provider that was named says nothing about the work under way.

        `shows_answers`: the request holds earlier answers; without a note no one knows whose.
        """
        unknown = ("",) if shows_answers else ()
        tier, score, code = decision.routed or decision.tier, decision.score, decision.code
        if note is not None and any(reason.code in ASKED for reason in decision.reasons):
            tier, score, code = note.tier, note.score, note.code
        return Note(
            private=decision.local_only or (note is not None and note.private),
            tier=tier,
            score=score,
            code=code,
            group=decision.model_group or "",
            at=self.clock(),
            turns=note.turns + 1 if note is not None else 1,
            evidence=decision.held.evidence if decision.held is not None else None,
            before=unknown if note is None else tuple(sorted({*note.before, note.group})),
        )

    async def _get(self, keys: Sequence[str]) -> dict[str, Note]:
        """The notes that are there, by key."""
        try:
            values = await self.store.get([*keys, *(key + PRIVATE for key in keys)]) if keys else []
        except Exception as error:  # noqa: BLE001 - as above
            log.error("router_plugin: the session store failed (%s)", type(error).__name__)
            return {}
        notes: dict[str, Note] = {}
        for key, value, mark in zip(keys, values, values[len(keys) :], strict=False):
            note = Note.from_bytes(value) or (Note() if mark is not None else None)
            if note is not None:
                warm = self.clock() - note.at < WARM_SECONDS
                notes[key] = replace(note, warm=warm, private=note.private or mark is not None)
        return notes


@dataclass
class Memory:
    """One request's part of its conversation's memory: `note` is what was known before it."""

    sessions: Sessions
    keys: Keys
    tenant: str
    note: Note | None
    shows_answers: bool = False  # the request holds earlier answers

    async def decided(self, decision: Decision) -> None:
        """Keep what was decided, before anything is sent: a request that fails was private all the same."""
        self._after = self.sessions.after(self.note, decision, shows_answers=self.shows_answers)
        await self.sessions.keep(self.keys, self._after)

    async def refused(self) -> None:
        """Keep that something private was shown, though nothing could take it: the conversation is private now."""
        await self.sessions.keep(self.keys, replace(self.note or Note(), private=True))

    async def served(self, group: str) -> None:
        """Another group than the first one may have answered; that one is warm now."""
        if group and group != self._after.group:
            self._after = replace(self._after, group=group)
            await self.sessions.keep(self.keys, self._after)

    async def answered(self, response_id: str) -> None:
        """A stored answer continues under its id."""
        answer = self.sessions.naming.answer(self.tenant, response_id)
        await self.sessions.keep(self.keys, self._after, answer=answer)
