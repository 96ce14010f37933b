"""What is right and wrong with a set-up, each finding with its cure. Calls Ollama's lists only, no provider."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from router_plugin.checks import configured, machine
from router_plugin.checks.check import Check, Checker, Setup
from router_plugin.config import read_file
from router_plugin.errors import ConfigError
from router_plugin.runtime_config import fit_ollama, look_for_ollama

# In the order in which they are shown. A new check is a function of `router_plugin.checks`, named here.
CHECKS: tuple[Checker, ...] = (
    machine.ollama_servers,
    machine.ollama_pulled,
    machine.ollama_cloud,
    configured.shadow,
    configured.problems,
    configured.doubled_keys,
    configured.references,
    configured.windows,
    configured.azure,
    configured.callbacks,
    configured.alerts,
    configured.prices,
    machine.left_out,
    machine.key_shapes,
    machine.local_model,
    machine.classifier,
    machine.decision_log,
    machine.master_key,
    machine.port,
    machine.workers,
    machine.litellm_version,
    machine.clock,
)


def look(setup: Setup) -> list[Check]:
    """What every check finds."""
    return [found for checker in CHECKS for found in checker(setup)]


def set_up(raw: Mapping[str, Any], environment: Mapping[str, str], text: str = "") -> Setup:
    """What the checks look at; asks the Ollama servers for their models."""
    survey = look_for_ollama(raw, environment)
    fitted, lost = fit_ollama(raw, survey)
    return Setup(raw, environment, survey, fitted, tuple(lost), text)


def read_set_up(path: Path, environment: Mapping[str, str]) -> Setup | list[Check]:
    """The set-up of a config file; or what is wrong with the file itself."""
    try:
        raw = read_file(path)
    except ConfigError as error:
        return [Check("file", False, problem, _file_cure(problem)) for problem in error.problems]
    return set_up(raw, environment, path.read_text(encoding="utf-8"))


def _file_cure(problem: str) -> str:
    if "not valid YAML" in problem:
        return "look at that line and the one before it: blanks and no tabs, a blank after each colon, quotes in pairs"
    if "UTF-8" in problem:
        return "save it as UTF-8"
    if "can't be read" in problem:
        return "give the right path with --config, or write a config with `router-plugin init`"
    return "begin with `model_list:`; `router-plugin init` writes a whole one"
