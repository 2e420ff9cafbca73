"""Grouping files: what `mtlv group -o` writes and a plan can name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mtlv.errors import GroupingError
from mtlv.files import write_text
from mtlv.groups import Grouping
from mtlv.tasks import TaskSet

__all__ = ["read_grouping", "write_grouping"]


def write_grouping(path: Path, grouping: Grouping) -> None:
    """Write a grouping as YAML: its origin, its groups, and which serves a task of several."""
    content: dict[str, Any] = {
        "origin": grouping.origin,
        "groups": [list(group) for group in grouping.groups],
    }
    if grouping.serves is not None:
        content["serves"] = dict(grouping.serves)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    write_text(path, "# A plan uses it as  gmtl: {grouping: " + path.name + "}\n" + text)


def read_grouping(path: Path, tasks: TaskSet) -> Grouping:
    """Read a grouping file.

    Raises:
        GroupingError: the file is not there or is no grouping of these tasks.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GroupingError(
            "The grouping file cannot be read.",
            where=str(path),
            found=str(error).splitlines()[0],
            hint="write one with `mtlv group CONFIG -o FILE`",
        ) from error
    groups = content.get("groups") if isinstance(content, dict) else content
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise GroupingError(
            "The grouping file holds no groups.",
            where=str(path),
            expected="`groups:` with lists of task names",
        )
    named = content if isinstance(content, dict) else {}
    origin = str(named.get("origin") or f"file {path.name}")
    listed = [[str(task) for task in group] for group in groups]
    serves = _serves(named.get("serves"), path)
    try:
        return Grouping.of(listed, tasks, origin, serves=serves)
    except GroupingError as error:
        raise error.inside(str(path)) from error


def _serves(written: object, path: Path) -> dict[str, int] | None:
    if written is None:
        return None
    whole = isinstance(written, dict) and all(type(index) is int for index in written.values())
    if not isinstance(written, dict) or not whole:
        raise GroupingError(
            "The grouping file does not say which group serves a task.",
            where=f"{path}, key 'serves'",
            found=repr(written),
            expected="numbers of groups, from 0, by task: {cough: 0, fever: 1}",
        )
    return {str(task): index for task, index in written.items()}
