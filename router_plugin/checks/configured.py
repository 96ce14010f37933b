"""Checks of what the config file says, without asking anyone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from router_plugin.capabilities import OLLAMA_MAX_WINDOW, OLLAMA_PREFIXES, OLLAMA_WINDOW
from router_plugin.checks.check import Check, Fix, Setup
from router_plugin.config import CALLBACK
from router_plugin.deployments import EMBEDDING, is_auto, is_marked_local
from router_plugin.references import resolved
from router_plugin.settings import KEY, SHADOW, WARNING

# What a problem of the config says, and its cure; the first that fits.
CURES = (
    (
        r"is not local, and LiteLLM falls back to it",
        "take it out of the fallbacks; name its provider in routing.chains",
    ),
    (r"is used more than once", "give each deployment an id of its own, such as GROUP-1 and GROUP-2"),
    (r"is also the name of a model group", "add a number to the id, such as GROUP-1"),
    (r"unknown setting; did you mean `(\S+)`", r"rename it to `\1`"),
    (r"unknown setting", "remove it, or see `router-plugin schema` for the names"),
    (r"low \(.*\) must be below high", "exchange the two, or take the defaults 0.3 and 0.7"),
    (r"default_strategy", "write one of complexity, cost, latency, privacy"),
    (
        r"is a cloud model that Ollama serves",
        "remove `local: true` and give it a group of its own, or pull a local model",
    ),
    (r"needs `model_info.id`", "write the id that the problem names under model_info"),
    (
        r"has no group `auto`",
        "copy the entry `auto` from the shipped config, or run `router-plugin init --from` on yours",
    ),
    (r"must hold router_plugin", f"write callbacks: [{CALLBACK}] under litellm_settings"),
    (r"must be literal, not", "write the address itself, such as http://127.0.0.1:11434"),
    (r"is a public address", "remove `local: true`; only for a server of your own list it under local_hosts"),
    (r"mixes local and cloud", "rename the local deployments' group, and keep the cloud ones apart"),
    (r"global_disable_no_log_param", "remove that line"),
    (r"model_group_alias", "let the alias stand for a local group, or rename it"),
    (r"is no provider of model_list", "correct the provider's name in the chain, or add a deployment of it"),
)
AT_HOME = ("router_plugin.", "litellm.")
AZURE_V1 = ("v1", "latest", "preview")  # these versions go with an address that ends in /openai/v1
AS_ENVIRONMENT = re.compile(
    r"^\s*(?:\$\{?(\w+)\}?|os\.environ[./:\s\[]+[\"']?(\w+)[\"']?\]?|os\.getenv\(.(\w+).\)|env[/:](\w+))\s*$"
)
RIGHT = re.compile(r"^os\.environ/\w+$")


def problems(setup: Setup) -> Iterator[Check]:
    """Everything for which the proxy would not start, each with its cure."""
    if setup.config is not None:
        yield Check("config", True, f"{len(setup.config.inventory.deployments)} deployments can be used")
        return
    for problem in setup.checked.problems:  # type: ignore[union-attr]
        yield Check("config", False, problem, cure_of(problem))


def cure_of(problem: str) -> str:
    """What to do about a problem of the config."""
    for pattern, cure in CURES:
        found = re.search(pattern, problem)
        if found:
            return found.expand(cure) if "\\1" in cure else cure
    return "correct this place in the config file; `router-plugin schema` has what is allowed"


def shadow(setup: Setup) -> Iterator[Check]:
    """Nothing is locked in shadow mode."""
    if setup.settings.mode == SHADOW:
        yield Check("mode", False, WARNING, f"remove {KEY}.mode once you have seen enough; `router-plugin init --from`")


def doubled_keys(setup: Setup) -> Iterator[Check]:
    """YAML takes the last of two equal keys, without a word."""
    for name, line in doubled(setup.text):
        yield Check(
            "config",
            False,
            f"line {line}: `{name}` stands twice in one mapping; the first one has no effect",
            "remove the first of the two",
            fix=Fix("remove_key", f"remove `{name}` at line {line}", (str(line), name)),
        )


def doubled(text: str) -> list[tuple[str, int]]:
    """(key, line of the one without effect) for keys that a block mapping of the file has twice."""
    try:
        root = yaml.compose(text) if text else None
    except yaml.YAMLError:
        return []
    found, todo, seen = [], [root] if root is not None else [], set[int]()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            last = {key.value: key.start_mark.line for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode) and key.value != "<<" and key.start_mark.line < last[key.value]:
                    found.append((str(key.value), key.start_mark.line + 1))
                todo.append(value)
        elif isinstance(node, yaml.SequenceNode):
            todo += node.value
    return sorted(found, key=lambda item: item[1])


def references(setup: Setup) -> Iterator[Check]:
    """LiteLLM reads the environment through `os.environ/NAME` only; anything else is taken as the value itself."""
    for entry in setup.entries:
        for field, value in entry["litellm_params"].items():
            found = AS_ENVIRONMENT.match(value) if isinstance(value, str) and not RIGHT.match(value) else None
            if found:
                name = next(part for part in found.groups() if part)
                place = f"{entry['model_name']}.litellm_params.{field}"
                yield Check("variable", False, f"{place}: LiteLLM doesn't read it", f"write os.environ/{name}")


def windows(setup: Setup) -> Iterator[Check]:
    """A window under Ollama's own default cuts ordinary prompts."""
    for entry in setup.entries:
        params = entry["litellm_params"]
        size = params.get("num_ctx")
        role = ((entry.get("model_info") or {}).get("router") or {}).get("role")
        if not str(params["model"]).startswith(OLLAMA_PREFIXES) or role == EMBEDDING:
            continue
        if isinstance(size, int) and size < OLLAMA_WINDOW:
            group = str(entry["model_name"])
            yield Check(
                "window",
                False,
                f"{group}: num_ctx {size} holds little more than a question; the rest goes elsewhere or is refused",
                f"set num_ctx to {OLLAMA_MAX_WINDOW}, or to what memory allows",
                fix=Fix(
                    "set_num_ctx", f"set num_ctx of {group} to {OLLAMA_MAX_WINDOW}", (group, str(OLLAMA_MAX_WINDOW))
                ),
            )


