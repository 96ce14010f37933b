"""A healthy set-up, and ways to break it, each with the check that finds it and words of its cure."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router_plugin.paths import model_dir
from tests.unit.builders import entry

QUIET = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:pydantic"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
]
MODELS = ["phi3:mini", "llama3.1:8b", "codellama:13b", "nomic-embed-text"]
WELL = {
    "AZURE_OPENAI_ENDPOINT": "https://invented.openai.azure.com",
    "AZURE_OPENAI_API_KEY": "0123456789abcdef",
    "OPENAI_API_KEY": "sk-invented",
    "ANTHROPIC_API_KEY": "sk-ant-invented",
    "LITELLM_MASTER_KEY": "sk-mine",
}


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def ours(broken: dict[str, Any]) -> dict[str, Any]:
    return broken["raw"]["callback_settings"]["router_plugin"]  # type: ignore[no-any-return]


def params(broken: dict[str, Any], group: str) -> dict[str, Any]:
    found = [e for e in broken["raw"]["model_list"] if e["model_name"] == group]
    found[0]["litellm_params"] = dict(found[0]["litellm_params"])
    return found[0]["litellm_params"]  # type: ignore[no-any-return]


def wrong_key(b: dict[str, Any]) -> None:
    b["environment"]["ANTHROPIC_API_KEY"] = "sk-invented"


def swapped_key(b: dict[str, Any]) -> None:
    b["environment"]["OPENAI_API_KEY"] = "sk-ant-invented"


def quoted_key(b: dict[str, Any]) -> None:
    b["environment"]["AZURE_OPENAI_API_KEY"] = '"0123"'


def example_key(b: dict[str, Any]) -> None:
    b["environment"]["AZURE_OPENAI_API_KEY"] = "your-azure-key"


def misnamed_variable(b: dict[str, Any]) -> None:
    b["environment"]["OPENAI_APIKEY"] = b["environment"].pop("OPENAI_API_KEY")


def model_not_pulled(b: dict[str, Any]) -> None:
    b["raw"]["model_list"].append(entry("ollama-premium", "ollama_chat/big:70b", local=True))


def small_window(b: dict[str, Any]) -> None:
    params(b, "ollama-default")["num_ctx"] = 512


def cloud_fallback(b: dict[str, Any]) -> None:
    b["raw"]["router_settings"]["fallbacks"] = [{"ollama-default": ["openai-default"]}]


def typo(b: dict[str, Any]) -> None:
    ours(b)["routing"]["treshold"] = {}


def log_in_a_file(b: dict[str, Any]) -> None:
    Path("plain").write_text("a file")
    ours(b)["decision_log"] = {"path": "plain/log.sqlite"}


def log_is_a_folder(b: dict[str, Any]) -> None:
    Path("folder").mkdir()
    ours(b)["decision_log"] = {"path": "folder"}


def no_ollama(b: dict[str, Any]) -> None:
    b["environment"]["OLLAMA_HOST"] = f"http://127.0.0.1:{free_port()}"


def cloud_model_by_name(b: dict[str, Any]) -> None:
    params(b, "ollama-code")["model"] = "ollama_chat/gpt-oss:120b-cloud"


def missing_classifier(b: dict[str, Any]) -> None:
    ours(b)["routing"]["classifier_path"] = "nowhere.json"


def tampered_classifier(b: dict[str, Any]) -> None:
    text = (model_dir() / "complexity.json").read_text(encoding="utf-8")
    place = text.index('"name"') if '"name"' in text else len(text) // 2
    Path("complexity.json").write_text(text[:place] + " " + text[place:], encoding="utf-8")
    ours(b)["routing"]["classifier_path"] = "complexity.json"


def doubled_id(b: dict[str, Any]) -> None:
    b["raw"]["model_list"][-1]["model_info"]["id"] = "openai-default-1"


def callback_of_ones_own(b: dict[str, Any]) -> None:
    b["raw"]["litellm_settings"]["callbacks"].append("my_logger.instance")


def alerts_to_slack(b: dict[str, Any]) -> None:
    b["raw"].setdefault("general_settings", {})["alerting"] = ["slack"]


def strategy(b: dict[str, Any]) -> None:
    ours(b)["routing"]["default_strategy"] = "cheapest"


def threshold_order(b: dict[str, Any]) -> None:
    ours(b)["routing"]["thresholds"] = {"low": 0.8, "high": 0.2}


def shell_variable(b: dict[str, Any]) -> None:
    params(b, "openai-default")["api_key"] = "${OPENAI_API_KEY}"


def azure_without_version(b: dict[str, Any]) -> None:
    del params(b, "azure-default")["api_version"]


def azure_with_path(b: dict[str, Any]) -> None:
    b["environment"]["AZURE_OPENAI_ENDPOINT"] += "/openai/deployments/gpt-4o/chat/completions"


def several_workers(b: dict[str, Any]) -> None:
    b["environment"]["NUM_WORKERS"] = "4"


def unlocked(b: dict[str, Any]) -> None:
    ours(b)["mode"] = "shadow"


BROKEN: list[tuple[Callable[[dict[str, Any]], None], str, str]] = [
    (wrong_key, "key", "console.anthropic.com"),
    (swapped_key, "key", "put it into ANTHROPIC_API_KEY"),
    (quoted_key, "key", "without blanks and quotes"),
    (example_key, "key", "your own key"),
    (misnamed_variable, "provider", "Rename it to OPENAI_API_KEY"),
    (model_not_pulled, "model", "ollama pull big:70b"),
    (small_window, "window", "set num_ctx to"),
    (cloud_fallback, "config", "take it out of the fallbacks"),
    (typo, "config", "rename it to `thresholds`"),
    (log_in_a_file, "decision log", "name another folder"),
    (log_is_a_folder, "decision log", "name a file"),
    (no_ollama, "ollama", "start it with `ollama serve`"),
    (cloud_model_by_name, "config", "or pull a local model"),
    (missing_classifier, "classifier", "remove routing.classifier_path"),
    (tampered_classifier, "classifier", "--roll-back"),
    (doubled_id, "config", "an id of its own"),
    (callback_of_ones_own, "callback", "trusted_callbacks"),
    (alerts_to_slack, "alerting", "list alerting.slack under callback_settings.router_plugin.trusted_callbacks"),
    (strategy, "config", "complexity, cost, latency, privacy"),
    (threshold_order, "config", "exchange the two"),
    (shell_variable, "variable", "write os.environ/OPENAI_API_KEY"),
    (azure_without_version, "azure", 'api_version: "2024-10-21"'),
    (azure_with_path, "azure", "without path or query"),
    (several_workers, "workers", "NUM_WORKERS=1"),
    (unlocked, "mode", "remove callback_settings.router_plugin.mode"),
]
