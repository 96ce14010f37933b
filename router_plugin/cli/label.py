"""`router-plugin label`: a model labels your prompts by the rubric, a local one unless you say otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import yaml

from router_plugin.build import build_router
from router_plugin.cli.options import config_option
from router_plugin.config import load
from router_plugin.deployments import Deployment, Inventory
from router_plugin.labelling import Ask, LabelError, Labelling, key_of, read_lines
from router_plugin.labelling import label as label_rows
from router_plugin.pipeline import Router
from router_plugin.request import Surface

ANSWER_TOKENS = 8
TIMEOUT_SECONDS = 120.0
FINDING = 1


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
    router = build_router(load(config, os.environ))
    deployment = _pick(router.config.inventory, model)
    if not deployment.local and not allow_cloud:
        raise LabelError(
            f"`{deployment.group}` is not local, so your prompts would leave. Name a local model, or add --allow-cloud."
        )
    ask = _asker(deployment, config)
    done = _done(target)
    with source.open(encoding="utf-8") as lines, target.open("a", encoding="utf-8") as output:

        def write(row: dict[str, Any]) -> None:
            output.write(json.dumps(row, ensure_ascii=False) + "\n")
            output.flush()

        result = label_rows(
            read_lines(lines), done, ask, is_private=None if deployment.local else _private(router), write=write
        )
    click.echo(_json(result) if as_json else _text(result))
    if result.unanswered:
        raise SystemExit(FINDING)


def _pick(inventory: Inventory, model: str | None) -> Deployment:
    """The deployment that labels. Errors: LabelError."""
    found = inventory.find(model) if model else inventory.deployments
    usable = [d for d in found if d.role != "embedding" and (model or d.local)]
    default = [d for d in usable if d.role == "default"]
    if not usable:
        raise LabelError(f"The config has no {'model ' + repr(model) if model else 'local model'} that can label.")
    return (default or usable)[0]


def _asker(deployment: Deployment, config: Path) -> Ask:
    """Calls the deployment with the parameters that the config gives it. Errors, when called: LabelError."""
    entries = yaml.safe_load(config.read_text(encoding="utf-8"))["model_list"]
    params = next(e["litellm_params"] for e in entries if (e.get("model_info") or {}).get("id") == deployment.id)
    resolved = {key: _resolved(value) for key, value in params.items() if key not in ("stream_timeout", "timeout")}

    def ask(messages: Sequence[Mapping[str, str]]) -> str:
        import litellm

        try:
            answer: Any = litellm.completion(
                **resolved, messages=list(messages), max_tokens=ANSWER_TOKENS, temperature=0, timeout=TIMEOUT_SECONDS
            )
        except Exception as error:  # noqa: BLE001 - of many classes; the messages may quote the prompt
            raise LabelError(f"`{deployment.group}` failed ({type(error).__name__}); finished rows are kept.") from None
        return str(answer.choices[0].message.content or "")

    return ask


def _resolved(value: object) -> object:
    if isinstance(value, str) and value.startswith("os.environ/"):
        return os.environ.get(value.removeprefix("os.environ/"))
    return value


def _private(router: Router) -> Callable[[dict[str, Any]], bool]:
    def is_private(row: dict[str, Any]) -> bool:
        body = {"messages": row.get("messages") or [{"role": "user", "content": row["text"]}]}
        return router.scan(body, Surface.CHAT).private

    return is_private


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
