"""Frames of figures: numbers recomputed by hand or by a second implementation from a fake store."""

from __future__ import annotations

import shutil
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import precision_recall_curve

from mtlv.errors import FigureError, StoreError
from mtlv.evaluation.curves import curves_table
from mtlv.evaluation.summary import Summary
from mtlv.report.figures import FIGURES
from mtlv.report.frames import FRAMES, Data, Wanted, judged_examples, student_interval
from mtlv.store import Store
from mtlv.store.comparison import CompareSettings, compare
from mtlv.store.outcome import cell_predictions, load_outcome
from mtlv.store.record import (
    AffinityRecord,
    EffectRecord,
    FoundGrouping,
    GroupingRecord,
    RecommendationRecord,
    TransferRecord,
)
from store.fakes import FINISHED, MIXED, TASKS, fake_job, fake_study

pytestmark = pytest.mark.slow

MISSING = {
    "affinity", "alluvial", "feature-map", "gradient-conflict", "predicted-gain", "transfer",
    "transfer-matrix",
}  # fmt: skip
DRAWN = {
    "cost", "curves-head", "curves-model", "curves-task", "decisions", "discordant",
    "forest", "group-numbers", "job-times", "label-correlation", "label-frequency",
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("runs"))
    fake_study(made, folds=3)
    fake_study(made, "mixed", plans=("stl", "mtl"), tasks=MIXED)
    fake_study(made, "once", plans=("mtl",), folds=1)
    fake_study(made, "unfinished", plans=("mtl",), seeds=(7,), trained=lambda *_: False)
    return made


