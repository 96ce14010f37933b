"""How a fake back end can fail: small named values, ready for `pytest.mark.parametrize(..., ids=str)`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

NO_BYTE = -2  # strikes before the status line
NO_EVENT = -1  # strikes after the response headers, before any part of the body
NO_CONTENT = 0  # strikes after the role chunk, `message_start` and the like
MIDWAY = 3


class Effect(str, Enum):
    """What goes wrong."""

    STATUS = "status"
    REFUSE = "refuse"
    CUT = "cut"
    STALL = "stall"
    DRIP = "drip"
    ERROR_EVENT = "error_event"
    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    HTML = "html"
    HUGE = "huge"


class Ending(str, Enum):
    """How a connection or a body ends."""

    RESET = "rst"  # TCP RST
    CLOSE = "close"  # TCP FIN in the middle of the HTTP message
    END = "end"  # HTTP message complete, but the stream inside it has no end marker


class Problem(str, Enum):
    """What an error body says; each provider has its own words for it."""

    BAD_REQUEST = "bad_request"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    RATE_LIMIT = "rate_limit"
    SERVER = "server"
    UNAVAILABLE = "unavailable"
    OVERLOADED = "overloaded"
    CONTEXT_WINDOW = "context_window"
    CONTENT_POLICY = "content_policy"


PROBLEM_OF_STATUS = {
    400: Problem.BAD_REQUEST,
    401: Problem.AUTH,
    403: Problem.FORBIDDEN,
    404: Problem.NOT_FOUND,
    429: Problem.RATE_LIMIT,
    503: Problem.UNAVAILABLE,
    529: Problem.OVERLOADED,
}


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    `after` says where: NO_BYTE, NO_EVENT, NO_CONTENT, or a number of content chunks that still arrive
    (of a body that isn't streamed: eighths). It is capped so that the end marker never arrives.
    `seconds` is the length of a stall, or the pause before each chunk of a drip. `size` is in bytes.
    Faults strike calls that ask a model; with `probes`, also lists, `/api/show` and health checks.
    """

    name: str
    effect: Effect
    status: int = 500
    problem: Problem = Problem.SERVER
    retry_after: float | None = None
    after: int = NO_EVENT
    ending: Ending = Ending.RESET
    seconds: float = 0.0
    size: int = 0
    probes: bool = False

    def __str__(self) -> str:
        return self.name

    def everywhere(self) -> Fault:
        """The same fault, striking probes too."""
        return replace(self, name=f"{self.name}-everywhere", probes=True)


def status(code: int, *, retry_after: float | None = None) -> Fault:
    """An HTTP error in the provider's own shape; `retry_after` in seconds."""
    name = f"status-{code}" if retry_after is None else f"status-{code}-retry-after-{retry_after:g}"
    return Fault(name, Effect.STATUS, code, PROBLEM_OF_STATUS.get(code, Problem.SERVER), retry_after)


def cut(after: int, ending: Ending) -> Fault:
    """The connection ends early."""
    where = {NO_BYTE: "before-first-byte", NO_EVENT: "before-first-event", NO_CONTENT: "before-content"}
    return Fault(
        f"cut-{where.get(after, f'after-{after}-chunks')}-{ending.value}", Effect.CUT, after=after, ending=ending
    )


def slow_first_byte(seconds: float) -> Fault:
    """Nothing for `seconds`, then a normal reply."""
    return Fault(f"slow-first-byte-{seconds:g}s", Effect.STALL, after=NO_BYTE, seconds=seconds)


def stall(after: int, seconds: float) -> Fault:
    """Goes silent for `seconds` after the headers and `after` chunks, then goes on."""
    return Fault(f"stall-after-{max(after, 0)}-chunks-{seconds:g}s", Effect.STALL, after=after, seconds=seconds)


def drip(seconds: float) -> Fault:
    """A pause before each chunk."""
    return Fault(f"drip-{seconds:g}s", Effect.DRIP, seconds=seconds)


def huge(size: int) -> Fault:
    """A good reply whose text is `size` bytes long."""
    return Fault(f"huge-{size}-bytes", Effect.HUGE, size=size)


