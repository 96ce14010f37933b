"""What the config offers: each deployment's provider, role and locality, read from a LiteLLM model list."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from router_plugin import capabilities
from router_plugin.capabilities import OLLAMA_PREFIXES, Capabilities
from router_plugin.references import resolved, variable_of

EMBEDDING = "embedding"
ROLES = ("fast", "default", "code", "premium", EMBEDDING)
PROVIDER_ALIASES = {"azure_openai": "azure", "claude": "anthropic"}
MARKS = ("provider", "role", "local", "capabilities")
DEFAULT_KEYS = {  # what LiteLLM reads for an entry without `api_key`
    "openai": "OPENAI_API_KEY",
    "azure": "AZURE_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
}
AUTO = "auto"
# Names that public DNS doesn't have: RFC 6762, RFC 8375, and what Docker, Kubernetes and home routers use.
HOME_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home", ".home.arpa", ".svc", ".cluster.local")
# Servers that run models themselves. What an address at home behind `openai/` does with a request can't be told.
SERVES_ITSELF = (*OLLAMA_PREFIXES, "hosted_vllm/", "llamafile/", "lm_studio/")
LOCAL_PREFIXES = (*SERVES_ITSELF, "openai/", "text-completion-openai/")


@dataclass(frozen=True)
class Deployment:
    """One entry of `model_list`. `local` means: marked local in the config and its api_base host is allowed."""

    id: str
    group: str
    provider: str
    role: str
    local: bool
    model: str
    api_base: str | None = field(default=None, repr=False)  # may hold a password
    priority: int = 9
    base_model: str | None = None  # what an Azure deployment's name stands for
    capabilities: Capabilities = field(default_factory=Capabilities)
    key_variable: str | None = None  # the environment variable that holds its key

    @property
    def host(self) -> str | None:
        """``host:port`` of `api_base`."""
        return host_of(self.api_base)


@dataclass(frozen=True)
class Inventory:
    """The deployments that can be used now, and the ones left out with the reason for each."""

    deployments: tuple[Deployment, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the model groups, in the config's order."""
        return tuple(dict.fromkeys(deployment.group for deployment in self.deployments))

    def of_group(self, group: str) -> tuple[Deployment, ...]:
        """The deployments of a model group."""
        return tuple(deployment for deployment in self.deployments if deployment.group == group)

    def of_provider(self, provider: str) -> tuple[Deployment, ...]:
        """A provider's deployments, in the config's order."""
        return tuple(deployment for deployment in self.deployments if deployment.provider == provider)

    def providers(self) -> tuple[str, ...]:
        """Providers with at least one deployment, by priority."""
        return self._providers

    @cached_property
    def _providers(self) -> tuple[str, ...]:
        first = {deployment.provider: deployment.priority for deployment in reversed(self.deployments)}
        return tuple(sorted(first, key=lambda name: (first[name], name)))

    def local_providers(self) -> tuple[str, ...]:
        """Providers whose deployments are local, by priority."""
        return self._local_providers

    @cached_property
    def _local_providers(self) -> tuple[str, ...]:
        local = {deployment.provider for deployment in self.deployments if deployment.local}
        return tuple(name for name in self.providers() if name in local)

    def find(self, name: str) -> tuple[Deployment, ...]:
        """The deployments that a caller means by a group, a deployment id, or a model's own name."""
        for match in (
            lambda d: d.group == name,
            lambda d: d.id == name,
            lambda d: d.model in (name, name.removeprefix("azure_openai/")),
            lambda d: d.model.split("/", 1)[-1] == name,
        ):
            found = tuple(deployment for deployment in self.deployments if match(deployment))
            if found:
                return found
        return ()

    def is_local_host(self, host: str | None) -> bool:
        """Whether a local deployment of the config has this ``host:port``."""
        return host is not None and any(d.local and d.host == host for d in self.deployments)


def host_of(url: str | None) -> str | None:
    """``host:port`` of a URL in lower case, the scheme's port filled in; None where there is no host."""
    if not url:
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port or {"https": 443}.get(parts.scheme, 80)
    except ValueError:
        return None
    return f"{parts.hostname}:{port}" if parts.hostname else None