def wanted(store: Store, study: str = "fake", **more: object) -> Wanted:
    return Wanted(store, load_outcome(store, study), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("study", ["fake", "mixed", "once", "unfinished"])
@pytest.mark.parametrize("name", list(FRAMES))
def test_every_frame_is_drawn_or_refused_with_the_next_step(
    store: Store, study: str, name: str
) -> None:
    if study == "fake" and name not in DRAWN:
        with pytest.raises(FigureError) as caught:
            FRAMES[name](wanted(store, study))
        assert caught.value.hint
        return
    with suppress(FigureError) if study != "fake" else nullcontext():
        data = FRAMES[name](wanted(store, study))
        _check_drawn(name, study, data)


def _check_drawn(name: str, study: str, data: Data) -> None:
    assert data.signature.startswith(f"study {study}|")
    assert len(FIGURES[name](data.frame, data.signature).data) > 0


class TestForest:
    def test_rows_are_those_of_the_comparison(self, store: Store) -> None:
        asked = wanted(store, baseline="stl", plans=("mtl",))
        frame = FRAMES["forest"](asked).frame
        (row,) = (r for r in compare(store, asked.outcome, "stl").rows if r.plan == "mtl")
        assert list(frame.task) == list(TASKS)
        assert list(frame.delta) == pytest.approx([100 * row.per_task[t].mean for t in TASKS])
        for line in frame.itertuples():
            claim = row.by_task[line.task].claim
            assert claim is not None
            found = 100 * claim.finding.low, 100 * claim.finding.high
            assert (line.low, line.high) == pytest.approx(found)
            assert line.verdict == claim.verdict

    def test_equivalence_and_its_margin_are_told(self, store: Store) -> None:
        outcome = load_outcome(store, "fake")
        comparison = compare(store, outcome, "mtl", None, CompareSettings(margin=60))
        data = FRAMES["forest"](wanted(store, comparison=comparison))
        assert "equivalent within 60" in set(data.frame.verdict)
        assert "equivalence: two one-sided tests, margin ± 60; verdicts corrected" in data.signature
        names = {trace.name for trace in FIGURES["forest"](data.frame, data.signature).data}
        assert names == set(data.frame.verdict)

    def test_nothing_is_shown_where_nothing_was_tested(self, tmp_path: Path) -> None:
        store = Store(tmp_path)
        fake_study(store, plans=("stl", "mtl"), folds=1)
        comparison = compare(
            store, load_outcome(store, "fake"), "mtl", None, CompareSettings(seconds=0)
        )
        data = FRAMES["forest"](wanted(store, comparison=comparison))
        assert set(data.frame.verdict) == {"no difference shown"}
        assert "not tested" in data.signature

    def test_tasks_of_all_kinds_are_compared(self, store: Store) -> None:
        frame = FRAMES["forest"](wanted(store, "mixed", baseline="stl")).frame
        assert set(frame.task) == set(MIXED)
        assert set(frame.unit) == {"points"}
        assert (frame.low <= frame.high).all()

    def test_student_interval(self) -> None:
        values = [0.1, 0.4, 0.2, 0.3]
        low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
        assert student_interval(Summary.of(values)) == pytest.approx((low, high))
        assert np.isnan(student_interval(Summary.of([0.3]))).all()

    def test_the_signature_names_the_test(self, store: Store) -> None:
        signature = FRAMES["forest"](wanted(store)).signature
        for word in ("study fake", "test part, f1", "thresholds:per_label", "n:40", "% interval"):
            assert word in signature
        assert "corrected_t over 3 test parts; verdicts corrected over tasks (Holm)" in signature


def test_one_is_no_plural(store: Store) -> None:
    single, pooled = (
        FRAMES["decisions"](wanted(store, study)).signature for study in ("once", "fake")
    )
    assert "scores of 1 run|" in single
    assert "scores of 3 runs pooled|" in pooled
    assert "symbols: the threshold" in single
    seeds = FRAMES["discordant"](wanted(store)).signature
    assert "480 decisions|" in seeds  # three folds of 40 examples and four labels, one seed


def test_cost_is_that_of_the_outcome(store: Store) -> None:
    outcome = load_outcome(store, "fake")
    frame = FRAMES["cost"](wanted(store)).frame.set_index("plan")
    assert list(frame.models) == [4, 1, 1, 2]
    assert frame.seconds["stl"] == outcome["stl"].cost.train_seconds
    assert frame.search_seconds["gmtl"] == 5.0
    assert frame.value["mtl"] == pytest.approx(
        100 * outcome["mtl"].summary.metrics["f1_macro"].mean
    )
    assert frame.forward_passes["gmhl"] == 1


class TestCurves:
    def test_values_are_means_over_jobs(self, store: Store) -> None:
        frame = FRAMES["curves-task"](wanted(store, plans=("stl",))).frame
        assert set(frame["name"]) == set(TASKS)
        assert set(frame.metric) == {"f1"}
        assert set(frame.jobs) == {3}
        by_epoch = frame[frame["name"] == "edema"].set_index("epoch").value
        assert by_epoch.to_dict() == pytest.approx({1: 25.0, 2: 50.0, 3: 75.0})

    def test_losses_are_no_percentages(self, store: Store) -> None:
        frame = FRAMES["curves-model"](wanted(store)).frame
        units = dict(zip(frame.metric, frame.unit, strict=True))
        assert units["loss"] == units["log_loss"] == "nats"
        assert units["f1_macro"] == "percent"
        assert frame[frame.metric == "loss"].value.max() <= 1

    def test_only_wanted_tasks_in_their_order(self, store: Store) -> None:
        frame = FRAMES["curves-task"](wanted(store, tasks=("opacity", "edema"))).frame
        assert list(dict.fromkeys(frame["name"])) == ["opacity", "edema"]


class TestDecisions:
    def test_precision_and_recall_against_scikit_learn(self, store: Store) -> None:
        asked = wanted(store, plans=("mtl",), tasks=("edema",))
        frame = FRAMES["decisions"](asked).frame
        drawn = frame[(frame.curve == "precision-recall") & ~frame.chosen]
        parts = [
            cell_predictions(store, cell.cell)["test"].tasks["edema"]
            for cell in asked.outcome["mtl"].cells
        ]
        targets = np.concatenate([part.targets for part in parts])
        scores = np.concatenate([part.scores for part in parts])
        precision, recall, _ = precision_recall_curve(targets, scores)
        known = {
            (round(100 * r, 6), round(100 * p, 6)) for r, p in zip(recall, precision, strict=True)
        }
        ours = {(round(x, 6), round(y, 6)) for x, y in zip(drawn.x, drawn.y, strict=True)}
        assert ours <= known

    def test_the_chosen_point_is_the_f1_at_the_mean_threshold(self, store: Store) -> None:
        asked = wanted(store, plans=("mtl",), tasks=("edema",))
        frame = FRAMES["decisions"](asked).frame
        (point,) = frame[(frame.curve == "threshold") & frame.chosen].itertuples()
        cells = asked.outcome["mtl"].cells
        threshold = np.mean([cell.scores.thresholds.values["edema"] for cell in cells])
        parts = [cell_predictions(store, cell.cell)["test"].tasks["edema"] for cell in cells]
        called = np.concatenate([part.scores for part in parts]) >= threshold
        truth = np.concatenate([part.targets for part in parts]) == 1
        f1 = 2 * (called & truth).sum() / (called.sum() + truth.sum())
        assert (point.x, point.y) == pytest.approx((100 * threshold, 100 * f1))

    def test_calibration_counts_every_target_once(self, store: Store) -> None:
        frame = FRAMES["decisions"](wanted(store, plans=("mtl",), tasks=("edema",))).frame
        bins = frame[frame.curve == "calibration"]
        assert bins.n.sum() == 3 * 40
        truth = sum(bins.n * bins.y / 100)
        assert truth == pytest.approx(round(truth))
        assert ((bins.low <= bins.y + 1e-9) & (bins.y <= bins.high + 1e-9)).all()


class TestLabels:
    def test_frequency_is_of_the_whole_corpus(self, store: Store) -> None:
        data = FRAMES["label-frequency"](wanted(store))
        assert list(data.frame.positives) == [9] * 4
        assert set(data.frame.n) == {240}

    def test_correlation_against_numpy(self, store: Store) -> None:
        asked = wanted(store)
        frame = FRAMES["label-correlation"](asked).frame
        parts = [
            part.labels()
            for cell in asked.outcome["mtl"].cells
            for part in cell_predictions(store, cell.cell).values()
        ]
        matrix = np.concatenate([part.targets for part in parts])
        expected = np.corrcoef(matrix.T)
        for row in frame.itertuples():
            i, j = TASKS.index(row.first), TASKS.index(row.second)
            assert row.phi == pytest.approx(expected[i, j])
            assert row.both == (matrix[:, i] * matrix[:, j]).sum()
            assert row.n == 240


class TestDiscordant:
    def test_counts_against_decisions(self, store: Store) -> None:
        asked = wanted(store, plans=("stl", "mtl"))
        frame = FRAMES["discordant"](asked).frame.set_index("task")
        counts = dict.fromkeys(("stl", "mtl"), 0)
        for one, two in zip(asked.outcome["stl"].cells, asked.outcome["mtl"].cells, strict=True):
            right = []
            for cell in (one, two):
                task = cell_predictions(store, cell.cell)["test"].tasks["edema"]
                called = task.scores >= cell.scores.thresholds.values["edema"]
                right.append(called == (task.targets == 1))
            counts["stl"] += int((right[0] & ~right[1]).sum())
            counts["mtl"] += int((right[1] & ~right[0]).sum())
        assert frame.only_first["edema"] == counts["stl"]
        assert frame.only_second["edema"] == counts["mtl"]
        total = frame[["only_first", "only_second", "both", "neither"]].sum(axis=1)
        assert set(total) == {120}

    def test_examples_are_named_with_their_fold(self, store: Store) -> None:
        examples = judged_examples(wanted(store, plans=("stl", "mtl"), tasks=("edema",)))
        assert len(examples) == 120
        assert examples.id[0] == "0-test-0"
        assert set(examples.fold) == {0, 1, 2}
        assert set(examples.corpus) == {"fake"}

    def test_all_kinds_but_regression(self, store: Store) -> None:
        examples = judged_examples(wanted(store, "mixed"))
        assert set(examples.task) == set(MIXED) - {"similarity"}


def test_job_times_name_shared_jobs_under_each_plan(store: Store) -> None:
    frame = FRAMES["job-times"](wanted(store)).frame
    assert frame.plan.value_counts().to_dict() == {"stl": 12, "gmtl": 6, "mtl": 3, "gmhl": 3}
    assert set(frame[frame.plan == "mtl"].seconds) == {40.0}


def test_group_numbers(store: Store) -> None:
    frame = FRAMES["group-numbers"](wanted(store, plans=("gmtl",))).frame
    assert frame[frame.fold == 0].groups.tolist() == [1, 2, 3, 4]
    assert frame[frame.chosen].groups.unique().tolist() == [2]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A study whose groups were searched by an affinity, with a measured job and transfer."""
    made = Store(tmp_path_factory.mktemp("searched"))
    study = fake_study(made, plans=("stl", "gmtl"), folds=1)
    products = np.zeros((2, 1, 4, 4))
    products[:] = np.diag([1.0, 4.0, 1.0, 1.0])
    products[0, 0, 0, 1] = products[0, 0, 1, 0] = -1.0
    job = fake_job([[task] for task in TASKS], job="probed")
    job = job.model_copy(update={"spec": job.spec | {"probe": {"name": "gradient"}}})
    made.write_job(job, [], curves_table([]), measured={"products": products})
    matrix = [[None if s == t else float(s - t) for t in range(4)] for s in range(4)]
    affinity = AffinityRecord(name="lookahead", unit="share", tasks=list(TASKS), matrix=matrix)
    advice = RecommendationRecord(
        words="", predicted=dict(zip(TASKS, [0.1, 0.2, 0.3, None], strict=True)),
        gain_over_mtl=0.1, error=None, leave_mtl=True,
    )  # fmt: skip
    grouping = GroupingRecord(
        origin="searched",
        groups=[["edema", "effusion"], ["nodule", "opacity"]],
        affinity=affinity,
        recommendation=advice,
        jobs=["probed"],
    )
    cells = [
        cell.model_copy(update={"grouping": grouping}) if cell.plan == "gmtl" else cell
        for cell in study.cells
    ]
    made.write_study(study.model_copy(update={"cells": cells}))
    features = np.array([[0.0, 0, 5], [3, 0, 5], [0, 1, 5], [3, 1, 5]])
    plain = GroupingRecord(
        origin="kmedoids", groups=[list(TASKS[:2]), list(TASKS[2:])], medoids=["nodule"]
    )
    found = FoundGrouping(id="g1", study="fake", fold=0, settings={}, grouping=plain)
    made.groupings.write(found, features)
    made.transfers.write(_transfer())
    return made


def _transfer() -> TransferRecord:
    given = [("edema", "nodule", 0.02, "improves"), ("nodule", "edema", -0.01, "none")]
    effects = [
        EffectRecord(source=s, target=t, effect=e, low=e - 0.01, high=e + 0.01, verdict=v)  # type: ignore[arg-type]
        for s, t, e, v in given
    ]
    return TransferRecord(
        name="fake", config={}, tasks=["edema", "nodule"], effects=effects, runs=5, margin=0.0,
        metrics={"edema": "f1", "nodule": "f1"}, alone={"edema": 0.5, "nodule": 0.4}, jobs=[],
        finished=FINISHED,
    )  # fmt: skip


class TestSearched:
    def test_affinity(self, searched: Store) -> None:
        frame = FRAMES["affinity"](wanted(searched)).frame.set_index(["source", "target"])
        assert frame.effect["opacity", "edema"] == 2.0
        assert np.isnan(frame.effect["edema", "edema"])

    def test_predicted_beside_measured(self, searched: Store) -> None:
        asked = wanted(searched)
        frame = FRAMES["predicted-gain"](asked).frame.set_index("task")
        assert frame.predicted.to_dict() == pytest.approx(
            {"edema": 0.1, "nodule": 0.2, "opacity": 0.3}
        )
        outcome = asked.outcome
        delta = (
            outcome["gmtl"].summary.primary("nodule").mean
            - outcome["stl"].summary.primary("nodule").mean
        )
        assert frame.measured["nodule"] == pytest.approx(100 * delta)

    def test_a_measured_gain_is_no_test(
        self, searched: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Pages have no time for draws of which only the mean difference is shown."""

        def drawn(*_: object, **__: object) -> None:
            raise AssertionError("nothing is to be drawn")

        monkeypatch.setattr("mtlv.store.comparison_tests.bootstrap", drawn)
        monkeypatch.setattr("mtlv.store.comparison_tests.randomise", drawn)
        assert len(FRAMES["predicted-gain"](wanted(searched)).frame) == 3

    def test_conflict_is_the_cosine(self, searched: Store) -> None:
        frame = FRAMES["gradient-conflict"](wanted(searched)).frame
        first = frame[(frame["first"] == "edema") & (frame["second"] == "nodule")]
        assert first.cosine.tolist() == pytest.approx([-0.5, 0.0])  # -1 / (1 * 2)
        assert first.time.tolist() == [1, 2]
        assert set(frame.clock) == {"epoch"}

    def test_features_are_turned_to_their_main_axes(self, searched: Store) -> None:
        frame = FRAMES["feature-map"](wanted(searched)).frame
        assert sorted(np.abs(frame.x)) == pytest.approx([1.5] * 4)
        assert sorted(np.abs(frame.y)) == pytest.approx([0.5] * 4)
        assert frame.x_share[0] == pytest.approx(90.0)  # 9 of 9 + 1
        assert frame.group.tolist() == ["1", "1", "2", "2"]
        assert frame.task[frame.middle].tolist() == ["nodule"]

    def test_alluvial_of_a_plan_and_what_was_asked_for(self, searched: Store) -> None:
        data = FRAMES["alluvial"](wanted(searched))
        frame = data.frame.set_index("task")
        assert (frame.left_title.iloc[0], frame.right_title.iloc[0]) == ("gmtl", "kmedoids")
        assert frame.left.to_dict() == {
            "edema": "1",
            "effusion": "1",
            "nodule": "2",
            "opacity": "2",
        }
        assert frame.right["effusion"] == "2"
        assert "adjusted Rand index -0.50" in data.signature

    def test_equal_groupings_are_no_alluvial(self, searched: Store, tmp_path: Path) -> None:
        made = Store(shutil.copytree(searched.root, tmp_path / "runs"))
        (asked,) = made.groupings.ids()
        found = made.groupings[asked]
        own = wanted(made).outcome["gmtl"].cells[0].cell.grouping
        turned = own.model_copy(update={"groups": own.groups[::-1]})
        shutil.rmtree(made.root / "groupings" / asked)
        made.groupings.write(found.model_copy(update={"grouping": turned}))
        with pytest.raises(FigureError, match="nothing to draw") as caught:
            FRAMES["alluvial"](wanted(made))
        assert "differ" in (caught.value.found or "")

    def test_transfer_is_in_points(self, searched: Store) -> None:
        frame = FRAMES["transfer"](wanted(searched)).frame
        assert frame.effect.tolist() == pytest.approx([2.0, -1.0])
        assert frame.verdict.tolist() == ["improves", "none"]

    @pytest.mark.parametrize("name", sorted(MISSING))
    def test_all_are_drawn(self, searched: Store, name: str) -> None:
        data = FRAMES[name](wanted(searched))
        assert len(FIGURES[name](data.frame, data.signature).data) > 0


class TestMistakes:
    def test_an_unknown_task_is_named(self, store: Store) -> None:
        with pytest.raises(FigureError, match="no task 'oedema'") as caught:
            FRAMES["decisions"](wanted(store, tasks=("oedema",)))
        assert "edema" in (caught.value.hint or "")

    def test_an_unknown_plan_is_named(self, store: Store) -> None:
        with pytest.raises(StoreError, match="no finished plan 'gmmtl'"):
            FRAMES["cost"](wanted(store, plans=("gmmtl",)))


def test_nothing_is_written(searched: Store) -> None:
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in searched.root.rglob("*")}

    before = state()
    for name in FRAMES:
        assert isinstance(_tried(searched, name), pd.DataFrame | FigureError)
    assert state() == before


def _tried(store: Store, name: str) -> pd.DataFrame | FigureError:
    try:
        return FRAMES[name](wanted(store)).frame
    except FigureError as error:
        return error
