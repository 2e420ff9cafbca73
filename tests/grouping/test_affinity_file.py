"""Affinity files: what they may look like, and what is said where they are wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mtlv.errors import GroupingError
from mtlv.grouping.affinity_file import read_affinity

from .worlds import task_set

TASKS = task_set(("a", "b", "c"))
MATRIX = [[np.nan, 1.0, 2.0], [3.0, np.nan, 4.0], [5.0, 6.0, np.nan]]


def write(folder: Path, text: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine.csv", ",a,b,c\na,,1,2\nb,3,,4\nc,5,6,\n"),
        ("mine.csv", "\ufeffsource,c,a,b\r\nb , 4, 3,\r\n\r\nc,,5,6\r\na,2,nan,1e0\r\n"),
        ("mine.tsv", "\ta\tb\tc\na\t\t1\t2\nb\t3\t\t4\nc\t5\t6\t\n"),
        ("mine.json", '{"tasks": ["a","b","c"], "matrix": [[null,1,2],[3,null,4],[5,6,null]]}'),
        ("mine.json", '{"tasks": ["b","a","c"], "matrix": [[NaN,3,4],[1,"",2],[6,5,""]]}'),
    ],
)
def test_tables_in_any_order_are_read(tmp_path: Path, name: str, text: str) -> None:
    found = read_affinity(write(tmp_path, text, name), TASKS)
    np.testing.assert_array_equal(found.matrix, MATRIX)
    assert (found.name, found.tasks, found.runs, found.errors) == ("mine", TASKS.names, 0, None)
    assert found.gains.mean(np.ones((1, 3), bool)).tolist() == [[4.0, 3.5, 3.0]]
    assert name in found.note


def test_the_diagonal_may_have_numbers(tmp_path: Path) -> None:
    found = read_affinity(write(tmp_path, ",a,b\na,9,1\nb,3,8\n"), task_set("ab"))
    assert found.matrix.tolist() == [[9.0, 1.0], [3.0, 8.0]]


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        (",a,b,c\na,,1,2\nb,x,,4\nc,5,6,\n", "not a number", "mine.csv, line 3, column 'a'"),
        (",a,b,c\na,,1,\nb,3,,4\nc,5,6,\n", "not a number", "mine.csv, line 2, column 'c'"),
        (",a,b,c\na,,1,nan\nb,3,,4\nc,5,6,\n", "not a number", "mine.csv, line 2, column 'c'"),
        (",a,b,c\na,,1,inf\nb,3,,4\nc,5,6,\n", "not a number", "mine.csv, line 2, column 'c'"),
        (",a,b,c\na,?,1,2\nb,3,,4\nc,5,6,\n", "not a number", "mine.csv, line 2, column 'a'"),
        (",a,b,c\na,,1,2\nb,3,\nc,5,6,\n", "not square", "mine.csv, line 3, row 'b'"),
        (",a,b,c\na,,1,2\nb,3,,4\n", "other tasks", "mine.csv, rows"),
        (",a,b\na,,1\nb,3,\nc,5,6\n", "other tasks", "mine.csv, columns"),
        (",a,b,d\na,,1,2\nb,3,,4\nd,5,6,\n", "other tasks", "mine.csv, columns"),
        (",a,b,c\na,,1,2\nb,3,,4\nb,3,,4\nc,5,6,\n", "other tasks", "mine.csv, rows"),
        ("", "no table", "mine.csv"),
        ("a;b;c\n1;2;3\n", "no table", "mine.csv"),
    ],
)
def test_what_is_wrong_in_a_table_is_told_with_its_place(
    tmp_path: Path, text: str, said: str, where: str
) -> None:
    with pytest.raises(GroupingError, match=said) as caught:
        read_affinity(write(tmp_path, text), TASKS)
    assert caught.value.where == str(tmp_path / where)


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ('{"tasks": ["a"],\n "matrix": ', "not JSON", "mine.json, line 2"),
        ("[1, 2]", "no table", "mine.json"),
        ('{"tasks": ["a","b","c"], "matrix": 3}', "no table", "mine.json"),
        ('{"tasks": ["a","b","c"], "matrix": [1,2,3]}', "no table", "mine.json"),
        ('{"tasks": ["a","b","c"], "matrix": [[0,1,2]]}', "not square", "mine.json, matrix"),
        (
            '{"tasks": ["a","b","c"], "matrix": [[0,1],[3,0,4],[5,6,0]]}',
            "not square",
            "mine.json, row 'a'",
        ),
        (
            '{"tasks": ["a","b","c"], "matrix": [[0,1,2],[3,0,true],[5,6,0]]}',
            "not a number",
            "mine.json, matrix[1][2]",
        ),
        (
            '{"tasks": ["a","b","c"], "matrix": [[0,1,2],[3,0,[4]],[5,6,0]]}',
            "not a number",
            "mine.json, matrix[1][2]",
        ),
    ],
)
def test_what_is_wrong_in_json_is_told_with_its_place(
    tmp_path: Path, text: str, said: str, where: str
) -> None:
    with pytest.raises(GroupingError, match=said) as caught:
        read_affinity(write(tmp_path, text, "mine.json"), TASKS)
    assert caught.value.where == str(tmp_path / where)


def test_unknown_and_missing_tasks_are_named(tmp_path: Path) -> None:
    text = ",alpha,b,c\nalpha,,1,2\nb,3,,4\nc,5,6,\n"
    with pytest.raises(GroupingError) as caught:
        read_affinity(write(tmp_path, text), task_set(("alphas", "b", "c")))
    assert caught.value.found == "alpha not known; alphas missing"
    assert caught.value.hint is not None
    assert "did you mean 'alphas'" in caught.value.hint


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(GroupingError, match="cannot be read"):
        read_affinity(tmp_path / "none.csv", TASKS)
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(GroupingError, match="cannot be read"):
        read_affinity(tmp_path / "bytes.csv", TASKS)


def test_one_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GroupingError, match="One task"):
        read_affinity(write(tmp_path, ",a\na,1\n"), task_set("a"))
