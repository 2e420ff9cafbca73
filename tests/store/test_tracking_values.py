"""Names that MLflow takes, whatever tasks are called, and numbers that it draws as they are."""

import math
import posixpath
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlv.evaluation.curves import CurvePoint, curves_table
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.store.tracking_uri import absolute_uri, artifact_place, is_server, without_password
from mtlv.store.tracking_values import (
    Number,
    cell_numbers,
    cell_params,
    flat_params,
    job_numbers,
    job_params,
    label_names,
    milliseconds,
    plain,
    study_numbers,
    study_params,
)
from store.fakes import FINISHED, MIXED, fake_cell, fake_job, fake_study, write_fake_job

END = milliseconds(FINISHED)


def is_taken_by_mlflow(name: str) -> bool:
    """MLflow's own rule, on Windows, where it is strictest."""
    return bool(re.match(r"^[/\w.\- ]*$", name)) and posixpath.normpath(name) == name


class TestOtherKinds:
    def test_numbers_of_tasks_have_names_that_are_taken(self, store: Store) -> None:
        fake_study(store, plans=("mtl",), folds=1, tasks=MIXED)
        outcome = load_outcome(store, "fake")
        cell = outcome["mtl"].cells[0]
        found = cell_numbers(cell, label_names(MIXED), 0)
        values = {number.name: number.value for number in found}
        assert all(is_taken_by_mlflow(name) for name in values)
        assert len(values) == len(found)
        assert values["entity_f1/disease"] == cell.scores.per_task["disease"]["entity_f1"]
        assert values["f1_CPR_3_/relation"] == cell.scores.per_task["relation"]["f1[CPR:3]"]
        assert values["primary_mean"] == cell.scores.primary_mean

    def test_a_study_tells_what_its_tasks_are_judged_by(self, store: Store) -> None:
        fake_study(store, plans=("mtl",), folds=1, tasks=MIXED)
        outcome = load_outcome(store, "fake")
        values = {n.name: n.value for n in study_numbers(outcome, ("primary_mean", "f1_macro"))}
        summary = outcome["mtl"].summary
        assert values["mtl/primary_mean"] == summary.metrics["primary_mean"].mean
        for task in MIXED:
            assert values[f"mtl/primary/{task}"] == summary.primary(task).mean


class TestNames:
    @given(st.text(max_size=300))
    def test_any_text_becomes_one_part_of_a_name(self, text: str) -> None:
        name = f"validation/label/{plain(text)}/average_precision"
        assert is_taken_by_mlflow(name)
        assert len(name) <= 250
        assert name.count("/") == 3

    @given(st.lists(st.text(max_size=4), unique=True, max_size=8))
    def test_no_two_tasks_get_one_name(self, tasks: list[str]) -> None:
        names = label_names(tasks)
        assert list(names) == tasks
        assert len({name.casefold() for name in names.values()}) == len(tasks)
        assert all(is_taken_by_mlflow(f"f1/{name}") for name in names.values())

    @pytest.mark.parametrize("text", ["edema", "C01 Bacterial-infections", "Ödem 2.1", "肺水腫"])
    def test_what_is_plain_stays(self, text: str) -> None:
        assert plain(text) == text

    @pytest.mark.parametrize(
        ("text", "name"), [("", "_"), (".", "_"), ("..", "__"), ("a/b: c", "a_b_ c"), ("a\n", "a_")]
    )
    def test_what_is_not_plain(self, text: str, name: str) -> None:
        assert plain(text) == name


class TestParams:
    def test_nested_settings(self) -> None:
        data = {"a": {"b": {"c": 1, "d/e": True}, "empty": {}}, "f": [1, "two"], "g": None, "h": ""}
        assert flat_params(data) == {
            "a.b.c": "1",
            "a.b.d_e": "true",
            "a.empty": "{}",
            "f": '[1, "two"]',
            "g": "null",
            "h": "",
        }

    def test_a_study_without_passwords_and_published_figures(self, store: Store) -> None:
        study = fake_study(
            store,
            config={
                "tracking": {"uri": "mysql://ann:secret@host/db"},
                "published": {"rows": {"mtl": [1.0, 2.0]}},
            },
        )
        params = study_params(study)
        assert params["train.learning_rate"] == "0.001"
        assert params["tracking.uri"] == "mysql://ann:***@host/db"
        assert params["corpora.fake"] == "c0ffee"
        assert params["tasks"] == "4"
        assert not [name for name in params if name.startswith("published")]

    def test_a_cell_that_was_grouped_and_tuned(self) -> None:
        assert cell_params(fake_cell("gmtl", 1, 7, tuned=True)) == {
            "plan": "gmtl",
            "fold": "2",
            "seed": "7",
            "models": "2",
            "heads": "2",
            "tuned.learning_rate": "0.001",
            "tuned.by": "average_precision_macro",
            "grouping.origin": "kmedoids on label_description",
            "grouping.groups": "2",
            "grouping.elbow": "2",
            "grouping.medoids": "edema, opacity",
            "grouping.group 1": "edema, nodule",
            "grouping.group 2": "opacity, effusion",
        }

    def test_a_cell_of_a_sweep(self) -> None:
        cell = fake_cell("mtl", 0, 0).model_copy(update={"variant": {"encoder.name": "biobert"}})
        assert cell_params(cell)["variant.encoder.name"] == "biobert"

    def test_a_job(self) -> None:
        params = job_params(fake_job([["edema"], ["nodule"]], fold=1, epochs=4))
        assert params["model"] == '[["edema"], ["nodule"]]'
        assert params["train.epochs"] == "4"
        assert (params["fold"], params["epoch kept"], params["epochs run"]) == ("2", "4", "4")


