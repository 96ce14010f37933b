"""In-process use: nothing that LiteLLM runs around a `router/` model takes a private prompt past the lock."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from router_plugin.fakes import FakeProvider
from tests.e2e.bodies import ANALYSIS, SIMPLE, SSN
from tests.e2e.proxy import CLOUD, free_port, pack, point_at

pytestmark = [
    # LiteLLM's own models warn when they are serialised, and its clients are closed by the interpreter.
    pytest.mark.filterwarnings("ignore::UserWarning:pydantic"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MESSAGES = [{"role": "user", "content": SSN}]
OURS = {"model": "router/auto"}
# The sync text_completion of this LiteLLM's Router hands on the group's name as the model, and so ends by itself.
STOPPED = "past the privacy lock|LLM Provider NOT provided"
CALLBACKS = ("callbacks", "input_callback", "success_callback", "failure_callback", "service_callback")
KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_ENDPOINT")

Clouds = Mapping[str, FakeProvider]


@pytest.fixture(scope="module")
def running() -> Iterator[Clouds]:
    """The cloud is up, and the local server is down. `other` is the caller's own cloud."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        started = {name: FakeProvider(name, kind=name).start() for name in CLOUD}
        started["other"] = FakeProvider("other", kind="openai").start()
        for name in KEYS[:3]:
            patch.setenv(name, "sk-invented")
        patch.setenv("AZURE_OPENAI_ENDPOINT", started["azure"].base_url)
        import router_plugin.sdk

        config = pack()
        point_at(config, started)
        for entry in config["model_list"]:
            if entry["model_info"]["router"].get("local"):
                entry["litellm_params"]["api_base"] = f"http://127.0.0.1:{free_port()}"
        router_plugin.sdk.configure(config)
        yield started
        router_plugin.sdk.configure(None)
        for fake in started.values():
            fake.stop()


@pytest.fixture
def clouds(running: Clouds) -> Iterator[Clouds]:
    """After each test: no cloud was sent anything, whatever became of the call."""
    import litellm

    names = [name for each in CALLBACKS for name in (each, f"_async_{each}") if hasattr(litellm, name)]
    before = {name: list(getattr(litellm, name)) for name in names}
    for fake in running.values():
        fake.clear()
    yield running
    for name, callbacks in before.items():  # a LiteLLM Router adds its own, and there is room for a hundred
        getattr(litellm, name)[:] = callbacks
    assert [name for name, fake in running.items() if fake.requests] == []


def cloud(clouds: Clouds) -> dict[str, Any]:
    """The parameters of the caller's own cloud deployment."""
    return {"model": "openai/gpt-4o", "api_base": clouds["other"].base_url, "api_key": "sk-invented"}


# Each form: what the deployments say beside their models, the Router's options, the call's options.
FORMS: dict[str, tuple[list[tuple[str, dict[str, Any]]], dict[str, Any], dict[str, Any]]] = {
    "fallbacks": ([("a", {}), ("b", {})], {"fallbacks": [{"a": ["b"]}]}, {}),
    "fallbacks for all": ([("a", {}), ("b", {})], {"fallbacks": [{"*": ["b"]}]}, {}),
    "default_fallbacks": ([("a", {}), ("b", {})], {"default_fallbacks": ["b"]}, {}),
    "fallbacks of the call": ([("a", {}), ("b", {})], {}, {"fallbacks": ["b"]}),
    "a fallback as a dict": ([("a", {}), ("b", {})], {}, {"fallbacks": [{"model": "b"}]}),
    "the next order": ([("a", {"order": 1}), ("a", {"order": 2})], {}, {}),
    "weighted failover": (
        [("a", {"weight": 1_000_000}), ("a", {"weight": 1})],
        {"enable_weighted_failover": True},
        {},
    ),
    "retries": ([("a", {"rpm": 1_000_000}), ("a", {"rpm": 1})], {"num_retries": 3, "allowed_fails": 0}, {}),
    "window and policy": (
        [("a", {}), ("b", {})],
        {"context_window_fallbacks": [{"a": ["b"]}], "content_policy_fallbacks": [{"a": ["b"]}]},
        {"fallbacks": ["b"]},
    ),
}


def model_list(form: str, clouds: Clouds, ours: Mapping[str, Any] = OURS) -> list[dict[str, Any]]:
    """The first deployment is ours, the second one the cloud."""
    deployments = FORMS[form][0]
    return [
        {"model_name": name, "litellm_params": {**parameters, **more}}
        for (name, more), parameters in zip(deployments, (ours, cloud(clouds)), strict=True)
    ]