def azure(setup: Setup) -> Iterator[Check]:
    """Azure needs the resource's address and a version of its API."""
    for entry in setup.entries:
        params = entry["litellm_params"]
        if not str(params["model"]).startswith("azure/") or is_marked_local(entry):
            continue
        group = entry["model_name"]
        if not params.get("api_version") and not setup.environment.get("AZURE_API_VERSION"):
            yield Check("azure", False, f"{group}: has no api_version", 'add api_version: "2024-10-21"')
        base = resolved(params.get("api_base"), setup.environment)
        if not isinstance(base, str) or not base or str(params.get("api_version")) in AZURE_V1:
            continue
        if not re.fullmatch(r"https?://[^/\s]+/?", base):
            yield Check(
                "azure",
                False,
                f"{group}: api_base has the wrong shape",
                "write only the resource's address, such as https://NAME.openai.azure.com, without path or query",
            )


def callbacks(setup: Setup) -> Iterator[Check]:
    """A callback that is shown private requests stops the start, unless it is named as trusted."""
    for name in strangers(setup.raw, setup.settings.trusted_callbacks):
        yield Check(
            "callback",
            False,
            f"`{name}`: nobody vouched for it; if it does more than log successes and failures, the start stops",
            f"remove it, or list it under {KEY}.trusted_callbacks if it keeps their text at home",
        )


def alerts(setup: Setup) -> Iterator[Check]:
    """So does a channel of LiteLLM's alerts, which quote requests that failed; in shadow mode nothing is stopped."""
    if setup.settings.mode == SHADOW:
        return
    for name in untrusted_alerts(setup.raw, setup.settings.trusted_callbacks):
        yield Check(
            "alerting",
            False,
            f"`{name}`: LiteLLM's alerts quote private requests that fail, so the start stops",
            f"remove the channel, or list {name} under {KEY}.trusted_callbacks if what it is told stays at home",
        )


def untrusted_alerts(raw: Mapping[str, Any], trusted: tuple[str, ...]) -> list[str]:
    """Channels of a config's alerts that aren't vouched for, as they are trusted: `alerting.slack`."""
    general, router = (raw.get(name) for name in ("general_settings", "router_settings"))
    settings = [general.get("alerting") if isinstance(general, Mapping) else None]
    if isinstance(router, Mapping) and router.get("alerting_config") is not None:
        settings.append("slack")  # the only channel that LiteLLM's Router has
    if not any(settings):
        return []
    from router_plugin.watchers import alerts as channels  # which imports LiteLLM

    return [name for name in channels(settings) if name not in trusted]


def strangers(raw: Mapping[str, Any], trusted: tuple[str, ...]) -> list[str]:
    """Callbacks and guardrails of a config that aren't vouched for. A module's own classes count by its name."""
    section = raw.get("litellm_settings")
    listed = section.get("callbacks") if isinstance(section, Mapping) else None
    named = [name for name in (listed if isinstance(listed, list) else [listed]) if isinstance(name, str)]
    guards = [g.get("guardrail_name") for g in raw.get("guardrails") or () if isinstance(g, Mapping)]
    known = set(trusted)
    others = [name for name in named if not name.startswith(AT_HOME) and name not in known]
    own = [name for name in others if "." in name]
    unknown = [n for n in own if not any(t.startswith(n.rsplit(".", 1)[0] + ".") for t in trusted)]
    built_in = [name for name in others if "." not in name]
    if built_in:
        from router_plugin.watchers import untrusted

        built_in = list(untrusted({"callbacks": built_in}, trusted))
    return [*unknown, *built_in, *(str(g) for g in guards if g and g not in known)]


def prices(setup: Setup) -> Iterator[Check]:
    """A cloud model without a price is missing in costs and savings, and counts as free in a budget."""
    from router_plugin.prices import prices as listed

    if setup.config is None:
        return
    known = listed(setup.config.inventory.deployments)
    budget = setup.config.settings.budget
    counted = budget.daily_usd is not None or budget.monthly_usd is not None
    for deployment in setup.config.inventory.deployments:
        if known[deployment.id] is None and not is_auto(deployment.group):
            yield Check(
                "price",
                False,
                f"{deployment.id}: LiteLLM's price list doesn't know {deployment.model}",
                "set model_info.base_model to the listed model that it is; else its costs are in no sum",
                advice=not counted,
            )
