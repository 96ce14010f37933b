"""`router-plugin doctor`: each broken set-up is found, and has a cure of its own."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from router_plugin.checks import configured, machine
from router_plugin.checks.check import Check, Setup
from router_plugin.checks.fixes import FixFailed, remove_key, set_num_ctx
from router_plugin.cli.doctor import doctor
from router_plugin.diagnosis import CHECKS, diagnose, read_set_up, set_up
from router_plugin.fakes import FakeProvider
from router_plugin.fakes.faults import BY_NAME
from router_plugin.paths import model_dir
from tests.unit.builders import entry, pack

pytestmark = [
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


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeProvider]:
    with FakeProvider("ollama", kind="ollama", models=MODELS) as fake:
        yield fake


@pytest.fixture
def healthy(ollama: FakeProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The pack with everything set up: `raw` and `environment`, to be broken by a test."""
    monkeypatch.chdir(tmp_path)
    return {"raw": pack(), "environment": {**WELL, "OLLAMA_HOST": ollama.base_url, "ROUTER_PORT": free_port()}}


def ours(broken: dict[str, Any]) -> dict[str, Any]:
    return broken["raw"]["callback_settings"]["router_plugin"]  # type: ignore[no-any-return]


def params(broken: dict[str, Any], group: str) -> dict[str, Any]:
    found = [e for e in broken["raw"]["model_list"] if e["model_name"] == group]
    found[0]["litellm_params"] = dict(found[0]["litellm_params"])
    return found[0]["litellm_params"]  # type: ignore[no-any-return]


def test_a_right_set_up_has_no_finding(healthy: dict[str, Any]) -> None:
    """Every check has looked, and none complains; the embedded-model check says what it saw."""
    checks = diagnose(**healthy)
    assert [check for check in checks if not check.ok] == []
    assert {"ollama", "config", "local model", "classifier", "decision log", "port", "litellm"} <= {
        c.name for c in checks
    }


def wrong_key(b: dict[str, Any]) -> None:
    b["environment"]["ANTHROPIC_API_KEY"] = "sk-invented"


def swapped_key(b: dict[str, Any]) -> None:
    b["environment"]["OPENAI_API_KEY"] = "sk-ant-invented"


def quoted_key(b: dict[str, Any]) -> None:
    b["environment"]["AZURE_OPENAI_API_KEY"] = '"0123"'


def example_key(b: dict[str, Any]) -> None:
    b["environment"]["AZURE_OPENAI_API_KEY"] = "your-azure-key"


def missing_key(b: dict[str, Any]) -> None:
    del b["environment"]["OPENAI_API_KEY"]


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
    (missing_key, "provider", "set it in the environment"),
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
    (strategy, "config", "complexity, cost, latency, privacy"),
    (threshold_order, "config", "exchange the two"),
    (shell_variable, "variable", "write os.environ/OPENAI_API_KEY"),
    (azure_without_version, "azure", 'api_version: "2024-10-21"'),
    (azure_with_path, "azure", "without path or query"),
    (several_workers, "workers", "NUM_WORKERS=1"),
    (unlocked, "mode", "remove callback_settings.router_plugin.mode"),
]


@pytest.mark.parametrize(("break_it", "name", "cure"), BROKEN, ids=[case[0].__name__ for case in BROKEN])
def test_each_broken_set_up_has_its_own_cure(
    healthy: dict[str, Any], break_it: Callable[[dict[str, Any]], None], name: str, cure: str
) -> None:
    """One thing is broken in a healthy set-up; a finding that fails names what to do."""
    break_it(healthy)
    setup = set_up(**healthy)
    # loading the models takes longer than all else, so it is done only where it is what is broken
    looked = [checker for checker in CHECKS if checker is not machine.classifier or name == "classifier"]
    found = [check for checker in looked for check in checker(setup) if check.name == name and check.fails]
    assert found
    assert any(cure in check.cure for check in found), found
    assert "sk-invented" not in str(found)


def test_the_cures_are_different_ones() -> None:
    """No two set-ups share the words that the test looks for."""
    assert len({cure for _, _, cure in BROKEN}) == len(BROKEN)


def test_a_missing_master_key_is_advice(healthy: dict[str, Any]) -> None:
    """`serve` makes one, so it is no failure."""
    del healthy["environment"]["LITELLM_MASTER_KEY"]
    found = [check for check in diagnose(**healthy) if not check.ok]
    assert [(c.name, c.advice, c.fails) for c in found] == [("master key", True, False)]