def built(form: str, deployments: list[dict[str, Any]]) -> Any:
    """LiteLLM's Router of a form."""
    import litellm

    return litellm.Router(model_list=deployments, **{"num_retries": 0, **FORMS[form][1]})


def slipped(form: str, clouds: Clouds) -> Any:
    """A Router of a form whose first deployment has become ours behind our back."""
    router = built(form, model_list(form, clouds, {"model": "openai/gpt-4o", "api_key": "sk-invented"}))
    parameters = router.model_list[0]["litellm_params"]
    parameters["model"] = OURS["model"]
    return router


CALLS: dict[str, Callable[..., Any]] = {
    "completion": lambda router, **more: router.completion(messages=MESSAGES, **more),
    "completion, streamed": lambda router, **more: router.completion(messages=MESSAGES, stream=True, **more),
    "acompletion": lambda router, **more: router.acompletion(messages=MESSAGES, **more),
    "acompletion, streamed": lambda router, **more: router.acompletion(messages=MESSAGES, stream=True, **more),
    "text_completion": lambda router, **more: router.text_completion(prompt=SSN, **more),
    "atext_completion": lambda router, **more: router.atext_completion(prompt=SSN, **more),
    "atext_completion, streamed": lambda router, **more: router.atext_completion(prompt=SSN, stream=True, **more),
    "aresponses": lambda router, **more: router.aresponses(input=SSN, **more),
    "aresponses, streamed": lambda router, **more: router.aresponses(input=SSN, stream=True, **more),
    "messages": lambda router, **more: router.aanthropic_messages(messages=MESSAGES, max_tokens=20, **more),
    "messages, streamed": lambda router, **more: router.aanthropic_messages(
        messages=MESSAGES, max_tokens=20, stream=True, **more
    ),
    "embedding": lambda router, **more: router.embedding(input=[SSN], **more),
    "aembedding": lambda router, **more: router.aembedding(input=[SSN], **more),
}


def made(call: str, router: Any, **more: Any) -> None:
    """One call, read to its end."""

    async def read(answer: Any) -> None:
        answer = await answer
        if hasattr(answer, "__aiter__"):
            _ = [chunk async for chunk in answer]

    answer = CALLS[call](router, **more)
    if inspect.isawaitable(answer):
        asyncio.run(read(answer))
    elif call.endswith("streamed"):
        list(answer)


@pytest.mark.parametrize("form", FORMS)
def test_a_router_around_our_model_is_not_built(clouds: Clouds, form: str) -> None:
    """It is refused where it is built, and so has no calls that could fail over."""
    import litellm

    with pytest.raises(litellm.BadRequestError, match="LiteLLM Router"):
        CALLS["completion"](built(form, model_list(form, clouds)), model="a", **FORMS[form][2])


@pytest.mark.parametrize(
    "ours",
    [
        {"model": "router/auto"},
        {"model": "router/*"},
        {"model": "auto", "custom_llm_provider": "router"},
        {"model": "os.environ/MODEL_OF_A"},
        {"model": "an-alias"},
    ],
    ids=lambda ours: ours["model"],
)
@pytest.mark.parametrize("lenient", [False, True], ids=["strict", "lenient"])
def test_each_spelling_of_our_model_is_refused(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch, ours: dict[str, str], lenient: bool
) -> None:
    """Also by a Router that leaves out deployments in which it sees a mistake; the group's fallback would answer."""
    import litellm

    monkeypatch.setenv("MODEL_OF_A", "router/auto")
    monkeypatch.setattr(litellm, "model_alias_map", {"an-alias": "router/auto"})
    with pytest.raises(litellm.BadRequestError, match="LiteLLM Router"):
        litellm.Router(model_list=model_list("fallbacks", clouds, ours), ignore_invalid_deployments=lenient)


