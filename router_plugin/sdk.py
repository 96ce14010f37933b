"""In-process use: `import router_plugin.sdk`, then `litellm.completion(model="router/auto", messages=...)`.

The lock holds here by construction: requests that must stay local go to a router that has no cloud deployment.
What LiteLLM would run around it is refused (`sdk_guard`). Embeddings and images are not carried.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import litellm
from litellm.exceptions import ContextWindowExceededError
from litellm.llms.custom_llm import CustomLLM
from litellm.router import Router as LiteLLMRouter

from router_plugin import counting
from router_plugin.build import build_router
from router_plugin.config import check, read_file, require_locked
from router_plugin.decision import Decision
from router_plugin.direct import bypass_proxies, refuse_redirects
from router_plugin.errors import NoDeployment, NoLocalDeployment, RequestRefused
from router_plugin.hosted import drop_hosted
from router_plugin.paths import default_config
from router_plugin.pinned import drop_foreign
from router_plugin.pipeline import Router
from router_plugin.plan import CURE, Plan
from router_plugin.prices import price_local
from router_plugin.references import resolved
from router_plugin.request import Conversation, Surface
from router_plugin.runtime_config import fit_ollama, look_for_ollama, point_doors
from router_plugin.sdk_guard import PROVIDER, bad_request, install, refuse_inside_a_router
from router_plugin.sessions import Memory, Sessions
from router_plugin.steering import METADATA_KEY, read_steering
from router_plugin.waste import spare_ollama

Result = TypeVar("Result")

FITTED = ("messages", "thinking", "reasoning_effort")  # what `drop_foreign` changes in a chat
DROPPED_PARAMETERS = frozenset({"stream", "max_retries", "metadata", "extra_body", "extra_headers", "api_base"})
PROXY_CURE = "Set a provider's key"  # how the proxy's cure begins where no provider is set up
AGAIN = "before the first call; in a process that has called already, then call `router_plugin.sdk.configure()`."
LOCAL_CURE = f"Start Ollama (`ollama serve`) and pull its model {AGAIN}"
CLOUD_CURE = f"Start Ollama (`ollama serve`), or set a provider's key, such as OPENAI_API_KEY, {AGAIN}"
CHATS_ONLY = (
    "A `router/` model answers chats, not {what}. Name the model that does it and its provider, such as {instead}; the "
    "privacy lock does not watch that call. The router's proxy carries embeddings, with the lock."
)


class Engine:
    """A decider and two LiteLLM routers: one of local deployments only, one of all."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        checked = check(config, os.environ)
        require_locked(checked.settings, "router/auto")
        bypass_proxies(checked.inventory, os.environ)
        refuse_redirects(checked.inventory)
        price_local(checked.inventory.deployments, litellm.model_cost)
        spare_ollama()
        self.router: Router = build_router(checked, counting.count)
        local = [d.id for d in checked.inventory.deployments if d.local]
        usable = [d.id for d in checked.inventory.deployments]
        self._local = _litellm_router(config, local)
        self._all = _litellm_router(config, usable)
        remembered = checked.settings.sessions
        self._sessions = Sessions.in_memory(secrets.token_bytes(32), remembered) if remembered.enabled else None
        self._lock = threading.Lock()  # of the memory: callers may be threads

    def prepare(
        self,
        model: str,
        messages: list[Any],
        parameters: Mapping[str, Any],
        metadata: Mapping[str, Any] | None,
        *,
        remember: bool = True,
    ) -> tuple[LiteLLMRouter, dict[str, Any], Decision]:
        """The router to call, its arguments, and the decision, which its conversation remembers.

        Errors: RequestRefused.
        """
        sent = {key: value for key, value in parameters.items() if key not in DROPPED_PARAMETERS}
        own = metadata if metadata is not None and METADATA_KEY in metadata else None
        steering = read_steering(model, {}, own, self.router.config.inventory)
        body = {"messages": messages, **sent}
        conversation = self.router.read(body, Surface.CHAT)
        memory = self._recall({**body, "metadata": metadata}, conversation)
        note = memory.note if memory is not None else None
        try:
            decision, plan = self.router.decide(body, Surface.CHAT, steering, note=note, conversation=conversation)
        except RequestRefused as refusal:
            if memory is not None and remember and self.router.detector.scan(conversation).private:
                with self._lock:
                    _at_once(memory.refused())
            raise _cured(refusal) from None
        if memory is not None and remember:
            with self._lock:
                _at_once(memory.decided(decision))
        for place in decision.droppable:
            sent.pop(place.split(".")[0].split("[")[0], None)
        return self._local if plan.local_only else self._all, self._arguments(plan, messages, sent), decision

    def _recall(self, body: Mapping[str, Any], conversation: Conversation) -> Memory | None:
        if self._sessions is None:
            return None
        with self._lock:
            return _at_once(self._sessions.open(body, conversation, "", {}))

    def _arguments(self, plan: Plan, messages: list[Any], sent: dict[str, Any]) -> dict[str, Any]:
        settings = self.router.config.settings
        call = {**sent, "messages": messages}
        first, *rest = [_for_group(group, call, plan) for group in plan.groups]
        arguments = {**call, **first, "fallbacks": rest, "num_retries": settings.routing.max_retries - 1}
        if plan.local_only:
            drop_hosted(arguments)
            arguments["timeout"] = settings.limits.private_timeout_seconds
        return arguments


