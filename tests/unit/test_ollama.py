"""router_plugin.ollama and router_plugin.locality: where Ollama is, what it has, and whether a model runs there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from router_plugin.deployments import host_of
from router_plugin.fakes import FakeProvider
from router_plugin.locality import REMEMBER_SECONDS, OllamaLocality, Unreachable
from router_plugin.ollama import DEFAULT_URL, Ollama, addresses, describe, normalise, probe, read_show, survey

HOSTS: list[tuple[str | None, str]] = [
    (None, DEFAULT_URL),
    ("", DEFAULT_URL),
    ("  ", DEFAULT_URL),
    ("0.0.0.0", DEFAULT_URL),
    ("0.0.0.0:11434", DEFAULT_URL),
    ("http://0.0.0.0:11434/", DEFAULT_URL),
    (":11434", DEFAULT_URL),
    (":8080", "http://127.0.0.1:8080"),
    ("[::]", DEFAULT_URL),
    ("[::]:8080", "http://127.0.0.1:8080"),
    ("127.0.0.1", DEFAULT_URL),
    ("localhost", "http://localhost:11434"),
    ("box", "http://box:11434"),
    ("box:8080", "http://box:8080"),
    (" box:8080/ ", "http://box:8080"),
    ("http://box", "http://box:11434"),
    ("https://box", "https://box:443"),
    ("https://box:8443", "https://box:8443"),
    ("[::1]", "http://[::1]:11434"),
    ("[::1]:8080", "http://[::1]:8080"),
    ("http://[fe80::1]:8080", "http://[fe80::1]:8080"),
]


@pytest.mark.parametrize(("host", "url"), HOSTS)
def test_the_address_to_call(host: str | None, url: str) -> None:
    """Scheme and port are filled in, and an address to listen on becomes one to call."""
    assert normalise(host) == url
    assert host_of(url) is not None


LISTS: list[tuple[str | None, tuple[str, ...]]] = [
    (None, (DEFAULT_URL,)),
    (" , ", (DEFAULT_URL,)),
    ("box", ("http://box:11434",)),
    ("box, 10.0.0.2:8080 ,https://far", ("http://box:11434", "http://10.0.0.2:8080", "https://far:443")),
    ("box,http://box:11434/", ("http://box:11434",)),
    ('"a,b"', ("http://a:11434", "http://b:11434")),
]


@pytest.mark.parametrize(("value", "urls"), LISTS)
def test_ollama_host_may_be_a_list(value: str | None, urls: tuple[str, ...]) -> None:
    """Commas between, each server once, in order."""
    assert addresses(value) == urls


def test_all_servers_are_asked_at_once(ollama: FakeProvider) -> None:
    """Those of OLLAMA_HOST and those that the config names; each is asked about the models expected of it."""
    with FakeProvider("other", kind="ollama", models=["codellama:13b"]) as other:
        gone = _nowhere()
        expected: dict[str | None, list[str]] = {None: ["llama3.2:1b"], other.base_url: ["codellama:13b"]}
        seen = survey(f"{ollama.base_url},{gone}", expected, 4096)
    assert seen.hosts == (ollama.base_url, gone)
    assert {url: list(found.facts) for url, found in seen.found.items()} == {
        ollama.base_url: ["llama3.2:1b"],
        other.base_url: ["codellama:13b"],
    }


ODD_HOSTS: list[tuple[str, str, str]] = [
    ("::1", "http://[::1]:11434", "an IPv6 address without brackets, which Ollama itself accepts"),
    ("::", DEFAULT_URL, "every interface by IPv6, without brackets"),
    ("http://box:8080/ollama", "http://box:8080/ollama", "a path behind a proxy"),
    ('"0.0.0.0:8080"', "http://127.0.0.1:8080", "quotes from an env file, which Ollama itself strips"),
]


@pytest.mark.parametrize(("host", "url"), [(host, url) for host, url, _ in ODD_HOSTS])
def test_an_odd_address_is_understood_as_ollama_understands_it(host: str, url: str) -> None:
    """OLLAMA_HOST is Ollama's variable, so its forms are Ollama's."""
    assert normalise(host) == url


@pytest.mark.parametrize(
    ("model", "there"),
    [
        *(("llama3.1:8b", True), ("llama3.1", False), ("llama3.1:70b", False), ("nomic", True)),
        *(("nomic:latest", True), ("", False), ("lla", False)),
    ],
)
def test_a_model_is_known_by_its_tag(model: str, there: bool) -> None:
    """Without a tag `:latest` is meant, as in Ollama."""
    assert Ollama(DEFAULT_URL, "1", frozenset({"llama3.1:8b", "nomic:latest"})).has(model) is there


@pytest.fixture
def ollama() -> Iterator[FakeProvider]:
    with FakeProvider("fake-ollama", kind="ollama", models=["llama3.2:1b", "glm-4.6-cloud"]) as fake:
        yield fake


def test_a_server_tells_its_version_and_models(ollama: FakeProvider) -> None:
    """Two small requests, and nothing is generated."""
    found = probe(ollama.base_url)
    assert found is not None
    assert (found.url, found.version) == (ollama.base_url, "0.12.6")
    assert found.has("llama3.2:1b")
    assert [(record.method, record.path) for record in ollama.requests] == [
        ("GET", "/api/version"),
        ("GET", "/api/tags"),
    ]


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_another_server_is_no_ollama(kind: str) -> None:
    """Something else on the port answers otherwise."""
    with FakeProvider("other", kind=kind) as fake:
        assert probe(fake.base_url) is None


def _nowhere() -> str:
    """An address where nothing listens: a server's that has ended."""
    with FakeProvider("gone", kind="ollama") as fake:
        return fake.base_url


