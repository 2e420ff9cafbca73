"""Tables of the article's views: what is tested together is corrected together."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from explain.views_toys import toy_views
from mtlv.explain.view_results import Difference, HeldOut, Lift
from mtlv.report.explain_tables import view_tables
from mtlv.report.tables import Table

TASKS = ("yelp", "imdb", "lungs")


def difference(p: float) -> Difference:
    return Difference(0.027, 0.001, 0.053, p, "corrected_t", 5, "test part")


def column(table: Table, name: str) -> list[str]:
    return [row[table.header.index(name)] for row in table.rows]


@pytest.mark.parametrize(
    ("p", "shown", "corrected"),
    [
        ((0.044,), ["0.044"], ["0.044"]),
        ((0.044, 0.531), ["0.044", "0.531"], ["0.088", "0.531"]),
        ((0.03, 0.0001, 0.04), ["0.030", "<0.001", "0.040"], ["0.060", "<0.001", "0.060"]),
        ((0.044, math.nan, 0.531), ["0.044", "-", "0.531"], ["0.088", "-", "0.531"]),
    ],
)
def test_p_values_of_view_1_are_corrected_over_its_tasks(
    p: tuple[float, ...], shown: list[str], corrected: list[str]
) -> None:
    held = tuple(
        HeldOut(task, "f1", (0.7,), (0.8,), ((0, 0),), difference(own))
        for task, own in zip(TASKS, p, strict=False)
    )
    table = view_tables(replace(toy_views(TASKS[:2]), held_out=held))[0]
    assert table.title == "View 1: held-out texts"
    assert column(table, "p") == shown
    assert column(table, "p corrected") == corrected
    assert "Holm over the rows; a difference is shown where it is below 0.05" in table.note


def test_lifts_are_corrected_without_the_diagonal_that_is_not_shown() -> None:
    tasks = TASKS[:2]
    p = {("yelp", "yelp"): 0.001, ("yelp", "imdb"): 0.004, ("imdb", "yelp"): 0.02}
    lifts = tuple(Lift(texts, layer, difference(own)) for (texts, layer), own in p.items())
    table = view_tables(replace(toy_views(tasks), lifts=lifts))[-1]
    assert [row[0] for row in table.rows] == ["yelp | imdb", "imdb | yelp"]
    assert column(table, "p") == ["0.004", "0.020"]
    assert column(table, "p corrected") == ["0.008", "0.020"]


def test_words_of_many_models_stand_in_rows() -> None:
    few, many = (view_tables(toy_views([f"task {i}" for i in range(n)])) for n in (2, 19))
    assert few[0].header == ("", "stl: task 0", "stl: task 1", "mtl: task 0", "mtl: task 1")
    assert many[0].header == ("model", "words")
    assert [row[0] for row in many[0].rows[:2]] == ["stl: task 0", "stl: task 1"]
    assert many[0].rows[0][1] == ", ".join(row[1] for row in few[0].rows)


def test_layers_of_many_tasks_are_numbered() -> None:
    names = [f"task {i}" for i in range(19)]
    table = view_tables(toy_views(names))[-1]
    assert table.header == ("plan: texts of", "guessing", *(str(i) for i in range(1, 20)))
    assert [row[0] for row in table.rows] == [
        f"{plan}: {i} {name}" for plan in ("stl", "mtl") for i, name in enumerate(names, start=1)
    ]
    assert set(table.rows[0][2:]) == {"75.0"}
