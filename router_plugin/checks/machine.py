"""Checks of this machine: Ollama, keys, the port, files, versions, the clock. Calls nothing but Ollama and loopback."""

from __future__ import annotations

import asyncio
import difflib
import importlib.metadata
import os
import re
import socket
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from router_plugin.build import COMPLEXITY_FILE, build_router
from router_plugin.capabilities import OLLAMA_PREFIXES
from router_plugin.checks.check import Check, Fix, Setup
from router_plugin.deployments import is_auto, is_marked_local, provider_of
from router_plugin.errors import ModelFileError, RouterPluginError
from router_plugin.local_model import is_installed
from router_plugin.locality import OllamaLocality, Unreachable
from router_plugin.ollama import DEFAULT_URL
from router_plugin.references import PREFIX, resolved, variable_of
from router_plugin.reload import ReloadingScorer
from router_plugin.runtime_config import has_local_chat, ollama_models
from router_plugin.settings import KEY, Settings

DEFAULT_PORT = 4000
LITELLM_FROM, LITELLM_BELOW = (1, 102, 4), (2,)  # as in pyproject.toml
ONE_DAY = 86_400.0
CLOSE = 0.85  # of difflib's ratio, for a variable's name
PLACEHOLDERS = ("your-", "choose-a", "changeme", "xxx", "<")
KEY_SHAPES = {"openai": ("sk-", "platform.openai.com"), "anthropic": ("sk-ant-", "console.anthropic.com")}


def ollama_servers(setup: Setup) -> Iterator[Check]:
    """Each server of OLLAMA_HOST and of the config; the default address only where an entry uses it."""
    wanted = ollama_models(setup.raw)
    hosts = [url for url in setup.survey.hosts if url != DEFAULT_URL or None in wanted]
    for url in dict.fromkeys([*hosts, *(url for url in wanted if url is not None)]):
        found = setup.survey.found.get(url)
        if found is None:
            cure = "start it with `ollama serve`, or set OLLAMA_HOST"
            yield Check("ollama", False, f"nothing answers at {url}", cure)
        else:
            yield Check("ollama", True, f"version {found.version} at {url}, {len(found.models)} models")


def ollama_pulled(setup: Setup) -> Iterator[Check]:
    """Each model that a server which answered lacks."""
    for line in setup.lost:
        found = re.search(r"run `((?:OLLAMA_HOST=(\S+) )?ollama pull (\S+))`", line)
        if found:
            url = found[2] or setup.survey.hosts[0]
            yield Check("model", False, line, found[1], fix=Fix("pull", f"pull {found[3]} at {url}", (url, found[3])))


def ollama_cloud(setup: Setup) -> Iterator[Check]:
    """Ollama serves models of its cloud through localhost; they are no local ones."""
    locality = OllamaLocality()
    asked = set()
    for entry in setup.fitted.get("model_list") or ():
        params = entry.get("litellm_params") or {} if isinstance(entry, Mapping) else {}
        base, model = params.get("api_base"), str(params.get("model"))
        if not isinstance(base, str) or not model.startswith(OLLAMA_PREFIXES) or not is_marked_local(entry):
            continue
        if (
            is_auto(str(entry.get("model_name")))
            or base.rstrip("/") not in setup.survey.found
            or (base, model) in asked
        ):
            continue
        asked.add((base, model))
        try:
            local = asyncio.run(locality.is_local(base, model))
        except Unreachable:
            continue
        if not local:
            yield Check(
                "locality",
                False,
                f"{entry['model_name']}: Ollama runs {model} elsewhere, so it may not be marked local",
                "remove `local: true` and give it a group of its own, or pull a model that runs here",
            )


def local_model(setup: Setup) -> Iterator[Check]:
    """Something must answer private requests."""
    if setup.config is None:
        return
    if has_local_chat(setup.fitted):
        yield Check("local model", True, "there is one for private requests")
    elif is_installed():
        yield Check("local model", True, "only the embedded demonstration model; `serve` starts it")
    else:
        seen = "none: private requests are refused"
        yield Check("local model", False, seen, "install Ollama, then: ollama pull llama3.1:8b")


