"""The image, the Compose file and the manifests in `deploy/` fit the router: routes, ports, variables, models."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from router_plugin.cli.serve import DEFAULT_PORT
from router_plugin.deployments import is_home
from router_plugin.endpoints import READ_ONLY, is_open
from router_plugin.ollama import DEFAULT_PORT as OLLAMA_PORT
from router_plugin.runtime_config import ollama_models
from router_plugin.settings import Settings, StoreSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
MANIFESTS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (DEPLOY / "kubernetes").glob("*.yaml")
}
POD = MANIFESTS["deployment"]["spec"]["template"]
CONTAINER = POD["spec"]["containers"][0]
ROUTER = COMPOSE["services"]["router"]
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def test_images_are_pinned() -> None:
    """Each has a tag with a number, and the two stages of ours are the same Python, one that the package allows."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(bases)) == 1
    images = [*bases, CONTAINER["image"], *(service["image"] for service in COMPOSE["services"].values())]
    for image in images:
        assert re.search(r":v?\d+\.\d+\.\d+", image), image
    python = re.search(r"python:(\d+\.\d+\.\d+)", bases[0])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert python is not None
    assert Version(python[1]) in SpecifierSet(project["requires-python"])
    assert CONTAINER["image"] == ROUTER["image"] == f"litellm-router-plugin:{project['version']}"


def test_packages_come_by_hash() -> None:
    """The image installs the lock as scripts/serve does."""
    assert "--no-deps --require-hashes --only-binary :all: -r requirements.lock" in DOCKERFILE
    assert DOCKERFILE.count("pip install") == 2
    assert "--no-index ." in DOCKERFILE


def test_what_is_copied_exists_and_is_let_through() -> None:
    """.dockerignore lets the copied files through and keeps the rest, such as .env, out."""
    copied = {name for line in re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()}
    assert all((ROOT / name).exists() for name in copied)
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert {line[1:] for line in ignore if line.startswith("!")} == copied
    assert "*" in ignore


def test_nothing_runs_as_root() -> None:
    """The image's user has no privileges, in the cluster nor in Compose, and no file system to write to but its own."""
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert user is not None
    inside = POD["spec"]["securityContext"]
    assert inside["runAsNonRoot"] is True
    assert (inside["runAsUser"], inside["runAsGroup"]) == (int(user[1]), int(user[2])) != (0, 0)
    limits = CONTAINER["securityContext"]
    assert limits["readOnlyRootFilesystem"] is ROUTER["read_only"] is True
    assert limits["allowPrivilegeEscalation"] is False
    assert limits["capabilities"]["drop"] == ROUTER["cap_drop"] == ["ALL"]
    assert POD["spec"]["automountServiceAccountToken"] is False


def test_probes_ask_for_open_paths() -> None:
    """Each path is one that the gate lets through without a key."""
    paths = {CONTAINER[probe]["httpGet"]["path"] for probe in PROBES}
    paths |= set(re.findall(r"http://127\.0\.0\.1:4000(/[\w/]+)", DOCKERFILE))
    assert paths == {"/health/liveliness", "/health/readiness"}
    assert all(is_open("GET", path, ()) for path in paths)
    assert {CONTAINER[probe]["httpGet"]["port"] for probe in PROBES} == {CONTAINER["ports"][0]["name"]}


def test_ports_agree() -> None:
    """The proxy's port is the same in the image, Compose, the cluster and the scrape; so is Ollama's."""
    policy = MANIFESTS["network"]["spec"]
    scraped = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"][0]
    service = MANIFESTS["service"]["spec"]["ports"][0]
    ports = {
        *re.findall(r"(?:EXPOSE |--port\", \"|127\.0\.0\.1:)(\d+)", DOCKERFILE),
        *(port.rsplit(":")[-1] for port in ROUTER["ports"]),
        str(CONTAINER["ports"][0]["containerPort"]),
        str(service["port"]),
        str(policy["ingress"][0]["ports"][0]["port"]),
        scraped["static_configs"][0]["targets"][0].split(":")[1],
    }
    assert ports == {str(DEFAULT_PORT)}
    assert service["targetPort"] == CONTAINER["ports"][0]["name"]
    assert scraped["metrics_path"] in READ_ONLY
    urls = {ROUTER["environment"]["OLLAMA_HOST"], MANIFESTS["configmap"]["data"]["OLLAMA_HOST"]}
    assert urls == {f"http://ollama:{OLLAMA_PORT}"}
    assert policy["egress"][1]["ports"][0]["port"] == OLLAMA_PORT
    assert is_home(f"ollama:{OLLAMA_PORT}", ())


