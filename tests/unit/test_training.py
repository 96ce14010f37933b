"""Labelled data and training."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from router_plugin import features
from router_plugin.complexity import HEADS, Cuts, Thresholds, TrainedScorer
from router_plugin.errors import ModelFileError
from router_plugin.training import evaluate, metrics
from router_plugin.training.cluster import cluster
from router_plugin.training.complexity import default_spec, tiers
from router_plugin.training.examples import examples
from router_plugin.training.linear import fit_linear
from router_plugin.training.outcomes import Pair, gain_report
from router_plugin.training.publish import roll_back, run
from router_plugin.training.rows import Repeat, RowError, check_enough, deduplicate, group_of, read_rows

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "classifier_model" / "complexity.json"


def write(path: Path, *records: object) -> Path:
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records), "utf-8")
    return path


def test_every_bad_line_is_named(tmp_path: Path) -> None:
    """Bad rows are all reported with their line and their fault; none is dropped silently."""
    path = write(
        tmp_path / "p.jsonl",
        {"text": "hi", "tier": "low"},
        {"text": "hi"},
        "{not json",
        {"tier": "low"},
        {"text": "x", "tier": "huge"},
        {"messages": [{"role": "robot", "content": "x"}], "tier": "low"},
        {"text": "x", "weak": 1.5, "mid": 1},
        "[]",
    )
    with pytest.raises(RowError) as caught:
        read_rows(path)
    message = str(caught.value)
    assert [n for n in range(1, 9) if f"line {n}:" in message] == [2, 3, 4, 5, 6, 7, 8]


def test_csv_and_outcomes(tmp_path: Path) -> None:
    """CSV rows and outcome rows give failure probabilities."""
    path = tmp_path / "p.csv"
    path.write_text("text,tier,weak,mid\nhello,low,,\nprove it,,0.25,0.5\n", "utf-8")
    first, second = read_rows(path)
    assert (first.beyond_local, first.beyond_mid) == (0.0, 0.0)
    assert (second.beyond_local, second.beyond_mid) == (0.75, 0.5)


def test_repeats_are_left_out_and_lookalikes_grouped(tmp_path: Path) -> None:
    """Exact repeats go; rows that share a run of words or a group share a fold."""
    long = "please write a function which merges all the overlapping intervals"
    path = write(
        tmp_path / "p.jsonl",
        {"text": f"{long} in Go", "tier": "medium"},
        {"text": f"{long.upper()}  IN GO", "tier": "medium"},
        {"text": f"{long} in Rust", "tier": "medium"},
        {"text": "other", "tier": "low", "group": "g"},
        {"text": "third", "tier": "low", "group": "g"},
        {"text": "other", "tier": "high"},
    )
    rows, dropped = deduplicate(read_rows(path))
    assert dropped == [Repeat("p-6", "p-4", contradicts=True), Repeat("p-2", "p-1", contradicts=False)]
    groups = group_of(rows)
    assert groups[0] == groups[1] != groups[2] == groups[3]


def test_too_few_rows(tmp_path: Path) -> None:
    """A handful of rows is a clear error."""
    rows = read_rows(write(tmp_path / "p.jsonl", {"text": "hi", "tier": "low"}))
    with pytest.raises(RowError, match="too few"):
        check_enough(rows)


@pytest.mark.parametrize("missing", ["low", "medium", "high"])
def test_a_tier_that_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    """Cross-validation can't say anything about a tier that nobody labelled."""
    rows = [row for row in training_rows(random_labels=False) if row["tier"] != missing]
    with pytest.raises(RowError, match=f"0 of 100 rows are {missing}"):
        train(tmp_path, rows)


def test_weak_without_mid_is_named(tmp_path: Path) -> None:
    """Half of the outcomes don't make a tier: neither for training nor for measuring."""
    rows = read_rows(write(tmp_path / "p.jsonl", *({"text": f"q{i}", "weak": i % 2} for i in range(70))))
    for check in (check_enough, lambda rows: evaluate.held_out(TrainedScorer.load(MODEL), rows)):
        with pytest.raises(RowError, match=r"add `mid` or `tier` to p-1, p-2,.* and 50 more"):
            check(rows)


