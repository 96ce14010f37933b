"""Builds what decides: the detector and the scorer of a config."""

from __future__ import annotations

from pathlib import Path

from router_plugin.complexity import Thresholds, load_scorer
from router_plugin.config import RouterConfig
from router_plugin.paths import model_dir
from router_plugin.pipeline import Router
from router_plugin.privacy import Detector

COMPLEXITY_FILE = "complexity.json"
TOPICS_FILE = "topics.json"


def build_router(config: RouterConfig) -> Router:
    """A router for a checked config. Errors: ModelFileError for a damaged model file."""
    routing = config.settings.routing
    path = Path(routing.classifier_path) if routing.classifier_path else model_dir() / COMPLEXITY_FILE
    thresholds = Thresholds(routing.thresholds.low, routing.thresholds.high)
    scorer = load_scorer(path, routing.classifier, thresholds)
    return Router(config, Detector(config.settings.privacy, model_dir() / TOPICS_FILE), scorer)
