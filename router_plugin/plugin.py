"""What `litellm_settings.callbacks` names: the hooks for the config that this proxy was started with."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import litellm

from router_plugin import counting, gate, pacing, redact, selftest, shadow, waste, watchers
from router_plugin.build import build_router
from router_plugin.cache import Cache
from router_plugin.capture import Capture, is_private
from router_plugin.config import RouterConfig, load
from router_plugin.decision_log import DecisionLog
from router_plugin.direct import bypass_proxies, refuse_redirects
from router_plugin.errors import ConfigError
from router_plugin.hooks import RouterPlugin_PROXY_ as RouterPlugin
from router_plugin.local_endpoints import LocalEndpoints
from router_plugin.metrics import Metrics
from router_plugin.prices import price_local
from router_plugin.sessions import Sessions
from router_plugin.settings import SHADOW, WARNING
from router_plugin.sharing import Sharing
from router_plugin.web.endpoints import add_page

if TYPE_CHECKING:
    from router_plugin.semantic import Index

log = logging.getLogger("router_plugin")

START_TRIES, START_PAUSE_SECONDS = 3_000, 0.02  # LiteLLM builds its router after it has loaded the callbacks


def _proxy_config() -> RouterConfig:
    """The config file that this proxy was started with. Errors: ConfigError."""
    from litellm.proxy import proxy_server

    path = proxy_server.user_config_file_path or os.environ.get("CONFIG_FILE_PATH")
    if not path:
        raise ConfigError(["no config file is known; start the proxy with --config litellm_config.yaml"])
    return load(Path(path), os.environ)


async def _prove(plugin: RouterPlugin, opened: gate.Opening) -> None:
    """Open the gate once LiteLLM has been seen to call every hook; else end the proxy."""
    for _ in range(START_TRIES):
        if _llm_router_is_built():
            break
        await asyncio.sleep(START_PAUSE_SECONDS)
    watchers.leave_out_messages()  # by now LiteLLM has read all of its settings, and no request is let in yet
    try:
        await selftest.run(plugin)
        watchers.require_trust(plugin.router.config.settings.trusted_callbacks, watchers.alerting_now())
    except Exception as error:  # noqa: BLE001 - a proof that fails in any way is no proof
        reason = str(error) if isinstance(error, (selftest.HooksNotCalled, watchers.Watched)) else type(error).__name__
        log.critical("router_plugin: the self-test failed, so the proxy stops: %s", reason)
        opened.fail(reason)
        os.kill(os.getpid(), signal.SIGTERM)
        return
    opened.open()


def _llm_router_is_built() -> bool:
    from litellm.proxy import proxy_server

    return proxy_server.llm_router is not None


def _start() -> RouterPlugin | shadow.ShadowPlugin_PROXY_:
    config = _proxy_config()
    return _start_shadow(config) if config.settings.mode == SHADOW else _start_routing(config)


def _start_shadow(config: RouterConfig) -> shadow.ShadowPlugin_PROXY_:
    """Hooks that only watch. It says at once what that means."""
    remembered = config.settings.sessions  # its own: what it would do must not change what routing proxies do
    sessions = Sessions.in_memory(_secret(), remembered) if remembered.enabled else None
    watching = shadow.ShadowPlugin_PROXY_(build_router(config, counting.count), sessions)
    decisions = config.settings.decision_log
    if decisions.path:
        watching.recorder.add(DecisionLog(Path(decisions.path), decisions.max_rows).add)
    shadow.install(watching.recorder)
    log.critical("router_plugin: %s", WARNING)
    return watching


def _start_routing(config: RouterConfig) -> RouterPlugin:
    for name, why in config.inventory.left_out:
        log.warning("router_plugin: %s is left out: %s", name, why)
    price_local(config.inventory.deployments, litellm.model_cost)
    waste.remember_missing()
    waste.spare_ollama()
    refuse_redirects(config.inventory)
    pacing.install(config.settings.routing.retry_pause_seconds)
    direct = bypass_proxies(config.inventory, os.environ)
    if direct:
        log.warning("router_plugin: %s is called directly, not through the web proxy", ", ".join(direct))
    if config.settings.logs.litellm == "withheld":
        redact.install()
    sharing = Sharing(config, os.environ)
    router = replace(build_router(config, counting.count), budget=sharing.budget())
    plugin = RouterPlugin(router, sharing.sessions(_secret()), sharing.breaker())
    if router.budget is not None:
        plugin.recorder.spend = router.budget.spend
    decisions = config.settings.decision_log
    if decisions.path:
        plugin.recorder.add(DecisionLog(Path(decisions.path), decisions.max_rows).add)
    captured = config.settings.capture
    if captured.path:
        plugin.capture = Capture(Path(captured.path), captured, lambda row: is_private(router, row))
        plugin.recorder.capture = plugin.capture.ended
        log.warning("router_plugin: public prompts are captured in %s (capture.path)", captured.path)
    if plugin.router.rates is not None:
        plugin.recorder.add(plugin.router.rates.observe)
    plugin.cache = Cache(config.settings.cache, _secret(), _index(config))
    metrics = Metrics()
    plugin.recorder.add(metrics.add)
    metrics.show_shared(router.budget, sharing.store)
    endpoints = LocalEndpoints(plugin.router, plugin.breaker, metrics, plugin.picker)
    add_page(endpoints, plugin.router, plugin.breaker, plugin.health)
    opening = gate.install(plugin.router, endpoints, plugin.recorder, plugin.cache)
    loop = asyncio.get_running_loop()
    _background.extend((loop.create_task(_prove(plugin, opening)), loop.create_task(plugin.health.run())))
    _background.extend(loop.create_task(task()) for task in sharing.tasks)
    return plugin


def _index(config: RouterConfig) -> Index | None:
    """What finds similar questions; its tables are only loaded where that is switched on. Errors: ConfigError."""
    if not (config.settings.cache.enabled and config.settings.cache.semantic.enabled):
        return None
    from router_plugin.semantic import semantic_index

    return semantic_index(config)


def _secret() -> bytes:
    """Keys the names of conversations. It is the master key, so that all proxies and workers find the same ones."""
    return os.environ.get("LITELLM_MASTER_KEY", "").encode() or secrets.token_bytes(32)


_background: list[asyncio.Task[None]] = []  # a task that nothing holds may be collected while it runs
instance = _start()
