"""What the config offers: each deployment's provider, role and locality, read from a LiteLLM model list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

ENVIRONMENT_PREFIX = "os.environ/"
ROLES = ("fast", "default", "code", "premium", "embedding")
PROVIDER_ALIASES = {"azure_openai": "azure", "claude": "anthropic"}
AUTO = "auto"
LOCAL_PREFIXES = (
    "ollama/",
    "ollama_chat/",
    "openai/",
    "hosted_vllm/",
    "llamafile/",
    "lm_studio/",
    "text-completion-openai/",
)


@dataclass(frozen=True)
class Deployment:
    """One entry of `model_list`. `local` means: marked local in the config and its api_base host is allowed."""

    id: str
    group: str
    provider: str
    role: str
    local: bool
    model: str
    api_base: str | None = None
    priority: int = 9

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
        first = {deployment.provider: deployment.priority for deployment in reversed(self.deployments)}
        return tuple(sorted(first, key=lambda name: (first[name], name)))

    def local_providers(self) -> tuple[str, ...]:
        """Providers whose deployments are local, by priority."""
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


def read_inventory(
    model_list: Sequence[Mapping[str, Any]],
    environment: Mapping[str, str],
    enabled: Mapping[str, tuple[bool, int]],
) -> tuple[Inventory, list[str]]:
    """The usable deployments of a LiteLLM model list, and a line for each problem that must stop the start.

    `enabled` maps a provider to its switch and priority. The `auto` groups are the router's own doors: they are
    checked (each must be local) but never chosen as a target.
    """
    kept: list[Deployment] = []
    left_out: list[tuple[str, str]] = []
    problems: list[str] = []
    for index, entry in enumerate(model_list):
        place = f"model_list[{index}]"
        group = entry.get("model_name")
        params = entry.get("litellm_params")
        if not isinstance(group, str) or not isinstance(params, Mapping) or not isinstance(params.get("model"), str):
            problems.append(f"{place}: needs `model_name` and `litellm_params.model`")
            continue
        info = entry.get("model_info") or {}
        marks = info.get("router")
        marks = marks if isinstance(marks, Mapping) else {}
        provider = provider_name(str(marks.get("provider") or _provider_of(params["model"])))
        role = str(marks.get("role") or "default")
        if role not in ROLES:
            problems.append(f"{place}.model_info.router.role: {role!r} is none of {', '.join(ROLES)}")
        local = marks.get("local") is True
        if not isinstance(info.get("id"), str):
            problems.append(f"{place} ({group}): needs `model_info.id`, a name of its own such as {group}-1")
        if local or is_auto(group):
            problems.extend(_local_problems(place, group, params, local))
        if is_auto(group):
            continue
        switched_on, priority = enabled.get(provider, (True, 9))
        identity = str(info.get("id") or group)
        if not switched_on:
            left_out.append((identity, f"{provider} is switched off (providers.{provider}.enabled)"))
            continue
        missing = _missing_environment(params, environment)
        if missing:
            left_out.append((identity, f"{' and '.join(missing)} not set"))
            continue
        base = _resolve(params.get("api_base"), environment)
        kept.append(Deployment(identity, group, provider, role, local, params["model"], base, priority))
    problems.extend(_mixed_groups(kept))
    problems.extend(_id_problems(model_list))
    return Inventory(tuple(kept), tuple(left_out)), problems


def _provider_of(model: str) -> str:
    prefix = model.split("/", 1)[0] if "/" in model else "openai"
    return "ollama" if prefix.startswith("ollama") else prefix


def _local_problems(place: str, group: str, params: Mapping[str, Any], local: bool) -> list[str]:
    """Why an entry can't be trusted to stay at home."""
    base = params.get("api_base")
    model = str(params["model"])
    problem = ""
    if not local:
        problem = f"the group `{group}` must be local: set model_info.router.local: true"
    elif not isinstance(base, str) or not base:
        problem = "a local deployment needs a literal `api_base`, such as http://127.0.0.1:11434"
    elif base.startswith(ENVIRONMENT_PREFIX):
        problem = (
            f"`api_base` of a local deployment must be literal, not {base}: where the variable is unset, LiteLLM "
            "calls the provider's public address"
        )
    elif host_of(base) is None or "://" not in base:
        problem = f"`api_base` {base!r} is no URL; write http://HOST:PORT"
    elif not model.startswith(LOCAL_PREFIXES):
        problem = f"`{model}` is no local kind of model; local ones start with {', '.join(LOCAL_PREFIXES)}"
    elif model.endswith("cloud"):
        problem = f"`{model}` is a cloud model that Ollama serves through localhost"
    return [f"{place} ({group}): {problem}"] if problem else []


def _missing_environment(params: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    names = [
        value.removeprefix(ENVIRONMENT_PREFIX)
        for value in params.values()
        if isinstance(value, str) and value.startswith(ENVIRONMENT_PREFIX)
    ]
    return sorted({name for name in names if not environment.get(name)})


def _resolve(value: object, environment: Mapping[str, str]) -> str | None:
    if not isinstance(value, str):
        return None
    if value.startswith(ENVIRONMENT_PREFIX):
        return environment.get(value.removeprefix(ENVIRONMENT_PREFIX))
    return value


def _id_problems(model_list: Sequence[Mapping[str, Any]]) -> list[str]:
    """LiteLLM takes a model name that is a deployment's id straight to it, past every filter."""
    groups = {str(entry.get("model_name")) for entry in model_list}
    ids = [str((entry.get("model_info") or {}).get("id")) for entry in model_list]
    return [
        *(
            f"model_info.id {name!r} is also the name of a model group; choose another id"
            for name in sorted(groups & {*ids})
        ),
        *(f"model_info.id {name!r} is used more than once" for name in sorted({n for n in ids if ids.count(n) > 1})),
    ]


def _mixed_groups(deployments: list[Deployment]) -> list[str]:
    """A group that mixes local and cloud deployments could answer a private request from the cloud."""
    localities: dict[str, set[bool]] = {}
    for deployment in deployments:
        localities.setdefault(deployment.group, set()).add(deployment.local)
    return [
        f"model group `{group}` mixes local and cloud deployments; give each its own group"
        for group, kinds in localities.items()
        if len(kinds) > 1
    ]