def test_nothing_answers() -> None:
    """A refused connection is an answer too."""
    assert probe(_nowhere()) is None


BODIES: dict[str, bytes] = {
    "HTML": b"<html>",
    "empty": b"",
    "a list": b"[]",
    "a number": b"3",
    "null": b"null",
    "no version": b'{"models": []}',
    "models is a number": b'{"version": "1", "models": 3}',
    "models are words": b'{"version": "1", "models": ["a"]}',
    "models have no name": b'{"version": "1", "models": [{}]}',
    "no UTF-8": b"\xff\xfe\xff",
}


class _Fixed(BaseHTTPRequestHandler):
    body = b""
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET  # noqa: N815 - as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
        pass


def serve(body: bytes, status: int = 200) -> Iterator[str]:
    handler = type("Handler", (_Fixed,), {"body": body, "status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("case", BODIES)
def test_a_strange_answer_is_no_ollama(case: str) -> None:
    """Whatever is on that port, the start goes on."""
    for url in serve(BODIES[case]):
        assert probe(url) is None


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_an_error_is_no_ollama(status: int) -> None:
    """Also a redirect: it isn't followed to another host."""
    for url in serve(b'{"version": "1", "models": []}', status):
        assert probe(url) is None


@pytest.mark.parametrize(
    "url", ["http://:::1:11434", "http://box:port", "http://a b:1", "http://[::1:11434", "ftp://box"]
)
def test_an_impossible_address_is_no_ollama(url: str) -> None:
    """A wrong OLLAMA_HOST is told in a line, not in a traceback."""
    assert probe(url) is None


# -- does a model run there? ---------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_ollama_tells_its_cloud_models(ollama: FakeProvider) -> None:
    """A name proves nothing; `/api/show` does."""
    asked = OllamaLocality()
    assert await asked.is_local(ollama.base_url, "ollama_chat/llama3.2:1b")
    assert not await asked.is_local(ollama.base_url, "ollama_chat/glm-4.6-cloud")


async def test_the_proof_is_remembered_for_a_while(ollama: FakeProvider) -> None:
    """One question a model and server; a no is asked again at once."""
    clock = Clock()
    asked = OllamaLocality(clock)
    for _ in range(3):
        await asked.is_local(f"{ollama.base_url}/", "ollama/llama3.2:1b")
    assert len(ollama.requests) == 1
    clock.now = REMEMBER_SECONDS + 1
    await asked.is_local(ollama.base_url, "ollama/llama3.2:1b")
    assert len(ollama.requests) == 2
    for _ in range(2):
        await asked.is_local(ollama.base_url, "ollama/glm-4.6-cloud")
    assert len(ollama.requests) == 4


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"remote_host": "https://ollama.com"}', b'{"remote_model": "glm"}', b"\xff"]
)
async def test_an_answer_that_proves_nothing_means_no(body: bytes) -> None:
    """Only an answer of Ollama's own shape without a remote host is a yes."""
    for url in serve(body):
        assert not await OllamaLocality().is_local(url, "ollama/x")


async def test_no_answer_is_told_apart() -> None:
    """A server that can't be asked can't be believed, and isn't called a liar either."""
    with pytest.raises(Unreachable, match="No Ollama answers"):
        await OllamaLocality().is_local(_nowhere(), "ollama/x")


@pytest.mark.parametrize("body", [b"{}", b'{"hello": "world"}'])
async def test_an_object_that_is_not_ollamas_means_no(body: bytes) -> None:
    """Ollama's own answer has `details` or `model_info`; anything else is an unknown shape."""
    for url in serve(body):
        assert not await OllamaLocality().is_local(url, "ollama/x")


async def test_an_impossible_address_means_no() -> None:
    """Unknown is never local."""
    assert not await OllamaLocality().is_local("http://:::1:11434", "ollama/x")


LLAMA = {"general.architecture": "llama", "llama.context_length": 131_072, "llama.rope.dimension_count": 128}
SHOWN: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"capabilities": ["completion", "tools"]}, {"tools": True, "vision": False, "reasoning": False}),
    ({"capabilities": ["vision", "thinking"]}, {"tools": False, "vision": True, "reasoning": True}),
    ({"parameters": "stop  x\nnum_ctx                        2048"}, {"context_window": 2048}),
    ({"model_info": LLAMA}, {"context_window": 10_000}),
    ({"model_info": {**LLAMA, "llama.context_length": 8192}}, {"context_window": 8192}),
    ({"model_info": LLAMA, "parameters": "num_ctx 32768"}, {"context_window": 32_768}),
    ({"model_info": {**LLAMA, "llama.context_length": 8192}, "parameters": "num_ctx 32768"}, {"context_window": 8192}),
    ({"model_info": {"llama.context_length": 8192}}, {}),
    ({"model_info": {**LLAMA, "llama.context_length": True}}, {}),
    ({"capabilities": None, "parameters": None, "model_info": None}, {}),
]


@pytest.mark.parametrize(("shown", "facts"), SHOWN)
def test_what_a_model_can_do_is_read_from_show(shown: dict[str, object], facts: dict[str, object]) -> None:
    """The window is the Modelfile's, else the model's own up to the bound; an old server says nothing."""
    assert read_show(shown, 10_000) == facts


def test_models_are_described_and_unknown_ones_are_left_alone() -> None:
    """Only models that the server has are asked about."""
    with FakeProvider("ollama", kind="ollama", models=["llama3.1:8b"]) as fake:
        found = probe(fake.base_url)
        assert found is not None
        facts = describe(found, ["llama3.1:8b", "other"]).facts
    assert facts == {"llama3.1:8b": {"tools": True, "vision": False, "reasoning": False, "context_window": 8192}}
