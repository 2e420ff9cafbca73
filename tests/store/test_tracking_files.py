"""Files beside a run: whole, readable without a network, and of the same numbers as the outcome."""

import csv
import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import yaml
from sklearn.metrics import confusion_matrix

from mtlv.evaluation.predictions import Predictions, TaskPredictions
from mtlv.evaluation.scoring import score
from mtlv.store import Store
from mtlv.store.number_plot import number_svg
from mtlv.store.outcome import CellOutcome, cell_predictions, load_outcome
from mtlv.store.record import NumberRecord
from mtlv.store.tracking_files import (
    cell_files,
    comparison_files,
    comparison_text,
    study_files,
)
from store.fakes import MIXED, fake_cell, fake_study

SVG = "{http://www.w3.org/2000/svg}"
ROWS = NumberRecord(method="elbow", groups=[1, 2, 3], values=[4.0, 1.0, 0.0], chosen=2)


def outcome_of(store: Store, plan: str = "gmtl", *, tuned: bool = False) -> CellOutcome:
    fake_study(store, plans=(plan,), folds=1, tuned=tuned)
    return load_outcome(store, "fake")[plan].cells[0]


class TestStudy:
    def test_the_configuration_reads_as_it_was(self, store: Store) -> None:
        study = fake_study(store)
        files = study_files(study)
        assert yaml.safe_load(files["config.yaml"]) == study.config
        assert json.loads(files["tasks.json"])[0]["name"] == "edema"
        assert json.loads(files["data.json"])["corpora"][0]["fingerprint"] == "c0ffee"

    def test_no_password_leaves_the_store(self, store: Store) -> None:
        study = fake_study(store, config={"tracking": {"uri": "http://ann:secret@host"}})
        assert not [name for name, text in study_files(study).items() if "secret" in text]


class TestOtherKinds:
    def test_a_comparison_has_what_the_kinds_have(self, store: Store) -> None:
        fake_study(store, tasks=MIXED)
        mixed = comparison_text(load_outcome(store, "fake"))
        assert "subset_accuracy | primary_mean | seconds" in mixed
        assert "- `primary_mean|of:" in mixed
        fake_study(store, "others", tasks=MIXED[2:])
        others = comparison_text(load_outcome(store, "others"))
        assert others.startswith("| plan | primary_mean | seconds | models | cells |")

    def test_files_of_a_cell_without_binary_tasks(self, store: Store) -> None:
        fake_study(store, plans=("mtl",), folds=1, tasks=MIXED[2:])
        outcome = load_outcome(store, "fake")["mtl"].cells[0]
        files = cell_files(outcome, cell_predictions(store, outcome.cell))
        assert "confusion.csv" not in files
        judged = json.loads(files["scores.json"])["judged_by"]
        assert judged["relation"]["metric"] == "f1_micro_positive"


