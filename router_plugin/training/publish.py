"""Train and write a model with its papers: complexity.json, complexity.joblib, metrics.json, MODEL_CARD.md."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import joblib

from router_plugin.complexity import Cuts, TrainedScorer
from router_plugin.errors import ModelFileError
from router_plugin.modelfile import PREVIOUS
from router_plugin.textmodel import TextModel
from router_plugin.training.card import write_card
from router_plugin.training.complexity import Outcome, default_spec, learning_curve, train
from router_plugin.training.linear import WordVectors, fingerprint
from router_plugin.training.plots import draw, draw_learning_curve
from router_plugin.training.rows import Row, RowError, check_enough, deduplicate, read_rows
from router_plugin.training.unseen import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def run(
    data: Sequence[Path],
    outcomes: Sequence[Path],
    output: Path,
    *,
    outcome_weight: float,
    seed: int,
    force: bool,
    vectors: Path | None,
    progress: Progress,
    n_jobs: int = 1,
    curve: bool = False,
) -> list[str]:
    """Read, train, check, write. Returns the gates that failed; then nothing is written unless `force`.

    Errors: RowError for bad labels, FileNotFoundError.
    """
    if output.exists() and not output.is_dir():
        raise RowError(f"{output} is a file; name a folder to write the model to.")
    rows, dropped = deduplicate([row for path in data for row in read_rows(path)])
    check_enough(rows)
    progress(f"{len(rows)} rows; {len(dropped)} exact repeats left out")
    if contradicting := sum(repeat.contradicts for repeat in dropped):
        progress(f"  {contradicting} of them with another label than the row that is kept, the first one:")
    for repeat in dropped[:20]:
        progress(f"  {repeat.id} repeats {repeat.kept}{' with another label' if repeat.contradicts else ''}")
    outcome_rows = [row for path in outcomes for row in read_rows(path)]
    spec = default_spec(WordVectors.load(vectors) if vectors is not None and vectors.is_file() else None)
    outcome = train(
        rows,
        outcome_rows,
        spec=spec,
        outcome_weight=outcome_weight,
        fingerprint=fingerprint([_public(row) for row in (*rows, *outcome_rows)]),
        seed=seed,
        n_jobs=n_jobs,
        progress=progress,
    )
    figures = outcome.metrics["cross_validation"]
    progress(f"cross-validated: accuracy {figures['accuracy']}, off by two {figures['off_by_two']}")
    for name, baseline in figures["baselines"].items():
        progress(f"  beside it {name}: {baseline['accuracy']}")
    if not outcome.failed_gates or force:
        if before := _model(output / "complexity.json"):
            progress(
                f"replaces model {before.version}, trained on {before.extra.get('rows', 0):,} rows, by one of "
                f"{len(rows):,}; --roll-back puts it back until the training after this one"
            )
        write(outcome, output)
        if write_card(output, outcome, [*data, *outcomes]):
            progress("wrote MODEL_CARD.md")
        points = learning_curve(rows, spec, progress, seed) if curve else []
        _draw(outcome, output, points, progress)
        progress(f"wrote {output.name}/complexity.json, version {outcome.model.version}")
    return outcome.failed_gates


def _draw(outcome: Outcome, output: Path, points: Sequence[tuple[int, float]], progress: Progress) -> None:
    cuts = Cuts(**outcome.model.extra["cuts"])
    try:
        names = draw(output / "plots", outcome.truth, outcome.probability, cuts, outcome.predicted)
        if points:
            names.append(draw_learning_curve(output / "plots", points))
    except ImportError:
        progress("no plots: matplotlib is not installed (it is in the `train` extra)")
        return
    progress(f"wrote {', '.join(f'plots/{name}' for name in names)}")


def _public(row: Row) -> dict[str, Any]:
    return {"messages": row.messages, "beyond_local": row.beyond_local, "beyond_mid": row.beyond_mid}


def replace_file(source: Path, target: Path) -> None:
    """Copy a file so that a reader of `target` sees the old or the new one."""
    temporary = target.with_suffix(".tmp")
    shutil.copyfile(source, temporary)
    temporary.replace(target)


def roll_back(output: Path) -> str:
    """Put the model before the latest one back in place, and that one in its stead. Returns its version.

    Errors: ModelFileError or FileNotFoundError where there is no usable one; then nothing is changed.
    """
    path, previous = output / "complexity.json", output / PREVIOUS
    if not previous.is_file():
        raise FileNotFoundError(f"{output} has no earlier model: the next training keeps one as {previous.name}.")
    version = TrainedScorer.load(previous).model.version
    aside = output / "complexity.aside.json"
    has_latest = path.is_file()
    if has_latest:
        replace_file(path, aside)
    replace_file(previous, path)
    if has_latest:
        aside.replace(previous)
    return version


def _model(path: Path) -> TextModel | None:
    """A model that can be rolled back to; None where there is none."""
    try:
        return TextModel.load(path)
    except (FileNotFoundError, ModelFileError):
        return None


def write(outcome: Outcome, output: Path) -> None:
    """Write the model; the one before it stays as complexity.previous.json, to roll back to."""
    output.mkdir(parents=True, exist_ok=True)
    path = output / "complexity.json"
    before = _model(path)
    if before and before.version != outcome.model.version:  # neither a damaged file nor the same model takes its place
        replace_file(path, output / PREVIOUS)
    outcome.model.save(path)
    fitted = {"features": outcome.fitted.features, "heads": outcome.fitted.heads, "stack": outcome.stack}
    joblib.dump(fitted, output / "complexity.joblib", 6)
    metrics_path = output / "metrics.json"
    known = json.loads(metrics_path.read_text("utf-8")) if metrics_path.is_file() else {}
    known["complexity"] = {
        **known.get("complexity", {}),
        "version": outcome.model.version,
        "fingerprint": outcome.model.fingerprint,
        **outcome.metrics,
    }
    metrics_path.write_text(json.dumps(known, indent=1) + "\n", "utf-8")
