"""Runs the matrix against a real proxy: what was sent where, and what the client got."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx

from router_plugin.capabilities import OLLAMA_PREFIXES
from router_plugin.config import check, read_file, require_locked
from router_plugin.leaktest import endpoints
from router_plugin.leaktest.dry import Addresses, cloud_targets, dry_form, without_plugin
from router_plugin.leaktest.fleet import Fleet, started
from router_plugin.leaktest.judge import Outcome, judge
from router_plugin.leaktest.matrix import Matrix, Shot
from router_plugin.leaktest.process import running_proxy
from router_plugin.leaktest.report import Report
from router_plugin.leaktest.sources import Target

WORKERS = 12  # most of a failing case's time is the pause before a retry
SETTLE_SECONDS = 1.5  # for what is still under way when the last answer is in
PROGRESS_EVERY = 50

Progress = Callable[[str], None]


def leaktest(path: Path, *, quick: bool = False, progress: Progress = lambda _: None) -> Report:
    """The matrix, and the controls, on the dry form of a config file.

    Errors: ConfigError for a config that can't be used, ProxyNotStarted.
    """
    with _set_up(path) as (fleet, config, matrix, targets), _proxy(fleet, config) as client:
        report = Report(cloud_deployments=targets)
        opened = config["callback_settings"]["router_plugin"].get("endpoints", {}).get("open", ())
        report.opened_endpoints = len(endpoints.ALL) - len(endpoints.select(opened, quick=False))
        begun = time.monotonic()
        shots = matrix.cases(quick=quick)
        _run(client, fleet, shots, report, progress)
        controls = matrix.controls(quick=quick) if targets else []
        reached, _ = _fire(client, fleet, controls, progress)
        report.controls, report.controls_in_cloud = len(controls), len(reached)
        report.seconds = time.monotonic() - begun
        return report


def plain_litellm(path: Path, *, progress: Progress = lambda _: None) -> Report:
    """A handful of cases on the same deployments behind LiteLLM without the plugin: there they leak.

    Errors: as `leaktest`.
    """
    with _set_up(path) as (fleet, config, matrix, targets), _proxy(fleet, config, plugin=False) as client:
        report = Report(cloud_deployments=targets)
        _run(client, fleet, matrix.plain(), report, progress)
        return report


@contextmanager
def _set_up(path: Path) -> Iterator[tuple[Fleet, dict[str, Any], Matrix, int]]:
    raw = read_file(path)
    checked = check(raw, os.environ)  # of the config as it is: a dry one hides wrong addresses
    require_locked(checked.settings, "the leak test")
    with started(_ollama_models(raw)) as fleet:
        config = dry_form(raw, fleet.addresses)
        fitted, targets = cloud_targets(config)
        named = targets or [_no_target(fleet.addresses)]
        yield fleet, config, Matrix(fitted, named), len(targets)


@contextmanager
def _proxy(fleet: Fleet, config: Mapping[str, Any], *, plugin: bool = True) -> Iterator[httpx.Client]:
    chosen = config if plugin else without_plugin(config)
    with (
        tempfile.TemporaryDirectory(prefix="router-plugin-leaktest-") as folder,
        running_proxy(chosen, fleet.addresses, fleet.internet, Path(folder), plugin=plugin) as client,
    ):
        fleet.arrivals_away(())  # what a start sends is no case's
        yield client


def _run(client: httpx.Client, fleet: Fleet, shots: Sequence[Shot], report: Report, progress: Progress) -> None:
    """Fire all shots, and count each once."""
    outcomes: dict[str, tuple[Outcome, str]] = {}
    leaked, strangers = _fire(client, fleet, shots, progress, outcomes)
    for shot in shots:
        outcome, why = outcomes[shot.canary.token]
        if shot.canary.token in leaked:
            report.leaked.append(shot.name)
            continue
        report.outcomes[outcome] += 1
        if outcome is Outcome.ERROR:
            report.unexpected.append(f"{shot.name}: {why}")
    report.leaked += [f"a request that can't be told to a case ({stranger})" for stranger in strangers]
    report.cases = len(shots)


def _fire(
    client: httpx.Client,
    fleet: Fleet,
    shots: Sequence[Shot],
    progress: Progress,
    outcomes: dict[str, tuple[Outcome, str]] | None = None,
) -> tuple[set[str], list[str]]:
    """Send all shots; tokens of those that arrived away from home, and lines for what else arrived there."""
    outcomes = {} if outcomes is None else outcomes
    for shot in shots:
        fleet.fail(shot.canary, shot.fault)
    for refused in (False, True):
        chosen = [shot for shot in shots if shot.refused is refused]
        with fleet.local_refusing() if refused else nullcontext(), ThreadPoolExecutor(WORKERS) as pool:
            waiting = {pool.submit(_outcome, client, shot): shot for shot in chosen}
            for future in as_completed(waiting):
                outcomes[waiting[future].canary.token] = future.result()
                if len(outcomes) % PROGRESS_EVERY == 0:
                    progress(f"{len(outcomes)} of {len(shots)} requests")
            time.sleep(SETTLE_SECONDS)
    return fleet.arrivals_away(shot.canary for shot in shots)


def _outcome(client: httpx.Client, shot: Shot) -> tuple[Outcome, str]:
    try:
        return judge(shot.send(client))
    except httpx.TimeoutException:
        return Outcome.ERROR, "no answer in time"
    except httpx.HTTPError as error:
        return Outcome.ERROR, f"the connection broke ({type(error).__name__})"


def _ollama_models(raw: Mapping[str, Any]) -> set[str]:
    """The models that the fake Ollama must have for the config's entries."""
    entries = raw.get("model_list")
    params = [entry.get("litellm_params") or {} for entry in entries or () if isinstance(entry, Mapping)]
    models = [str(item.get("model")) for item in params if isinstance(item, Mapping)]
    return {model.split("/", 1)[1] for model in models if model.startswith(OLLAMA_PREFIXES)}


def _no_target(addresses: Addresses) -> Target:
    """What a client would ask for where the config has no cloud deployment."""
    return Target("gpt-4o", "gpt-4o-1", "openai/gpt-4o", "openai", addresses.cloud["openai"])