class TestCell:
    def test_confusion_is_that_of_scikit_learn(self, store: Store) -> None:
        outcome = outcome_of(store)
        parts = cell_predictions(store, outcome.cell)
        rows = list(csv.DictReader(io.StringIO(cell_files(outcome, parts)["confusion.csv"])))
        assert [row["task"] for row in rows] == ["edema", "nodule", "opacity", "effusion"]
        for row in rows:
            task = parts["test"].tasks[row["task"]]
            decided = task.scores >= outcome.scores.thresholds.values[row["task"]]
            expected = confusion_matrix(task.targets, decided).ravel().tolist()
            assert [int(row[name]) for name in ("tn", "fp", "fn", "tp")] == expected

    def test_report_scores_and_thresholds_agree(self, store: Store) -> None:
        outcome = outcome_of(store)
        files = cell_files(outcome, cell_predictions(store, outcome.cell))
        report = {row["name"]: row for row in json.loads(files["classification_report.json"])}
        scores = json.loads(files["scores.json"])
        assert report["macro"]["f1"] == pytest.approx(scores["metrics"]["f1_macro"])
        assert report["edema"]["recall"] == pytest.approx(scores["per_task"]["edema"]["recall"])
        assert scores["signatures"]["f1_macro"].startswith("f1_macro|thresholds:")
        assert json.loads(files["thresholds.json"]) == scores["thresholds"]
        assert json.loads(files["plan.json"]) == outcome.cell.architecture

    def test_only_what_groups_has_an_elbow_and_only_what_is_tuned_trials(
        self, store: Store
    ) -> None:
        plain = outcome_of(store, "mtl")
        files = cell_files(plain, cell_predictions(store, plain.cell))
        assert not {"grouping.json", "elbow.svg", "elbow.csv", "tuning.json"} & set(files)
        both = outcome_of(store, "gmhl", tuned=True)
        files = cell_files(both, cell_predictions(store, both.cell))
        assert json.loads(files["grouping.json"])["numbers"][0]["chosen"] == 2
        assert json.loads(files["tuning.json"])["chosen"] == 1
        assert files["elbow.csv"].splitlines()[:2] == ["groups,value", "1,4.0"]
        ET.fromstring(files["elbow.svg"])

    def test_a_cell_without_binary_tasks_has_no_report(self, store: Store) -> None:
        ids = {"validation": np.array(["a", "b"], object), "test": np.array(["c", "d"], object)}
        parts = {
            part: Predictions(
                part,  # type: ignore[arg-type]
                {
                    "age": TaskPredictions(
                        "age", "regression", own, np.array([1.0, 2.0]), np.array([1.0, 1.5])
                    )
                },
            )
            for part, own in ids.items()
        }
        scores = score(parts["validation"], parts["test"])
        whole = outcome_of(store, "mtl")
        outcome = CellOutcome(fake_cell("mtl", 0, 0), scores, whole.cost, float("nan"))
        files = cell_files(outcome, parts)  # type: ignore[arg-type]
        assert set(files) == {"plan.json", "scores.json", "thresholds.json"}


class TestComparison:
    def test_the_table_has_a_row_for_every_plan(self, store: Store) -> None:
        fake_study(store, folds=2, trained=lambda cell, model: cell.plan != "stl" or cell.fold == 0)
        outcome = load_outcome(store, "fake")
        lines = comparison_text(outcome).splitlines()
        assert lines[0].startswith("| plan | f1_macro | f1_micro |")
        assert {line.count("|") for line in lines[:6]} == {9}
        assert lines[2].startswith("| stl | ")
        assert lines[2].endswith("| 42 | 4 | 1 of 2 |")
        value = outcome["mtl"].summary.metrics["f1_macro"]
        assert value.sd is not None
        assert f"| {100 * value.mean:.1f} ± {100 * value.sd:.1f} |" in lines[3]

    def test_every_number_has_its_signature(self, store: Store) -> None:
        fake_study(store, plans=("mtl",), folds=2)
        text = comparison_text(load_outcome(store, "fake"))
        assert "`f1_macro|thresholds:per_label(validation,shrinkage=20)|n:40|tasks:4|runs:2" in text

    def test_the_same_as_json(self, store: Store) -> None:
        fake_study(store, plans=("mtl", "gmtl"), folds=1)
        files = comparison_files(load_outcome(store, "fake"))
        plans = json.loads(files["comparison.json"])["plans"]
        assert [plan["plan"] for plan in plans] == ["mtl", "gmtl"]

    def test_a_study_of_which_nothing_can_be_scored(self, store: Store) -> None:
        fake_study(store, trained=lambda cell, model: False)
        assert len(comparison_text(load_outcome(store, "fake")).splitlines()) == 2


class TestElbow:
    def test_points_fall_with_the_inertia(self) -> None:
        drawing = ET.fromstring(number_svg(ROWS))
        line = drawing.find(f"{SVG}polyline")
        assert line is not None
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert points == [(48, 48), (240, 201), (432, 252)]  # y grows downwards
        radii = [circle.attrib["r"] for circle in drawing.iter(f"{SVG}circle")]
        assert radii == ["3", "6", "3"]

    def test_the_knee_is_named_or_that_there_is_none(self) -> None:
        assert "2 suggested" in number_svg(ROWS)
        assert "none suggested" in number_svg(ROWS.model_copy(update={"chosen": None}))

    def test_nothing_is_fetched(self) -> None:
        assert number_svg(ROWS).count("http") == 1  # the name of the format itself

    @pytest.mark.parametrize("value", [3.0, 0.0, -1.0])
    def test_a_single_point(self, value: float) -> None:
        ET.fromstring(number_svg(NumberRecord(method="gap", groups=[1], values=[value])))
