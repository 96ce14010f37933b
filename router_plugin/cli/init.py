"""`router-plugin init`: a config for this machine, or for an existing LiteLLM set-up."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import yaml

from router_plugin import ollama
from router_plugin.checks.machine import DEFAULT_PORT
from router_plugin.cli.questions import ask, choose_in_terminal, confirm_in_terminal, on_a_terminal
from router_plugin.cli.schema import file_schema
from router_plugin.config import check, read_file
from router_plugin.joining import fit_pack, join
from router_plugin.local_model import is_installed
from router_plugin.paths import packaged_config

KEYS = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "LITELLM_MASTER_KEY")
EXAMPLES = {
    "LITELLM_MASTER_KEY": "sk-choose-a-long-one",
    "ROUTER_PORT": str(DEFAULT_PORT),
    "OLLAMA_HOST": "http://localhost:11434",
    "AZURE_OPENAI_ENDPOINT": "https://your-resource.openai.azure.com",
    "AZURE_OPENAI_API_KEY": "your-azure-key",
    "OPENAI_API_KEY": "sk-your-openai-key",
    "ANTHROPIC_API_KEY": "sk-ant-your-anthropic-key",
    "REDIS_URL": "redis://localhost:6379/0",
}
SCHEMA_FILE = "router_plugin.schema.json"
COMMENT = f"# yaml-language-server: $schema={SCHEMA_FILE}\n# Written by `router-plugin init`.\n"


@click.command(epilog="Example: router-plugin init --from config.yaml --output litellm_config.yaml")
@click.option("--from", "source", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Your own config.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("litellm_config.yaml"),
    show_default=True,
    help="The file to write; .env.example and a schema for editors are written beside it.",
)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option(
    "--yes",
    is_flag=True,
    help="Ask nothing, as without a terminal; files that are there are kept, unless --force is given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(source: Path | None, output: Path, force: bool, yes: bool, as_json: bool) -> None:
    """Write litellm_config.yaml and .env.example: the shipped config, or with --from your own with the router added.

    Looks for Ollama, its models, and keys in the environment. No key is written. On a terminal it asks which model is
    for what and which providers to use; Enter takes the default, and a file that is there stays unless you say yes.
    With --from, your models stay; what is clearly local is marked so, the rest counts as cloud, and the doors auto,
    auto-cost, ... are added.
    """
    asks = not yes and on_a_terminal()
    pulled = sorted(found.models) if (found := ollama.probe(ollama.addresses(os.environ.get("OLLAMA_HOST"))[0])) else []
    if source is not None:
        joined = join(read_file(source), os.environ, pulled)
        check(joined.config, os.environ)
        text = COMMENT + yaml.safe_dump(joined.config, sort_keys=False, allow_unicode=True, width=100)
        notes = list(joined.notes)
    else:
        choices = ask(pulled, os.environ, choose_in_terminal, confirm_in_terminal) if asks else None
        text, notes = fit_pack(packaged_config().read_text(encoding="utf-8"), pulled, choices)
    example = "".join(f"#{name}={value}\n" for name, value in EXAMPLES.items())
    files = {output: text, output.parent / ".env.example": "# Copy to .env and fill in what you have.\n" + example}
    files[output.parent / SCHEMA_FILE] = json.dumps(file_schema(), indent=2) + "\n"
    written, kept = [], []
    for path, content in files.items():
        if _may_write(path, source, force, asks):
            path.write_text(content, encoding="utf-8")
            written.append(str(path))
        else:
            kept.append(str(path))
    seen = {
        "ollama": {"found": found is not None, "models": pulled},
        "embedded": is_installed(),
        "keys": [name for name in KEYS if os.environ.get(name)],
    }
    if as_json:
        click.echo(json.dumps({"written": written, "kept": kept, "notes": notes, **seen}))
    else:
        _tell(seen, notes, written, kept)
    if str(output) in kept:
        raise SystemExit(1)


def _may_write(path: Path, source: Path | None, force: bool, asks: bool) -> bool:
    """Whether a file may be written: one that is there only with --force or after a yes."""
    if not path.exists() or force:
        return True
    mine = " It is the config that was read." if source is not None and path.resolve() == source.resolve() else ""
    return asks and click.confirm(f"{path} is there.{mine} Overwrite it?", err=True)


def _tell(seen: dict[str, object], notes: list[str], written: list[str], kept: list[str]) -> None:
    models = seen["ollama"]["models"]  # type: ignore[index]
    click.echo(f"Ollama: {', '.join(models) or 'no model'}" if seen["ollama"]["found"] else "Ollama: none answers")  # type: ignore[index]
    click.echo(f"embedded model: {'installed' if seen['embedded'] else 'not installed'}")
    click.echo(f"keys that are set: {', '.join(seen['keys']) or 'none'}")  # type: ignore[arg-type]
    for note in notes:
        click.echo(f"  {note}")
    for name in written:
        click.echo(f"written: {name}")
    for name in kept:
        click.echo(f"kept as it was: {name} (--force overwrites it)")
    click.echo("Next: `router-plugin doctor`, then `router-plugin serve`")