def provider_name(name: str) -> str:
    """A provider's name as this package writes it."""
    return PROVIDER_ALIASES.get(name, name)


def is_auto(model: str) -> bool:
    """Whether a model name asks the router to choose."""
    return model == AUTO or model.startswith(f"{AUTO}-")


def is_cloud_model(model: str) -> bool:
    """Whether a model's name is that of one of Ollama's cloud models (``...-cloud``, ``...:cloud``), in any case."""
    return model.strip().casefold().endswith(("-cloud", ":cloud"))


def is_home(host: str | None, listed: Sequence[str]) -> bool:
    """Whether a ``host:port`` can be at home: this machine, a private address or name, or one that is listed."""
    name = (host or "").rsplit(":", 1)[0].rstrip(".")
    if not name:
        return False
    if name in listed or host in listed:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or "." not in name or name.endswith(HOME_SUFFIXES)
    return address.is_loopback or address.is_private or address.is_link_local


def provider_of(entry: Mapping[str, Any]) -> str:
    """The provider of an entry: as marked, else by its model's prefix."""
    marked = _marks(entry).get("provider")
    if marked:
        return provider_name(str(marked))
    model = str(entry["litellm_params"]["model"])
    prefix = model.split("/", 1)[0] if "/" in model else "openai"
    return "ollama" if prefix.startswith("ollama") else provider_name(prefix)


