"""`router-plugin serve`: LiteLLM's proxy with the router in it, and a local model where there is no Ollama."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import yaml
from dotenv import load_dotenv

from router_plugin.checks.machine import APART, DEFAULT_PORT
from router_plugin.cli.options import config_option
from router_plugin.cli.startup import KEY_VARIABLE, Startup, key_place, key_variable, master_key, new_key
from router_plugin.config import CALLBACK, RouterConfig, check, lenient_settings, read_file
from router_plugin.errors import LocalModelError, RouterPluginError
from router_plugin.local_model import EmbeddedModel
from router_plugin.ollama import Survey
from router_plugin.pulling import PullFailed, pull
from router_plugin.runtime_config import (
    EmbeddedServer,
    add_embedded,
    fit_ollama,
    has_local_chat,
    look_for_ollama,
    missing_models,
    point_doors,
)
from router_plugin.settings import SHADOW, WARNING

# prometheus_client reads it when it is imported, so it must be set before that, and isn't imported here.
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
GET_OLLAMA = "For real local answers install Ollama (ollama.com/download), then: ollama pull llama3.1:8b"


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    epilog="Example: router-plugin serve --port 4000   Further arguments go to `litellm`, such as --num_workers 2.",
)
@config_option
@click.option("--port", type=click.IntRange(1, 65535), envvar="ROUTER_PORT", default=DEFAULT_PORT, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--embedded/--no-embedded", default=None, help="Start the embedded model: default where no Ollama answers."
)
@click.option(
    "--dry-run", is_flag=True, help="Shadow mode: log what the router would do, change nothing. NOTHING IS LOCKED."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object before the proxy starts, on one line.")
@click.argument("litellm_args", nargs=-1, type=click.UNPROCESSED)
def serve(
    config: Path,
    port: int,
    host: str,
    embedded: bool | None,
    dry_run: bool,
    as_json: bool,
    litellm_args: tuple[str, ...],
) -> None:
    """Start the proxy with the router.

    With --json the first line of stdout says the url, the config, groups, local models, warnings, and where the master
    key is. The proxy takes requests once /health/liveliness answers 200.
    """
    _require_free(host, port)
    raw = read_file(config)
    startup, place = Startup(as_json), key_place(config, raw)
    load_dotenv(config.parent / ".env")
    arguments = ["--host", host, "--port", str(port), *litellm_args]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    with ExitStack() as stack:
        if dry_run or lenient_settings(raw).mode == SHADOW:
            fitted = shadowed(raw)
            checked = _check_shadow(fitted, startup)
        else:
            place = place or stack.enter_context(new_key(startup, key_variable(raw) or KEY_VARIABLE))
            os.environ.setdefault(KEY_VARIABLE, master_key(raw))  # what names conversations, alike in all proxies
            fitted, checked = _fit(raw, embedded, several_workers(litellm_args), startup, stack)
        prepare_environment()
        startup.ready(url, config, checked, place)
        _import_from(config.parent)
        path = stack.enter_context(_written(fitted))
        _run_proxy(["--config", str(path), *arguments])


def _fit(
    raw: dict[str, Any], embedded: bool | None, several: bool, startup: Startup, stack: ExitStack
) -> tuple[dict[str, Any], RouterConfig]:
    """The config fitted to this machine. What must run beside the proxy is started, and stops with the stack."""
    fitted, lines = fit_ollama(raw, _ollama_servers(raw, startup))
    wanted = embedded if embedded is not None else not has_local_chat(fitted)
    server = stack.enter_context(_local_model(startup)) if wanted else None
    if server is not None:
        add_embedded(fitted, server)
    point_doors(fitted)
    checked = check(fitted, os.environ)
    for line in [*lines, *(f"{name} is left out: {why}" for name, why in checked.inventory.left_out)]:
        startup.warn(line)
    if not has_local_chat(fitted):
        startup.warn(f"No local model: private requests will be refused with 503. {GET_OLLAMA}")
    if several and checked.settings.store.redis_url is None:
        startup.warn(APART)
    if several:
        stack.enter_context(_shared_metrics())
    return fitted, checked


def shadowed(raw: dict[str, Any]) -> dict[str, Any]:
    """The config in shadow mode: with the callback and `mode: shadow`, else as it is."""
    litellm_settings = dict(raw.get("litellm_settings") or {})
    callbacks = litellm_settings.get("callbacks") or []
    listed = callbacks if isinstance(callbacks, list) else [callbacks]
    litellm_settings["callbacks"] = listed if CALLBACK in listed else [*listed, CALLBACK]
    ours = dict(raw.get("callback_settings") or {})
    ours["router_plugin"] = {**(ours.get("router_plugin") or {}), "mode": SHADOW}
    return {**raw, "litellm_settings": litellm_settings, "callback_settings": ours}


def _check_shadow(config: dict[str, Any], startup: Startup) -> RouterConfig:
    """LiteLLM's proxy as this config makes it will only be watched; that is said at once."""
    checked = check(config, os.environ)
    if startup.as_json:
        startup.warn(WARNING)
    startup.tell(WARNING)
    startup.tell(f"Decisions are logged in {checked.settings.decision_log.path or 'no file'}")
    return checked


