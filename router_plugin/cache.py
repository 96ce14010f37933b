"""Answers that are kept in memory, and given again to the same request of the same API key.

Only public requests whose answer is meant to be the same each time (`temperature: 0`) take part. Text of requests is
not kept: a request is known by a keyed hash of all that it asks for. Answers are, for as long as the settings say.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from router_plugin.decision import Decision, Reason
from router_plugin.hosted import names_hosted
from router_plugin.outcome import Usage
from router_plugin.question import split_question
from router_plugin.request import Conversation, Origin, Surface

if TYPE_CHECKING:
    from router_plugin.plan import Plan
    from router_plugin.semantic import Index
    from router_plugin.settings import CacheSettings
    from router_plugin.state import RequestState
    from router_plugin.steering import Steering

log = logging.getLogger("router_plugin")

SURFACES = (Surface.CHAT, Surface.COMPLETIONS, Surface.MESSAGES, Surface.RESPONSES)
MAX_REQUEST_BYTES = 262_144  # hashing more would hold up other requests
MAX_SHARE = 8  # no answer takes more than one part in so many of the room for all
NOT_IN_KEY = frozenset({"model", "metadata"})  # the plan stands for the model; LiteLLM writes notes into metadata
# Fields that reach beyond the request: history or an answer that the provider keeps, or that comes later.
REACHES_OUT = ("previous_response_id", "conversation", "background")
TOOL_TRAFFIC = frozenset({Origin.TOOL_CALL, Origin.TOOL_RESULT})


@dataclass(frozen=True)
class Kept:
    """An answer as the client got it, before the router's headers: the body's pieces, in order."""

    content_type: bytes
    parts: tuple[bytes, ...]
    deployment: str  # that gave it

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return sum(len(part) for part in self.parts)


@dataclass(frozen=True)
class Hit:
    """A kept answer that is given again. `age` is in seconds."""

    kept: Kept
    age: float
    similarity: float | None = None  # of the questions, a cosine; None for the same request

    def headers(self) -> dict[str, str]:
        """What tells the client."""
        told = {
            "x-router-cache": "hit",
            "x-router-cache-age": str(int(self.age)),
            "x-router-deployment": self.kept.deployment,
        }
        return told if self.similarity is None else told | {"x-router-cache-similarity": f"{self.similarity:.2f}"}


class Copy:
    """What is kept of an answer while it passes: all of it, or nothing where it is longer than `limit` bytes."""

    def __init__(self, content_type: bytes, limit: int, begun: Iterable[Mapping[str, Any]]) -> None:
        self._content_type = content_type
        self._left = limit
        self._parts: list[bytes] = []
        for message in begun:
            self.add(message)

    def add(self, message: Mapping[str, Any]) -> None:
        """The next part of the body, as an ASGI message."""
        part = bytes(message.get("body", b""))
        self._left -= len(part)
        if self._left < 0:
            self._parts = []
        elif part:
            self._parts.append(part)

    def finish(self, surface: Surface, deployment: str) -> Kept | None:
        """The answer, if it came to its proper end."""
        content = b"".join(self._parts)
        stream = self._content_type.startswith(b"text/event-stream")
        if self._left < 0 or not is_whole(content, surface, stream=stream):
            return None
        return Kept(self._content_type, tuple(self._parts), deployment)


class Cache:
    """The answers of this process. Of more than the settings allow, the one unused for longest makes room."""

    def __init__(
        self,
        settings: CacheSettings,
        secret: bytes,
        index: Index | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`index`: finds answers to questions that mean the same."""
        self._index = index
        self._settings = settings
        self._secret = secret[:64]  # the longest key that BLAKE2 takes
        self._clock = clock
        self._entries: OrderedDict[bytes, tuple[float, Kept]] = OrderedDict()
        self.size = 0  # bytes of all answers
        self.largest = int(settings.megabytes * 1e6 / MAX_SHARE)  # bytes of one

    def __len__(self) -> int:
        return len(self._entries)

    def key_of(
        self,
        body: Mapping[str, Any],
        conversation: Conversation,
        decision: Decision,
        plan: Plan,
        tenant: str,
        steering: Steering,
    ) -> bytes | None:
        """The name under which a request's answer may be kept; None for a request whose answer may not.

        `tenant` is LiteLLM's hash of the API key; without one nothing is kept.
        """
        if not tenant or steering.cache == "no-store" or not shareable(body, conversation, decision, plan):
            return None
        return self._hash("request", body, conversation.surface, plan, tenant)

    def _hash(self, kind: str, body: Mapping[str, Any], surface: Surface, plan: Plan, tenant: str) -> bytes | None:
        asked = {key: value for key, value in body.items() if key not in NOT_IN_KEY}
        told = [kind, tenant, surface.value, plan.groups, [d.id for d in plan.deployments], asked]
        try:
            text = json.dumps(told, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError):
            return None
        return hashlib.blake2b(text, key=self._secret, digest_size=32).digest()

    def find(self, key: bytes) -> Hit | None:
        """The answer that is kept under a name, if it is there and not too old."""
        found = self._entries.get(key)
        if found is None:
            return None
        age = self._clock() - found[0]
        if age >= self._settings.ttl_seconds:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return Hit(found[1], age)

    async def look(
        self,
        state: RequestState,
        body: Mapping[str, Any],
        conversation: Conversation,
        tenant: str,
        steering: Steering,
        *,
        shared: bool = False,
    ) -> None:
        """Write into a request's state under what its answer may be kept, and the answer that is there already.

        It has been decided, so its policy holds for kept answers too. `shared`: LiteLLM has a cache, which needs the
        name of every request; otherwise only one that may be kept here is hashed.
        """
        if state.decision is None or state.plan is None or state.escalated is not None:
            return
        keeps = self._settings.enabled and (self._index is not None or is_steady(body))
        if not (keeps or shared) or state.body_bytes > MAX_REQUEST_BYTES:
            return
        state.name = self.key_of(body, conversation, state.decision, state.plan, tenant, steering)
        if not keeps or state.name is None:
            return
        state.cache_key = state.name
        question = split_question(body, conversation.surface) if self._index is not None else None
        scope = self._hash("rest", question.rest, conversation.surface, state.plan, tenant) if question else None
        if question is not None and scope is not None:
            state.question = (scope, question.text)
        if steering.cache != "no-cache":
            state.hit = self.find(state.cache_key) or await self._similar(state)
        if state.hit is not None:
            word = "cache.hit" if state.hit.similarity is None else "cache.similar"
            state.decision = state.decision.because(Reason(word))
            state.usage = Usage(0, 0, 0, 0.0)

    async def _similar(self, state: RequestState) -> Hit | None:
        """The answer to a question that means the same, where all the rest of its request was the same."""
        if self._index is None or state.question is None:
            return None
        try:
            match = await self._index.find(*state.question)
        except Exception as error:  # noqa: BLE001 - an embedder that fails costs nothing but a hit
            log.error("router_plugin: similar questions were not looked for (%s)", type(error).__name__)
            return None
        hit = self.find(match.entry_key) if match is not None else None
        return None if hit is None or match is None else replace(hit, similarity=match.similarity)

    async def remember(self, state: RequestState, kept: Kept) -> None:
        """Keep a request's answer, and what it was asked for; whatever goes wrong there costs nothing but a hit."""
        if state.cache_key is None:
            return
        self.keep(state.cache_key, kept)
        if self._index is not None and state.question is not None and state.cache_key in self._entries:
            try:
                await self._index.add(*state.question, state.cache_key)
            except Exception as error:  # noqa: BLE001 - as above
                log.error("router_plugin: a question was not remembered (%s)", type(error).__name__)

    def keep(self, key: bytes, kept: Kept) -> None:
        """Keep an answer from now on, in place of an earlier one."""
        if kept.size > self.largest:
            return
        self._drop(key)
        self._entries[key] = (self._clock(), kept)
        self.size += kept.size
        while len(self._entries) > self._settings.entries or self.size > self._settings.megabytes * 1e6:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: bytes) -> None:
        gone = self._entries.pop(key, None)
        if gone is not None:
            self.size -= gone[1].size
        if self._index is not None:
            self._index.drop(key)


