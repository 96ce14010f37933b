"""Work that LiteLLM repeats on every request for nothing, and how this process is spared it.

Answers stay the same, but that a call no longer fails because tokens couldn't be counted that Ollama had counted.
"""

from __future__ import annotations

import functools
import importlib
import logging
import sys
from contextvars import ContextVar
from typing import Any

from router_plugin.capabilities import OLLAMA_PREFIXES

# LiteLLM 1.102 imports the first to see who gets a trace, the second to see whether an error is a database's. Where a
# package is missing, or no longer fits, each request pays anew for the search on disk and for running half a module.
RETRIED = ("litellm.integrations.otel.logger", "prisma.errors")
COUNTS = ("prompt_eval_count", "eval_count")  # tokens in an answer of Ollama, prompt and answer

_counted: ContextVar[bool] = ContextVar("counted", default=False)

log = logging.getLogger("router_plugin")


def remember_missing() -> tuple[str, ...]:
    """Try each of `RETRIED` once; returns those that can't be imported.

    For these the import system keeps None, which makes it raise ModuleNotFoundError at once
    (https://docs.python.org/3/reference/import.html#the-module-cache). What can be imported is imported, as the first
    request would.
    """
    missing = []
    for name in RETRIED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.info("router_plugin: LiteLLM won't try to import %s again: %s", name, error)
            sys.modules[name] = None  # type: ignore[assignment]
            missing.append(name)
        except Exception as error:  # noqa: BLE001 - LiteLLM swallows it at each request
            log.info("router_plugin: LiteLLM can't import %s: %s", name, type(error).__name__)
    return tuple(missing)


def spare_ollama() -> None:
    """Cut what LiteLLM does beside its calls to Ollama. A second time changes nothing."""
    _look_up_models()
    _count_only_what_is_not_told()


def _look_up_models() -> None:
    """Whether the price list has a model is a look-up; LiteLLM makes all its names lower case first, twice a call."""
    import litellm
    from litellm.llms.ollama.common_utils import OllamaModelInfo

    search = OllamaModelInfo._is_static_ollama_model
    if hasattr(search, "spared"):
        return

    @functools.wraps(search)
    def listed(model: str) -> bool:
        name = model.split("/", 1)[1] if model.startswith(OLLAMA_PREFIXES) else model
        known = litellm.model_cost
        if model in known or name in known or f"ollama/{name}" in known or f"ollama_chat/{name}" in known:
            return True
        return bool(search(model))  # written with other capitals, or not at all

    listed.spared = True  # type: ignore[attr-defined]
    OllamaModelInfo._is_static_ollama_model = staticmethod(listed)  # type: ignore[method-assign]


def _count_only_what_is_not_told() -> None:
    """Where Ollama tells how many tokens a call took, they aren't counted here as well.

    LiteLLM counts them first and then takes Ollama's figure. That holds up the event loop, by some 7 ms for 100 kB.
    """
    import litellm
    from litellm.llms.ollama.chat.transformation import OllamaChatConfig

    count, read = litellm.token_counter, OllamaChatConfig.transform_response
    if hasattr(read, "spared"):
        return

    @functools.wraps(count)
    def token_counter(*args: Any, **kwargs: Any) -> int:
        return 0 if _counted.get() else count(*args, **kwargs)

    @functools.wraps(read)
    def transform_response(self: Any, model: str, raw_response: Any, *args: Any, **kwargs: Any) -> Any:
        answer: Any = _Read(raw_response)
        before = _counted.set(False)
        try:
            return read(self, model, answer, *args, **kwargs)
        finally:
            _counted.reset(before)

    transform_response.spared = True  # type: ignore[attr-defined]
    litellm.token_counter = token_counter
    OllamaChatConfig.transform_response = transform_response  # type: ignore[method-assign]


class _Read:
    """An answer of Ollama. Once its JSON has been read nothing is counted that it tells: callbacks came before that."""

    def __init__(self, response: Any) -> None:
        self._response = response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._response, name)

    def json(self) -> Any:
        """As the response's own. Errors: ValueError, as there."""
        answer = self._response.json()
        _counted.set(isinstance(answer, dict) and all(isinstance(answer.get(name), int) for name in COUNTS))
        return answer
