"""What single figures draw: orders, verdicts, fronts, places of names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from plotly.graph_objects import Figure

from mtlv.report.figures import FIGURES
from mtlv.report.figures.cost import front
from mtlv.report.figures.heat import MINUS, _written
from mtlv.report.figures.layout import panels
from mtlv.report.figures.placing import add_labels
from mtlv.report.figures.seriation import seriated
from mtlv.report.figures.theme import WIDTH, series
from mtlv.report.figures.words import hover, pixels, plain, short
from report.figures_toys import FRAMES, LABELS, PLANS


def forest_frame(**changes: object) -> pd.DataFrame:
    rows = [
        ("rare", 5, 2.0, 1.0, 3.0, "better"),
        ("common", 90, -1.5, -2.0, -1.0, "worse"),
        ("middle", 40, 0.4, -0.5, 1.3, "no difference shown"),
        ("alike", 60, 0.1, -0.2, 0.4, "equivalent within 0.5"),
    ]
    columns = ["task", "support", "delta", "low", "high", "verdict"]
    frame = pd.DataFrame(rows, columns=columns)
    given = {"plan": "gmtl", "baseline": "mtl", "metric": "f1", "unit": "points"}
    return frame.assign(**(given | changes))


class TestForest:
    def test_the_most_frequent_task_stands_on_top(self) -> None:
        figure = FIGURES["forest"](forest_frame(), "")
        axis = figure.layout.yaxis
        assert list(axis.ticktext) == ["rare (5)", "middle (40)", "alike (60)", "common (90)"]
        assert axis.range[0] < axis.range[1]

    def test_verdicts_have_symbols_of_their_own(self) -> None:
        by_name = {t.name: t for t in FIGURES["forest"](forest_frame(), "").data}
        assert list(by_name["better"].x) == [2.0]
        assert list(by_name["worse"].x) == [-1.5]
        assert list(by_name["equivalent within 0.5"].x) == [0.1]
        assert list(by_name["no difference shown"].x) == [0.4]
        assert len({t.marker.symbol for t in by_name.values()}) == 4
        assert len({t.marker.color for t in by_name.values()}) == 4

    def test_verdicts_that_no_task_has_are_not_in_the_legend(self) -> None:
        frame = forest_frame().query("task != 'alike'")
        names = [trace.name for trace in FIGURES["forest"](frame, "").data]
        assert names == ["better", "worse", "no difference shown"]

    def test_whiskers_end_at_the_interval(self) -> None:
        better = next(t for t in FIGURES["forest"](forest_frame(), "").data if t.name == "better")
        assert better.x[0] - better.error_x.arrayminus[0] == 1.0
        assert better.x[0] + better.error_x.array[0] == 3.0
        assert "interval +1.00 to +3.00" in better.hovertext[0]
        assert "f1: +2.00 points against mtl" in better.hovertext[0]

    def test_tasks_of_other_units_have_panels_of_their_own(self) -> None:
        frame = pd.concat([forest_frame(), forest_frame(unit="mse", task="score")])
        figure = FIGURES["forest"](frame, "")
        titles = [axis.title.text for axis in figure.select_xaxes()]
        assert titles == ["difference, points", "difference, mse"]

    def test_an_unknown_interval_is_told(self) -> None:
        frame = forest_frame(low=np.nan, high=np.nan, verdict="no difference shown")
        (drawn,) = FIGURES["forest"](frame, "").data
        assert len(drawn.x) == len(frame)
        assert "no interval" in drawn.hovertext[0]
        assert "no difference shown" in drawn.hovertext[0]


class TestFront:
    def test_what_costs_more_and_is_no_better_is_left_out(self) -> None:
        assert front([3, 1, 2, 2], [0.9, 0.5, 0.4, 0.7]) == [1, 3, 0]

    def test_where_lower_is_better(self) -> None:
        assert front([1, 2, 3], [0.5, 0.6, 0.4], higher_is_better=False) == [0, 2]

    def test_wide_costs_have_a_logarithmic_axis(self) -> None:
        frame = FRAMES["cost"](LABELS, PLANS[:3])
        linear = FIGURES["cost"](frame.assign(seconds=[10.0, 20, 30]), "")
        wide = FIGURES["cost"](frame.assign(seconds=[10.0, 20, 3000]), "")
        assert linear.layout.xaxis.type == "linear"
        assert wide.layout.xaxis.type == "log"


class TestSeriation:
    def test_blocks_are_put_together(self) -> None:
        truth = np.array([0, 1, 0, 1, 0, 1])
        order = seriated(np.where(truth[:, None] == truth, 1.0, 0.0))
        assert sorted(truth[order].tolist()) in (truth[order].tolist(), truth[order].tolist()[::-1])

    def test_unknown_cells_are_allowed(self) -> None:
        matrix = np.full((4, 4), np.nan)
        assert sorted(seriated(matrix)) == [0, 1, 2, 3]
        matrix[0, 3] = 1.0
        order = seriated(matrix)
        assert sorted(order) == [0, 1, 2, 3]

    def test_the_affinity_map_shows_rows_and_columns_in_one_order(self) -> None:
        figure = FIGURES["affinity"](FRAMES["affinity"](LABELS[:8], PLANS), "")
        assert figure.layout.xaxis.ticktext == figure.layout.yaxis.ticktext
        first = [t.split()[0] for t in figure.layout.xaxis.ticktext]
        assert first != [label.split()[0] for label in LABELS[:8]]
        cell = figure.data[0].hovertext[0][1]
        source, target = (figure.layout.xaxis.ticktext[i] for i in (0, 1))
        assert cell.startswith(f"<b>{source} → {target}</b>")


class TestHeat:
    @staticmethod
    def drawn(values: list[float], names: tuple[str, ...] = ("a", "b", "c")) -> Any:
        pairs = [(s, t) for i, s in enumerate(names) for t in names[i + 1 :]]
        frame = pd.DataFrame(pairs, columns=["first", "second"])
        frame = frame.assign(phi=(values * len(pairs))[: len(pairs)], both=1, n=9)
        return FIGURES["label-correlation"](frame, "")

    def test_numbers_are_signed_unless_they_are_0(self) -> None:
        (heat,) = self.drawn([0.25, -0.5, -0.001]).data
        assert {text for row in heat.text for text in row} == {"", ".25", f"{MINUS}.50", ".00"}
        assert [_written(own, 1.0) for own in (-1.234, 12.34, 0.051)] == [
            f"{MINUS}1.2",
            "12",
            ".05",
        ]
        assert heat.hovertext[0][1].endswith("1 text with both, of 9")

    @pytest.mark.parametrize("count", [2, 12, 14, 18, 20])
    def test_digits_can_be_read_and_fit(self, count: int) -> None:
        figure = self.drawn([-0.25], tuple(f"label {i}" for i in range(count)))
        (heat,), margin = figure.data, figure.layout.margin
        cell = (WIDTH - margin.l - margin.r) / count
        assert heat.textfont.size >= 10
        assert pixels(f"{MINUS}.25", heat.textfont.size) <= cell

    def test_cells_without_room_show_their_sign_alone(self) -> None:
        figure = self.drawn([-0.25, 0.25], tuple(f"label {i:02d}" for i in range(60)))
        (heat,) = figure.data
        assert {text for row in heat.text for text in row} == {"", MINUS}
        shown, size = figure.layout.xaxis.tickvals, figure.layout.xaxis.tickfont.size
        width = WIDTH - figure.layout.margin.l - figure.layout.margin.r
        assert size >= 9
        assert width / 60 * (shown[1] - shown[0]) >= size


class TestTransfer:
    def test_every_effect_is_an_arrow_of_its_verdict(self) -> None:
        frame = FRAMES["transfer"](LABELS[:6], PLANS)
        arrows = {t.name: t for t in FIGURES["transfer"](frame, "").data if t.marker.angle}
        words = {"improves": "improves", "decreases": "decreases", "none": "no effect shown"}
        assert len({(t.marker.color, t.marker.symbol) for t in arrows.values()}) == 3
        for verdict, count in frame.verdict.value_counts().items():
            assert len(arrows[words[str(verdict)]].marker.angle) == count


class TestPanels:
    def test_a_trace_finds_the_panel_of_its_place(self) -> None:
        made = panels(["a", "b", None, "d"], 2, 100, WIDTH)
        trace = {"type": "scatter", "x": [1], "y": [2]}
        for index in (0, 1, 3):
            made.figure.add_trace(trace, **made.place(index))
            made.drawn([trace | made.axes(index)], {index: ({"title": {"text": str(index)}}, {})})
            by_place, by_name = made.figure.data[-2:]
            assert (by_place.xaxis, by_place.yaxis) == (by_name.xaxis, by_name.yaxis)
            assert [own.title.text for own in made.figure.select_xaxes(**made.place(index))] == [
                str(index)
            ]

    @pytest.mark.parametrize("name", ["curves-task", "curves-model", "decisions"])
    def test_lines_are_added_at_once(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """One by one, a study of 50 labels and five plans takes Plotly two seconds."""
        added = []
        add = Figure.add_traces
        monkeypatch.setattr(
            Figure, "add_traces", lambda *own, **more: added.append(1) or add(*own, **more)
        )
        figure = FIGURES[name](FRAMES[name](LABELS[:3], PLANS[:4]), "")
        assert len(figure.data) > 12
        assert len(added) == 1

    def test_lines_lie_in_the_order_of_the_plans(self) -> None:
        figure = FIGURES["curves-task"](FRAMES["curves-task"](LABELS[:7], PLANS), "")
        first = [own.line.color for own in figure.data if own.xaxis == "x" and not own.name]
        assert first == [series(i).colour for i in range(len(PLANS))]


class TestAlluvial:
    def test_a_task_goes_from_its_group_to_its_group(self) -> None:
        frame = pd.DataFrame({"task": ["a", "b", "c"], "left": ["1", "1", "2"]})
        frame = frame.assign(right=["1", "2", "2"], left_title="one", right_title="two")
        figure = FIGURES["alluvial"](frame, "")
        said = [t.hovertext for t in figure.data if t.hovertext and "from" in str(t.hovertext)]
        assert said[1] == "<b>b</b><br>from group 1<br>to group 2"
        assert figure.layout.yaxis2.title.text == "tasks by group of two"


class TestDiscordant:
    def test_bars_point_to_the_plan_that_is_right(self) -> None:
        frame = pd.DataFrame({"task": ["a", "b"], "first": "new", "second": "old"})
        frame = frame.assign(only_first=[1, 9], only_second=[4, 2], both=10, neither=3)
        old, new = FIGURES["discordant"](frame, "").data
        assert (old.name, new.name) == ("only old is right", "only new is right")
        assert list(old.x) == [-4, -2]
        assert list(new.x) == [1, 9]


class TestConflict:
    def test_the_share_of_pairs_below_zero_is_counted(self) -> None:
        frame = pd.DataFrame(
            {"first": ["a", "a", "b"] * 2, "second": ["b", "c", "c"] * 2, "layer": "last"}
            | {"time": [1, 1, 1, 2, 2, 2], "clock": "epoch"}
            | {"cosine": [0.5, 0.1, 0.2, -0.5, -0.1, 0.2]}
        )
        figure = FIGURES["gradient-conflict"](frame, "")
        share = next(t for t in figure.data if t.name == "layer last")
        assert list(share.y) == pytest.approx([0, 200 / 3])
        middle = next(t for t in figure.data if t.name == "median of pairs")
        assert list(middle.y) == pytest.approx([0.2, -0.1])


class TestJobs:
    def test_the_upright_line_is_the_median(self) -> None:
        frame = pd.DataFrame({"plan": "mtl", "job": ["a", "b", "c"], "tasks": "x", "fold": 0})
        frame = frame.assign(seed=0, seconds=[1.0, 5.0, 3.0], epochs=np.nan)
        points, line = FIGURES["job-times"](frame, "").data
        assert list(points.x) == [1.0, 5.0, 3.0]
        assert list(line.x) == [3.0, 3.0]
        assert "median 3.0 s of 3 jobs" in line.hovertext


class TestWords:
    def test_markup_is_shown_as_it_is(self) -> None:
        assert plain("<a>\n&$") == "&lt;a&gt; &amp;&#36;"
        assert hover("<a>", "1 < 2", "") == "<b>&lt;a&gt;</b><br>1 &lt; 2"

    @pytest.mark.parametrize("name", ["x" * 60, "肺" * 40, "a肺" * 30])
    @pytest.mark.parametrize("limit", [12, 24, 28])
    def test_short_names_keep_within_the_limit(self, name: str, limit: int) -> None:
        shown = short(name, limit)
        assert pixels(shown) <= pixels("x" * limit)
        assert shown[0] == name[0]
        assert shown[-1] == name[-1]

    def test_names_that_fit_stay(self) -> None:
        assert short("Calcified Granuloma") == "Calcified Granuloma"


class TestPredictedGain:
    @pytest.mark.parametrize("plans", [PLANS[:1], PLANS[:3]])
    def test_intervals_are_whole(self, plans: tuple[str, ...]) -> None:
        frame = FRAMES["predicted-gain"](LABELS, plans)
        low, high = FIGURES["predicted-gain"](frame, "").layout.yaxis.range
        assert low < frame.low.min()
        assert high > frame.high.max()


class TestPlacing:
    def test_no_two_names_overlap(self) -> None:
        from plotly.graph_objects import Figure

        random = np.random.default_rng(0)
        x, y = random.random(30), random.random(30)
        figure = Figure()
        add_labels(figure, x, y, [f"label {i}" for i in range(30)], (600, 400))
        ranges = np.array([figure.layout.xaxis.range, figure.layout.yaxis.range])
        low, high = ranges.T
        boxes = []
        for note in figure.layout.annotations:
            spot = (np.array([note.x, note.y]) - low) / (high - low) * (600, 400)
            centre = spot + np.array([note.ax, -note.ay])
            half = np.array([pixels(note.text, 11) / 2, 6])
            boxes.append((centre - half, centre + half))
        assert len(boxes) > 20
        for i, (low_i, high_i) in enumerate(boxes):
            for low_j, high_j in boxes[:i]:
                assert not ((low_i < high_j) & (low_j < high_i)).all()