def _ollama_servers(raw: dict[str, Any], startup: Startup) -> Survey:
    """The servers that answer, told in a line each; with `ollama.pull_missing`, once they have the config's models."""
    survey = look_for_ollama(raw, os.environ)
    for url, found in survey.found.items():
        startup.tell(f"Ollama {found.version} at {url}: {len(found.models)} models")
    missing = missing_models(raw, survey) if lenient_settings(raw).ollama.pull_missing else []
    for url, model in missing:
        startup.tell(f"Pulling {model} at {url} (callback_settings.router_plugin.ollama.pull_missing)")
        try:
            pull(url, model, lambda line: startup.tell(f"  {line}"))
        except PullFailed as error:
            startup.warn(f"{model} was not pulled: {error}")
    return look_for_ollama(raw, os.environ) if missing else survey


def several_workers(litellm_args: tuple[str, ...]) -> bool:
    """Whether LiteLLM is asked to start more than one worker process."""
    given = [argument for item in litellm_args for argument in item.split("=", 1)]
    counts = [after for before, after in pairwise(given) if before == "--num_workers"]
    count = counts[-1] if counts else os.environ.get("NUM_WORKERS", "")  # as LiteLLM's own option does
    return count.isdigit() and int(count) > 1


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder where several workers count together; `/metrics` then tells of all of them."""
    if os.environ.get(METRICS_FOLDER):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="router-plugin-metrics-") as folder:
        os.environ[METRICS_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[METRICS_FOLDER]  # nothing that this process starts later may count in a folder that is gone


def prepare_environment() -> None:
    """Set what LiteLLM reads from the environment, so that its import uses no network."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_TELEMETRY", "False")


def _import_from(folder: Path) -> None:
    """Let the proxy, and workers that it starts, import the operator's own modules beside the config."""
    here = str(folder.resolve())
    sys.path.insert(0, here)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))


def _require_free(host: str, port: int) -> None:
    """Errors: click.UsageError where another program has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.UsageError(
                f"Can't listen on {host}:{port} ({error.strerror}). Stop what uses it, or choose another with --port."
            ) from None


@contextmanager
def _local_model(startup: Startup) -> Iterator[EmbeddedServer | None]:
    """The embedded model while the proxy runs; None where it can't run."""
    model = EmbeddedModel()
    try:
        model.start()
    except LocalModelError as error:
        startup.warn(f"The embedded model is not available: {error}")
        yield None
        return
    try:
        startup.tell(
            f"No Ollama model to use, so a small demonstration model answers locally: {model.model}. "
            f"It is real, and weak. {GET_OLLAMA}"
        )
        yield EmbeddedServer(model.base_url, model.api_key, model.model)
    finally:
        model.stop()


@contextmanager
def _written(config: dict[str, Any]) -> Iterator[Path]:
    """The config in a file that only this user can read, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="router-plugin-") as folder:
        path = Path(folder) / "litellm_config.yaml"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        yield path


def _run_proxy(arguments: list[str]) -> None:
    """LiteLLM's own command line, in this process. Returns when the proxy has stopped."""
    from litellm.proxy.proxy_cli import run_server

    # The server shuts down on SIGTERM and then sends it again; the default would end us with the config left behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        run_server.main(arguments, prog_name="litellm", standalone_mode=False)
    except RouterPluginError:
        raise
    except SystemExit as stop:
        if stop.code not in (0, None):
            raise
