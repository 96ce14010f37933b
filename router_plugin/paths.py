"""Where the package's data files are, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def model_dir() -> Path:
    """The folder of the trained models: `classifier_model/` beside a checkout's package, `_model/` in an installed one.

    The folder is not checked; whoever opens a file in it says what's missing.
    """
    installed = _PACKAGE / "_model"
    return installed if installed.is_dir() else _PACKAGE.parent / "classifier_model"


def default_config() -> Path:
    """The config file where none is named: `litellm_config.yaml` in the working folder, else the packaged one."""
    here = Path("litellm_config.yaml")
    return here if here.is_file() else packaged_config()


def packaged_config() -> Path:
    """The config pack."""
    packaged = _PACKAGE / "_model" / "litellm_config.yaml"
    return packaged if packaged.is_file() else _PACKAGE.parent / "litellm_config.yaml"
