"""router_plugin.leaktest: which cases are chosen, what a dry config holds, how arrivals and answers are judged."""

from __future__ import annotations

import json
from itertools import combinations, product
from typing import Any

import httpx
import pytest
import yaml

from router_plugin.fakes.faults import STATUS_500
from router_plugin.leaktest import Report, canary, endpoints
from router_plugin.leaktest.bodies import BODIES
from router_plugin.leaktest.cases import FAILURES, FORMS, WITHOUT_TOPICS, pairs, select
from router_plugin.leaktest.dry import Addresses, cloud_targets, dry_form, without_plugin
from router_plugin.leaktest.fleet import started
from router_plugin.leaktest.judge import Outcome, judge
from router_plugin.leaktest.sources import PINS, SOURCES
from router_plugin.paths import default_config

ADDRESSES = Addresses(
    "http://127.0.0.1:1",
    "http://127.0.0.1:2/v1",
    {"openai": "http://127.0.0.1:3/v1", "azure": "http://127.0.0.1:4", "anthropic": "http://127.0.0.1:5"},
)


# -- the selection ----------------------------------------------------------------------------------------------------


def test_the_full_selection_covers_every_pair() -> None:
    """Any two values that can meet do meet in some case: failure, surface and stream, source, pin, place, kind."""
    cases = select(quick=False)
    assert len(cases) == len(set(cases)) >= 500
    covered = {pair for case in cases for pair in pairs(case)}
    places = {place for built in BODIES.values() for place in built}
    values: dict[str, Any] = {
        "failure": FAILURES,
        "form": FORMS,
        "source": SOURCES,
        "pin": PINS,
        "place": places,
        "kind": canary.KINDS,
    }
    missing = [
        pair
        for (left, lefts), (right, rights) in combinations(values.items(), 2)
        for one, other in product(lefts, rights)
        if (pair := ((left, one), (right, other))) not in covered
    ]
    impossible = {
        *((("form", form), ("place", place)) for form in FORMS for place in places if place not in BODIES[form[0]]),
        *((("place", place), ("kind", canary.TOPIC)) for place in WITHOUT_TOPICS),
    }
    assert set(missing) == impossible


@pytest.mark.parametrize("quick", [True, False])
def test_every_failure_meets_every_surface_whole_and_streamed(quick: bool) -> None:
    """Both selections cross failures, surfaces and streaming in full."""
    assert {(case.failure, (case.surface, case.stream)) for case in select(quick=quick)} == set(
        product(FAILURES, FORMS)
    )


def test_the_selection_is_the_same_each_time() -> None:
    """A leak can be looked at again: the same arguments choose the same cases."""
    assert select(quick=False) == select(quick=False)


def test_pictures_are_no_case_where_the_operator_lets_them_leave() -> None:
    """A part that may leave unread is not private."""
    assert any(case.place == "image" for case in select(quick=True))
    assert not any(case.place == "image" for case in select(quick=False, pictures=False))


def test_opened_endpoints_are_not_tried() -> None:
    """What the operator opened is unprotected by the operator's choice."""
    paths = {item.path for item in endpoints.select(("/openai",), quick=False)}
    assert "/openai/v1/chat/completions" not in paths
    assert "/anthropic/v1/messages" in paths


# -- canaries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", canary.KINDS)
def test_each_canary_can_be_told_from_all_others(kind: str) -> None:
    """No mark of one case is part of another case's text."""
    made = [canary.make(kind, number) for number in range(120)]
    for one, other in combinations(made, 2):
        assert not any(mark in other.text for mark in one.marks)
        assert one.picture != other.picture
    assert all(mark in one.text for one in made for mark in one.marks)


def test_a_canary_hides_its_text() -> None:
    """A repr shows the made-up word and a length."""
    one = canary.make("identity", 7)
    assert one.secret not in repr(one)


# -- the dry form -----------------------------------------------------------------------------------------------------