def shareable(body: Mapping[str, Any], conversation: Conversation, decision: Decision, plan: Plan) -> bool:
    """Whether a request is public and depends on nothing beyond itself."""
    return (
        conversation.surface in SURFACES
        and not (decision.private or decision.local_only or plan.local_only)
        and not conversation.opaque
        and not any(body.get(field) for field in REACHES_OUT)
        and body.get("store") is not True
        and not (conversation.surface is Surface.RESPONSES and body.get("prompt"))  # a template that the provider keeps
        and not names_hosted(body)
        and not any(segment.origin in TOOL_TRAFFIC for segment in conversation.segments)
    )


def is_steady(body: Mapping[str, Any]) -> bool:
    """Whether a request asks for the same answer each time: its temperature is 0."""
    temperature = body.get("temperature")
    return isinstance(temperature, (int, float)) and not isinstance(temperature, bool) and temperature == 0


def for_litellm(name: bytes | None, steering: Steering) -> dict[str, Any]:
    """The controls of a cache that the operator set up in LiteLLM: an answer is found only under its request's name.

    LiteLLM's own key leaves the API key out. A request without a name passes by that cache.
    """
    if name is None:
        return {"no-cache": True, "no-store": True}
    return {"namespace": name.hex(), "no-cache": steering.cache == "no-cache"}


def is_whole(content: bytes, surface: Surface, *, stream: bool) -> bool:
    """Whether an answer came to its proper end, by the forms of OpenAI's and Anthropic's APIs; else it isn't kept."""
    if not stream:
        answer = _object(content)
        if surface is Surface.RESPONSES:
            return answer.get("status") == "completed" and not answer.get("error")
        wanted = "content" if surface is Surface.MESSAGES else "choices"
        return bool(answer.get(wanted)) and not answer.get("error")
    lines = [line[5:].strip() for line in content.splitlines() if line.startswith(b"data:")]
    events = [_object(line) for line in lines if line != b"[DONE]"]
    if not events or any(event.get("error") or event.get("type") == "error" or not event for event in events):
        return False
    if surface is Surface.MESSAGES:
        return bool(events[-1].get("type") == "message_stop")
    if surface is Surface.RESPONSES:
        return any(event.get("type") == "response.completed" for event in events)
    ended = any(choice.get("finish_reason") for event in events for choice in event.get("choices") or ())
    return ended and lines[-1] == b"[DONE]"


def _object(text: bytes) -> dict[str, Any]:
    """A JSON object; empty for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