STATUS_400 = status(400)
STATUS_401 = status(401)
STATUS_403 = status(403)
STATUS_404 = status(404)
STATUS_429 = status(429)
STATUS_429_RETRY_AFTER = status(429, retry_after=1)
STATUS_500 = status(500)
STATUS_503 = status(503)
STATUS_503_RETRY_AFTER = status(503, retry_after=1)
STATUS_529 = status(529)
CONTEXT_WINDOW = Fault("context-window", Effect.STATUS, 400, Problem.CONTEXT_WINDOW)
CONTENT_POLICY = Fault("content-policy", Effect.STATUS, 400, Problem.CONTENT_POLICY)

REFUSE = Fault("refuse", Effect.REFUSE)
RESET = cut(NO_BYTE, Ending.RESET)
EMPTY_REPLY = cut(NO_BYTE, Ending.CLOSE)

HEADERS_THEN_RESET = cut(NO_EVENT, Ending.RESET)
HEADERS_THEN_CLOSE = cut(NO_EVENT, Ending.CLOSE)
EMPTY_STREAM = cut(NO_EVENT, Ending.END)
DIES_BEFORE_CONTENT_RESET = cut(NO_CONTENT, Ending.RESET)
DIES_BEFORE_CONTENT_CLOSE = cut(NO_CONTENT, Ending.CLOSE)
DIES_BEFORE_CONTENT_END = cut(NO_CONTENT, Ending.END)
CUT_MIDWAY_RESET = cut(MIDWAY, Ending.RESET)
CUT_MIDWAY_CLOSE = cut(MIDWAY, Ending.CLOSE)
CUT_MIDWAY_END = cut(MIDWAY, Ending.END)

# Through Ollama's own API the first of these is a first NDJSON line of {"error": ...}.
ERROR_EVENT_FIRST = Fault("error-event-first", Effect.ERROR_EVENT, problem=Problem.OVERLOADED, after=NO_EVENT)
ERROR_EVENT_BEFORE_CONTENT = replace(ERROR_EVENT_FIRST, name="error-event-before-content", after=NO_CONTENT)
ERROR_EVENT_MIDWAY = replace(ERROR_EVENT_FIRST, name="error-event-midway", after=MIDWAY)

MALFORMED_FIRST = Fault("malformed-first-chunk", Effect.MALFORMED, after=NO_EVENT)
MALFORMED_MIDWAY = Fault("malformed-chunk-midway", Effect.MALFORMED, after=MIDWAY)
TRUNCATED_JSON = Fault("truncated-json", Effect.TRUNCATED, after=MIDWAY)
HTML_PAGE = Fault("html-instead-of-json", Effect.HTML)
HUGE_BODY = huge(8_000_000)
SLOW_FIRST_BYTE = slow_first_byte(2.0)
SLOW_DRIP = drip(0.2)
STALL_MIDWAY = stall(MIDWAY, 5.0)

STATUSES = (
    STATUS_400,
    STATUS_401,
    STATUS_403,
    STATUS_404,
    STATUS_429,
    STATUS_429_RETRY_AFTER,
    STATUS_500,
    STATUS_503,
    STATUS_503_RETRY_AFTER,
    STATUS_529,
    CONTEXT_WINDOW,
    CONTENT_POLICY,
)
CONNECTION = (REFUSE, RESET, EMPTY_REPLY)
# The client has seen no content yet: a router may still go elsewhere.
BEFORE_CONTENT = (
    HEADERS_THEN_RESET,
    HEADERS_THEN_CLOSE,
    EMPTY_STREAM,
    DIES_BEFORE_CONTENT_RESET,
    DIES_BEFORE_CONTENT_CLOSE,
    DIES_BEFORE_CONTENT_END,
    ERROR_EVENT_FIRST,
    ERROR_EVENT_BEFORE_CONTENT,
    MALFORMED_FIRST,
)
MID_STREAM = (
    CUT_MIDWAY_RESET,
    CUT_MIDWAY_CLOSE,
    CUT_MIDWAY_END,
    ERROR_EVENT_MIDWAY,
    MALFORMED_MIDWAY,
    TRUNCATED_JSON,
)
BODIES = (HTML_PAGE, HUGE_BODY)
SLOW = (SLOW_FIRST_BYTE, SLOW_DRIP, STALL_MIDWAY)
ALL = STATUSES + CONNECTION + BEFORE_CONTENT + MID_STREAM + BODIES + SLOW
BY_NAME = {fault.name: fault for fault in ALL}
