"""A real Redis for tests: Debian's redis-server on a free port, in memory only."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

START_SECONDS = 10.0


@dataclass
class RedisServer:
    """A Redis that can be killed and started again at the same port; what it held is gone then."""

    program: str
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Its address, database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns once it answers."""
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_SECONDS
        while self.ask("PING") != b"+PONG\r\n":
            assert time.monotonic() < until, "redis-server doesn't start"
            time.sleep(0.05)

    def kill(self) -> None:
        """As a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang(self) -> None:
        """It keeps its connections and answers nothing, until `go_on`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """The end of `hang`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def ask(self, command: str) -> bytes:
        """The first bytes of the answer to one command, in Redis' own form; empty where nobody answers."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(f"{command}\r\n".encode())
                return link.recv(65536)
        except OSError:
            return b""


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running Redis, ended afterwards; the test is skipped where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server: apt-get install redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = RedisServer(program, port)
    try:
        server.start()
        yield server
    finally:
        server.kill()
