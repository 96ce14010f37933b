"""What a caller may ask of the router: by model name, request header, or metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from router_plugin.complexity import Tier
from router_plugin.deployments import AUTO, Inventory, is_auto, provider_name
from router_plugin.errors import InvalidRequest
from router_plugin.settings import KeySettings, Strategy

HEADER_PREFIX = "x-router-"
METADATA_KEY = "router"
FIELDS = ("strategy", "provider", "model", "private", "max-tier", "cache")
CACHE_WORDS = ("no-cache", "no-store")  # what they mean in HTTP: don't answer from the cache, or don't use it at all
_AUTO_STRATEGY = {
    AUTO: None,  # the configured default
    f"{AUTO}-complexity": Strategy.COMPLEXITY,
    f"{AUTO}-cost": Strategy.COST,
    f"{AUTO}-latency": Strategy.LATENCY,
    f"{AUTO}-private": Strategy.PRIVACY,
}
PRIVATE_DOOR = f"{AUTO}-private"
AUTO_MODELS = tuple(_AUTO_STRATEGY)
_TRUE = {"true", "1", "yes"}
_FALSE = {"false", "0", "no", ""}


@dataclass(frozen=True)
class Steering:
    """A caller's wishes. `private` can only tighten; a pinned model or provider never loosens the lock."""

    strategy: Strategy | None = None
    provider: str | None = None
    model: str | None = None
    private: bool = False
    max_tier: Tier | None = None
    cache: str | None = None  # one of CACHE_WORDS


def read_steering(
    model: str, headers: Mapping[str, str], metadata: Mapping[str, Any] | None, inventory: Inventory
) -> Steering:
    """A caller's wishes; a header beats metadata, metadata beats the model name.

    Errors: InvalidRequest that names the wrong field and what it may be.
    """
    steering = Steering()
    if is_auto(model):
        if model not in AUTO_MODELS:
            raise InvalidRequest(f"Unknown model. The router's own are {', '.join(AUTO_MODELS)}.", param="model")
        steering = replace(steering, strategy=_AUTO_STRATEGY[model], private=model == PRIVATE_DOOR)
    else:
        steering = replace(steering, model=_known_model(model, "model", inventory))
    asked = metadata.get(METADATA_KEY) if metadata else None
    if asked is not None and not isinstance(asked, Mapping):
        raise InvalidRequest(f"`metadata.{METADATA_KEY}` must be an object.", param=f"metadata.{METADATA_KEY}")
    if asked:
        fields = {str(key).replace("_", "-"): value for key, value in asked.items()}
        steering = _apply(steering, fields, f"metadata.{METADATA_KEY}.", inventory)
    sent = {
        key.lower().removeprefix(HEADER_PREFIX): value
        for key, value in headers.items()
        if key.lower().startswith(HEADER_PREFIX)
    }
    return _apply(steering, sent, HEADER_PREFIX, inventory)


def under_key(steering: Steering, key: KeySettings | None) -> Steering:
    """The wishes that an API key's rules leave: a rule only tightens."""
    if key is None:
        return steering
    ceiling = Tier(key.max_tier) if key.max_tier else None
    if ceiling is not None and (steering.max_tier is None or ceiling.rank < steering.max_tier.rank):
        steering = replace(steering, max_tier=ceiling)
    return replace(steering, private=steering.private or key.local_only)


def _apply(steering: Steering, fields: Mapping[str, Any], prefix: str, inventory: Inventory) -> Steering:
    for key, value in fields.items():
        name = f"{prefix}{key}"
        if key not in FIELDS:
            raise InvalidRequest(
                f"`{prefix}` has a field that the router doesn't know. It takes: {', '.join(FIELDS)}.",
                param=prefix.rstrip(".-"),
            )
        text = str(value).strip()
        if key == "strategy":
            steering = replace(steering, strategy=_choice(text, [item.value for item in Strategy], name, Strategy))
        elif key == "max-tier":
            steering = replace(steering, max_tier=_choice(text, [item.value for item in Tier], name, Tier))
        elif key == "private":
            steering = replace(steering, private=steering.private or _flag(text, name))
        elif key == "cache":
            steering = replace(steering, cache=_choice(text, list(CACHE_WORDS), name, str))
        elif key == "provider":
            steering = replace(steering, provider=_known_provider(text, name, inventory))
        else:
            steering = _named(steering, text, name, inventory)
    return steering


def _named(steering: Steering, text: str, name: str, inventory: Inventory) -> Steering:
    """A model named in a field: a door means what it means as the model, anything else is a pin."""
    if text in AUTO_MODELS:
        strategy = _AUTO_STRATEGY[text] or steering.strategy
        return replace(steering, model=None, strategy=strategy, private=steering.private or text == PRIVATE_DOOR)
    return replace(steering, model=_known_model(text, name, inventory))


def _choice(text: str, allowed: list[str], name: str, kind: Any) -> Any:
    if text.lower() not in allowed:
        raise InvalidRequest(f"`{name}` must be one of {', '.join(allowed)}.", param=name)
    return kind(text.lower())


def _flag(text: str, name: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise InvalidRequest(f"`{name}` must be true or false.", param=name)
    return text.lower() in _TRUE


def _known_provider(text: str, name: str, inventory: Inventory) -> str:
    known = inventory.providers()
    provider = provider_name(text.lower())
    if provider == "local" and inventory.local_providers():
        return provider
    if provider not in known:
        raise InvalidRequest(f"`{name}` names no provider that is set up. Set up: {', '.join(known)}.", param=name)
    return provider


def _known_model(text: str, name: str, inventory: Inventory) -> str:
    if not inventory.find(text):
        raise InvalidRequest(
            f"`{name}` names no model that is set up. Use {', '.join(AUTO_MODELS)}, or one of "
            f"{', '.join(inventory.groups)}.",
            param=name,
        )
    return text
