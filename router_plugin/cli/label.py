"""`router-plugin label`: a model labels your prompts by the rubric, a local one unless you say otherwise."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from dotenv import load_dotenv

from router_plugin.adopt import adopt
from router_plugin.build import build_router
from router_plugin.capabilities import OLLAMA_PREFIXES
from router_plugin.cli.options import config_option
from router_plugin.config import RouterConfig, check, lenient_settings, read_file
from router_plugin.deployments import EMBEDDING, Deployment, is_auto, is_marked_local, well_formed
from router_plugin.direct import bypass_proxies, refuse_redirects
from router_plugin.labelling import Ask, LabelError, Labelling, key_of, read_lines
from router_plugin.labelling import label as label_rows
from router_plugin.ollama import Survey
from router_plugin.pipeline import Router
from router_plugin.references import resolved
from router_plugin.request import Surface
from router_plugin.runtime_config import fit_ollama, look_for_ollama
from router_plugin.settings import SHADOW
from router_plugin.training.rows import messages_of

ANSWER_TOKENS = 8
TIMEOUT_SECONDS = 120.0
OWN_LIMITS = ("stream_timeout", "timeout")  # of an entry; a label has that one
FINDING = 1
NO_OLLAMA = "no Ollama answers at"  # in a line of `fit_ollama`
START_IT = "start it with `ollama serve`, or name another with OLLAMA_HOST"


@click.command(epilog="Example: router-plugin label prompts.jsonl labelled.jsonl --model ollama-default")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@click.option("--model", help="A model group or deployment of the config. Default: the first local one.")
@click.option("--allow-cloud", is_flag=True, help="Let the named model be a cloud one; private rows are left out then.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def label(source: Path, target: Path, config: Path, model: str | None, allow_cloud: bool, as_json: bool) -> None:
    """Label SOURCE (a prompt a line: {"text": ...} or {"messages": [...]}) and append the rows to TARGET.

    Run it again to go on where it stopped. Check a sample by hand before you train on it.
    """
    here = _fit(config)
    deployment = _pick(here, model)
    if not deployment.local and not allow_cloud:
        raise LabelError(
            f"`{deployment.group}` is not local, so your prompts would leave. Name a local model, or add --allow-cloud."
        )
    bypass_proxies(here.config.inventory, os.environ)
    refuse_redirects(here.config.inventory)
    router = build_router(here.config)
    ask = _asker(deployment, here.entries)
    done = _done(target)
    with source.open(encoding="utf-8") as lines, target.open("a", encoding="utf-8") as output:
        if ends_amid_a_line(target):
            output.write("\n")

        def write(row: dict[str, Any]) -> None:
            output.write(json.dumps(row, ensure_ascii=False) + "\n")
            output.flush()

        result = label_rows(
            read_lines(lines), done, ask, is_private=None if deployment.local else _private(router), write=write
        )
    click.echo(_json(result) if as_json else _text(result))
    if result.unanswered:
        raise SystemExit(FINDING)


@dataclass(frozen=True)
class _Fitted:
    """A config fitted to the Ollama servers that answer, as `serve` does: its entries, and what became of them."""

    listed: list[Mapping[str, Any]]  # as the file has them
    entries: list[Mapping[str, Any]]
    config: RouterConfig
    survey: Survey
    lost: list[str]  # a line for each model that no server has


def _fit(path: Path) -> _Fitted:
    """Errors: ConfigError."""
    load_dotenv(path.parent / ".env")
    raw = read_file(path)
    settings = lenient_settings(raw)
    if settings.mode == SHADOW and isinstance(raw.get("model_list"), list):
        # what shadow mode decides with: its config need name no ids, nor say what is local
        entries = adopt(raw["model_list"], os.environ, settings.local_hosts).entries
        raw = {**raw, "model_list": list(entries)}
    survey = look_for_ollama(raw, os.environ)
    fitted, lost = fit_ollama(raw, survey)
    config = check(fitted, os.environ)
    return _Fitted(well_formed(raw["model_list"])[0], well_formed(fitted["model_list"])[0], config, survey, lost)


def _pick(here: _Fitted, model: str | None) -> Deployment:
    """The deployment that labels, of several one whose server answers. Errors: LabelError."""
    inventory = here.config.inventory
    found = inventory.find(model) if model else inventory.deployments
    usable = [d for d in found if d.role != EMBEDDING and (model or d.local)]
    if not usable:
        raise LabelError(_nothing(here, model))
    chosen = min(usable, key=lambda d: (_is_down(d, here.survey), d.role != "default"))
    if _is_down(chosen, here.survey):
        raise LabelError(f"`{chosen.group}` can't label: no Ollama answers at {chosen.api_base}; {START_IT}.")
    return chosen


def _is_down(deployment: Deployment, survey: Survey) -> bool:
    is_ollama = deployment.local and deployment.model.startswith(OLLAMA_PREFIXES)
    return is_ollama and (deployment.api_base or "").rstrip("/") not in survey.found


def _nothing(here: _Fitted, model: str | None) -> str:
    """Why no deployment can label."""
    wanted = [entry for entry in here.listed if not is_auto(entry["model_name"]) and _is_wanted(entry, model)]
    groups, ids = ({name(entry) for entry in wanted} for name in (lambda e: e["model_name"], _id_of))
    why = [line for line in here.lost if line.split(" ", 1)[0] in groups]
    why += [
        f"{model or name} is left out: {_as_sentence(reason)}"
        for name, reason in here.config.inventory.left_out
        if name in ids
    ]
    if why and all(NO_OLLAMA in line for line in why):  # one reason, not one for each model
        why = [f"no Ollama answers at {', '.join(here.survey.hosts)}; {START_IT}"]
    what = f"model {model!r}" if model else "local model"
    return f"There is no {what} that can label: {'; '.join(why) or 'the config has none'}."


def _is_wanted(entry: Mapping[str, Any], model: str | None) -> bool:
    role = ((entry.get("model_info") or {}).get("router") or {}).get("role")
    if model is None:
        return is_marked_local(entry) and role != EMBEDDING
    name = str(entry["litellm_params"]["model"])
    return model in (entry["model_name"], _id_of(entry), name, name.split("/", 1)[-1])


def _id_of(entry: Mapping[str, Any]) -> object:
    return (entry.get("model_info") or {}).get("id")


def _as_sentence(why: str) -> str:
    """An inventory's reason, such as `A and B not set`, with its verb."""
    names = why.removesuffix(" not set")
    return why if names == why else f"{names} {'are' if ' and ' in names else 'is'} not set"


