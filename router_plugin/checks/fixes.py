"""What `doctor --fix` can do. Edits of a config file change the text where they must, and keep its comments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from router_plugin.checks.check import Fix
from router_plugin.errors import RouterPluginError
from router_plugin.pulling import pull

Tell = Callable[[str], None]


class FixFailed(RouterPluginError):
    """A repair could not be made; nothing was changed."""


def apply(fix: Fix, config: Path, tell: Tell) -> None:
    """Do what a finding offers. Errors: FixFailed, PullFailed, OSError."""
    if fix.kind == "pull":
        pull(fix.values[0], fix.values[1], tell)
    elif fix.kind == "make_folder":
        Path(fix.values[0]).mkdir(parents=True, exist_ok=True)
    elif fix.kind == "set_num_ctx":
        _rewrite(config, set_num_ctx(config.read_text(encoding="utf-8"), fix.values[0], int(fix.values[1])))
    elif fix.kind == "remove_key":
        _rewrite(config, remove_key(config.read_text(encoding="utf-8"), int(fix.values[0]), fix.values[1]))
    else:
        raise FixFailed(f"There is no repair {fix.kind!r}.")


def _rewrite(path: Path, text: str) -> None:
    kept = path.with_name(f"{path.name}.before-fix")
    kept.write_bytes(path.read_bytes())
    kept.chmod(path.stat().st_mode & 0o777)
    path.write_text(text, encoding="utf-8")


def set_num_ctx(text: str, group: str, size: int) -> str:
    """The file's text with another `num_ctx` in each entry of a group that sets one. Errors: FixFailed."""
    places = set()
    root = yaml.compose(text)
    for entry in _items(_value(root, "model_list")):
        name, params = _value(entry, "model_name"), _value(entry, "litellm_params")
        found = _value(params, "num_ctx")
        if isinstance(name, yaml.ScalarNode) and name.value == group and isinstance(found, yaml.ScalarNode):
            places.add((found.start_mark.index, found.end_mark.index))
    if not places:
        raise FixFailed(f"No num_ctx of {group} was found in the file.")
    for start, end in sorted(places, reverse=True):
        text = f"{text[:start]}{size}{text[end:]}"
    return text


def remove_key(text: str, line: int, name: str) -> str:
    """The file's text without a key of a block mapping, and all that stands under it. Errors: FixFailed."""
    before = yaml.safe_load(text)
    lines = text.splitlines(keepends=True)
    start = lines[line - 1] if line <= len(lines) else ""
    indent = len(start) - len(start.lstrip())
    if start[indent:].split(":", 1)[0].strip("\"'") != name:
        raise FixFailed(f"Line {line} does not begin with `{name}`; remove it by hand.")
    end = line
    while end < len(lines) and _belongs(lines[end], indent):
        end += 1
    changed = "".join([*lines[: line - 1], *lines[end:]])
    try:
        same = yaml.safe_load(changed) == before
    except yaml.YAMLError:
        same = False
    if not same:  # the first of two equal keys has no effect, so nothing else may change
        raise FixFailed(f"`{name}` at line {line} can't be removed safely; remove it by hand.")
    return changed


def _belongs(line: str, indent: int) -> bool:
    """Whether a line stands under a key: deeper, or a list item at the key's own depth."""
    bare = line.lstrip()
    if not bare.strip():
        return False
    depth = len(line) - len(bare)
    return depth > indent or (depth == indent and bare.startswith("- "))


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    own = [value for name, value in node.value if isinstance(name, yaml.ScalarNode) and name.value == key]
    return own[-1] if own else None


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []
