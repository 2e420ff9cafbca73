"""Grouping files: what is written is what is read, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlv.errors import GroupingError
from mtlv.grouping.file import read_grouping, write_grouping
from mtlv.groups import Grouping
from mtlv.tasks import Task, TaskSet

TASKS = TaskSet(tuple(Task(name, "binary", "toy", (), "f1") for name in ("a", "b", "no")))


def test_a_grouping_is_read_as_it_was_written(tmp_path: Path) -> None:
    grouping = Grouping.of([["b"], ["a", "no"]], TASKS, "kmedoids on label, 2 groups")
    write_grouping(tmp_path / "groups.yaml", grouping)
    assert read_grouping(tmp_path / "groups.yaml", TASKS) == grouping


def test_a_cover_too(tmp_path: Path) -> None:
    cover = Grouping.of([["a", "b"], ["b", "no"]], TASKS, serves={"a": 0, "b": 1, "no": 1})
    write_grouping(tmp_path / "groups.yaml", cover)
    assert read_grouping(tmp_path / "groups.yaml", TASKS) == cover


def test_lists_alone_will_do(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("[[a, b], ['no']]")
    assert read_grouping(path, TASKS).groups == (("a", "b"), ("no",))
    assert read_grouping(path, TASKS).origin == "file mine.yaml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ["cannot be read", "No such file", "mtlv group CONFIG -o FILE"]),
        ("groups: [", ["cannot be read"]),
        ("groups: 3", ["holds no groups", "lists of task names"]),
        ("{other: 1}", ["holds no groups"]),
        ("[[a, b]]", ["'no' is missing"]),
        ("[[a, b], ['no', a]]", ["'a' stands twice"]),
        ("{groups: [[a, b], ['no']], serves: nonsense}", ["key 'serves'", "nonsense", "by task"]),
        ("{groups: [[a, b], ['no']], serves: {a: '0'}}", ["key 'serves'", "by task"]),
        ("[[a, b], ['no', x]]", ["'x'", "no task is called"]),
    ],
)
def test_what_is_no_grouping_is_explained(
    text: str | None, words: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "groups.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(GroupingError) as caught:
        read_grouping(path, TASKS)
    for word in [*words, str(path)]:
        assert word in str(caught.value)
