"""A reply and a fault -> the steps on the wire."""

from __future__ import annotations

from dataclasses import dataclass, replace

from router_plugin.fakes.faults import NO_BYTE, Effect, Ending, Fault, Problem
from router_plugin.fakes.reply import Call, Reply, Shape

HUGE_WORD_BYTES = 65_536
HTML = b"<!doctype html><html><head><title>Sign in</title></head><body>Sign in to the network.</body></html>"


@dataclass(frozen=True)
class Head:
    """The status line and headers. `length=None`: a body of unknown length."""

    status: int
    headers: tuple[tuple[str, str], ...]
    length: int | None


@dataclass(frozen=True)
class Wait:
    seconds: float


Step = Head | bytes | Wait | Ending


def steps(call: Call, shape: Shape, fault: Fault | None, *, latency: float = 0.0, pace: float = 0.0) -> list[Step]:
    """What goes over the wire. `latency` is in seconds before the first byte, `pace` before each further chunk."""
    reply = base_reply(call, shape, fault)
    if fault is None:
        return play(reply, latency, pace)
    effect, body = fault.effect, b"".join(reply.parts)
    if effect is Effect.CUT and fault.after == NO_BYTE:
        return [Wait(latency), fault.ending]
    if effect is Effect.STALL and fault.after == NO_BYTE:
        return play(reply, latency + fault.seconds, pace)
    if effect is Effect.TRUNCATED and not reply.stream:
        return play(replace(reply, parts=(body[: len(body) // 2],)), latency, pace)
    if effect is Effect.MALFORMED and not reply.stream:
        return play(replace(reply, parts=(body[: len(body) // 2], b"\x01<", body[len(body) // 2 :])), latency, pace)
    if effect in {Effect.CUT, Effect.STALL, Effect.DRIP} and not reply.stream:
        reply = reply.in_eighths()
    if effect is Effect.DRIP:
        return play(reply, latency, fault.seconds)
    place, played = reply.position(fault.after), play(reply, latency, pace)
    # Two steps come first (the wait and the head), then a wait and a chunk for each part.
    before, rest = played[: 2 + 2 * place], played[2 + 2 * place :]
    if effect is Effect.CUT:
        ending = Ending.CLOSE if fault.ending is Ending.END and not reply.stream else fault.ending
        return [*before, ending]
    if effect is Effect.STALL:
        return [*before, Wait(fault.seconds), *rest]
    if effect is Effect.ERROR_EVENT and reply.stream:
        return [*before, shape.error_event(call, fault.problem), Ending.END]
    if effect is Effect.MALFORMED:
        return [*before, shape.broken_event(call), *rest]
    if effect is Effect.TRUNCATED:
        part = reply.parts[place]
        return [*before, part[: len(part) // 2], Ending.END]
    return played


def base_reply(call: Call, shape: Shape, fault: Fault | None) -> Reply:
    """The reply before anything breaks: the API's own, or the one that the fault puts in its place."""
    effect = fault.effect if fault else None
    if fault and effect is Effect.HUGE:
        # No two words are the same: LiteLLM ends a stream that repeats itself.
        count = max(1, fault.size // HUGE_WORD_BYTES)
        text = " ".join(str(number).ljust(HUGE_WORD_BYTES - 1, "x") for number in range(count))
        call = replace(call, backend=replace(call.backend, text=text))
    if fault and effect is Effect.STATUS:
        return _refusal(call, shape, fault)
    reply = shape.answer(call)
    if reply is None:
        return shape.error(call, Problem.NOT_FOUND, 404)
    if fault and effect is Effect.ERROR_EVENT and not reply.stream:
        return _refusal(call, shape, fault)
    if effect is Effect.HTML:
        return Reply((HTML,), content_type="text/html; charset=utf-8")
    return reply


def _refusal(call: Call, shape: Shape, fault: Fault) -> Reply:
    refusal = shape.error(call, fault.problem, fault.status)
    if fault.retry_after is None:
        return refusal
    return replace(refusal, headers=(*refusal.headers, ("Retry-After", f"{fault.retry_after:g}")))


def play(reply: Reply, latency: float = 0.0, pace: float = 0.0) -> list[Step]:
    """A wait and the head, then a wait and a chunk for each part, then the end of the body."""
    headers = (("Content-Type", reply.content_type), *reply.headers)
    length = None if reply.stream else sum(map(len, reply.parts))
    played: list[Step] = [Wait(latency), Head(reply.status, headers, length)]
    for number, part in enumerate(reply.parts):
        played += [Wait(pace if number else 0.0), part]
    return [*played, Ending.END]