def left_out(setup: Setup) -> Iterator[Check]:
    """Deployments that lack their variables: a tip, since the router does without them.

    A variable with nearly that name is a slip of the pen, and a failure.
    """
    if setup.config is None:
        return
    used = {str(value).removeprefix(PREFIX) for entry in setup.entries for value in entry["litellm_params"].values()}
    spare = [name for name, value in setup.environment.items() if value and name not in used]
    providers = {(entry.get("model_info") or {}).get("id"): provider_of(entry) for entry in setup.entries}
    for name, why in setup.config.inventory.left_out:
        seen, lacking, slips = f"{name} is left out: {why}", re.findall(r"[A-Z][A-Z0-9_]{2,}", why), []
        for missing in lacking:
            near = difflib.get_close_matches(missing, spare, 1, CLOSE)
            slips += [(missing, near[0])] if near else []
        if slips:
            missing, given = slips[-1]
            cure = f"`{given}` is set; did you mean it? Rename it to {missing}, or write os.environ/{given}"
            yield Check("provider", False, seen, cure)
        elif lacking:
            off = f"{KEY}.providers.{providers.get(name, 'NAME')}.enabled: false"
            cure = f"set {' and '.join(lacking)} in the environment or in .env; without that provider: {off}"
            yield Check("provider", False, seen, cure, advice=True)
        else:  # switched off, as the config wants it
            yield Check("provider", True, seen)


def key_shapes(setup: Setup) -> Iterator[Check]:
    """Keys that can't be right, by their shape alone. No part of a key is shown."""
    told = set()
    for entry in setup.entries:
        params = entry["litellm_params"]
        given = params.get("api_key")
        if not isinstance(given, str) or is_marked_local(entry):
            continue
        name = variable_of(given) or f"api_key of {entry['model_name']}"
        key = resolved(given, setup.environment)
        wrong = _wrong_key(key, str(params["model"]).split("/", 1)[0], own=bool(params.get("api_base"))) if key else ""
        if wrong and name not in told:
            told.add(name)
            yield Check("key", False, f"{name} {wrong[0]}", wrong[1])


def _wrong_key(key: str, provider: str, *, own: bool) -> tuple[str, str] | str:
    """What is wrong with a key, and the cure; "" for nothing. `own`: for another server than the provider's."""
    if key != key.strip() or re.search(r"\s", key) or key[0] in "\"'":
        return "has blanks or quotes in it", "copy it anew, without blanks and quotes"
    if any(word in key.casefold() for word in PLACEHOLDERS):
        return "is the example's placeholder", "put your own key there"
    start, where = KEY_SHAPES.get(provider, ("", ""))
    if start and not own and not key.startswith(start):
        return f"doesn't begin with {start}, as {provider}'s keys do", f"take the key of {where}"
    if provider == "openai" and not own and key.startswith("sk-ant-"):
        return "is a key of Anthropic's", "put it into ANTHROPIC_API_KEY, and OpenAI's here"
    return ""


def classifier(setup: Setup) -> Iterator[Check]:
    """The trained models are there and as they were published."""
    if setup.config is None:
        return
    own = setup.settings.routing.classifier_path
    again = "put the file there or remove routing.classifier_path" if own else "install the package anew"
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            router = build_router(setup.config)
    except (ModelFileError, OSError) as error:
        seen = str(error) if isinstance(error, ModelFileError) else f"{type(error).__name__}"
        yield Check("classifier", False, seen, f"{again}, or take back the last one: train_classifier.py --roll-back")
    except RouterPluginError as error:
        yield Check("classifier", False, str(error), "mend what the message names")
    else:
        missing = [str(item.message) for item in told if "No trained complexity model" in str(item.message)]
        if missing:
            yield Check("classifier", False, missing[0].split(";")[0] + "; keywords decide", again)
            return
        version = router.scorer.version if isinstance(router.scorer, ReloadingScorer) else ""
        trained = f"trained model {version} at {own or COMPLEXITY_FILE}"
        yield Check("classifier", True, trained if version else "keywords, as routing.classifier says")


def master_key(setup: Setup) -> Iterator[Check]:
    """`serve` makes one where none is set."""
    if not setup.environment.get("LITELLM_MASTER_KEY"):
        cure = "set it, or take the one that serve prints"
        yield Check("master key", False, "LITELLM_MASTER_KEY is not set; serve makes one each time", cure, advice=True)


