"""`routing.escalate`: a poor local answer goes to the next provider once; a private one stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider, faults
from tests.e2e.bodies import PATHS, SIMPLE, SSN, SSN_DIGITS, body
from tests.e2e.conftest import OLLAMA_MODELS
from tests.e2e.proxy import Proxy, running

pytestmark = pytest.mark.slow
SHAPES = ("chat", "messages", "responses")
EMPTY = " "
MAIL = "mira.kovacs@posteo.de"
STAND_IN = r"[A-Z]+_PLACEHOLDER_[A-Z]+"  # the fakes answer with what they find of this


def switch_on(config: dict[str, Any]) -> None:
    config["callback_settings"]["router_plugin"]["routing"]["escalate"] = True


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path_factory.mktemp("escalate"), ollama=ollama, edit=switch_on) as proxy,
    ):
        yield proxy


@pytest.fixture
def proxy(_started: Proxy) -> Proxy:
    """Its local model says nothing."""
    _started.reset()
    _started.fakes["ollama"].backend.text = EMPTY
    return _started


@pytest.mark.parametrize("shape", SHAPES)
def test_a_local_answer_without_words_goes_up_once(proxy: Proxy, shape: str) -> None:
    """The client gets the next provider's answer, and the decision says why."""
    answer = proxy.post(PATHS[shape], body(shape, SIMPLE))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"] == "azure-default-1"
    assert "escalated:empty" in answer.headers["x-router-reason"]
    assert "served by azure" in answer.text
    assert proxy.cloud_calls() == ["azure"]
    assert len(proxy.fakes["ollama"].calls) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_good_local_answer_stays(proxy: Proxy, shape: str) -> None:
    """Nothing is asked twice."""
    proxy.fakes["ollama"].backend.text = "Four."
    answer = proxy.post(PATHS[shape], body(shape, SIMPLE))
    assert answer.headers["x-router-deployment"].startswith("ollama")
    assert "Four." in answer.text
    assert proxy.cloud_calls() == []
    assert len(proxy.fakes["ollama"].calls) == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_private_answer_is_never_replaced(proxy: Proxy, shape: str) -> None:
    """However poor it is."""
    answer = proxy.post(PATHS[shape], body(shape, SSN))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"].startswith("ollama")
    assert proxy.cloud_calls() == []
    assert proxy.cloud_saw(SSN_DIGITS) == []


@pytest.mark.parametrize("fault", [faults.STATUS_500, faults.STATUS_400, faults.REFUSE], ids=str)
def test_a_poor_answer_is_better_than_none(proxy: Proxy, fault: faults.Fault) -> None:
    """Where the other providers fail too, the local one is asked again, and its answer stands."""
    for fake in proxy.cloud:
        fake.default_fault = fault
    answer = proxy.post(PATHS["chat"], body("chat", SIMPLE))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-router-deployment"].startswith("ollama")
    assert len(proxy.fakes["ollama"].calls) == 2


def test_a_request_for_one_provider_stays_there(proxy: Proxy) -> None:
    """What the client named isn't overruled."""
    answer = proxy.post(PATHS["chat"], body("chat", SIMPLE), x_router_provider="ollama")
    assert answer.headers["x-router-deployment"].startswith("ollama")
    assert proxy.cloud_calls() == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_redacted_request_goes_up_without_its_identifiers(tmp_path: Path, shape: str) -> None:
    """What is sent on carries stand-ins, and the client gets its values back from the second answer."""

    def edit(config: dict[str, Any]) -> None:
        switch_on(config)
        config["callback_settings"]["router_plugin"]["on_private"] = "redact"

    text = f"{SIMPLE} Send the answer to {MAIL}, please."
    with (
        FakeProvider("ollama", kind="ollama", models=OLLAMA_MODELS) as ollama,
        running(tmp_path, ollama=ollama, edit=edit) as proxy,
    ):
        ollama.backend.text = EMPTY
        for fake in proxy.cloud:
            fake.backend.echo = STAND_IN
        answer = proxy.post(PATHS[shape], body(shape, text), x_router_strategy="cost")
        assert answer.status_code == 200, answer.text
        assert "escalated:empty" in answer.headers["x-router-reason"]
        assert "privacy.redacted:contact.email" in answer.headers["x-router-reason"]
        assert len(proxy.cloud_calls()) == 1
        assert proxy.cloud_saw(MAIL) == []
        assert MAIL in answer.text
        assert "PLACEHOLDER" not in answer.text
