"""Tasks with a column each: kinds, classes that are given or found, and settings that cannot be."""

from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from mtlv.data.tables import Row
from mtlv.data.task_columns import MOST_CLASSES, ColumnTasks, TaskColumn, tasks_in_columns
from mtlv.errors import DataError

CELLS = [
    {"s": "1.5", "g": "neutral", "b": "1"},
    {"s": "", "g": "entails", "b": "0"},
    {"s": "4", "g": "", "b": ""},
]


def rows(cells: Iterable[dict[str, Any]]) -> list[Row]:
    return [Row(number, f"a.tsv, line {number + 1}", own) for number, own in enumerate(cells, 1)]


def tasks(cells: Iterable[dict[str, Any]] = CELLS, **columns: dict[str, Any]) -> ColumnTasks:
    own = {name: TaskColumn(**column) for name, column in columns.items()}
    found = rows(cells)
    return tasks_in_columns(own, lambda _: found, {})


def test_every_kind_is_read() -> None:
    read = tasks(
        similarity={"column": "s", "kind": "regression", "range": [0, 5]},
        relation={"column": "g", "kind": "multiclass", "negative": "neutral"},
        flag={"column": "b", "kind": "binary", "metric": "accuracy", "description": "a flag"},
    )
    similarity, relation, flag = read.targets
    assert (similarity.kind, similarity.range) == ("regression", (0, 5))
    assert (relation.labels, relation.negative) == (("entails", "neutral"), "neutral")
    assert (flag.kind, flag.metric, flag.description) == ("binary", "accuracy", "a flag")
    assert [read.read(row) for row in rows(CELLS)] == [
        {"similarity": 1.5, "relation": 1, "flag": 1},
        {"similarity": None, "relation": 0, "flag": 0},
        {"similarity": 4.0, "relation": None, "flag": None},
    ]
    assert read.notes == ("g: classes found: entails, neutral",)


def test_given_classes_keep_their_order_and_need_no_pass() -> None:
    def never(_: Iterable[str]) -> list[Row]:
        raise AssertionError

    own = {"t": TaskColumn(column="g", kind="multiclass", labels=("neutral", "entails"))}
    read = tasks_in_columns(own, never, {})
    assert read.read(rows(CELLS)[0]) == {"t": 0}
    assert read.notes == ()


def test_classes_that_the_file_names() -> None:
    own = {"t": TaskColumn(column="c", kind="multiclass")}
    read = tasks_in_columns(own, lambda _: [], {"c": ("no", "yes")})
    assert read.targets[0].labels == ("no", "yes")
    assert read.read(Row(1, "x", {"c": 1})) == {"t": 1}


def test_an_unknown_class_and_a_number_out_of_range() -> None:
    read = tasks(t={"column": "g", "kind": "multiclass", "labels": ["neutral", "other"]})
    with pytest.raises(DataError, match="not known") as caught:
        read.read(rows(CELLS)[1])
    assert caught.value.where == "a.tsv, line 3, column 'g'"
    read = tasks(t={"column": "s", "kind": "regression", "range": [0, 3]})
    with pytest.raises(DataError, match="out of its range"):
        read.read(rows(CELLS)[2])


def test_columns_that_hold_no_classes() -> None:
    column = {"column": "c", "kind": "multiclass"}
    many = [{"c": str(number / 7)} for number in range(MOST_CLASSES + 1)]
    with pytest.raises(DataError, match="does not seem to hold classes") as caught:
        tasks(many, t=column)
    assert caught.value.where == f"a.tsv, line {MOST_CLASSES + 2}, column 'c'"
    assert "kind: regression" in str(caught.value.hint)
    with pytest.raises(DataError) as caught:
        tasks([{"c": "same"}] * 3, t=column)
    assert caught.value.found == "'same' in every row that has one"
    with pytest.raises(DataError) as caught:
        tasks([{"c": ""}] * 3, t=column)
    assert caught.value.found == "no value in any row"


def test_a_negative_class_that_was_not_found() -> None:
    with pytest.raises(DataError, match="negative class of 't'") as caught:
        tasks(t={"column": "g", "kind": "multiclass", "negative": "neutrl"})
    assert "did you mean 'neutral'" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "tagging"}, "'binary', 'multiclass' or 'regression'"),
        ({"kind": "binary", "labels": ["a", "b"]}, "for multiclass tasks only"),
        ({"kind": "regression", "negative": "a"}, "for multiclass tasks only"),
        ({"kind": "multiclass", "range": [0, 1]}, "for regression tasks only"),
        ({"kind": "regression", "range": [1, 1]}, "begins with its smaller value"),
        ({"kind": "multiclass", "labels": ["a"]}, "at least 2"),
        ({"kind": "multiclass", "labels": ["a", "a"]}, "may be named once"),
        ({"kind": "multiclass", "labels": ["a", "b"], "negative": "c"}, "none of the classes"),
    ],
)
def test_settings_that_cannot_be(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TaskColumn(column="c", **fields)