def is_marked_local(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is marked local, whether or not it can be used now."""
    return _marks(entry).get("local") is True


def well_formed(model_list: Sequence[Any]) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The entries that have the right types, and a line for each one that hasn't."""
    good: list[Mapping[str, Any]] = []
    problems: list[str] = []
    for index, entry in enumerate(model_list):
        found = _type_problem(entry)
        if found:
            problems.append(f"model_list[{index}]{found}")
        else:
            good.append(entry)
    return good, problems


def _type_problem(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return ": must be a mapping with `model_name` and `litellm_params`"
    params = entry.get("litellm_params")
    if not isinstance(entry.get("model_name"), str) or not isinstance(params, Mapping):
        return ": needs `model_name` and `litellm_params.model`"
    if not isinstance(params.get("model"), str):
        return ": needs `model_name` and `litellm_params.model`"
    info = entry.get("model_info") or {}
    if not isinstance(info, Mapping):
        return ".model_info: must be a mapping"
    marks = info.get("router") or {}
    if not isinstance(marks, Mapping):
        return ".model_info.router: must be a mapping"
    unknown = sorted(str(key) for key in marks if key not in MARKS)
    if unknown:
        return f".model_info.router: unknown {', '.join(unknown)}; it takes {', '.join(MARKS)}"
    if not isinstance(marks.get("local", False), bool):
        return ".model_info.router.local: must be true or false"
    wrong = capabilities.problem(marks.get("capabilities", {}))
    return f".model_info.router.capabilities{wrong}" if wrong else ""


def _marks(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    marks = (entry.get("model_info") or {}).get("router") or {}
    return marks if isinstance(marks, Mapping) else {}


def read_inventory(
    model_list: Sequence[Any],
    environment: Mapping[str, str],
    enabled: Mapping[str, tuple[bool, int]],
    local_hosts: Sequence[str] = (),
) -> tuple[Inventory, list[str]]:
    """The usable deployments of a LiteLLM model list, and a line for each problem that must stop the start.

    `enabled` maps a provider to its switch and priority. The `auto` groups are the router's own doors: they are
    checked (each must be local) but never chosen as a target.
    """
    kept: list[Deployment] = []
    left_out: list[tuple[str, str]] = []
    entries, problems = well_formed(model_list)
    for index, entry in enumerate(model_list):
        if entry not in entries:
            continue
        group, params = entry["model_name"], entry["litellm_params"]
        place = f"model_list[{index}] ({group})"
        info = entry.get("model_info") or {}
        role = str(_marks(entry).get("role") or "default")
        if role not in ROLES:
            problems.append(f"{place}.model_info.router.role: {role!r} is none of {', '.join(ROLES)}")
        local = is_marked_local(entry)
        if not isinstance(info.get("id"), str):
            problems.append(f"{place}: needs `model_info.id`, a name of its own such as {group}-1")
        if local or is_auto(group):
            problems.extend(_local_problems(place, group, params, local, local_hosts))
        if is_auto(group):
            continue
        provider = provider_of(entry)
        switched_on, priority = enabled.get(provider, (True, 9))
        identity = str(info.get("id") or group)
        if not switched_on:
            left_out.append((identity, f"{provider} is switched off (providers.{provider}.enabled)"))
            continue
        missing = _missing_environment(params, environment)
        if missing:
            left_out.append((identity, f"{' and '.join(missing)} not set"))
            continue
        base = _text(resolved(params.get("api_base") or params.get("base_url"), environment))
        base_model = _text(info.get("base_model"))
        facts, key = capabilities.told(entry), _key_variable(params, provider)
        kept.append(
            Deployment(identity, group, provider, role, local, params["model"], base, priority, base_model, facts, key)
        )
    problems.extend(_mixed_groups(entries))
    problems.extend(_id_problems(entries))
    return Inventory(tuple(kept), tuple(left_out)), problems


def _local_problems(place: str, group: str, params: Mapping[str, Any], local: bool, listed: Sequence[str]) -> list[str]:
    """Why an entry can't be trusted to stay at home."""
    base = params.get("api_base")
    model = str(params["model"])
    problem = ""
    if not local:
        problem = f"the group `{group}` must be local: set model_info.router.local: true"
    elif params.get("base_url"):
        problem = "a local deployment takes `api_base` only; LiteLLM would call `base_url` instead"
    elif not isinstance(base, str) or not base:
        problem = "a local deployment needs a literal `api_base`, such as http://127.0.0.1:11434"
    elif variable_of(base) is not None:
        problem = (
            f"`api_base` of a local deployment must be literal, not {base}: where the variable is unset, LiteLLM "
            "calls the provider's public address"
        )
    elif host_of(base) is None or "://" not in base:
        problem = "`api_base` is no URL; write http://HOST:PORT"
    elif not is_home(host_of(base), listed):
        problem = (
            f"`{host_of(base)}` is a public address; if it is yours all the same, list it under "
            "callback_settings.router_plugin.local_hosts"
        )
    elif not model.startswith(LOCAL_PREFIXES):
        problem = f"`{model}` is no local kind of model; local ones start with {', '.join(LOCAL_PREFIXES)}"
    elif is_cloud_model(model):
        problem = f"`{model}` is a cloud model that Ollama serves through localhost"
    return [f"{place}: {problem}"] if problem else []


def _missing_environment(params: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    names = map(variable_of, params.values())
    return sorted({name for name in names if name is not None and not environment.get(name)})


def _key_variable(params: Mapping[str, Any], provider: str) -> str | None:
    given = params.get("api_key")
    return DEFAULT_KEYS.get(provider) if given is None else variable_of(given)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _id_problems(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """LiteLLM takes a model name that is a deployment's id straight to it, past every filter."""
    groups = {entry["model_name"] for entry in entries}
    ids = [identity for entry in entries if isinstance(identity := (entry.get("model_info") or {}).get("id"), str)]
    return [
        *(
            f"model_info.id {name!r} is also the name of a model group; choose another id"
            for name in sorted(groups & {*ids})
        ),
        *(f"model_info.id {name!r} is used more than once" for name in sorted({n for n in ids if ids.count(n) > 1})),
    ]


def _mixed_groups(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """A group that mixes local and cloud deployments could answer a private request from the cloud."""
    localities: dict[str, set[bool]] = {}
    for entry in entries:
        if not is_auto(entry["model_name"]):
            localities.setdefault(entry["model_name"], set()).add(is_marked_local(entry))
    return [
        f"model group `{group}` mixes local and cloud deployments; give each its own group"
        for group, kinds in localities.items()
        if len(kinds) > 1
    ]
