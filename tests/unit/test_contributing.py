"""The map in CONTRIBUTING.md is whole, and the figures and prices in the documents are those of their sources."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "router_plugin"
DOLLARS_PER_MILLION = 1_000_000


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_map_names_every_module_and_nothing_else() -> None:
    """A module without a room, or a room without a module: name it in the table of CONTRIBUTING.md."""
    rows = [line.split("|")[2] for line in read("CONTRIBUTING.md").splitlines() if line.startswith("| ")][1:]
    named = [name for row in rows for name in re.findall(r"`([a-z_]+/?)`", row)]
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    assert sorted(named) == sorted(modules | folders)


def test_the_commands_exist() -> None:
    """Each script that the guide starts is there."""
    for name in re.findall(r"^(scripts/\w+)", read("CONTRIBUTING.md"), re.MULTILINE):
        assert (ROOT / name).is_file(), name


def test_the_readme_is_short() -> None:
    """Long parts go to docs/."""
    assert len(read("README.md").splitlines()) <= 260


def test_the_readmes_figures_are_those_of_the_model() -> None:
    """After training, the README's limits follow classifier_model/metrics.json."""
    metrics = json.loads(read("classifier_model/metrics.json"))["complexity"]
    crossed, others = metrics["cross_validation"], metrics["leave_one_source_out"]
    unseen = metrics["other_authors"]
    by_author = [round(row["accuracy"] * 100) for row in unseen["by_source"].values()]
    text = " ".join(read("README.md").split()).replace("**", "")
    for figure in (
        f"{unseen['ours']['rows']:,} prompts by thirteen authors whom it never saw it is right in ",
        f"right in {unseen['ours']['accuracy'] * 100:.0f} of 100 ({min(by_author)} to {max(by_author)}, by author",
        f"right in {crossed['accuracy'] * 100:.0f} of 100 of its own {crossed['rows']:,} prompts",
        f"two tiers off in {crossed['off_by_two'] * 100:.0f} of 100",
        f"an AUC of {others['macro_auc']:.2f} on average",
        f"length alone gives {others['macro_auc_length']:.2f}",
    ):
        assert figure in text


def test_the_readme_says_how_far_two_readers_agree_with_the_labels() -> None:
    """They read prompts of the training and of the held-out rows, drawn at random, without the labels."""
    tiers = {
        row["id"]: row["tier"]
        for name in ("classifier_model/prompts.jsonl", "tests/data/prompts_held_out.jsonl")
        for row in map(json.loads, read(name).splitlines())
    }
    readings = [json.loads(line) for line in read("tests/data/second_reading.jsonl").splitlines()]
    agreed = sorted(
        round(sum(tiers[row["id"]] == row[reader] for row in readings) / len(readings) * 100)
        for reader in ("first", "second")
    )
    text = " ".join(read("README.md").split())
    assert f"two readers who saw {len(readings)} of the prompts" in text
    assert f"agree in {agreed[0]} and {agreed[1]} of 100" in text


def _price_rows() -> list[tuple[str, float, float, int]]:
    pattern = r"^\| `([^`]+)` \| [^|]+ \| ([\d.]+) \| ([\d.]+) \| ([\d,]+)"
    found = re.findall(pattern, read("docs/providers.md"), re.MULTILINE)
    return [(name, float(paid), float(got), int(window.replace(",", ""))) for name, paid, got, window in found]


def test_the_prices_are_those_of_the_price_list() -> None:
    """docs/providers.md says what LiteLLM's list says; local models are free, with the window of the config pack."""
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        pytest.skip("LiteLLM is not installed; scripts/test installs it")
    listed = json.loads((Path(spec.origin).parent / "model_prices_and_context_window_backup.json").read_text("utf-8"))
    rows = _price_rows()
    assert len(rows) == 9
    for name, paid, got, window in rows:
        if name in listed and not name.startswith(("phi3", "llama3", "codellama")):
            entry = listed[name]
            assert paid == pytest.approx(entry["input_cost_per_token"] * DOLLARS_PER_MILLION)
            assert got == pytest.approx(entry["output_cost_per_token"] * DOLLARS_PER_MILLION)
            assert window == entry["max_input_tokens"]
        else:
            assert (paid, got) == (0, 0)
            assert re.search(rf"ollama_chat/{re.escape(name)}\n +num_ctx: {window}\n", read("litellm_config.yaml"))