class TestNumbers:
    def test_curves_of_model_heads_and_labels(self, store: Store) -> None:
        record = write_fake_job(store, [["a/b"], ["c"]], epochs=2)
        numbers = job_numbers(record, store.curves(record.id), {"a/b": "a_b", "c": "c"})
        by_name = {(n.name, n.step): n for n in numbers}
        assert by_name["validation/model/f1_macro", 2].value == pytest.approx(2 / 3)
        assert by_name["train/head 1/loss", 1].value == pytest.approx(2 / 3)
        assert by_name["validation/label/a_b/f1", 1].value == pytest.approx(1 / 3)
        assert by_name["cost/wall_seconds", 0].value == 20
        assert all(is_taken_by_mlflow(n.name) for n in numbers)

    def test_epochs_are_spread_over_the_time_of_the_job(self, store: Store) -> None:
        record = write_fake_job(store, [["edema"]], epochs=2)
        numbers = job_numbers(record, store.curves(record.id), {})
        times = {n.step: n.time for n in numbers if n.name == "train/model/loss"}
        assert times == {1: END - 5_000, 2: END}

    def test_what_is_undefined_is_left_out(self) -> None:
        points = [
            CurvePoint(1, "validation", "label", "edema", "average_precision", math.nan),
            CurvePoint(1, "train", "model", "model", "loss", math.inf),
            CurvePoint(1, "validation", "label", "edema", "f1", 0.5),
        ]
        record = fake_job([["edema"]], epochs=1)
        numbers = job_numbers(record, curves_table(points), {})
        assert [n for n in numbers if not n.name.startswith("cost/")] == [
            Number("validation/label/edema/f1", 0.5, END, 1)
        ]

    def test_all_metrics_of_a_cell(self, store: Store) -> None:
        fake_study(store, plans=("gmtl",), folds=1)
        outcome = load_outcome(store, "fake")["gmtl"].cells[0]
        names = {task: task for task in outcome.scores.per_task} | {"edema": "edema 2"}
        values = {n.name: n.value for n in cell_numbers(outcome, names, END)}
        assert values["f1_macro"] == outcome.scores.metrics["f1_macro"]
        assert values["f1/edema 2"] == outcome.scores.per_task["edema"]["f1"]
        assert values["cost/train_seconds"] == outcome.cost.train_seconds
        assert values["validation_value"] == outcome.validation_value
        defined = [v for v in outcome.scores.metrics.values() if math.isfinite(v)]
        tasks = [v for own in outcome.scores.per_task.values() for v in own.values()]
        assert len(values) == len(defined) + sum(map(math.isfinite, tasks)) + 1 + 11

    def test_all_plans_of_a_study(self, store: Store) -> None:
        fake_study(store, plans=("mtl", "stl"), folds=2)
        outcome = load_outcome(store, "fake")
        values = {n.name: n.value for n in study_numbers(outcome, ("f1_macro", "unknown"))}
        assert values == {
            "mtl/f1_macro": outcome["mtl"].summary.metrics["f1_macro"].mean,
            "mtl/train_seconds": 42,
            "stl/f1_macro": outcome["stl"].summary.metrics["f1_macro"].mean,
            "stl/train_seconds": 42,
        }


class TestUris:
    def test_a_sqlite_file_does_not_depend_on_the_current_folder(
        self, tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(str(tmp_path))
        assert absolute_uri("sqlite:///a b/mlflow.db") == f"sqlite:///{tmp_path}/a b/mlflow.db"
        assert absolute_uri("sqlite:///m.db?timeout=9") == f"sqlite:///{tmp_path}/m.db?timeout=9"
        assert artifact_place("sqlite:///a b/mlflow.db") == f"file://{tmp_path}/a%20b/mlartifacts"

    @pytest.mark.parametrize("uri", ["http://localhost:5000", "mysql://host/db", "databricks", ""])
    def test_others_stay_as_they_are(self, uri: str) -> None:
        assert absolute_uri(uri) == uri
        assert artifact_place(uri) is None

    def test_a_database_in_memory_is_no_file(self) -> None:
        assert absolute_uri("sqlite:///:memory:") == "sqlite:///:memory:"

    def test_servers(self) -> None:
        assert [is_server(u) for u in ("http://h", "https://h", "sqlite:///h", "httpx")] == [
            True,
            True,
            False,
            False,
        ]

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("https://ann:s3cr:et@host/x", "https://ann:***@host/x"),
            ("two: a://b:c@d e://f:g@h", "two: a://b:***@d e://f:***@h"),
            ("http://localhost:5000/a@b", "http://localhost:5000/a@b"),
            ("sqlite:////home/ann/mlflow.db", "sqlite:////home/ann/mlflow.db"),
        ],
    )
    def test_passwords(self, text: str, shown: str) -> None:
        assert without_password(text) == shown
