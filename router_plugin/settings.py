"""Our settings: the schema of `callback_settings.router_plugin`, and its loader."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from router_plugin.capabilities import OLLAMA_MAX_WINDOW
from router_plugin.deployments import provider_name
from router_plugin.errors import ConfigError
from router_plugin.privacy import PrivacySettings
from router_plugin.references import PREFIX, variable_of
from router_plugin.request import MAX_BODY_CHARACTERS

KEY = "callback_settings.router_plugin"
CLOSE_NAME = 0.6  # of difflib's ratio, for a misspelt setting
SHADOW = "shadow"
WARNING = (
    "SHADOW MODE: NOTHING IS LOCKED. Requests, private ones too, go wherever their client and LiteLLM send them; the "
    "router only writes down what it would have done. Remove callback_settings.router_plugin.mode to protect them."
)
SHADOW_LOG = "router_decisions.sqlite"  # kept in the working folder where shadow mode names no log
LOCAL = "local"  # in a chain: every local provider, by priority


class Strategy(str, Enum):
    """How a chain is chosen."""

    COMPLEXITY = "complexity"
    COST = "cost"
    LATENCY = "latency"
    PRIVACY = "privacy"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ThresholdSettings(_Section):
    """Scores below `low` are low, from `high` on high, between them medium."""

    low: float = Field(0.3, gt=0, lt=1, description="scores below it are low")
    high: float = Field(0.7, gt=0, lt=1, description="scores from it on are high")

    @model_validator(mode="after")
    def _ordered(self) -> ThresholdSettings:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        return self


class ChainSettings(_Section):
    """Providers in the order in which they are tried; `local` stands for every local provider."""

    low: tuple[str, ...] = Field((LOCAL, "azure", "openai"), description="of low work")
    medium: tuple[str, ...] = Field(("azure", "openai", LOCAL, "anthropic"), description="of medium work")
    high: tuple[str, ...] = Field(("anthropic", "openai", "azure", LOCAL), description="of high work")
    cost: tuple[str, ...] = Field((LOCAL, "azure", "openai", "anthropic"), description="of the cost strategy")

    @model_validator(mode="after")
    def _usable(self) -> ChainSettings:
        for name in ("low", "medium", "high", "cost"):
            chain = getattr(self, name)
            if not chain:
                raise ValueError(f"{name} is empty; name at least one provider, such as `local`")
            doubled = sorted({entry for entry in chain if chain.count(entry) > 1})
            if doubled:
                raise ValueError(f"{name} names {', '.join(doubled)} more than once")
        return self


class BreakerSettings(_Section):
    """When a deployment is left alone: after so many failures in a row, for so many seconds."""

    failures: int = Field(5, ge=1, description="in a row")
    recovery_seconds: float = Field(60, gt=0, description="until one trial call is made")


class RoutingSettings(_Section):
    """Which strategy, which thresholds, how many attempts."""

    default_strategy: Strategy = Field(Strategy.COMPLEXITY, description="of a request that names none")
    fallback_enabled: bool = Field(True, description="false: the first group of the chain alone is tried")
    max_retries: int = Field(
        2, ge=1, le=10, description="attempts per model group, and at least one a deployment of it"
    )
    retry_pause_seconds: float = Field(
        0.5, gt=0, le=60, description="before a deployment's second attempt; twice that before its third"
    )
    classifier: Literal["trained", "heuristic"] = Field("trained", description="heuristic: by keywords and length")
    classifier_path: str | None = Field(None, description="a complexity.json; null: the shipped one")
    on_abstain: Literal["up", "keep"] = Field(
        "up", description="a tier up where the classifier is unsure, or as it says"
    )
    thresholds: ThresholdSettings = ThresholdSettings()
    fast_below: float = Field(0.2, ge=0, le=1, description="score under which a provider's fast model is used")
    premium_from: float = Field(0.7, ge=0, le=1, description="score from which a provider's premium model is used")
    chains: ChainSettings = ChainSettings()
    breaker: BreakerSettings = BreakerSettings()
    escalate: bool = Field(
        False, description="ask the next provider where a local answer is empty, refused, truncated or malformed"
    )


class ProviderSettings(_Section):
    """A provider's switch and its place in the order that the latency strategy uses (1 is first)."""

    enabled: bool = Field(True, description="false: never called")
    priority: int = Field(
        9, ge=1, le=99, description="1 is first; where unset, ollama has 1, azure 2, openai 3, anthropic 4"
    )


