"""Files of parts, tables without a header, and columns with several names."""

from pathlib import Path

import pytest
from tiny_pairs import write_lines

from mtlv.data.catalog.pair_files import any_column, headless, pairs_of, part_paths
from mtlv.data.corpus import Part
from mtlv.data.tables import Row, Table
from mtlv.errors import DataError

FIRST: dict[Part, tuple[str, ...]] = {"train": ("a.tsv", "b.tsv"), "test": ("c.tsv",)}
SECOND: dict[Part, tuple[str, ...]] = {"test": ("d.tsv",)}


def test_the_first_name_and_the_first_layout_win(tmp_path: Path) -> None:
    for name in ("b.tsv", "c.tsv", "d.tsv"):
        write_lines(tmp_path / name, ["x"])
    found = part_paths(tmp_path, FIRST, SECOND)
    assert found.layout == 0
    assert found.paths == {"train": tmp_path / "b.tsv", "test": tmp_path / "c.tsv"}
    assert part_paths(tmp_path, SECOND).paths == {"test": tmp_path / "d.tsv"}
    write_lines(tmp_path / "a.tsv", ["x"])
    assert part_paths(tmp_path, FIRST).paths["train"] == tmp_path / "a.tsv"


def test_the_next_layout_where_the_first_has_no_file(tmp_path: Path) -> None:
    write_lines(tmp_path / "d.tsv", ["x"])
    assert part_paths(tmp_path, FIRST, SECOND).layout == 1


def test_a_layout_that_is_not_whole(tmp_path: Path) -> None:
    for name in ("c.tsv", "d.tsv"):
        write_lines(tmp_path / name, ["x"])
    with pytest.raises(DataError, match="part 'train' is missing") as caught:
        part_paths(tmp_path, FIRST, SECOND)
    assert caught.value.expected == "a.tsv or b.tsv"


def test_a_table_without_a_header(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.tsv", ['"a\tb', "c\td\te"])
    with pytest.raises(DataError, match="too many fields") as caught:
        list(headless(path, ["one", "two"]).rows([]))
    assert caught.value.where == f"{path}, line 2"
    rows = list(headless(path, ["one", "two"], more=True).rows([]))
    assert [row.values for row in rows] == [{"one": '"a', "two": "b"}, {"one": "c", "two": "d"}]


def test_a_column_with_several_names() -> None:
    table = Table("x.tsv", ("s1", "s2", "s2"), lambda _: iter(()))
    assert any_column(table, "sentence1", "s1") == "s1"
    with pytest.raises(DataError, match="stands 2 times"):
        any_column(table, "s2")
    with pytest.raises(DataError, match="no column 'label'") as caught:
        any_column(table, "label", "gold")
    assert (caught.value.found, caught.value.expected) == ("s1, s2, s2", "label or gold")


def test_ids_of_pairs_carry_their_part() -> None:
    rows = [Row(1, "x, line 2", {"key": 7, "a": " one ", "b": "two"})]
    table = Table("x", ("key", "a", "b"), lambda _: iter(rows))
    [example] = pairs_of("test", table, ("a", "b"), lambda row: {"t": 1}, "key")
    assert (example.id, example.text, example.text_b) == ("test-7", "one", "two")
    assert (example.part, example.targets) == ("test", {"t": 1})
    [example] = pairs_of(None, table, ("a", "b"), lambda row: {})
    assert example.id == "1"