@pytest.mark.parametrize("intake", ["add_deployment", "upsert_deployment", "set_model_list"])
def test_a_later_deployment_is_refused_too(clouds: Clouds, intake: str) -> None:
    """The Router stays as it was."""
    import litellm
    from litellm.types.router import Deployment, LiteLLM_Params

    router = litellm.Router(model_list=[{"model_name": "b", "litellm_params": cloud(clouds)}])
    before = [entry["model_info"]["id"] for entry in router.model_list]
    new: Any = Deployment(model_name="a", litellm_params=LiteLLM_Params(model="router/auto"))
    if intake == "set_model_list":
        new = model_list("fallbacks", clouds)
    with pytest.raises(litellm.BadRequestError, match="LiteLLM Router"):
        getattr(router, intake)(new)
    assert [entry["model_info"]["id"] for entry in router.model_list] == before


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("form", FORMS)
def test_a_router_that_got_our_model_all_the_same_is_stopped(clouds: Clouds, form: str, call: str) -> None:
    """Whatever would follow in it, and by which of its methods it is called."""
    import litellm

    with pytest.raises(litellm.BadRequestError, match=STOPPED):
        made(call, slipped(form, clouds), model="a", **FORMS[form][2])


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("model", ["router/auto", "a"])
def test_a_router_for_every_model_is_stopped(clouds: Clouds, model: str, call: str) -> None:
    """Its list names no model of ours, and a call does, straight or by an alias of the Router."""
    import litellm

    router = litellm.Router(
        model_list=[
            {"model_name": "*", "litellm_params": {"model": "*"}},
            {"model_name": "b", "litellm_params": cloud(clouds)},
        ],
        model_group_alias={"a": "router/auto"},
        default_fallbacks=["b"],
        num_retries=0,
    )
    with pytest.raises(litellm.BadRequestError, match=STOPPED):
        made(call, router, model=model, fallbacks=["b"])