def port(setup: Setup) -> Iterator[Check]:
    """Something else listens where the proxy would."""
    given = setup.environment.get("ROUTER_PORT", "")
    number = int(given) if given.isdigit() and 0 < int(given) < 65536 else DEFAULT_PORT
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            taken = True
        else:
            taken = False
    if not taken:
        yield Check("port", True, f"{number} is free")
    elif _is_proxy(number):
        yield Check("port", True, f"a LiteLLM proxy is running at {number}")
    else:
        cure = "stop what uses it, set ROUTER_PORT, or start with --port"
        yield Check("port", False, f"port {number} is taken by another program", cure)


def _is_proxy(number: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{number}/health/liveliness", timeout=2.0, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return answer.status_code == httpx.codes.OK and "alive" in answer.text


def decision_log(setup: Setup) -> Iterator[Check]:
    """The decision log's folder is there, or can be made, and can be written."""
    given = setup.settings.decision_log.path
    if given is None:
        return
    path = Path(given).absolute()
    nearest = next(folder for folder in path.parents if folder.exists())
    name = f"the decision log {given}"
    if path.is_dir():
        yield Check("decision log", False, f"{name} is a folder", "name a file in decision_log.path")
    elif not nearest.is_dir():
        yield Check("decision log", False, f"{name}: {nearest} is a file", "name another folder in decision_log.path")
    elif not os.access(path if path.exists() else nearest, os.W_OK):
        cure = "give this user the right to write there, or name another place in decision_log.path"
        yield Check("decision log", False, f"{name} can't be written", cure)
    elif nearest != path.parent:
        fix = Fix("make_folder", f"make the folder {path.parent}", (str(path.parent),))
        yield Check("decision log", False, f"{name}: its folder is missing", f"mkdir -p {path.parent}", True, fix)
    else:
        yield Check("decision log", True, f"{given} can be written")


def litellm_version(_: Setup, installed: str | None = None) -> Iterator[Check]:
    """The hooks are proved against a range of LiteLLM's releases only. `installed`: instead of asking."""
    try:
        version = installed or importlib.metadata.version("litellm")
    except importlib.metadata.PackageNotFoundError:
        yield Check("litellm", False, "LiteLLM is not installed", "pip install -r requirements.lock")
        return
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    stolen = numbers in {(1, 82, 7), (1, 82, 8)} or numbers[:2] == (1, 107)
    if stolen:
        cure = "remove it at once, change every key that this machine had, and install requirements.lock"
        yield Check("litellm", False, f"LiteLLM {version} was published by an attacker", cure)
    elif not LITELLM_FROM <= numbers < LITELLM_BELOW:
        cure = "pip install -r requirements.lock, or 'litellm[proxy]>=1.102.4,<2'"
        yield Check("litellm", False, f"LiteLLM {version} is outside the range that is supported", cure)
    else:
        yield Check("litellm", True, version)


APART = (
    "Several workers without a shared Redis: each has circuits and a memory of conversations of its own, so that a "
    "private conversation may not be known as one by its name. Set callback_settings.router_plugin.store.redis_url."
)


def workers(setup: Setup) -> Iterator[Check]:
    """Several workers without a store that they share forget what a conversation was."""
    count = setup.environment.get("NUM_WORKERS", "")
    if not count.isdigit() or int(count) < 2 or not setup.settings.sessions.enabled or shares_sessions(setup.settings):
        return
    yield Check("workers", False, APART, "start one worker (NUM_WORKERS=1), or name a Redis in store.redis_url")


def shares_sessions(settings: Settings) -> bool:
    """Whether the settings name a store that all workers use."""
    return settings.store.redis_url is not None


def clock(_: Setup, now: float | None = None) -> Iterator[Check]:
    """The clock can't be earlier than the files that were installed here; TLS and logs fail with a wrong one."""
    written = Path(__file__).stat().st_mtime
    if (time.time() if now is None else now) < written - ONE_DAY:
        cure = "set it, for example with `timedatectl set-ntp true`"
        yield Check("clock", False, "the system's clock is earlier than this package's own files", cure)
