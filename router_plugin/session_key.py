"""Which conversation a request belongs to, as a keyed hash: with a client's help, or from its first turns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router_plugin.ask import own_words
from router_plugin.conversation import Conversation, Origin, Surface

# What agents and proxies call it, in lower case.
HEADERS = ("x-litellm-session-id", "x-session-id", "session-id", "session_id", "x-claude-code-session-id")
FIELDS = ("session_id", "litellm_session_id", "conversation_id", "thread_id")
SESSION_MARK = "session"  # Claude Code names its session inside `metadata.user_id`
FIRST_TURNS = 3  # the first two messages and what came next: enough to tell two conversations apart
HEAD = 2_000  # characters of each


@dataclass(frozen=True)
class Keys:
    """Names for a conversation. `own` is its alone; `opening` is shared by all that begin with the same words.

    `stored` names the answer that this request continues. Each is None where the request doesn't say.
    """

    own: str | None = None
    opening: str | None = None
    stored: str | None = None


class Naming:
    """Makes keys under a secret, so that a store holds neither text nor what could be compared with text."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hashlib.blake2b(secret).digest()

    def name(self, kind: str, tenant: str, *parts: str) -> str:
        """A key; parts of different lengths never make the same one."""
        joined = "".join(f"{len(part)}:{part}" for part in (kind, tenant, *parts))
        digest = hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=16)
        return f"router:session:{digest.hexdigest()}"

    def answer(self, tenant: str, response_id: str) -> str:
        """The key of a stored answer of the Responses API."""
        return self.name("answer", tenant, response_id)

    def keys(
        self,
        body: Mapping[str, Any],
        conversation: Conversation,
        tenant: str,
        headers: Mapping[str, Any] | None = None,
    ) -> Keys:
        """What a request says about the conversation that it belongs to."""
        if conversation.surface is Surface.EMBEDDINGS:
            return Keys()
        previous = body.get("previous_response_id")
        stored = self.answer(tenant, previous) if isinstance(previous, str) and previous else None
        named = _named(body, headers or {})
        if named:
            return Keys(self.name("named", tenant, named), None, stored)
        turns = [own_words(turn.text)[:HEAD] for turn in conversation.turns if turn.role is not Origin.SYSTEM]
        if not turns or stored:
            return Keys(None, None, stored)
        user = body.get("user")
        who = user if isinstance(user, str) else ""
        own = self.name("turns", tenant, who, *turns[:FIRST_TURNS]) if len(turns) >= FIRST_TURNS else None
        return Keys(own, self.name("opening", tenant, who, turns[0]), None)


def _named(body: Mapping[str, Any], headers: Mapping[str, Any]) -> str:
    """The name that a client gave its session; empty if it gave none."""
    sent = {str(key).lower(): value for key, value in headers.items()}
    metadata = body.get("metadata")
    fields = metadata if isinstance(metadata, Mapping) else {}
    user = fields.get("user_id")
    conversation = body.get("conversation")
    given = [
        *(sent.get(name) for name in HEADERS),
        *(fields.get(name) for name in FIELDS),
        conversation.get("id") if isinstance(conversation, Mapping) else conversation,
        user if isinstance(user, str) and SESSION_MARK in user else None,
    ]
    return next((value for value in given if isinstance(value, str) and value.strip()), "")
