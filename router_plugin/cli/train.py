"""`router-plugin train` and `evaluate`: the scripts of the same names, for an installed package."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import click

from router_plugin.errors import RouterPluginError
from router_plugin.modelfile import lost_by_training
from router_plugin.paths import model_dir


class TrainingNotInstalled(RouterPluginError):
    """The packages that training needs are not there."""


def _check() -> None:
    missing = [name for name in ("sklearn", "joblib") if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingNotInstalled(
            f"Training needs {' and '.join(missing)}: pip install 'litellm-router-plugin[train]' where the router is."
        )


@click.command(epilog="Example: router-plugin train --data my_prompts.jsonl --output my_model")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    required=True,
    help="Labels; may be repeated.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=model_dir,
    help="Folder to write to; default: the shipped model's.",
)
@click.option(
    "--n-jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes for cross-validation."
)
@click.option("--force", is_flag=True, help="Write the model even if a gate fails.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end; progress goes to stderr.")
def train(data: tuple[Path, ...], output: Path, n_jobs: int, force: bool, as_json: bool) -> None:
    """Train the complexity classifier on labelled prompts and write it with its papers.

    JSON lines or CSV, 60 rows at least: `text` or `messages`, and `tier` (low, medium, high) or `weak` and `mid`, the
    share of successes of models of that class. To use what is written elsewhere, name its complexity.json in the
    config (`routing.classifier_path`). A model that fails a gate isn't written.
    """
    _check()
    from router_plugin.training.publish import run
    from router_plugin.training.rows import RowError

    if warning := lost_by_training(output):
        click.echo(f"note: {warning}", err=True)
    vectors = model_dir() / "word_vectors.json"
    try:
        failed = run(
            data,
            (),
            output,
            outcome_weight=0.1,
            seed=0,
            force=force,
            vectors=vectors,
            n_jobs=n_jobs,
            progress=lambda line: click.echo(line, err=True),
        )
    except RowError as error:
        raise TrainingDataError(str(error)) from None
    for gate in failed:
        click.echo(f"gate failed: {gate}", err=True)
    if failed:
        click.echo("written all the same (--force)" if force else "nothing was written", err=True)
    if as_json:
        click.echo(json.dumps({"output": str(output), "written": force or not failed, "gates_failed": failed}))
    if failed and not force:
        sys.exit(1)


class TrainingDataError(RouterPluginError):
    """The labels can't be used."""


@click.command(epilog="Example: router-plugin evaluate held_out.jsonl --json")
@click.argument("rows", type=click.Path(path_type=Path, exists=True))
@click.option("--model", type=click.Path(path_type=Path), help="A complexity.json; default: the shipped one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(rows: Path, model: Path | None, as_json: bool) -> None:
    """Measure a complexity model on labelled rows that it was not trained on, beside trivial baselines."""
    _check()
    from router_plugin.complexity import TrainedScorer
    from router_plugin.training.evaluate import held_out, table
    from router_plugin.training.rows import RowError, read_rows

    try:
        figures = held_out(TrainedScorer.load(model or model_dir() / "complexity.json"), read_rows(rows))
    except (RowError, FileNotFoundError) as error:
        raise TrainingDataError(str(error)) from None
    click.echo(table(figures, as_json=as_json))