@pytest.mark.parametrize("groups", [1, 4])
def test_too_few_groups_are_a_clear_error(tmp_path: Path, groups: int) -> None:
    """Five folds need five groups."""
    rows = [{**row, "group": f"g{i % groups}"} for i, row in enumerate(training_rows(random_labels=False))]
    with pytest.raises(RowError, match=rf"in {groups} group\(s\)"):
        train(tmp_path, rows)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("p.jsonl", b'{"text": "caf\xe9", "tier": "low"}\n', "line 1: not UTF-8"),
        ("p.jsonl", b'\n{"text": "\\ud800 x", "tier": "low"}\n', "line 2: .*surrogate"),
        (
            "p.jsonl",
            b'{"messages": [{"role": ["user"], "content": "x"}], "tier": "low"}\n',
            "line 1: a message's `role`",
        ),
        ("p.csv", b"text;tier\nhi;low\n", "line 1: no column `text` or `messages` among 1, split by commas"),
        ("p.csv", b"text,tier\nhi,low\ncaf\xe9,low\n", "line 3: not UTF-8"),
        ("p.csv", b"tier,text\nlow,hi\nhigh,A poem, please, on locks\n", "line 3: more cells than columns"),
        ("p.jsonl", b'{"text": "a", "weak": 1, "mid": 1, "tier": "hard"}\n', "line 1: needs `tier`"),
        ("p.jsonl", b"[" * 200_000, "line 1: not JSON"),
        ("p.jsonl.gz", b"no gzip", "can't be read"),
    ],
)
def test_files_that_cannot_be_read_name_the_line(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    """Each is an error that says where and why, never a traceback."""
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(RowError, match=message):
        read_rows(path)


def test_a_folder_is_no_file_of_rows(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(RowError, match="can't be read"):
        read_rows(tmp_path)


def test_what_files_may_hold(tmp_path: Path) -> None:
    """A byte order mark, line separators inside a text, a large cell, a name in capitals."""
    path = tmp_path / "p.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "a\xe2\x80\xa8b", "tier": "low"}\r\n{"text": "c", "tier": "high"}\n')
    assert [row.messages[0][1] for row in read_rows(path)] == ["a\u2028b", "c"]
    cells = tmp_path / "P.CSV"
    cells.write_text(f"text,tier\n{'x' * 200_000},low\n", "utf-8")
    assert [len(row.messages[0][1]) for row in read_rows(cells)] == [200_000]


def test_a_file_without_a_header_shows_no_prompt(tmp_path: Path) -> None:
    """Its first line is a prompt, which no message holds."""
    path = tmp_path / "p.csv"
    path.write_text("my husband was diagnosed,low\n", "utf-8")
    with pytest.raises(RowError, match="the first line names them") as caught:
        read_rows(path)
    assert "husband" not in str(caught.value)


def test_a_label_is_read_in_any_case_and_a_group_may_be_zero(tmp_path: Path) -> None:
    """A tier beside outcomes counts as one without them does, and group 0 is a group."""
    found = write(
        tmp_path / "p.jsonl",
        {"text": "first of all", "weak": 0.9, "mid": 0.9, "tier": " High", "group": 0},
        {"text": "something else", "tier": "HIGH", "group": 0},
    )
    rows = read_rows(found)
    assert [row.rank for row in rows] == [2, 2]
    assert len(set(group_of(rows))) == 1


@pytest.mark.parametrize(("weak", "mid", "rank"), [(0.5, 0.0, 0), (0.4, 0.5, 1), (0.4, 0.4, 2), (0.9, 0.1, 0)])
def test_outcomes_make_a_tier(tmp_path: Path, weak: float, mid: float, rank: int) -> None:
    """Half of the tries are enough, and what the weak model can do, the mid one can."""
    rows = read_rows(write(tmp_path / "p.jsonl", {"text": "q", "weak": weak, "mid": mid}))
    assert rows[0].rank == rank


def test_an_output_that_is_a_file_is_refused_at_once(tmp_path: Path) -> None:
    """Before anything is trained."""
    (tmp_path / "out").write_text("x", "utf-8")
    with pytest.raises(RowError, match="is a file; name a folder"):
        train(tmp_path, training_rows(random_labels=False))


def test_a_model_that_is_a_folder_is_named(tmp_path: Path) -> None:
    """As where the folder that was trained into is given instead of its complexity.json."""
    with pytest.raises(ModelFileError, match="name a model's JSON file"):
        TrainedScorer.load(tmp_path)


def test_measuring_on_nothing(tmp_path: Path) -> None:
    """An empty file is an error, not a division by nothing."""
    (tmp_path / "p.jsonl").write_text("\n", "utf-8")
    with pytest.raises(RowError, match="no labelled row"):
        evaluate.held_out(TrainedScorer.load(MODEL), read_rows(tmp_path / "p.jsonl"))


def training_rows(*, random_labels: bool) -> list[dict[str, str]]:
    """150 rows of three kinds; their tier is their kind's, or drawn by chance."""
    kinds = [("low", "what is the word for item"), ("medium", "write code with tests for"), ("high", "prove deep")]
    rng = random.Random(3)
    rows = []
    for i in range(150):
        tier, text = kinds[i % 3]
        rows.append(
            {"text": f"{text} {'abcdefghij'[i % 10]}{i}", "tier": rng.choice(kinds)[0] if random_labels else tier}
        )
    return rows


def train(tmp_path: Path, rows: list[dict[str, str]], *, force: bool = False) -> list[str]:
    path = write(tmp_path / "p.jsonl", *rows)
    quiet = {"outcome_weight": 0.1, "seed": 0, "vectors": None, "progress": lambda _: None}
    return run([path], [], tmp_path / "out", force=force, **quiet)


def test_a_trained_model_can_be_served(tmp_path: Path) -> None:
    """Rows in, a loadable model and its papers out; the model beats the baselines on learnable labels."""
    assert train(tmp_path, training_rows(random_labels=False)) == []
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"complexity.json", "complexity.joblib", "metrics.json"} <= names
    scorer = TrainedScorer.load(tmp_path / "out" / "complexity.json")
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())["complexity"]
    assert figures["version"] == scorer.model.version
    assert figures["cross_validation"]["accuracy"] > 0.95