def test_only_this_machine_reaches_the_containers() -> None:
    """Compose publishes on loopback."""
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert len(published) == 3
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_variables_are_known() -> None:
    """Each variable that is set is one of .env.example."""
    known = set(re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(ROUTER["environment"]) | set(MANIFESTS["configmap"]["data"]) <= known


def test_the_shared_redis_is_reached_by_the_router_alone() -> None:
    """It starts with its profile only, publishes no port, keeps nothing on a disk, and is where REDIS_URL leads."""
    redis = COMPOSE["services"]["redis"]
    assert redis["profiles"] == ["shared"]
    assert "ports" not in redis
    assert "volumes" not in redis
    assert {name for name, service in COMPOSE["services"].items() if "shared" in service.get("networks", ())} == {
        "redis",
        "router",
    }
    assert redis["networks"] == ["shared"]
    assert COMPOSE["networks"]["shared"]["internal"] is True
    default = ROUTER["environment"]["REDIS_URL"].removeprefix("${REDIS_URL:-").removesuffix("}")
    assert default == "redis://redis:6379/0"
    assert StoreSettings(redis_url=default).redis_url


def test_compose_pulls_the_models_of_the_pack() -> None:
    """A model that isn't pulled would be left out."""
    pack = yaml.safe_load((ROOT / "litellm_config.yaml").read_text(encoding="utf-8"))
    listed = re.search(r"for model in (.+?); do", COMPOSE["services"]["pull"]["command"][0])
    assert listed is not None
    assert set(listed[1].split()) == set(ollama_models(pack)[None])


def test_mounted_and_named_files_exist() -> None:
    """Compose's mounts, Prometheus' rules, Grafana's dashboard, the parts of the kustomization."""
    mounts = [mount for service in COMPOSE["services"].values() for mount in service.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert len(files) == 5
    assert all((DEPLOY / name).is_file() for name in files)
    rules = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["rule_files"]
    assert any(mount.split(":")[1].endswith(f"/{rules[0]}") for mount in mounts)
    folder = yaml.safe_load((DEPLOY / "grafana" / "dashboards.yml").read_text())["providers"][0]["options"]["path"]
    assert any(mount.split(":")[1].startswith(f"{folder}/") for mount in mounts)
    parts = MANIFESTS["kustomization"]["resources"]
    assert {f"{name}.yaml" for name in MANIFESTS} - {"kustomization.yaml"} == set(parts)


def test_the_manifests_name_each_other() -> None:
    """Selectors find the pods, the autoscaler its deployment, the pod its settings; a rollout lets answers end."""
    labels = POD["metadata"]["labels"]
    spec = {name: manifest.get("spec", {}) for name, manifest in MANIFESTS.items()}
    assert spec["deployment"]["selector"]["matchLabels"] == labels == spec["service"]["selector"]
    assert spec["disruption"]["selector"]["matchLabels"] == labels == spec["network"]["podSelector"]["matchLabels"]
    deployment = MANIFESTS["deployment"]
    target = spec["autoscaler"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (deployment["kind"], deployment["metadata"]["name"])
    assert CONTAINER["envFrom"][0]["configMapRef"]["name"] == MANIFESTS["configmap"]["metadata"]["name"]
    assert spec["disruption"]["minAvailable"] < spec["autoscaler"]["minReplicas"]
    assert POD["spec"]["terminationGracePeriodSeconds"] > Settings().limits.private_timeout_seconds
