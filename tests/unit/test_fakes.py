"""router_plugin.fakes: what a fake back end answers and records, over real sockets."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from router_plugin.fakes import CALL_TOOL, FakeProvider
from tests.fakes_client import AZURE, CHAT, KINDS, MESSAGES, SURFACES, VERSION, WEB, ask, events, post, streamed_text

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CANARY = "Zoë's canary 🐤"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[FakeProvider]:
    with FakeProvider(f"fake-{request.param}", kind=request.param) as fake:
        yield fake


@pytest.fixture
def openai() -> Iterator[FakeProvider]:
    with FakeProvider("fake-openai") as fake:
        yield fake


@pytest.fixture
def ollama() -> Iterator[FakeProvider]:
    with FakeProvider("fake-ollama", kind="ollama", models=["llama3.2", "glm-4.6-cloud"]) as fake:
        yield fake


@pytest.mark.parametrize("surface", SURFACES)
def test_a_stream_spells_the_same_text_as_a_whole_reply(surface: str) -> None:
    """On each surface both forms of the reply hold the server's name and the same text."""
    with FakeProvider("who-answered", kind=SURFACES[surface][0]) as server:
        whole, streamed = post(server, surface), post(server, surface, stream=True)
        text = server.backend.reply_text()
    assert whole.headers["content-type"] == "application/json"
    assert text in whole.text
    assert "served by who-answered" in text
    assert streamed_text(streamed) == text


