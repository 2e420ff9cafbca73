"""Configs as people write them: YAML, changes such as `a.b=c`, and the line where a key stands.

Two things differ from plain YAML 1.1: `2e-5` is a number, and only `true` and `false` are truth
values, so that a label may be called `no`. A key that stands twice is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mtlv.errors import ConfigError, nearest

__all__ = ["Written", "overridden", "parse_override", "read_yaml"]

Steps = tuple[str, ...]
FREE_KEYS = (("sweep",), ("tune", "space"))
"""Sections whose keys are dotted themselves: what follows in an override is one key."""


@dataclass(frozen=True)
class Written:
    """A config as it was written, before it is checked.

    Args:
        values: what it says.
        where: what errors call it.
        origins: file and line, or override, of each key by its steps; list items by their number.
    """

    values: Mapping[str, Any]
    where: str = "config"
    origins: Mapping[Steps, str] = field(default_factory=dict)

    def origin(self, steps: Sequence[str | int]) -> str:
        """Return where a key stands, or the nearest key around it."""
        names = tuple(map(str, steps))
        for length in range(len(names), 0, -1):
            if names[:length] in self.origins:
                return self.origins[names[:length]]
        return self.where

    def changed(self, overrides: Sequence[str]) -> Written:
        """Return the config with some settings changed.

        Args:
            overrides: settings as `a.b=c`, the value in YAML; `plans.0.gmtl.groups=3` for items.

        Raises:
            ConfigError: an override is not understood, or leads nowhere.
        """
        values, origins = self.values, dict(self.origins)
        for text in overrides:
            key, value = parse_override(text)
            try:
                values = overridden(values, {key: value})
            except ConfigError as error:
                raise error.inside(f"--set {text}") from error
            origins[tuple(key.split("."))] = f"--set {text}"
        return Written(values, self.where, origins)


def read_yaml(path: Path) -> Written:
    """Read a config file.

    Raises:
        ConfigError: it is not there, is not YAML, or is not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = yaml.load(text, Loader=_Loader)
        root = yaml.compose(text, Loader=_Loader)
    except FileNotFoundError as error:
        raise ConfigError(
            "There is no such config file.", where=str(path), hint=_neighbours(path)
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            "The config file is not in UTF-8.", where=str(path), found=error.reason
        ) from error
    except OSError as error:
        raise ConfigError(
            "The config file cannot be read.", where=str(path), found=error.strerror
        ) from error
    except yaml.YAMLError as error:
        raise _not_yaml(str(path), error) from error
    if not isinstance(values, dict):
        raise ConfigError(
            "The config file is not a mapping.",
            where=str(path),
            found="an empty file" if values is None else f"a {type(values).__name__}",
            expected="keys such as study, data, plans",
        )
    lines = {steps: f"{path}, line {line}" for steps, line in _lines(root, ())}
    return Written(values, str(path), lines)


def parse_override(text: str) -> tuple[str, Any]:
    """Return the key and the value of `a.b=c`.

    Raises:
        ConfigError: there is no `=`, or the value is not YAML.
    """
    key, sign, value = text.partition("=")
    if not sign or not all(key.strip().split(".")):
        raise ConfigError(
            "An override is not understood.", found=text, expected="--set train.epochs=3"
        )
    try:
        return key.strip(), yaml.load(value, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _not_yaml(f"--set {text}", error) from error


def overridden(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config with the values of some dotted keys replaced.

    Raises:
        ConfigError: a key leads through something that has no parts.
    """
    result: dict[str, Any] = _copied(values)
    for key, value in changes.items():
        place: Any = result
        path: Steps = ()
        *parents, last = _steps(result, key)
        for step in parents:
            index = _index(place, step, key)
            path = (*path, step)
            place[index] = _opened(place[index] if _has(place, index) else None, path, key)
            place = place[index]
        place[_index(place, last, key)] = value
    return result


class _Loader(yaml.SafeLoader):
    """Safe YAML with the differences that this module's title names."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: list[Any] = []
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
            seen.append(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != "tag:yaml.org,2002:bool"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(  # YAML 1.1 wants a dot in 2.0e-5; people leave it out
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def _neighbours(path: Path) -> str | None:
    found = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    return nearest(path.name, found) if found else None


def _not_yaml(where: str, error: yaml.YAMLError) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    place = where if mark is None or where.startswith("--set") else f"{where}, line {mark.line + 1}"
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    return ConfigError(
        "This is not valid YAML.",
        where=place,
        found=f"{context}: {problem}" if context else problem,
    )


def _lines(node: yaml.Node | None, steps: Steps) -> Iterator[tuple[Steps, int]]:
    """Yield the line of every key and list item."""
    pairs: list[tuple[Steps, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        pairs = [((*steps, str(key.value)), key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        pairs = [((*steps, str(i)), item, item) for i, item in enumerate(node.value)]
    for inner, place, value in pairs:
        yield inner, place.start_mark.line + 1
        yield from _lines(value, inner)


def _steps(values: Mapping[str, Any], key: str) -> Steps:
    """Part a dotted key; the names of datasets and of free keys may hold dots of their own."""
    parts = tuple(key.split("."))
    for section in FREE_KEYS:
        if parts[: len(section)] == section and len(parts) > len(section):
            return (*section, ".".join(parts[len(section) :]))
    data = values.get("data")
    if parts[0] == "data" and isinstance(data, Mapping):
        rest = ".".join(parts[1:])
        for name in sorted(map(str, data), key=len, reverse=True):
            if rest.startswith(f"{name}."):
                return ("data", name, *rest.removeprefix(f"{name}.").split("."))
    return parts


def _opened(value: Any, path: Steps, key: str) -> Any:
    """Return a value that can be gone into: a mapping or a list; short forms are written out."""
    match value:
        case dict():
            return value
        case list() if path == ("data",):
            return {name: {} for name in value}
        case list():
            return value
        case None:
            return {}
        case str() if path == ("encoder",) or path == ("sweep", "encoder"):
            return {"name": value}
        case "heads_only" if path == ("stages", "finetune"):
            return {"heads_only": True}
        case str() if path == ("data",) or (len(path) == 2 and path[0] == "plans"):
            return {value: {}}
    raise ConfigError(
        f"The setting '{'.'.join(path)}' has no parts.", where=f"key '{key}'", found=repr(value)
    )


def _index(place: Any, step: str, key: str) -> Any:
    if not isinstance(place, list):
        return step
    if step.isdigit() and int(step) < len(place):
        return int(step)
    raise ConfigError(
        f"A list has no item '{step}'.",
        where=f"key '{key}'",
        expected=f"a number from 0 to {len(place) - 1}" if place else "an item; the list is empty",
    )


def _has(place: Any, index: Any) -> bool:
    return isinstance(place, list) or index in place


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(own) for key, own in value.items()}
    return [_copied(own) for own in value] if isinstance(value, list | tuple) else value
