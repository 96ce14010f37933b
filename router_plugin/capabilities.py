"""What a deployment can take: its context window, and the kinds of request that it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a request may need, and LiteLLM's word for it in `model_info` and in its price list.
FLAGS: Mapping[str, str] = {
    "tools": "supports_function_calling",
    "parallel_tools": "supports_parallel_function_calling",
    "vision": "supports_vision",
    "audio": "supports_audio_input",
    "pdf": "supports_pdf_input",
    "json_mode": "supports_json_mode",
    "json_schema": "supports_response_schema",
    "reasoning": "supports_reasoning",
    "n": "supports_n",
    "logprobs": "supports_logprobs",
    "streaming": "supports_streaming",
}
# The price list says "no" to these by leaving the word out. About the others it is silent.
TOLD_BY_ABSENCE = frozenset({"tools", "vision", "audio", "pdf", "json_schema", "reasoning"})
# So unless someone says otherwise: LiteLLM makes a stream of a whole answer, and parallel calls are a matter of form.
ASSUMED = frozenset({"streaming", "parallel_tools"})
OPENAI_CAN = ("n", "logprobs", "json_mode")  # by OpenAI's reference; its reasoning models refuse some of these
# What is so for every model behind one kind of API, whatever the model; from the providers' API references.
BY_API: Mapping[str, Mapping[str, bool]] = {
    "ollama": {"n": False, "logprobs": False, "json_mode": True, "json_schema": True, "audio": False, "pdf": False},
    "anthropic": {"n": False, "logprobs": False, "json_mode": True, "audio": False},
}
OLLAMA_API = ("ollama", "ollama_chat")
OLLAMA_PREFIXES = tuple(f"{kind}/" for kind in OLLAMA_API)  # of a model's name
OLLAMA_WINDOW = 4096  # Ollama's default `num_ctx`; it cuts a longer prompt without a word
OLLAMA_MAX_WINDOW = 16_384  # of an 8B model some 2 GB of memory beside its weights
WINDOW, OUTPUT = "context_window", "max_output"
KEYS = (*FLAGS, WINDOW, OUTPUT)


@dataclass(frozen=True)
class Capabilities:
    """`window`: tokens of prompt and answer together, `output`: of the answer. A flag that is missing is unknown."""

    window: int | None = None
    output: int | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)

    def can(self, name: str) -> bool | None:
        """Whether it can do this; None where no one says."""
        return self.flags.get(name, True if name in ASSUMED else None)

    def over(self, base: Capabilities) -> Capabilities:
        """These facts, and those of `base` where these are silent."""
        return Capabilities(
            self.window if self.window is not None else base.window,
            self.output if self.output is not None else base.output,
            {**base.flags, **self.flags},
        )


def listed(entry: Mapping[str, Any] | None) -> Capabilities:
    """The facts in an entry of LiteLLM's price list."""
    if not entry:
        return Capabilities()
    flags = dict.fromkeys(TOLD_BY_ABSENCE, False)
    if entry.get("litellm_provider") in ("openai", "azure") and not entry.get("supports_reasoning"):
        flags |= dict.fromkeys(OPENAI_CAN, True)
    flags |= {name: entry[word] for name, word in FLAGS.items() if isinstance(entry.get(word), bool)}
    return Capabilities(
        _tokens(entry.get("max_input_tokens")) or _tokens(entry.get("max_tokens")),
        _tokens(entry.get("max_output_tokens")),
        flags,
    )


def by_api(model: str) -> Capabilities:
    """What the kind of API says, by a model's prefix (none: OpenAI's)."""
    prefix = model.split("/", 1)[0] if "/" in model else "openai"
    ollama = prefix in OLLAMA_API
    return Capabilities(OLLAMA_WINDOW if ollama else None, None, BY_API.get("ollama" if ollama else prefix, {}))


def told(entry: Mapping[str, Any]) -> Capabilities:
    """What the config says: `model_info.router.capabilities`, then `num_ctx`, then LiteLLM's words in `model_info`."""
    info = entry.get("model_info") or {}
    own = (info.get("router") or {}).get("capabilities") or {}
    flags = {name: info[word] for name, word in FLAGS.items() if isinstance(info.get(word), bool)}
    flags |= {name: own[name] for name in FLAGS if name in own}
    asked = _tokens(entry["litellm_params"].get("num_ctx"))  # Ollama cuts what is longer, whatever else is said
    said = own.get(WINDOW) or asked or _tokens(info.get("max_input_tokens"))
    window = min(said, asked) if said and asked else said
    return Capabilities(window, own.get(OUTPUT) or _tokens(info.get("max_output_tokens")), flags)


def problem(capabilities: object) -> str:
    """What is wrong with an operator's `capabilities`; empty if nothing is."""
    if not isinstance(capabilities, Mapping):
        return ": must be a mapping"
    for key, value in capabilities.items():
        if key not in KEYS:
            return f": unknown {key}; it takes {', '.join(KEYS)}"
        if key in FLAGS and not isinstance(value, bool):
            return f".{key}: must be true or false"
        if key not in FLAGS and not _tokens(value):
            return f".{key}: must be a number of tokens"
    return ""


def _tokens(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