USERS = {
    "model_list": [
        {
            "model_name": "auto",
            "litellm_params": {"model": "openai/qwen", "api_base": "http://192.168.7.7:8000/v1", "api_key": "KEY-1"},
            "model_info": {"id": "auto-1", "router": {"provider": "vllm", "local": True}},
        },
        {
            "model_name": "home",
            "litellm_params": {"model": "hosted_vllm/qwen", "api_base": "http://192.168.7.7:8000/v1", "weight": 2},
            "model_info": {"id": "home-1", "router": {"provider": "vllm", "local": True}},
        },
        {
            "model_name": "gemini",
            "litellm_params": {
                "model": "vertex_ai/gemini-2.5-pro",
                "vertex_credentials": "KEY-2",
                "vertex_project": "PROJECT",
                "extra_headers": {"x": "KEY-3"},
                "timeout": 9,
            },
            "model_info": {"id": "gemini-1", "router": {"role": "premium"}},
        },
        {
            "model_name": "bare",
            "litellm_params": {"model": "gpt-4o", "api_key": "os.environ/OPENAI_API_KEY"},
            "model_info": {"id": "bare-1"},
        },
    ],
    "litellm_settings": {
        "callbacks": ["router_plugin.plugin.instance", "langfuse"],
        "success_callback": ["https://log.example.com"],
        "cache_params": {"type": "redis", "host": "redis.example.com", "password": "KEY-4"},
        "num_retries": 1,
    },
    "general_settings": {"master_key": "KEY-5", "database_url": "postgres://db.example.com"},
    "environment_variables": {"GROQ_API_KEY": "KEY-6"},
    "callback_settings": {
        "router_plugin": {
            "on_private_pin": "reject",
            "routing": {"chains": {key: ["local", "openai"] for key in ("low", "medium", "high", "cost")}},
            "webhook": "https://hook.example.com/KEY-7",
        },
        "langfuse": {"host": "https://cloud.example.com"},
    },
}


def test_a_dry_config_holds_no_address_and_no_key_of_the_user() -> None:
    """Whatever names another machine or could be a credential is replaced or left out."""
    text = yaml.safe_dump(dry_form(USERS, ADDRESSES))
    for mark in ("KEY-", "example.com", "192.168", "PROJECT", "os.environ", "langfuse"):
        assert mark not in text


def test_a_dry_config_keeps_deployments_and_rules() -> None:
    """Names, ids, roles, locality and our settings are the user's; a provider without a fake speaks OpenAI's API."""
    config = dry_form(USERS, ADDRESSES)
    assert config["callback_settings"]["router_plugin"]["on_private_pin"] == "reject"
    assert config["litellm_settings"]["num_retries"] == 1
    home, gemini, bare = (entry["litellm_params"] for entry in config["model_list"][1:])
    assert (home["model"], home["api_base"], home["weight"]) == ("hosted_vllm/qwen", ADDRESSES.openai_shaped, 2)
    assert (gemini["model"], gemini["api_base"]) == ("openai/gemini-2.5-pro", ADDRESSES.cloud["openai"])
    assert gemini["timeout"] == 9
    assert bare["api_base"] == ADDRESSES.cloud["openai"]
    assert [target.id for target in cloud_targets(config)[1]] == ["gemini-1", "bare-1"]


def test_the_pack_has_a_dry_form_with_all_its_deployments() -> None:
    """No key of the environment is needed, so every cloud deployment of the pack takes part."""
    raw = yaml.safe_load(default_config().read_text(encoding="utf-8"))
    checked, targets = cloud_targets(dry_form(raw, ADDRESSES))
    assert len(checked.inventory.deployments) - len(targets) == 4
    assert {target.provider for target in targets} == {"azure", "openai", "anthropic"}
    assert all(target.api_base == ADDRESSES.cloud[target.provider] for target in targets)


def test_plain_litellm_gets_the_same_deployments() -> None:
    """The comparison differs in the plugin only."""
    config = dry_form(USERS, ADDRESSES)
    plain = without_plugin(config)
    assert plain["model_list"] == config["model_list"]
    assert "router_plugin" not in yaml.safe_dump(plain)


# -- arrivals -------------------------------------------------------------------------------------------------------


def test_what_arrives_away_from_home_is_told_to_its_case() -> None:
    """A canary is found in JSON and in pictures; a request without one, and a call to any other host, count too."""
    with started(["m"]) as fleet, httpx.Client(trust_env=False, timeout=5) as client:
        first, second, third = (canary.make("identity", number) for number in range(3))
        client.post(f"{fleet.addresses.cloud['openai']}/chat/completions", json={"messages": [{"x": first.secret}]})
        client.post(f"{fleet.addresses.cloud['anthropic']}/v1/messages", json={"system": f"a {second.token} b"})
        client.get(f"{fleet.addresses.cloud['azure']}/openai/models?x=1")
        with httpx.Client(proxy=fleet.internet, trust_env=False, timeout=5) as outside, pytest.raises(httpx.HTTPError):
            outside.get("https://api.example.com/")
        seen, strangers = fleet.arrivals_away((first, second, third))
        assert seen == {first.token, second.token}
        assert sorted(strangers) == ["azure: GET /openai/models", "internet: CONNECT api.example.com:443"]
        assert fleet.arrivals_away((first, second, third)) == (set(), [])


