"""Builds what decides: the detector and the scorer of a config."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from router_plugin.capabilities import OLLAMA_API, by_api, listed
from router_plugin.complexity import Thresholds, load_scorer
from router_plugin.config import RouterConfig
from router_plugin.deployments import Deployment, Inventory
from router_plugin.eligibility import Counter, estimate
from router_plugin.paths import model_dir
from router_plugin.pipeline import Router
from router_plugin.price_list import entry_of, forget
from router_plugin.privacy import Detector
from router_plugin.rates import Rates

COMPLEXITY_FILE = "complexity.json"
TOPICS_FILE = "topics.json"


def build_router(config: RouterConfig, count: Counter = estimate) -> Router:
    """A router for a checked config; `count` counts a text's tokens where a prompt comes near a limit.

    Errors: ModelFileError for a damaged model file.
    """
    routing = config.settings.routing
    path = Path(routing.classifier_path) if routing.classifier_path else model_dir() / COMPLEXITY_FILE
    thresholds = Thresholds(routing.thresholds.low, routing.thresholds.high)
    scorer = load_scorer(path, routing.classifier, thresholds)
    config = replace(config, inventory=with_facts(config.inventory))
    detector = Detector(config.settings.privacy, model_dir() / TOPICS_FILE)
    detector.warm_up(places=config.settings.on_private == "redact")
    forget()
    return Router(
        config,
        detector,
        scorer,
        count,
        Rates(config.inventory, config.settings.sessions.prefill_tokens_per_second),
    )


def with_facts(inventory: Inventory) -> Inventory:
    """The inventory with what the price list says about each deployment; what the config says stays."""
    return replace(inventory, deployments=tuple(map(_with_facts, inventory.deployments)))


def _with_facts(deployment: Deployment) -> Deployment:
    general = listed(entry_of(deployment.model, deployment.base_model))
    if deployment.model.split("/", 1)[0] in OLLAMA_API:
        general = replace(general, output=None)  # Ollama has one window for prompt and answer, and no limit beside it
    return replace(deployment, capabilities=deployment.capabilities.over(by_api(deployment.model).over(general)))