def test_a_cloud_model_without_a_price_is_advice(healthy: dict[str, Any]) -> None:
    """Costs leave it out; the cure names base_model."""
    healthy["raw"]["model_list"].append(entry("openai-other", "openai/never-heard-of", api_key="sk-invented"))
    healthy["raw"]["model_list"][-1]["model_info"]["router"]["role"] = "default"
    found = [check for check in diagnose(**healthy) if not check.ok]
    assert [(c.name, c.advice) for c in found] == [("price", True)]
    assert "base_model" in found[0].cure


def test_a_taken_port_is_found_unless_it_is_the_proxy_itself(healthy: dict[str, Any]) -> None:
    """Another program's port is a finding."""
    with FakeProvider("other") as other:
        healthy["environment"]["ROUTER_PORT"] = str(other.port)
        found = [check for check in diagnose(**healthy) if check.name == "port"]
    assert [(c.ok, "--port" in c.cure) for c in found] == [(False, True)]


def test_a_model_that_ollama_runs_elsewhere_is_not_local(healthy: dict[str, Any], ollama: FakeProvider) -> None:
    """The name doesn't tell; `/api/show` does."""
    ollama.backend.remote = frozenset({"llama3.1:8b"})
    try:
        found = [check for check in diagnose(**healthy) if check.name == "locality"]
    finally:
        ollama.backend.remote = frozenset()
    assert found
    assert "remove `local: true`" in found[0].cure


@pytest.mark.parametrize(
    ("version", "words"),
    [("1.102.3", "outside the range"), ("2.0.0", "outside the range"), ("1.82.8", "attacker"), ("1.107.2", "attacker")],
)
def test_another_litellm_is_found(version: str, words: str) -> None:
    """Too old, too new, or one of the stolen releases."""
    (found,) = machine.litellm_version(Setup({}, {}), version)
    assert found.fails
    assert words in found.seen


def test_the_range_of_litellm_is_that_of_the_package() -> None:
    """As pyproject.toml has it."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    low, high = (".".join(map(str, part)) for part in (machine.LITELLM_FROM, machine.LITELLM_BELOW))
    assert f"litellm[proxy]>={low},<{high},!=1.82.7,!=1.82.8,!=1.107.*" in text


def test_a_clock_before_the_files_of_the_package_is_wrong() -> None:
    """Without asking anyone for the time."""
    assert [c.fails for c in machine.clock(Setup({}, {}), now=1_000_000_000.0)] == [True]
    assert list(machine.clock(Setup({}, {}))) == []


@pytest.mark.parametrize(
    ("content", "cure"),
    [
        (b"model_list:\n\t- a", "no tabs"),
        (b"\xff\xfe", "save it as UTF-8"),
        (b"- a list", "router-plugin init"),
        (None, "--config"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, cure: str) -> None:
    """Broken YAML, another encoding, no mapping, no file."""
    path = tmp_path / "c.yaml"
    if content is not None:
        path.write_bytes(content)
    found = read_set_up(path, {})
    assert isinstance(found, list)
    assert found[0].fails
    assert cure in found[0].cure


DOUBLED = "a: 1\nrouter_settings:\n  num_retries: 1 # first\nb: 2\nrouter_settings:\n  num_retries: 0\n"


def test_a_doubled_key_is_found_and_removed() -> None:
    """The first has no effect, so removing it changes nothing; the rest of the text stays."""
    assert configured.doubled(DOUBLED) == [("router_settings", 2)]
    assert remove_key(DOUBLED, 2, "router_settings") == "a: 1\nb: 2\nrouter_settings:\n  num_retries: 0\n"
    with pytest.raises(FixFailed):
        remove_key(DOUBLED, 1, "a")  # has an effect
    with pytest.raises(FixFailed):
        remove_key(DOUBLED, 3, "b")


def test_a_window_is_set_in_the_text() -> None:
    """Comments and everything else stay."""
    text = "model_list: # mine\n- model_name: a\n  litellm_params: {model: ollama/x, num_ctx: 512} # small\n"
    assert set_num_ctx(text, "a", 16384) == text.replace("512", "16384")
    with pytest.raises(FixFailed):
        set_num_ctx(text, "b", 16384)


@pytest.fixture
def run(healthy: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command on a config file made of `healthy`, in its environment only."""
    for name in os.environ:
        if name.startswith(("OPENAI", "ANTHROPIC", "AZURE", "OLLAMA", "ROUTER", "NUM_WORKERS")):
            monkeypatch.delenv(name)
    path = tmp_path / "c.yaml"

    def start(*arguments: str, answers: str = "", text: str | None = None) -> Result:
        for name, value in healthy["environment"].items():
            monkeypatch.setenv(name, value)
        if not path.exists():
            path.write_text(text or yaml.safe_dump(healthy["raw"], sort_keys=False), encoding="utf-8")
        return CliRunner().invoke(doctor, ["--config", str(path), *arguments], input=answers)

    return start


