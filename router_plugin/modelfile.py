"""Model files: JSON that carries the SHA-256 of its own content, so that a cut or edited file is told at once."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from router_plugin.errors import ModelFileError

_START = b'{"sha256":"%b",'  # of a file; its hash is over the rest
PREVIOUS = "complexity.previous.json"  # beside complexity.json: the model before, to roll back to


def digest(content: Mapping[str, Any]) -> str:
    """The SHA-256 of a content as it stands in the file, in hex."""
    return hashlib.sha256(_canonical(content).encode("utf-8")).hexdigest()


def write(content: Mapping[str, Any], path: Path) -> None:
    """Write `content` and its hash to `path` atomically: a reader sees the old file or the new one, never half."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_canonical({"sha256": digest(content), **content}))
            file.write("\n")
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read(path: Path, form: str) -> dict[str, Any]:
    """A file's content with its hash, `sha256`.

    Errors: FileNotFoundError; ModelFileError for anything but an intact file whose `format` is `form`.
    """
    try:
        raw = path.read_bytes()
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise ModelFileError(f"{path} can't be read ({type(error).__name__}); name a model's JSON file.") from None
    try:
        content: dict[str, Any] = json.loads(raw)
        claimed = content["sha256"]
        found = content["format"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelFileError(f"{path.name} is not a model file. Train one, or restore the shipped one.") from error
    if found != form:
        raise ModelFileError(f"{path.name} has format {found!r}; this version reads {form!r}. Train it again.")
    start = _START % str(claimed).encode()
    if not raw.startswith(start) or claimed != hashlib.sha256(b"{" + raw[len(start) :].rstrip(b"\n")).hexdigest():
        raise ModelFileError(f"{path.name} doesn't match its SHA-256: it was cut short or edited. Restore it.")
    return content


def lost_by_training(folder: Path) -> str | None:
    """A warning, before a training writes to `folder`, of the model that it drops; None where it drops none.

    Rolling back goes one step, so that a second training in a folder drops the model that was there first.
    """
    if not (folder / PREVIOUS).is_file():
        return None
    return (
        f"{folder.name}/{PREVIOUS} is kept from an earlier training. If this one writes a model, the one in use takes "
        "that place, and rolling back goes no further. To keep it, stop now and copy it, or write elsewhere with "
        "--output. A checkout has the shipped model in git (git restore classifier_model/complexity.json), and the "
        "package brings it along (pip install --force-reinstall --no-deps litellm-router-plugin)."
    )


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
