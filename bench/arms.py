"""The proxies that are compared: the same deployments, with and without the router, and with LiteLLM's own controls."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TARGET = "ollama-default"  # what every arm ends up calling
SMART = "smart"


@dataclass(frozen=True)
class Arm:
    """One proxy: its LiteLLM config, and the model name that its requests carry."""

    name: str
    what: str
    config: Mapping[str, Any]
    model: str


def arms(backend: str) -> tuple[Arm, ...]:
    """The arms, for a back end's address."""
    pack = _pack(backend)
    plain = {"model_list": _targets(pack), "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"}}
    bare = copy.deepcopy(pack)
    bare["litellm_settings"].pop("callbacks")
    bare.pop("callback_settings")
    spared = copy.deepcopy(bare)
    spared["litellm_settings"]["callbacks"] = ["bench.spared.instance"]
    return (
        Arm("default", "LiteLLM's default settings", plain, TARGET),
        Arm("pack", "our config pack's settings, no plugin", bare, TARGET),
        Arm("spared", "the same, spared what the plugin spares LiteLLM", spared, TARGET),
        Arm("plugin", "our config pack with the plugin", pack, "auto"),
        Arm("complexity", "default settings, LiteLLM's complexity router", _smart(plain), SMART),
        Arm("complexity+filter", "the same, with LiteLLM's content filter", _filtered(_smart(plain)), SMART),
    )


def _pack(backend: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "litellm_config.yaml").read_text(encoding="utf-8"))
    for entry in loaded["model_list"]:
        params = dict(entry["litellm_params"])
        if "127.0.0.1" in str(params.get("api_base")):
            params["api_base"] = backend
        entry["litellm_params"] = params
    loaded["callback_settings"]["router_plugin"]["decision_log"] = {"path": "decisions.sqlite"}
    return loaded


def _targets(pack: Mapping[str, Any]) -> list[Any]:
    """The pack's deployments without the router's doors and marks."""
    kept = []
    for entry in copy.deepcopy(pack["model_list"]):
        if str(entry["model_name"]).startswith("auto"):
            continue
        entry["model_info"].pop("router", None)
        kept.append(entry)
    return kept


def _smart(plain: Mapping[str, Any]) -> dict[str, Any]:
    config = copy.deepcopy(dict(plain))
    tiers = dict.fromkeys(("SIMPLE", "MEDIUM", "COMPLEX", "REASONING"), TARGET)
    params = {"model": "auto_router/complexity_router", "complexity_router_config": {"tiers": tiers}}
    config["model_list"].append({"model_name": SMART, "litellm_params": params})
    return config


def _filtered(config: dict[str, Any]) -> dict[str, Any]:
    names = ("us_ssn", "email", "visa", "mastercard", "amex", "aws_access_key", "github_token", "us_phone")
    patterns = [{"pattern_type": "prebuilt", "pattern_name": name, "action": "BLOCK"} for name in names]
    params = {"guardrail": "litellm_content_filter", "mode": "pre_call", "default_on": True, "patterns": patterns}
    config["guardrails"] = [{"guardrail_name": "content-filter", "litellm_params": params}]
    return config