def test_local_servers_fail_for_one_canary_only() -> None:
    """Cases with different failures can run at once."""
    with started(["m"]) as fleet, httpx.Client(trust_env=False, timeout=5) as client:
        bad, good = canary.make("identity", 1), canary.make("identity", 2)
        fleet.fail(bad, STATUS_500)
        url = f"{fleet.addresses.ollama}/api/chat"
        statuses = [
            client.post(url, json={"model": "m", "stream": False, **BODIES["chat"]["user"](one)}).status_code
            for one in (bad, good, bad)
        ]
        assert statuses == [500, 200, 500]


# -- answers --------------------------------------------------------------------------------------------------------

EVENTS = "text/event-stream; charset=utf-8"


def _events(*payloads: Any) -> str:
    return "".join(f"data: {item if isinstance(item, str) else json.dumps(item)}\n\n" for item in payloads)


DELTA = {"choices": [{"index": 0, "delta": {"content": "hi"}}]}
ROLE = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
FAILED = {"error": {"message": "the local model stopped", "type": "server_error"}}


@pytest.mark.parametrize(
    ("status", "kind", "text", "expected"),
    [
        (200, "application/json", '{"choices": [{"message": {"content": "hi"}}]}', Outcome.ANSWERED),
        (200, "application/json", '{"choices": [{"message": {"content": ""}}]}', Outcome.ERROR),
        (200, "application/json", '{"choices": [{"text": "hi"}]}', Outcome.ANSWERED),
        (200, "application/json", '{"content": [{"type": "text", "text": "hi"}]}', Outcome.ANSWERED),
        (200, "application/json", '{"content": []}', Outcome.ERROR),
        (200, "application/json", '{"output": [{"content": [{"text": "hi"}]}]}', Outcome.ANSWERED),
        (200, "application/json", '{"data": [{"embedding": [0.1, 0.2]}]}', Outcome.ANSWERED),
        (200, "application/json", '{"data": [{"embedding": []}]}', Outcome.ERROR),
        (200, "application/json", json.dumps(FAILED), Outcome.ERROR),
        (200, "text/html", "<html>", Outcome.ERROR),
        (503, "application/json", json.dumps(FAILED), Outcome.REFUSED),
        (400, "application/json", '{"type": "error", "error": {"message": "no"}}', Outcome.REFUSED),
        (503, "application/json", '{"error": {"message": ""}}', Outcome.ERROR),
        (502, "text/plain", "Bad Gateway", Outcome.ERROR),
        (500, "application/json", json.dumps(FAILED), Outcome.ERROR),
        (200, EVENTS, _events(ROLE, DELTA, "[DONE]"), Outcome.ANSWERED),
        (200, EVENTS, _events(ROLE, DELTA), Outcome.ERROR),
        (200, EVENTS, _events(ROLE, "[DONE]"), Outcome.ERROR),
        (200, EVENTS, _events(ROLE, DELTA, FAILED), Outcome.REFUSED),
        (200, EVENTS, _events({"type": "error", "error": {"message": "overloaded"}}), Outcome.REFUSED),
        (200, EVENTS, _events(DELTA, "{broken"), Outcome.ERROR),
        (200, EVENTS, "", Outcome.ERROR),
        (
            200,
            EVENTS,
            _events({"type": "content_block_delta", "delta": {"text": "hi"}}, {"type": "message_stop"}),
            Outcome.ANSWERED,
        ),
        (
            200,
            EVENTS,
            _events({"type": "response.output_text.delta", "delta": "hi"}, {"type": "response.completed"}),
            Outcome.ANSWERED,
        ),
        (200, EVENTS, _events({"type": "response.failed", "response": {"error": {"message": "no"}}}), Outcome.REFUSED),
    ],
)
def test_answers_are_judged_by_what_a_client_can_use(status: int, kind: str, text: str, expected: Outcome) -> None:
    """Text or a vector is an answer, an error that says something is a refusal, all else is unexpected."""
    request = httpx.Request("POST", "http://127.0.0.1/v1/chat/completions")
    answer = httpx.Response(status, headers={"content-type": kind}, text=text, request=request)
    assert judge(answer)[0] is expected


def test_a_report_names_its_counts() -> None:
    """The JSON object has the counts, and the failing cases by name."""
    report = Report(cases=3, leaked=["chat, local 500"])
    report.outcomes[Outcome.REFUSED] += 2
    found = report.to_json()
    assert (found["cases"], found["leaks"], found["refused"], found["answered_local"]) == (3, 1, 2, 0)
    assert "LEAK        chat, local 500" in report.lines()