def test_a_card_is_written_once_and_never_over_words_of_people(tmp_path: Path) -> None:
    """Training describes its model beside it; a card that somebody wrote or edited stays."""
    assert train(tmp_path, training_rows(random_labels=False)) == []
    path = tmp_path / "out" / "MODEL_CARD.md"
    text = path.read_text("utf-8")
    version = TrainedScorer.load(tmp_path / "out" / "complexity.json").model.version
    assert version in text
    assert "| always_medium | 0." in text
    path.write_text("# Mine\n", "utf-8")
    train(tmp_path, training_rows(random_labels=False))
    assert path.read_text("utf-8") == "# Mine\n"


def test_abstention_is_measured_on_rows_that_the_judge_has_not_seen(tmp_path: Path) -> None:
    """Words that only a row and its look-alike hold are a guess each time, though a model of all rows knows them."""
    english = [{**row, "lang": "en"} for row in training_rows(random_labels=False)[:90]]
    foreign = [
        {"text": "".join(chr(0x4E00 + 12 * (i // 2) + k) for k in range(12)) + "。" * (i % 2), "group": f"g{i // 2}"}
        for i in range(20)
    ]
    marked = [{**row, "tier": "low", "lang": ("zh", "ja")[i % 2]} for i, row in enumerate(foreign)]
    rows = read_rows(write(tmp_path / "p.jsonl", *english, *marked))
    spec = default_spec(None)
    about = {"features": features.VERSION, "cuts": asdict(Cuts(band=0.0, known=0.2))}
    fitted = fit_linear(examples(rows), HEADS, spec)
    scorer = TrainedScorer(fitted.export("complexity", features.NAMES, extra=about))
    assert not any(scorer.score(row.conversation).abstained for row in rows)
    found = evaluate.abstention(scorer, rows, spec, lambda _: None)
    assert found == {
        "en": {"rows": 90, "abstained": 0.0},
        "other": {"rows": 20, "abstained": 1.0},
        "zh": {"rows": 10, "abstained": 1.0},
        "ja": {"rows": 10, "abstained": 1.0},
    }


def test_roll_back(tmp_path: Path) -> None:
    """Training keeps the model before; rolling back swaps the two; without one nothing is changed."""
    out = tmp_path / "out"
    rows = training_rows(random_labels=False)
    train(tmp_path, rows)
    first = (out / "complexity.json").read_bytes()
    with pytest.raises(FileNotFoundError):
        roll_back(out)
    assert (out / "complexity.json").read_bytes() == first
    train(tmp_path, rows[:-9])
    second = (out / "complexity.json").read_bytes()
    roll_back(out)
    assert (out / "complexity.json").read_bytes() == first != second
    roll_back(out)
    assert (out / "complexity.json").read_bytes() == second
    train(tmp_path, rows[:-9])  # the same once more
    roll_back(out)
    assert (out / "complexity.json").read_bytes() == first


def test_a_damaged_model_is_not_kept_to_roll_back_to(tmp_path: Path) -> None:
    """The good one before it stays."""
    out = tmp_path / "out"
    rows = training_rows(random_labels=False)
    train(tmp_path, rows)
    first = (out / "complexity.json").read_bytes()
    train(tmp_path, rows[:-9])
    (out / "complexity.json").write_bytes(first[:5000])
    train(tmp_path, rows[:-18])
    roll_back(out)
    assert (out / "complexity.json").read_bytes() == first


def test_a_model_that_no_proxy_takes_is_not_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of other features is refused, and nothing is changed."""
    out = tmp_path / "out"
    rows = training_rows(random_labels=False)
    monkeypatch.setattr(features, "VERSION", "ask-0")
    train(tmp_path, rows)
    monkeypatch.undo()
    train(tmp_path, rows[:-9])
    before = {path.name: path.read_bytes() for path in out.glob("complexity*.json")}
    with pytest.raises(ModelFileError, match="another version"):
        roll_back(out)
    assert {path.name: path.read_bytes() for path in out.glob("complexity*.json")} == before


def test_training_says_which_model_it_replaces(tmp_path: Path) -> None:
    """A model of few rows takes the place of one of many only with a word about it."""
    lines: list[str] = []
    rows = training_rows(random_labels=False)
    data = [write(tmp_path / f"{n}.jsonl", *(rows[:-n] if n else rows)) for n in (0, 9)]
    for path in data:
        run([path], (), tmp_path / "out", outcome_weight=0.1, seed=0, force=False, vectors=None, progress=lines.append)
    told = [line for line in lines if line.startswith("replaces model")]
    assert len(told) == 1
    assert f"trained on {len(rows)} rows, by one of {len(rows) - 9}" in told[0]


def test_gates_refuse_a_model_without_skill(tmp_path: Path) -> None:
    """Labels without a pattern give a model that isn't written, with the gates that it failed."""
    failed = train(tmp_path, training_rows(random_labels=True))
    assert failed
    assert not (tmp_path / "out").exists()


def test_the_scripts_exit_codes_are_those_of_the_command(tmp_path: Path) -> None:
    """2 for labels that can't be used, 1 for a model that fails a gate: the same from the script and the command."""
    noise = [{"text": f"prompt {i} {i * i}", "tier": ("low", "medium", "high")[i * 7 % 3]} for i in range(90)]
    files = {2: write(tmp_path / "bad.jsonl", {"text": "a"}), 1: write(tmp_path / "noise.jsonl", *noise)}
    for code, data in files.items():
        for number, call in enumerate((["scripts/train_classifier.py"], ["-m", "router_plugin.cli", "train"])):
            folder = tmp_path / f"{code}-{number}"
            options = ["--data", str(data), "--output", str(folder)]
            ended = subprocess.run([sys.executable, *call, *options], cwd=ROOT, capture_output=True, check=False)
            assert ended.returncode == code, ended.stderr
            assert not (folder / "complexity.json").exists()


def test_tiers_of_many_rows_are_those_that_are_served() -> None:
    """What cuts are chosen by is what a scorer decides, at the cuts themselves too."""
    chance = np.random.default_rng(0)
    for cuts in (Cuts(), Cuts(local=0.42, mid=0.6), Cuts(local=0.66, mid=0.34)):
        found = np.vstack([chance.random((500, 2)), [[cuts.local, cuts.mid], [cuts.local, 0.0], [0.0, 1.0]]])
        served = [Thresholds().tier(cuts.score(p, min(q, p))).rank for p, q in found.tolist()]
        assert tiers(found, cuts).tolist() == served


def test_figures() -> None:
    """Accuracy, off-by-two, AUC and calibration error on values worked out by hand."""
    np = pytest.importorskip("numpy")
    truth, predicted = np.array([0, 1, 2, 2]), np.array([0, 2, 0, 2])
    assert metrics.accuracy(truth, predicted) == 0.5
    assert metrics.off_by_two(truth, predicted) == 0.25
    assert metrics.auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])) == 0.75
    assert metrics.ece(np.array([0.0, 1.0]), np.array([0.0, 0.0]), bins=2) == 0.5


@pytest.mark.slow
def test_folds_run_on_a_dask_cluster(tmp_path: Path) -> None:
    """Cross-validation on a local Dask cluster gives the figures that one process gives."""
    distributed = pytest.importorskip("distributed", reason="needs the package `distributed`, in the `dev` extra")
    every = (ROOT / "classifier_model" / "prompts.jsonl").read_text("utf-8").splitlines()
    data = tmp_path / "some.jsonl"
    data.write_text("\n".join(every[:1200]) + "\n", "utf-8")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as local:
        for address in (None, local.scheduler_address):
            with cluster(address):
                run(
                    [data],
                    [],
                    tmp_path / ("dask" if address else "alone"),
                    outcome_weight=0.1,
                    seed=0,
                    force=True,
                    vectors=None,
                    n_jobs=-1 if address else 1,
                    progress=lambda _: None,
                )
    found = {
        name: json.loads((tmp_path / name / "metrics.json").read_text("utf-8"))["complexity"]
        for name in ("dask", "alone")
    }
    assert found["dask"] == found["alone"]


def test_gap_recovered_by_hand() -> None:
    """Four prompts, the strong model wins on two: a perfect order recovers all with half of the calls."""
    weak, strong = np.array([0.0, 1.0, 0.0, 1.0]), np.array([1.0, 1.0, 1.0, 1.0])
    best, worst = np.array([2.0, 0.0, 1.0, -1.0]), np.array([0.0, 2.0, 0.5, 1.0])
    assert metrics.gap_recovered(best, weak, strong).tolist() == [0.0, 0.5, 1.0, 1.0, 1.0]
    assert metrics.cpt(best, weak, strong, 0.5) == 0.25
    assert metrics.cpt(worst, weak, strong, 0.5) == 0.75
    assert metrics.apgr(best, weak, strong) == pytest.approx(0.75, abs=0.01)
    assert metrics.apgr(worst, weak, strong) == pytest.approx(0.25, abs=0.01)


def test_gain_is_learnt_from_pairs() -> None:
    """Where a word tells which model wins, held-out prompts are ordered by it."""
    rng = random.Random(3)
    pairs = []
    for _ in range(300):
        hard = rng.random() < 0.4
        words = [rng.choice(["alpha", "beta", "gamma", "delta"]) for _ in range(6)] + ["proof" if hard else "sum"]
        pairs.append(Pair(" ".join(words), 0.0 if hard else 1.0, 1.0))
    report = gain_report(pairs, seeds=1)
    assert report["ours"]["apgr"] > 0.75
    assert 0.4 < report["random"]["apgr"] < 0.6