def _asker(deployment: Deployment, entries: Sequence[Mapping[str, Any]]) -> Ask:
    """Calls the deployment with the parameters that its entry has. Errors, when called: LabelError."""
    params = next(entry["litellm_params"] for entry in entries if _id_of(entry) == deployment.id)
    given = {key: resolved(value, os.environ) for key, value in params.items() if key not in OWN_LIMITS}
    where = f" at {deployment.api_base}" if deployment.local else ""

    def ask(messages: Sequence[Mapping[str, str]]) -> str:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # its import asks no network
        import litellm

        litellm.suppress_debug_info = True  # a banner for LiteLLM's developers
        logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)  # it may quote the prompt
        try:
            answer: Any = litellm.completion(
                **given, messages=list(messages), max_tokens=ANSWER_TOKENS, temperature=0, timeout=TIMEOUT_SECONDS
            )
        except Exception as error:  # noqa: BLE001 - of many classes; the messages may quote the prompt
            raise LabelError(
                f"`{deployment.group}`{where} failed ({type(error).__name__}); finished rows are kept. "
                "See what is wrong with `router-plugin doctor`, and run this again."
            ) from None
        return str(answer.choices[0].message.content or "")

    return ask


def _private(router: Router) -> Callable[[dict[str, Any]], bool]:
    def is_private(row: dict[str, Any]) -> bool:
        body = {"messages": [{"role": role, "content": text} for role, text in messages_of(row)]}
        return router.scan(body, Surface.CHAT).private

    return is_private


def ends_amid_a_line(target: Path) -> bool:
    """Has a file a last line without its newline?"""
    return target.read_bytes()[-1:] not in (b"", b"\n")


def _done(target: Path) -> set[str]:
    if not target.exists():
        return set()
    with target.open(encoding="utf-8") as lines:
        return {key_of(row) for _, row in read_lines(lines)}


def _json(result: Labelling) -> str:
    return json.dumps({**vars(result), "unanswered": list(result.unanswered)})


def _text(result: Labelling) -> str:
    lines = [f"labelled {result.labelled}, already labelled {result.known}"]
    if result.private:
        lines.append(f"left out {result.private} private rows: the model is not local")
    if result.unanswered:
        lines.append(f"no clear answer for line(s) {', '.join(map(str, result.unanswered))}")
    return "\n".join(lines)