@pytest.mark.parametrize(
    ("surface", "tool", "name"),
    [
        ("openai-chat", {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}, "weather"),
        ("azure-chat", {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}, "weather"),
        ("openai-responses", {"type": "function", "name": "weather", "parameters": SCHEMA}, "weather"),
        ("anthropic-messages", {"name": "weather", "input_schema": SCHEMA}, "weather"),
        ("ollama-chat", {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}, "weather"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_tool_is_called_when_it_is_offered_and_asked_for(
    surface: str, tool: dict[str, Any], name: str, stream: bool
) -> None:
    """Only a last user message with the marker, and an offered tool, gives a tool call."""
    field = "input" if "responses" in surface else "messages"
    wanted = [{"role": "user", "content": f"{CALL_TOOL} now"}]
    answered = [*wanted, {"role": "tool", "content": "12 degrees"}]
    with FakeProvider("tools", kind=SURFACES[surface][0]) as server:
        called = post(server, surface, stream=stream, tools=[tool], **{field: wanted})
        without_marker = post(server, surface, stream=stream, tools=[tool])
        without_tools = post(server, surface, stream=stream, **{field: wanted})
        with_result = post(server, surface, stream=stream, tools=[tool], **{field: answered})
    assert name in called.text
    assert "city" in called.text
    assert "canned" not in called.text
    for reply in (without_marker, without_tools, with_result):
        assert "canned" in reply.text


SEEN: dict[str, dict[str, Any]] = {
    "raw UTF-8": {"content": json.dumps({"a": CANARY}, ensure_ascii=False).encode()},
    "JSON escapes": {"content": json.dumps({"a": CANARY}).encode()},
    "JSON inside JSON": {"json": {"arguments": json.dumps({"deep": json.dumps([CANARY])})}},
    "a JSON key": {"json": {CANARY: 1}},
    "escapes in cut JSON": {"content": json.dumps({"a": CANARY}).encode()[:-1]},
    "gzip": {"content": gzip.compress(CANARY.encode()), "headers": {"content-encoding": "gzip"}},
    "query": {"params": {"q": CANARY}},
    "header": {"headers": [(b"x-note", CANARY.encode())]},
    "multipart": {"files": {"file": ("a.txt", CANARY.encode())}},
}


@pytest.mark.parametrize("way", SEEN)
def test_text_is_seen_however_it_was_sent(openai: FakeProvider, way: str) -> None:
    """`saw` finds text in every part and encoding of a request, and not a text that differs in one letter."""
    WEB.post(openai.url + "/v1/chat/completions", **SEEN[way])
    assert openai.saw(CANARY)
    assert not openai.saw(CANARY.replace("Zoë", "Zoe"))


def test_every_byte_and_its_circumstances_are_recorded(openai: FakeProvider) -> None:
    """A record has method, path, headers, raw body, JSON, time and status, and no text in its repr."""
    before = time.monotonic()
    body = b'{ "messages":[{"role":"user","content":"hi"}]  }'
    WEB.post(openai.url + "/v1/chat/completions?a=1", content=body, headers={"X-Test": "yes"})
    (record,) = openai.requests
    assert (record.method, record.path, record.query) == ("POST", "/v1/chat/completions?a=1", {"a": "1"})
    assert record.headers["x-test"] == "yes"
    assert b"X-Test: yes\r\n" in record.head
    assert record.body == body
    assert record.json["messages"][0]["content"] == "hi"
    assert before <= record.at <= time.monotonic()
    assert (record.status, record.complete, record.disconnected, record.fault) == (200, True, False, "")
    assert "hi" not in repr(record).replace("chat", "")


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 900\r\n\r\nmy secret",
        b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nmy secret",
        b"POST /v1/chat/completions HTTP/1.1\r\nX-Note: my secret",
        b"my secret in no protocol\r\n\r\n",
    ],
    ids=["half a body", "half a chunk", "half a head", "not HTTP"],
)
def test_what_never_became_a_request_is_recorded_too(openai: FakeProvider, sent: bytes) -> None:
    """Bytes of a request that was broken off, or that isn't HTTP, are kept and can be found."""
    with socket.create_connection(("127.0.0.1", openai.port)) as client:
        client.sendall(sent)
    assert openai.wait_for(lambda server: server.requests)
    assert openai.saw("my secret")
    assert openai.calls == []
    assert not openai.requests[0].complete


def test_bodies_come_in_chunks_too_and_http_1_0_is_spoken(openai: FakeProvider) -> None:
    """Chunked requests with `Expect` are read whole, and a stream to an HTTP/1.0 client isn't chunked."""

    def pieces() -> Iterator[bytes]:
        yield b'{"messages":[{"role":"user",'
        yield b'"content":"in pieces"}]}'

    reply = WEB.post(openai.base_url + "/chat/completions", content=pieces(), headers={"Expect": "100-continue"})
    assert reply.json()["choices"]
    assert openai.requests[0].json["messages"][0]["content"] == "in pieces"
    with socket.create_connection(("127.0.0.1", openai.port)) as client:
        body = b'{"stream":true,"messages":[]}'
        client.sendall(b"POST /v1/chat/completions HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.split(b"\r\n\r\n", 1)[1].startswith(b"data: {")
    assert answer.endswith(b"data: [DONE]\n\n")


def test_embeddings_are_stable_and_near_for_shared_words(openai: FakeProvider, ollama: FakeProvider) -> None:
    """The same text has the same unit vector on each API; shared words make vectors similar."""
    texts = ["the cat sat on the mat", "the cat sat on a mat", "quarterly revenue forecast"]
    asked = {"model": "llama3.2", "input": texts}
    vectors = [row["embedding"] for row in WEB.post(openai.base_url + "/embeddings", json=asked).json()["data"]]
    assert vectors == WEB.post(ollama.url + "/api/embed", json=asked).json()["embeddings"]

    def likeness(one: list[float], other: list[float]) -> float:
        return sum(left * right for left, right in zip(one, other, strict=True))

    assert likeness(vectors[0], vectors[0]) == pytest.approx(1)
    assert likeness(vectors[0], vectors[1]) > 0.7 > likeness(vectors[0], vectors[2])


def test_ollama_tells_its_models_and_where_they_really_run(ollama: FakeProvider) -> None:
    """Tags, show, ps, pull and an unknown model answer as Ollama does; a cloud model names its remote host."""

    def get(path: str) -> Any:
        return WEB.get(ollama.url + path).json()

    def names(path: str) -> list[str]:
        return [model["name"] for model in get(path)["models"]]

    local = WEB.post(ollama.url + "/api/show", json={"model": "llama3.2"}).json()
    remote = WEB.post(ollama.url + "/api/show", json={"name": "glm-4.6-cloud"}).json()
    assert "remote_host" not in local
    assert (remote["remote_host"], remote["remote_model"]) == ("https://ollama.com:443", "glm-4.6")
    assert local["model_info"]["llama.context_length"] == 8192
    assert get("/api/version")["version"]
    assert WEB.get(ollama.url).text == "Ollama is running"
    assert ask(ollama, model="qwen3").json() == {"error": "model 'qwen3' not found"}
    assert ask(ollama, model="qwen3").status_code == 404
    assert names("/api/ps") == []
    pulled = WEB.post(ollama.url + "/api/pull", json={"model": "qwen3"})
    assert events(pulled)[-1] == {"status": "success"}
    assert names("/api/tags") == ["llama3.2", "glm-4.6-cloud", "qwen3"]
    assert ask(ollama, model="qwen3").status_code == 200
    assert names("/api/ps") == ["qwen3"]


@pytest.mark.parametrize(
    ("kind", "method", "path", "status"),
    [
        ("openai", "GET", "/v1/models", 200),
        ("openai", "GET", "/v1/models/gpt-4.1-mini", 200),
        ("openai", "GET", "/v1/models/other", 404),
        ("openai", "POST", "/v1/messages", 404),
        ("openai", "POST", "/chat/completions", 404),
        ("azure", "POST", f"{AZURE}/chat/completions", 404),
        ("azure", "POST", f"{AZURE}/embeddings{VERSION}", 200),
        ("anthropic", "GET", "/v1/models", 200),
        ("anthropic", "POST", "/v1/messages/count_tokens", 200),
        ("anthropic", "POST", "/v1/chat/completions", 404),
        ("ollama", "HEAD", "/", 200),
        ("ollama", "GET", "/api/chat", 404),
        ("ollama", "POST", "/api/embeddings", 200),
    ],
)
def test_a_provider_has_its_own_paths_only(kind: str, method: str, path: str, status: int) -> None:
    """A path of another provider, or without Azure's api-version, is a 404 and still on record."""
    with FakeProvider("paths", kind=kind) as server:
        reply = WEB.request(method, server.url + path, json={"input": "x", **MESSAGES} if method == "POST" else None)
    assert reply.status_code == status
    assert [(request.method, request.path) for request in server.requests] == [(method, path)]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"messages": 7}', b'{"messages": [7]}', b'{"tools": [7]}'])
def test_a_body_that_no_provider_takes_is_a_400_or_answered(server: FakeProvider, body: bytes) -> None:
    """A nonsense body never breaks the server: it answers, keeps the bytes, and takes the next request."""
    assert WEB.post(server.url + SURFACES[CHAT[server.kind]][1], content=body).status_code in {200, 400}
    assert server.requests[0].body == body
    assert ask(server).status_code == 200


def test_many_clients_at_once_are_all_recorded(openai: FakeProvider) -> None:
    """Requests of many threads are recorded once each."""
    with httpx.Client() as client, ThreadPoolExecutor(8) as pool:
        numbers = range(100)
        bodies = [{"messages": [{"role": "user", "content": f"number {n}."}]} for n in numbers]
        replies = list(pool.map(lambda body: client.post(openai.base_url + "/chat/completions", json=body), bodies))
    assert {reply.status_code for reply in replies} == {200}
    assert len(openai.calls) == 100
    assert all(openai.saw(f"number {n}.") for n in numbers)


def test_the_command_line_serves_and_writes_each_request_down(tmp_path: Path) -> None:
    """`python -m router_plugin.fakes.server` prints its base URL, keeps JSON lines, and ends on SIGTERM."""
    record = tmp_path / "requests.jsonl"
    options = ["--kind", "anthropic", "--name", "cli", "--record", str(record), "--faults", "status-529"]
    command = [sys.executable, "-W", "error", "-m", "router_plugin.fakes.server", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        statuses = [WEB.post(url + "/v1/messages", json=MESSAGES).status_code for _ in range(2)]
        process.terminate()
        assert process.wait(5) == 0
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert statuses == [529, 200]
    assert [(line["server"], line["json"], line["fault"]) for line in lines] == [
        ("cli", MESSAGES, "status-529"),
        ("cli", MESSAGES, ""),
    ]