@pytest.mark.parametrize("call", ["completion", "acompletion", "completion, streamed", "acompletion, streamed"])
def test_the_handler_ends_a_routers_call_by_itself(clouds: Clouds, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Without the checks around the Router: LiteLLM catches every Exception, and this is none."""
    from litellm.router import Router

    from router_plugin.sdk_guard import CALL, PastTheLock

    monkeypatch.setattr(Router, CALL, inspect.unwrap(getattr(Router, CALL), stop=_is_litellms))
    with pytest.raises(PastTheLock, match="LiteLLM Router"):
        made(call, slipped("fallbacks", clouds), model="a")


def _is_litellms(function: Callable[..., Any]) -> bool:
    return "__wrapped_by_router__" not in vars(function)


async def test_a_sync_call_in_a_running_loop_is_stopped(clouds: Clouds) -> None:
    """LiteLLM runs it in a thread."""
    import litellm

    with pytest.raises(litellm.BadRequestError, match="LiteLLM Router"):
        slipped("fallbacks", clouds).completion(model="a", messages=MESSAGES)


FALLBACK_CALLS: dict[str, Callable[..., Any]] = {
    "completion": lambda llm, **more: llm.completion(messages=MESSAGES, **more),
    "completion, streamed": lambda llm, **more: llm.completion(messages=MESSAGES, stream=True, **more),
    "acompletion": lambda llm, **more: llm.acompletion(messages=MESSAGES, **more),
    "acompletion, streamed": lambda llm, **more: llm.acompletion(messages=MESSAGES, stream=True, **more),
    "text_completion": lambda llm, **more: llm.text_completion(prompt=SSN, **more),
    "responses": lambda llm, **more: llm.responses(input=SSN, **more),
    "aresponses": lambda llm, **more: llm.aresponses(input=SSN, **more),
    "messages": lambda llm, **more: llm.anthropic_messages(messages=MESSAGES, max_tokens=20, **more),
}


@pytest.mark.parametrize("everywhere", [False, True], ids=["of the call", "of all calls"])
@pytest.mark.parametrize("call", FALLBACK_CALLS)
def test_fallbacks_are_refused_in_plain_words(
    clouds: Clouds, monkeypatch: pytest.MonkeyPatch, call: str, everywhere: bool
) -> None:
    """A BadRequestError that says what to remove, without a traceback in it; `litellm.model_fallbacks` counts too."""
    import litellm

    fallbacks = [cloud(clouds)]
    if everywhere:
        monkeypatch.setattr(litellm, "model_fallbacks", fallbacks)
    monkeypatch.setitem(CALLS, call, FALLBACK_CALLS[call])
    with pytest.raises(litellm.BadRequestError, match=r"past the privacy lock\. Remove them") as caught:
        made(call, litellm, model="router/auto", **({} if everywhere else {"fallbacks": fallbacks}))
    assert "Traceback" not in str(caught.value)
    assert "All fallback attempts failed" not in str(caught.value)


def test_our_model_as_a_fallback_is_refused(clouds: Clouds) -> None:
    """What follows it in the list would run past the lock as well."""
    import litellm

    with pytest.raises(litellm.BadRequestError, match="past the privacy lock"):
        litellm.completion(model="openai/gpt-4o", messages=MESSAGES, fallbacks=["router/auto", cloud(clouds)])


def test_other_routers_and_fallbacks_work_as_before(running: Clouds) -> None:
    """Nothing of ours in them: LiteLLM's own retries and fallbacks go on."""
    import litellm

    down = {**cloud(running), "api_base": f"http://127.0.0.1:{free_port()}"}
    names = {"a": down, "b": cloud(running)}
    router = litellm.Router(
        model_list=[
            {"model_name": name, "litellm_params": {**given, "max_retries": 0}} for name, given in names.items()
        ],
        fallbacks=[{"a": ["b"]}],
        num_retries=0,
    )
    messages: Any = [{"role": "user", "content": SIMPLE}]
    assert router.completion(model="a", messages=messages).choices[0].message.content.startswith("served by other")
    answer: Any = litellm.completion(**down, messages=messages, max_retries=0, fallbacks=[cloud(running)])
    assert answer.choices[0].message.content.startswith("served by other")


def test_our_own_fallbacks_work_as_before(running: Clouds) -> None:
    """A public prompt goes on to the next provider."""
    import litellm

    from router_plugin.fakes.faults import BY_NAME

    running["anthropic"].default_fault = BY_NAME["status-503"]
    answer: Any = litellm.completion(model="router/auto", messages=[{"role": "user", "content": ANALYSIS}])
    running["anthropic"].default_fault = None
    assert answer.choices[0].message.content.startswith(("served by openai", "served by azure"))


def test_registering_twice_changes_nothing() -> None:
    """The checks are put around LiteLLM once."""
    from litellm.router import Router

    from router_plugin.sdk_guard import CALL, install

    before = getattr(Router, CALL)
    install()
    importlib.import_module("router_plugin.sdk")
    assert getattr(Router, CALL) is before


def test_litellm_still_has_what_the_checks_are_put_around() -> None:
    """Its Router's calls go through one method, its deployments through three, `fallbacks=` through one function."""
    import litellm
    from litellm.litellm_core_utils import fallback_utils
    from litellm.router import Router

    from router_plugin.sdk_guard import CALL, RUNNER

    assert f"self.{CALL}" in inspect.getsource(Router.function_with_fallbacks)
    assert "self.set_model_list(model_list)" in inspect.getsource(Router.__init__)
    assert f"await {RUNNER}(" in inspect.getsource(litellm.main.acompletion)
    assert f"async_function={RUNNER}" in inspect.getsource(fallback_utils.completion_with_fallbacks)
    assert '"model_group" in (kwargs.get(k)' in inspect.getsource(litellm.main.completion)


@pytest.mark.parametrize("kind", ["embedding", "aembedding", "image_generation", "aimage_generation"])
def test_what_is_no_chat_is_refused_with_its_cure(clouds: Clouds, kind: str) -> None:
    """The error says what to call instead."""
    import litellm

    given = {"prompt": SSN} if "image" in kind else {"input": [SSN]}
    with pytest.raises(litellm.BadRequestError, match=r"answers chats, not .+, such as `litellm\.\w+\(model="):
        asyncio.run(getattr(litellm, kind)(model="router/ollama-embed", **given))


@pytest.fixture
def bare(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without keys and without Ollama."""
    import router_plugin.sdk

    before = router_plugin.sdk._handler._engine
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", f"http://127.0.0.1:{free_port()}")
    router_plugin.sdk.configure(None)
    yield
    router_plugin.sdk._handler.use(before)


@pytest.mark.parametrize(
    ("text", "cure"), [(SSN, "Start Ollama"), (SIMPLE, "or set a provider's key, such as OPENAI_API_KEY")]
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_bare_machine_is_told_what_to_start(bare: None, text: str, cure: str, stream: bool) -> None:
    """The cure is one for this process, and a stream's refusal has the class of a whole answer's."""
    import litellm

    from router_plugin.errors import RequestRefused
    from router_plugin.sdk import explain

    messages = [{"role": "user", "content": text}]
    with pytest.raises(litellm.ServiceUnavailableError, match=cure) as caught:
        list(litellm.completion(model="router/auto", messages=messages, stream=stream))
    with pytest.raises(RequestRefused, match=cure) as looked_at:
        explain(messages)
    for said in (str(caught.value), str(looked_at.value)):
        assert "router_plugin.sdk.configure()" in said
        assert "start-up lines" not in said
        assert "scripts/serve" not in said
