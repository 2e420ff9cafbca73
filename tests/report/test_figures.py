"""The contract of all figures: any frame is drawn or refused, named and captioned."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from plotly.graph_objects import Figure

from mtlv.errors import FigureError
from mtlv.report.figures import FIGURES, themed
from mtlv.report.figures.theme import COLOURS, SYMBOLS, series
from mtlv.report.frames import FRAMES as MADE
from report.figures_toys import FRAMES, LABELS, PLANS

pytestmark = pytest.mark.slow

SIGNATURE = "study toy|f1_macro|n:3851|<i>runs</i>:10"
ODD = ("<b>x</b>", "$x^2$", "A & B", "肺の結節と胸水", "é" * 60, "%{y} %{customdata}")
MANY = tuple(f"{label} of the {i} side" for i in (1, 2, 3) for label in LABELS)[:50]

every = pytest.mark.parametrize("name", list(FIGURES))


def draw(name: str, tasks: tuple[str, ...], plans: tuple[str, ...] = PLANS[:4]) -> Figure:
    tasks = tasks[:8] if name == "decisions" else tasks  # three panels for each
    return FIGURES[name](FRAMES[name](tasks, plans), SIGNATURE)


def texts(figure: Figure) -> list[str]:
    """Return every text that Plotly reads markup in."""
    found: list[str] = []

    def visit(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for own, inner in value.items():
                visit(inner, own)
        elif isinstance(value, list | tuple):
            for inner in value:
                visit(inner, key)
        elif isinstance(value, str) and key in {"text", "ticktext", "hovertext", "name"}:
            found.append(value)

    visit(figure.to_dict() | {"layout": figure.layout.to_plotly_json()}, "")
    return found


def axes(figure: Figure) -> list[Any]:
    return [*figure.select_xaxes(), *figure.select_yaxes()]


def test_every_figure_has_a_frame_and_a_toy() -> None:
    assert list(FIGURES) == list(MADE) == sorted(FRAMES)


@every
class TestEveryFigure:
    def test_an_empty_frame_is_refused(self, name: str) -> None:
        columns = FRAMES[name](LABELS[:4], PLANS[:2]).columns
        with pytest.raises(FigureError, match=f"nothing to draw in the figure '{name}'"):
            FIGURES[name](pd.DataFrame(columns=columns), SIGNATURE)

    def test_a_missing_column_is_named(self, name: str) -> None:
        frame = FRAMES[name](LABELS[:4], PLANS[:2])
        for column in frame.columns:
            with pytest.raises(FigureError) as caught:
                FIGURES[name](frame.drop(columns=column), SIGNATURE)
            assert caught.value.where == column

    def test_words_where_numbers_belong_are_refused(self, name: str) -> None:
        frame = FRAMES[name](LABELS[:4], PLANS[:2])
        known = [c for c in frame.columns if not frame[c].isna().any()]
        number = next((c for c in known if frame[c].dtype.kind in "if"), None)
        if number is None:
            assert name == "alluvial"
            return
        with pytest.raises(FigureError, match="does not hold numbers"):
            FIGURES[name](frame.assign(**{number: "many"}), SIGNATURE)

    def test_one_row_is_drawn(self, name: str) -> None:
        frame = FRAMES[name](LABELS[:2], PLANS[:2]).head(1)
        figure = FIGURES[name](frame, SIGNATURE)
        assert len(figure.data) > 0

    @pytest.mark.parametrize("tasks", [LABELS[:1], LABELS[:5], MANY], ids=len)
    def test_axes_are_named(self, name: str, tasks: tuple[str, ...]) -> None:
        if name.startswith("transfer"):
            tasks = (*tasks, "another")  # a single task has no pair
        for axis in axes(draw(name, tasks, PLANS[:2])):
            hidden = axis.visible is False or axis.showticklabels is False
            assert hidden or axis.title.text

    def test_no_axis_matches_itself(self, name: str) -> None:
        layout = draw(name, LABELS[:6]).layout.to_plotly_json()
        for key, axis in layout.items():
            if key.startswith(("xaxis", "yaxis")):
                assert axis.get("matches") != key.replace("axis", "")

    def test_the_caption_says_the_signature(self, name: str) -> None:
        figure = draw(name, LABELS[:5])
        (caption,) = (a for a in figure.layout.annotations if a.name == "caption")
        words = caption.text.replace("<br>", " ")
        assert words == "study toy, f1_macro, n:3851, &lt;i&gt;runs&lt;/i&gt;:10"
        assert figure.layout.title.text

    def test_names_are_shown_as_they_are(self, name: str) -> None:
        written = texts(draw(name, ODD, ("<b>plan</b>", "$p$")))
        markup = [
            t.replace("<br>", "").replace("<b>", "", 1).replace("</b>", "", 1) for t in written
        ]
        own = ("seconds of training,", "models", "encoder passes")  # broken into lines on purpose
        assert not [t for t in markup if "<" in t and not t.startswith(own)]
        assert not [t for t in written if "$" in t]

    def test_long_names_are_whole_in_the_hover_box_or_short(self, name: str) -> None:
        long = "é" * 60
        figure = draw(name, ODD, PLANS[:2])
        ticks = [t for axis in axes(figure) for t in axis.ticktext or ()]
        assert not [t for t in ticks if long in t]

    def test_hover_boxes_are_text(self, name: str) -> None:
        for trace in draw(name, LABELS[:5]).data:
            assert trace.hovertemplate is None
            shown = trace.hoverinfo == "skip" or trace.hovertext is not None
            empty = trace.x is not None and all(x is None for x in trace.x)
            assert shown or empty

    def test_the_same_frame_gives_the_same_figure(self, name: str) -> None:
        assert draw(name, LABELS[:5]).to_json() == draw(name, LABELS[:5]).to_json()

    def test_the_frame_is_left_as_it_was(self, name: str) -> None:
        frame = FRAMES[name](LABELS[:5], PLANS[:3])
        before = frame.copy()
        FIGURES[name](frame, SIGNATURE)
        pd.testing.assert_frame_equal(frame, before)

    def test_dark_changes_the_ground_alone(self, name: str) -> None:
        light = draw(name, LABELS[:5])
        dark = themed(light, "dark")
        assert (
            dark.layout.template.layout.paper_bgcolor != light.layout.template.layout.paper_bgcolor
        )
        assert repr(dark.data) == repr(light.data)


def test_fifty_tasks_of_three_panels_each() -> None:
    figure = FIGURES["decisions"](FRAMES["decisions"](MANY, PLANS[:2]), SIGNATURE)
    assert len(list(figure.select_xaxes())) == 3 * len(MANY)


def test_series_stay_apart_without_colour() -> None:
    looks = [series(i) for i in range(len(COLOURS) * len(SYMBOLS))]
    assert len({(look.colour, look.symbol) for look in looks}) == len(looks)
    assert len({look.symbol for look in looks[:8]}) == 8
