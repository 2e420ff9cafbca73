"""Maps of explanations: colours with fixed ends, white where guessing would do as well."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from plotly.graph_objects import Figure

from mtlv.report.figures import FIGURES
from mtlv.report.figures.theme import WIDTH
from mtlv.report.figures.words import pixels


def cross(values: list[float], guess: list[float]) -> Figure:
    tasks = [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]
    frame = pd.DataFrame(tasks, columns=["texts", "layer"]).assign(plan="stl", metric="accuracy")
    return FIGURES["cross-task"](frame.assign(value=values, guess=guess), "")


def heat(figure: Figure) -> Any:
    (found,) = figure.data
    return found


def test_colours_go_from_nothing_right_over_guessing_to_everything_right() -> None:
    found = heat(cross([100, 50, 25, 75], [50, 50, 50, 50]))
    assert [list(row) for row in found.z] == [[1.0, 0.0], [-0.5, 0.5]]
    assert [list(row) for row in found.text] == [["100", "50"], ["25", "75"]]
    assert (found.zmin, found.zmax) == (-1, 1)
    assert tuple(found.colorbar.ticktext) == ("0", "50: guessing", "100")


def test_the_ends_do_not_follow_the_values() -> None:
    narrow = heat(cross([71, 72, 73, 74], [50] * 4))
    assert (narrow.zmin, narrow.zmax) == (-1, 1)
    assert max(max(row) for row in narrow.z) == pytest.approx(0.48)


def test_each_row_is_measured_from_its_own_guess() -> None:
    found = heat(cross([90, 80, 60, 50], [80, 80, 60, 60]))
    assert [list(row) for row in found.z] == [[0.5, 0.0], [0.0, pytest.approx(-1 / 6)]]
    assert found.colorbar.ticktext[1] == "60 to 80: guessing"
    assert "one answer for all 80" in found.hovertext[0][0]


def test_texts_of_one_class_alone_are_all_guessed() -> None:
    assert list(heat(cross([100, 100, 40, 90], [100, 100, 0, 0])).z[0]) == [0.0, 0.0]


@pytest.mark.parametrize("count", [2, 10, 19, 40])
def test_numbers_stand_in_cells_that_have_room_for_them(count: int) -> None:
    tasks = [f"a task of long name {i}" for i in range(count)]
    frame = pd.DataFrame(
        {"plan": "mtl", "texts": a, "layer": b, "metric": "accuracy", "value": 87.0, "guess": 50.0}
        for a in tasks
        for b in tasks
    )
    figure = FIGURES["cross-task"](frame, "")
    found, margin = heat(figure), figure.layout.margin
    assert found.hovertext[0][1].endswith("accuracy, percent 87")
    if count == 40:
        assert found.texttemplate is None
        return
    room = (WIDTH - margin.l - margin.r) / count
    assert found.texttemplate == "%{text}"
    assert found.textfont.size >= 9
    assert pixels("87", found.textfont.size) + 6 <= room


def test_the_bar_has_room_for_what_stands_beside_it() -> None:
    figure = cross([90, 80, 60, 50], [80, 80, 60, 60])
    longest = max(heat(figure).colorbar.ticktext, key=pixels)
    assert longest == "60 to 80: guessing"
    assert figure.layout.margin.r > pixels(longest) + 60


def test_similarity_is_shown_from_0_to_1() -> None:
    frame = pd.DataFrame({"pair": ["stl / mtl"] * 2, "layer": [1, 2], "cka": [0.9, 0.95]})
    found = heat(FIGURES["encoder-similarity"](frame, ""))
    assert (found.zmin, found.zmax) == (0, 1)
    assert [list(row) for row in found.z] == [[0.9, 0.95]]
