"""What a request is once it has been read: the values that every later stage takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Surface(str, Enum):
    """The API shape that a body has."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    EMBEDDINGS = "embeddings"
    GEMINI = "gemini"


class Origin(str, Enum):
    """Where in a request a segment of text stands."""

    SYSTEM = "system"  # system and developer messages, `instructions`
    USER = "user"
    ASSISTANT = "assistant"  # also earlier thinking and tool-call names
    TOOL_CALL = "tool_call"  # arguments that a model wrote
    TOOL_RESULT = "tool_result"
    TOOL_DEFINITION = "tool_definition"
    IDENTITY = "identity"  # `user`, `metadata`, `safety_identifier`: droppable before a cloud call
    SETTING = "setting"  # `stop`, `response_format`, `prediction`, and any field not known here


class Segment(NamedTuple):
    """One run of text to scan. `place` is a path such as ``messages[2].content[0].text``."""

    place: str
    text: str
    origin: Origin

    def __repr__(self) -> str:
        return f"Segment({self.place!r}, {self.origin.value}, {len(self.text)} characters)"


@dataclass(frozen=True)
class Opaque:
    """Something that can't be turned into text: an image, a file id, a token array, ..."""

    place: str
    kind: str


class Turn(NamedTuple):
    """One message as the classifier sees it: its own text, tool traffic apart."""

    role: Origin  # SYSTEM, USER, ASSISTANT or TOOL_RESULT
    text: str
    tool_calls: int = 0

    def __repr__(self) -> str:
        return f"Turn({self.role.value}, {len(self.text)} characters, {self.tool_calls} tool calls)"


@dataclass(frozen=True)
class Conversation:
    """A request body, read: turns for the classifier, segments for the detector."""

    surface: Surface
    turns: tuple[Turn, ...]
    segments: tuple[Segment, ...]
    opaque: tuple[Opaque, ...]
    tools: int = 0  # tool definitions offered

    @property
    def characters(self) -> int:
        """Length of all text in it."""
        return sum(len(segment.text) for segment in self.segments)

    def __repr__(self) -> str:
        return (
            f"Conversation({self.surface.value}, {len(self.turns)} turns, "
            f"{len(self.segments)} segments, {len(self.opaque)} opaque)"
        )