class LimitSettings(_Section):
    """Bounds of one request."""

    max_body_characters: int = Field(MAX_BODY_CHARACTERS, ge=1_000, description="a longer request gets 413")
    request_seconds: float = Field(180, gt=0, description="for all attempts of one request together")
    private_timeout_seconds: float = Field(300, gt=0, description="the same for a private request: it has no other")


class EndpointSettings(_Section):
    """Endpoints beyond the routed ones. A path opened here is neither inspected nor moved by the plugin."""

    open: tuple[str, ...] = Field((), description="paths such as /v1/images, with all below them")

    @field_validator("open")
    @classmethod
    def _paths(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        for path in paths:
            if not path.startswith("/") or not path.strip("/ "):
                raise ValueError(f"{path!r} is no path; write one such as /v1/images")
        return paths


class KeySettings(_Section):
    """Rules for one API key, known by its hash. Each rule tightens; none lets private text leave."""

    name: str = Field(min_length=1, description="of the key, for you")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="printf %s KEY | sha256sum")
    local_only: bool = Field(False, description="all its requests are private")
    max_tier: Literal["low", "medium", "high"] | None = Field(None, description="no tier above this one")
    on_private_pin: Literal["reroute", "reject"] | None = Field(None, description="as for all, for this key")


class LogSettings(_Section):
    """What LiteLLM's own loggers may write. `full` shows errors as they came, which may quote prompts."""

    litellm: Literal["withheld", "full"] = Field("withheld", description="withheld: place and kind of an error alone")


class SessionSettings(_Section):
    """What conversations remember, and what a second of waiting is worth where a switch of models is weighed."""

    enabled: bool = Field(True, description="false: each request is judged by what it shows")
    ttl_seconds: float = Field(86_400, gt=0, description="after the last request")
    entries: int = Field(20_000, ge=1, description="notes in memory; a private conversation has two")
    prefill_tokens_per_second: float = Field(500, gt=0, description="of a local model, until it has been measured")
    dollars_per_second: float = Field(0.001, ge=0, description="what a second of waiting is worth")


class OllamaSettings(_Section):
    """How the Ollama servers are looked after."""

    check_seconds: float = Field(10, gt=0, description="between two looks at each server; they generate nothing")
    max_num_ctx: int = Field(
        OLLAMA_MAX_WINDOW,
        ge=512,
        description="tokens; the largest window for a model that sets none itself",
    )
    pull_missing: bool = Field(False, description="`router-plugin serve` pulls the models that a server lacks")
    cold_start_requests: int = Field(
        4, ge=0, description="a server with the model in memory is preferred until so many more requests wait there"
    )


class DecisionLogSettings(_Section):
    """One record a request: scores, reasons, tokens, cost, times; never text. `.jsonl` is lines, else SQLite."""

    path: str | None = Field(None, description="a file; null keeps no log")
    max_rows: int = Field(1_000_000, ge=1_000, description="the oldest records beyond these are dropped")


class CaptureSettings(_Section):
    """Public prompts as rows for `router-plugin label`: this file holds request text. Never of a private request."""

    path: str | None = Field(None, description="a file of JSON lines, readable by this user only; null captures none")
    max_rows: int = Field(10_000, ge=1, description="with so many in the file no more are added")
    share: float = Field(1.0, gt=0, le=1, description="of the public requests, at random")


