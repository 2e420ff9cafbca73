"""Cells: numbers within a range, and names of classes."""

import math

import pytest

from mtlv.data.tables import Row
from mtlv.data.values import class_in, class_name_in, number_in
from mtlv.errors import DataError


def row(value: object) -> Row:
    return Row(3, "a.tsv, line 4", {"c": value})


@pytest.mark.parametrize("value", [None, "", "  ", math.nan])
def test_empty_cells_are_missing(value: object) -> None:
    assert number_in(row(value), "c") is None
    assert class_in(row(value), "c", ["a", "b"]) is None
    assert class_name_in(row(value), "c") is None


@pytest.mark.parametrize(
    ("value", "number"), [("2", 2), (" 2.5 ", 2.5), ("-1e3", -1000), (2, 2), (2.5, 2.5), ("0", 0)]
)
def test_numbers(value: object, number: float) -> None:
    assert number_in(row(value), "c") == number


@pytest.mark.parametrize("value", [0, "5", 5.0])
def test_ends_of_the_range_belong_to_it(value: object) -> None:
    assert number_in(row(value), "c", (0, 5)) == float(str(value))


@pytest.mark.parametrize("value", ["x", "1,5", "nan", "inf", math.inf, True, [1]])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(DataError, match="something that is no number") as caught:
        number_in(row(value), "c")
    assert caught.value.where == "a.tsv, line 4, column 'c'"
    assert caught.value.found == repr(value)
    assert caught.value.expected == "a finite number"


@pytest.mark.parametrize("value", ["-0.1", 5.01])
def test_numbers_out_of_range(value: object) -> None:
    with pytest.raises(DataError, match="out of its range") as caught:
        number_in(row(value), "c", (0, 5))
    assert caught.value.expected == "a number from 0 to 5"


@pytest.mark.parametrize(("value", "name"), [(" a ", "a"), (3, "3"), (3.0, "3"), (True, "True")])
def test_names_of_classes(value: object, name: str) -> None:
    assert class_name_in(row(value), "c") == name


def test_indices_become_names() -> None:
    assert class_name_in(row(1), "c", ["no", "yes"]) == "yes"
    assert class_in(row(1), "c", ["yes", "no"], ["no", "yes"]) == 0


def test_an_unknown_class_names_the_nearest() -> None:
    with pytest.raises(DataError, match="a class that is not known") as caught:
        class_in(row("entailmnt"), "c", ["entailment", "neutral"])
    assert caught.value.where == "a.tsv, line 4, column 'c'"
    assert caught.value.expected == "one of entailment, neutral"
    assert "did you mean 'entailment'" in str(caught.value.hint)


@pytest.mark.parametrize("value", [0.5, ["a"], {"a": 1}])
def test_what_is_no_class(value: object) -> None:
    with pytest.raises(DataError, match="something that is no class"):
        class_name_in(row(value), "c")