def _for_group(group: str, call: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """What a call to a group says otherwise than `call`: parts that only another provider can read are dropped.

    LiteLLM writes it over the call before, so that a field which this group may have is given though it is the same,
    and one that it may not have is None.
    """
    fitted = dict(call)
    for deployment in plan.deployments:
        if deployment.group == group:
            drop_foreign(fitted, deployment, plan.maker)
    return {"model": group, **{key: fitted.get(key) for key in FITTED if key in call}}


class _Handler(CustomLLM):
    """What LiteLLM calls for `router/...` models."""

    def __init__(self) -> None:
        super().__init__()
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def use(self, engine: Engine | None) -> None:
        """Take another engine; None builds one from the default config at the next call."""
        with self._lock:
            self._engine = engine

    def engine(self) -> Engine:
        """The engine, built at the first call. Errors: ConfigError, ModelFileError."""
        with self._lock:
            if self._engine is None:
                self._engine = Engine(_fitted(default_config()))
            return self._engine

    def _prepare(self, given: Mapping[str, Any]) -> tuple[LiteLLMRouter, dict[str, Any], Decision]:
        refuse_inside_a_router(given.get("litellm_params"))
        if given.get("api_base"):
            raise bad_request("`api_base` can't be given with a `router/` model; the router picks the deployment.")
        metadata = (given.get("litellm_params") or {}).get("metadata")
        told = metadata if isinstance(metadata, Mapping) else None
        try:
            return self.engine().prepare(given["model"], given["messages"], given.get("optional_params") or {}, told)
        except RequestRefused as refusal:
            raise _as_litellm(refusal) from None

    def completion(self, *args: Any, **given: Any) -> Any:
        """A whole answer, with the decision in ``response._hidden_params["router"]``."""
        router, arguments, decision = self._prepare(given)
        with _no_window_fallback():
            return _marked(router.completion(**arguments), decision)

    async def acompletion(self, *args: Any, **given: Any) -> Any:
        """As `completion`, asynchronous."""
        router, arguments, decision = self._prepare(given)
        with _no_window_fallback():
            return _marked(await router.acompletion(**arguments), decision)

    def streaming(self, *args: Any, **given: Any) -> Iterator[Any]:
        """The chunks of an answer, unchanged. Refused at once: of an error in a stream LiteLLM makes another kind."""
        router, arguments, _ = self._prepare(given)
        return _chunks(router, arguments)

    def astreaming(self, *args: Any, **given: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        """As `streaming`, asynchronous."""
        router, arguments, _ = self._prepare(given)
        return _achunks(router, arguments)

    def embedding(self, *args: Any, **given: Any) -> NoReturn:
        """Refused."""
        _refuse_kind(given, "embeddings", 'litellm.embedding(model="ollama/nomic-embed-text")')

    async def aembedding(self, *args: Any, **given: Any) -> NoReturn:
        """Refused."""
        self.embedding(**given)

    def image_generation(self, *args: Any, **given: Any) -> NoReturn:
        """Refused."""
        _refuse_kind(given, "image requests", 'litellm.image_generation(model="openai/gpt-image-1")')

    async def aimage_generation(self, *args: Any, **given: Any) -> NoReturn:
        """Refused."""
        self.image_generation(**given)

    def image_edit(self, *args: Any, **given: Any) -> NoReturn:
        """Refused."""
        _refuse_kind(given, "image requests", 'litellm.image_edit(model="openai/gpt-image-1")')

    async def aimage_edit(self, *args: Any, **given: Any) -> NoReturn:
        """Refused."""
        self.image_edit(**given)


def _chunks(router: LiteLLMRouter, arguments: Mapping[str, Any]) -> Iterator[Any]:
    with _no_window_fallback():
        yield from router.completion(**arguments, stream=True)


async def _achunks(router: LiteLLMRouter, arguments: Mapping[str, Any]) -> AsyncIterator[Any]:
    with _no_window_fallback():
        async for chunk in await router.acompletion(**arguments, stream=True):
            yield chunk


def _refuse_kind(given: Mapping[str, Any], what: str, instead: str) -> NoReturn:
    refuse_inside_a_router(given.get("litellm_params"))
    raise bad_request(CHATS_ONLY.format(what=what, instead=f"`{instead}`"))


class _no_window_fallback:  # noqa: N801 - reads as a statement
    """Turns the one error on which LiteLLM would call a model of the caller's list with the same messages."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ContextWindowExceededError):
            raise bad_request("The request is longer than the context window of every deployment it may use.") from None


def _at_once(waiting: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that waits for nothing, as those of a memory in this process; sync calls have no loop.

    Errors: RuntimeError for one that does wait.
    """
    try:
        waiting.send(None)
    except StopIteration as done:
        result: Result = done.value
        return result
    waiting.close()
    raise RuntimeError("The memory of conversations waited for something.")


def _cured(refusal: RequestRefused) -> RequestRefused:
    """The refusal with a cure for this process, where the proxy's speaks of its start."""
    if isinstance(refusal, NoLocalDeployment):
        return NoLocalDeployment(refusal.message.removesuffix(CURE) + LOCAL_CURE, param=refusal.param)
    if isinstance(refusal, NoDeployment):
        return NoDeployment(refusal.message.partition(PROXY_CURE)[0] + CLOUD_CURE, param=refusal.param)
    return refusal


def _as_litellm(refusal: RequestRefused) -> Exception:
    """A refusal as LiteLLM's exception of the same status."""
    if refusal.status >= 500:
        from litellm.exceptions import ServiceUnavailableError

        return ServiceUnavailableError(message=refusal.message, model=PROVIDER, llm_provider=PROVIDER)
    return bad_request(refusal.message)


def _marked(response: Any, decision: Decision) -> Any:
    hidden = getattr(response, "_hidden_params", None)
    if isinstance(hidden, dict):
        hidden["router"] = decision.to_json()
    return response


def _litellm_router(config: Mapping[str, Any], ids: list[str]) -> LiteLLMRouter:
    """LiteLLM's router over some deployments, without fallbacks of its own."""
    chosen = [_resolved(entry) for entry in config["model_list"] if entry["model_info"]["id"] in ids]
    return LiteLLMRouter(model_list=chosen, num_retries=0, disable_cooldowns=True)


def _resolved(entry: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {key: resolved(value, os.environ) for key, value in entry["litellm_params"].items()}
    return {**entry, "litellm_params": parameters}


def _fitted(path: Path) -> dict[str, Any]:
    raw = read_file(path)
    config, _ = fit_ollama(raw, look_for_ollama(raw, os.environ))
    point_doors(config)
    return config


def configure(config: Path | Mapping[str, Any] | None = None) -> None:
    """Use another config: a file, fitted to the Ollama that answers, or data taken as it is; None: the default file.

    Errors: ConfigError, ModelFileError.
    """
    if config is None:
        _handler.use(None)
    else:
        _handler.use(Engine(_fitted(config) if isinstance(config, Path) else config))


def explain(messages: list[Any], *, model: str = "auto") -> Decision:
    """The decision for a chat, without calling anything. Errors: RequestRefused."""
    return _handler.engine().prepare(model, messages, {}, None, remember=False)[2]


def _register() -> None:
    """Make `router/...` known to LiteLLM; importing this module twice changes nothing."""
    known = [item for item in litellm.custom_provider_map if item["provider"] != PROVIDER]
    litellm.custom_provider_map = [*known, {"provider": PROVIDER, "custom_handler": _handler}]
    litellm.utils.custom_llm_setup()  # type: ignore[no-untyped-call]
    install()


_handler = _Handler()
_register()
