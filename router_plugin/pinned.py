"""Parts of a conversation that only their maker can read: signed thinking, encrypted reasoning, ids of stored things.

What a model can do without is dropped from a call to anyone else; what it can't keeps the request with its maker.
Forms by the API references of OpenAI (Responses, Files) and Anthropic (Messages, extended thinking, Files).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from router_plugin.conversation import Surface
from router_plugin.deployments import Deployment

OPENAI_API = frozenset({"openai", "azure"})
THINKING = frozenset({"thinking", "redacted_thinking"})
SERVER_TOOLS = frozenset({"server_tool_use", "mcp_tool_use", "mcp_tool_result"})
SERVER_RESULTS = ("web_search", "web_fetch", "code_execution", "bash_code_execution", "text_editor_code_execution")
REACHABLE = ("https://", "http://", "gs://", "data:")  # LiteLLM takes an address for a `file_id` too


def pins(body: Mapping[str, Any], surface: Surface, maker: str) -> frozenset[str]:
    """What keeps a request with its maker: `file`, `container`, `compaction`, `previous_response`."""
    if surface is Surface.EMBEDDINGS:
        return frozenset()
    found = {"previous_response"} if maker and body.get("previous_response_id") else set()
    if _is_id(body.get("container")) or any(_is_id(tool.get("container")) for tool in _maps(body.get("tools"))):
        found.add("container")
    for part in _parts(body):
        if part.get("type") == "compaction":
            found.add("compaction")
        holders = (part, part.get("file"), part.get("source"))
        if any(isinstance(h, Mapping) and _is_file_id(h.get("file_id")) for h in holders):
            found.add("file")
    return frozenset(found)


def pinned_elsewhere(deployment: Deployment, held: frozenset[str], surface: Surface, maker: str) -> str:
    """The first of these parts that a deployment can't take, as `pinned.file`; empty where it takes all."""
    for kind in sorted(held):
        if kind == "previous_response":
            fits = deployment.local or deployment.provider == maker  # a local model keeps no answers, LiteLLM may
        elif surface is Surface.MESSAGES:
            fits = not deployment.local and deployment.model.startswith("anthropic/")
        else:
            fits = not deployment.local and deployment.provider in OPENAI_API
        if not fits:
            return f"pinned.{kind}"
    return ""


def readers(held: frozenset[str], surface: Surface, maker: str) -> tuple[str, ...]:
    """The providers that such parts come from, set up or not."""
    if "previous_response" in held:
        return (maker,)
    return ("anthropic",) if surface is Surface.MESSAGES else ("azure", "openai")


def stuck(held: frozenset[str], providers: Iterable[str], wait: str = "") -> str:
    """Why a request can't go to anyone else, and the cure: a sentence for an error, with kinds and never an id.

    `wait`: what lets those providers take it, as ``is back``; empty where nothing does.
    """
    kinds, names = " and ".join(sorted(held)), " or ".join(dict.fromkeys(providers))
    later = f", or wait until {names} {wait}" if wait else ""
    return f"Its {kinds} can be read only by {names}: send the content itself in place of the reference{later}."


def drop_foreign(call: dict[str, Any], deployment: Deployment, maker: str) -> None:
    """Take out of a call what its deployment can't read and can do without.

    `maker`: the provider that answered all of the conversation's turns; empty where there were several or no one
    remembers, and then encrypted reasoning goes to nobody, since an item doesn't say who encrypted it.
    Lists are replaced, not changed: another deployment may be called with them later.
    """
    messages, items = call.get("messages"), call.get("input")
    if isinstance(messages, list):
        kept = [_readable(message, deployment) for message in messages]
        if _reads_signatures(deployment) and _lost_thinking(messages, kept):
            call.pop("thinking", None)  # Anthropic wants a tool's turn to begin with its thinking, where that is on
            call.pop("reasoning_effort", None)
        if any(new is not old for new, old in zip(kept, messages, strict=True)):
            call["messages"] = [message for message in kept if message is not None]
    own = deployment.provider == maker and maker in OPENAI_API and not deployment.local
    if isinstance(items, list) and not own:
        call["input"] = [_without_id(item) for item in items if not _is(item, ("reasoning",))]


def _readable(message: Any, deployment: Deployment) -> Any:
    """A message as a deployment can read it, itself where nothing is dropped; None where nothing is left."""
    if not isinstance(message, Mapping) or message.get("role") != "assistant":
        return message
    keeps = _keeps(deployment)
    changed: dict[str, Any] = dict(message)
    for key in ("content", "thinking_blocks"):
        blocks = message.get(key)
        if isinstance(blocks, list) and not all(keeps(block) for block in blocks):
            changed[key] = [block for block in blocks if keeps(block)]
    if not changed.get("thinking_blocks", True):
        del changed["thinking_blocks"]
    if deployment.provider in OPENAI_API and not deployment.local:
        changed.pop("reasoning_content", None)
    if changed == message:
        return message
    empty = changed.get("content") in (None, "", []) and not (changed.get("tool_calls") or changed.get("function_call"))
    return None if empty else changed


def _keeps(deployment: Deployment) -> Callable[[Any], bool]:
    """Whether a block may go there. Signatures are good at Anthropic and wherever else Claude is served.

    An unsigned thought was another model's: Anthropic refuses it, and a local model may read it.
    """
    claude = _reads_signatures(deployment)

    def keeps(block: Any) -> bool:
        if _is(block, ("thinking",)):
            signed = bool(block.get("signature"))
            return signed if claude else deployment.local and not signed
        results = isinstance(block, Mapping) and str(block.get("type")) in _RESULTS
        return claude or not (results or _is(block, (*THINKING, *SERVER_TOOLS)))

    return keeps


_RESULTS = frozenset(f"{name}_tool_result" for name in SERVER_RESULTS)


def _reads_signatures(deployment: Deployment) -> bool:
    named = f"{deployment.model} {deployment.base_model or ''}"
    return not deployment.local and (deployment.model.startswith("anthropic/") or "claude" in named)


def _lost_thinking(before: list[Any], after: list[Any]) -> bool:
    """Whether the last assistant turn has lost a block."""
    turns = [
        i for i, message in enumerate(before) if isinstance(message, Mapping) and message.get("role") == "assistant"
    ]
    return bool(turns) and after[turns[-1]] is not before[turns[-1]]


def _without_id(item: Any) -> Any:
    """An item of a Responses input by its content, not by the name under which a provider may have stored it."""
    if not isinstance(item, Mapping) or "id" not in item or item.get("type") == "item_reference":
        return item
    return {key: value for key, value in item.items() if key != "id"}


def _parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Messages or items, the parts of their contents, and those of tool results inside."""
    for message in (*_maps(body.get("messages")), *_maps(body.get("input"))):
        yield message
        for part in (*_maps(message.get("content")), *_maps(message.get("output"))):
            yield part
            yield from _maps(part.get("content"))


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _is(block: object, kinds: tuple[str, ...]) -> bool:
    return isinstance(block, Mapping) and block.get("type") in kinds


def _is_id(container: object) -> bool:
    """Whether a container is one that exists: a name, or a mapping with an id; `{"type": "auto"}` makes a new one."""
    return bool(container.get("id")) if isinstance(container, Mapping) else bool(container)


def _is_file_id(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not value.startswith(REACHABLE)