def test_the_exit_code_says_whether_something_is_wrong(healthy: dict[str, Any], run: Callable[..., Result]) -> None:
    """0 with advice only, 1 with a finding; JSON is one object a line."""
    healthy["environment"]["LITELLM_MASTER_KEY"] = ""
    done = run("--json")
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["name"] for row in rows if row["advice"]] == ["master key"]
    Path("c.yaml").unlink()
    small_window(healthy)
    assert run().exit_code == 1
    assert "\x1b" not in run().output


def test_fix_asks_and_then_mends(healthy: dict[str, Any], ollama: FakeProvider, run: Callable[..., Result]) -> None:
    """A model is pulled and a window is set after a yes; a no changes nothing; the old file is kept."""
    small_window(healthy)
    model_not_pulled(healthy)
    kept = list(ollama.backend.models or [])
    try:
        done = run("--fix", answers="n\nn\n")
        assert done.exit_code == 1
        assert ollama.backend.models == kept
        assert "num_ctx: 512" in Path("c.yaml").read_text()
        done = run("--fix", answers="y\ny\n")
        assert done.exit_code == 0, done.output
        assert "big:70b" in (ollama.backend.models or [])
        assert "num_ctx: 512" not in Path("c.yaml").read_text()
        assert "num_ctx: 512" in Path("c.yaml.before-fix").read_text()
    finally:
        ollama.backend.models = kept


@pytest.mark.slow
def test_live_asks_each_account_once_and_only_when_told(healthy: dict[str, Any], run: Callable[..., Result]) -> None:
    """By default no provider is called; with --live a valid key is told from a wrong one, and no key is shown."""
    with FakeProvider("openai") as openai, FakeProvider("anthropic", kind="anthropic") as anthropic:
        for group, fake in (("openai", openai), ("anthropic", anthropic)):
            for role in ("default", "premium"):
                params(healthy, f"{group}-{role}")["api_base"] = fake.base_url
        for role in ("default", "premium"):
            params(healthy, f"azure-{role}")["api_key"] = "os.environ/NOT_SET"
        run()
        assert openai.requests == anthropic.requests == []
        anthropic.default_fault = BY_NAME["status-401"]
        done = run("--live", "--json")
        rows = {
            r["seen"].split()[0].strip(":"): r for r in map(json.loads, done.stdout.splitlines()) if r["name"] == "live"
        }
        assert (rows["openai-default-1"]["ok"], rows["anthropic-default-1"]["ok"]) == (True, False)
        assert "make a new one" in rows["anthropic-default-1"]["cure"]
        assert len(openai.requests) == len(anthropic.requests) == 1
        assert openai.requests[0].json["max_tokens"] == 1
        assert "sk-invented" not in done.output


def test_a_missing_log_folder_is_made(healthy: dict[str, Any], run: Callable[..., Result]) -> None:
    """Advice, since the proxy makes it too."""
    ours(healthy)["decision_log"] = {"path": "logs/deep/decisions.sqlite"}
    assert run("--fix", "--yes").exit_code == 0
    assert Path("logs/deep").is_dir()


@pytest.mark.parametrize(
    ("callbacks", "trusted", "found"),
    [
        (["router_plugin.plugin.instance"], (), []),
        ("my_logger.instance", (), ["my_logger.instance"]),
        (["my_logger.instance"], ("my_logger.Kept",), []),
        (["my_logger.instance"], ("other.Kept",), ["my_logger.instance"]),
        (["prometheus"], (), []),
    ],
)
def test_strangers_are_told_from_what_is_vouched_for(
    callbacks: Any, trusted: tuple[str, ...], found: list[str]
) -> None:
    """By name, before anything is loaded; guardrails count too."""
    raw = {"litellm_settings": {"callbacks": callbacks}}
    assert configured.strangers(raw, trusted) == found
    guarded = {**raw, "guardrails": [{"guardrail_name": "outside"}]}
    assert configured.strangers(guarded, trusted) == [*found, "outside"]
    assert configured.strangers(guarded, (*trusted, "outside")) == found


def test_check_says_what_it_is() -> None:
    """Advice is no failure."""
    assert not Check("a", False, "b", advice=True).fails