class StoreSettings(_Section):
    """What several proxies share: sessions, circuits, the budget. `docs/operations.md` has what is kept there."""

    redis_url: SecretStr | None = Field(None, description="redis://, rediss:// or unix://, or os.environ/REDIS_URL")
    key_prefix: str = Field("router:", min_length=1, description="before every key, so that others can use the Redis")
    timeout_seconds: float = Field(0.2, gt=0, le=1, description="of one call; then the proxy uses its own state")

    @field_validator("redis_url")
    @classmethod
    def _an_address(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and not url.get_secret_value().startswith(REDIS_SCHEMES):
            raise ValueError(f"must begin with one of {', '.join(REDIS_SCHEMES)}")
        return url


class SemanticSettings(_Section):
    """Answers to questions that mean the same, where all the rest of the request is the same."""

    enabled: bool = Field(False, description="whether such questions share an answer")
    embedder: Literal["minilm", "ollama", "none"] = Field(
        "minilm",
        description="a small model in this process (the extra `semantic`), the config's local Ollama embedding model, "
        "or the reading of the words alone",
    )
    # a higher one only loses hits (`scripts/evaluate_cache.py`)
    threshold: float = Field(0.8, ge=0.5, le=1, description="the cosine from which two questions are near enough")


class CacheSettings(_Section):
    """Answers in memory, given again to the same public request with `temperature: 0` of the same API key."""

    enabled: bool = Field(True, description="false: no answer is kept")
    ttl_seconds: float = Field(3_600, gt=0, description="of an answer")
    entries: int = Field(1_000, ge=1, description="answers in memory")
    megabytes: float = Field(64, gt=0, description="for all answers; one takes an eighth of it at most")
    semantic: SemanticSettings = SemanticSettings()


class BudgetSettings(_Section):
    """Dollars that cloud answers may cost in a day and in a month (UTC), as LiteLLM prices them."""

    daily_usd: float | None = Field(None, gt=0, description="null: no limit")
    monthly_usd: float | None = Field(None, gt=0, description="null: no limit")
    soft_fraction: float = Field(0.8, gt=0, le=1, description="from here on local models first, then the cheapest")


REDIS_SCHEMES = ("redis://", "rediss://", "unix://", PREFIX)
DEFAULT_PRIORITIES = {"ollama": 1, "azure": 2, "openai": 3, "anthropic": 4, "embedded": 5}


class Settings(_Section):
    """Everything under `callback_settings.router_plugin`."""

    mode: Literal["route", "shadow"] = Field(
        "route",
        description="shadow: decide and log, change nothing and protect nothing; only for trying the router out",
    )
    routing: RoutingSettings = RoutingSettings()
    providers: dict[str, ProviderSettings] = Field(default_factory=dict, description="by name, such as azure")
    privacy: PrivacySettings = Field(default_factory=PrivacySettings)
    local_hosts: tuple[str, ...] = Field(
        (), description="public host names or addresses that are yours, for `local: true`"
    )
    on_private_pin: Literal["reroute", "reject"] = Field(
        "reroute", description="a private request that names a cloud model is answered locally, or refused"
    )
    on_private: Literal["local", "redact"] = Field(
        "local",
        description="redact: where identifiers alone make a request private, send it with stand-ins instead of them",
    )
    limits: LimitSettings = LimitSettings()
    endpoints: EndpointSettings = EndpointSettings()
    logs: LogSettings = LogSettings()
    sessions: SessionSettings = SessionSettings()
    decision_log: DecisionLogSettings = DecisionLogSettings()
    capture: CaptureSettings = CaptureSettings()
    ollama: OllamaSettings = OllamaSettings()
    store: StoreSettings = StoreSettings()
    budget: BudgetSettings = BudgetSettings()
    cache: CacheSettings = CacheSettings()
    decision_in_body: bool = Field(
        False, description="also write the decision's headers into a field `router` of each answer's JSON"
    )
    trusted_callbacks: tuple[str, ...] = Field(
        (),
        description="callbacks, guardrails and alerts (alerting.slack) that see private requests and keep them at home",
    )
    keys: tuple[KeySettings, ...] = Field(
        (), description="needs general_settings.custom_auth: router_plugin.auth.user_api_key_auth"
    )
    check_ollama_models: bool = Field(
        True, description="ask Ollama whether a model is one of its cloud models before private text goes to it"
    )

    @model_validator(mode="before")
    @classmethod
    def _shadow_keeps_a_log(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("mode") == SHADOW and "decision_log" not in given:
            return {**given, "decision_log": {"path": SHADOW_LOG}}
        return given

    @field_validator("providers")
    @classmethod
    def _one_name_each(cls, providers: dict[str, ProviderSettings]) -> dict[str, ProviderSettings]:
        return {provider_name(name): provider for name, provider in providers.items()}

    def provider(self, name: str) -> ProviderSettings:
        """The settings of a provider; one that isn't named is enabled, with its usual priority."""
        found = self.providers.get(name)
        return found or ProviderSettings(priority=DEFAULT_PRIORITIES.get(name, 9))

    def key(self, name: str | None) -> KeySettings | None:
        """The rules of an API key by its name here; None for the master key and for unlisted ones."""
        return next((key for key in self.keys if key.name == name), None)


def store_url(store: StoreSettings, environment: Mapping[str, str]) -> str | None:
    """The address of the shared Redis; None where none is set. Errors: ConfigError for a variable that holds none."""
    url = store.redis_url.get_secret_value() if store.redis_url is not None else None
    name = variable_of(url)
    if name is None:
        return url
    url = environment.get(name, "")
    if not url.startswith(REDIS_SCHEMES[:-1]):
        raise ConfigError([f"{KEY}.store.redis_url: set {name} to an address such as redis://localhost:6379/0"])
    return url


def read_settings(raw: Mapping[str, Any] | None) -> tuple[Settings, list[str]]:
    """The settings of a config file, and a line for each problem in them; a wrong one has its default then."""
    given = dict(raw or {})
    try:
        return Settings.model_validate(given), []
    except ValidationError as error:
        problems = [_explain(item) for item in error.errors()]
        for item in error.errors():
            given = _without(given, item["loc"])
        try:
            return Settings.model_validate(given), problems
        except ValidationError:
            return Settings(), problems


def _without(given: dict[str, Any], path: tuple[int | str, ...]) -> dict[str, Any]:
    """A copy of nested data without what stands at a path."""
    if not path:
        return {}
    key, rest = str(path[0]), path[1:]
    inner = given.get(key)
    if not rest or not isinstance(inner, dict):
        return {name: value for name, value in given.items() if name != key}
    return {**given, key: _without(inner, rest)}


def _explain(item: Mapping[str, Any]) -> str:
    key = ".".join([KEY, *(str(part) for part in item["loc"])])
    if item["type"] == "extra_forbidden":
        near = get_close_matches(str(item["loc"][-1]), _known(item["loc"][:-1]), 1, CLOSE_NAME)
        if near:
            return f"{key}: unknown setting; did you mean `{near[0]}`? `router-plugin schema` has them all"
        return f"{key}: unknown setting; check its spelling, or see `router-plugin schema`"
    return f"{key}: {item['msg']}"


def _known(path: tuple[int | str, ...]) -> list[str]:
    """The names that a section of the settings takes."""
    kind: Any = Settings
    for part in path:
        field = kind.model_fields.get(str(part)) if isinstance(kind, type) and issubclass(kind, BaseModel) else None
        if field is None:
            # a list's or a mapping's entry: its type is the last argument
            kind = next((item for item in reversed(get_args(kind)) if isinstance(item, type)), None)
        else:
            kind = field.annotation
    return list(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else []
