"""The mirror in MLflow itself: what it shows, that it is quiet, and never stops training."""

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mtlv.errors import StoreError
from mtlv.store import Store, StudyRecord
from mtlv.store.tracking import ENVIRONMENT, Mirror, ui_command
from mtlv.store.tracking_values import label_names, milliseconds
from store.fakes import STARTED, TASKS, fake_study, write_fake_job

pytestmark = pytest.mark.slow

ODD = ("Lung/hyperinflation", "C01: bacterial (rare)", "肺水腫", "..")
"""Names of tasks of which MLflow would take one."""


@pytest.fixture(scope="module", autouse=True)
def own_environment() -> Iterator[None]:
    """Take back what the mirror sets in the environment of its process."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables, which take seconds to make."""
    folder = tmp_path_factory.mktemp("mlflow")
    study = fake_study(Store(folder / "runs"), plans=(), folds=1)
    Mirror(Store(folder / "runs"), f"sqlite:///{folder}/mlflow.db", "other").mirror(study)
    return folder / "mlflow.db"


@pytest.fixture
def uri(empty_database: Path, tmp_path: Path) -> str:
    (tmp_path / "a b").mkdir()
    shutil.copyfile(empty_database, tmp_path / "a b" / "mlflow.db")
    return f"sqlite:///{tmp_path}/a b/mlflow.db"


class Seen:
    """What MLflow shows of an experiment."""

    def __init__(self, uri: str, experiment: str = "mtlv") -> None:
        from mlflow import MlflowClient

        self.client: Any = MlflowClient(uri)
        self.experiment: Any = self.client.get_experiment_by_name(experiment)
        ids = [self.experiment.experiment_id]
        self.runs: list[Any] = list(self.client.search_runs(ids, max_results=1000))

    def named(self, name: str, parent: Any = None) -> Any:
        (run,) = (
            run
            for run in self.runs
            if run.info.run_name == name
            and run.data.tags.get("mlflow.parentRunId") == (parent and parent.info.run_id)
        )
        return run

    def file(self, run: Any, name: str) -> str:
        return Path(self.client.download_artifacts(run.info.run_id, name)).read_text("utf-8")


class TestInMlflow:
    def test_three_levels_with_params_metrics_tags_and_files(self, store: Store, uri: str) -> None:
        study = fake_study(store, plans=("mtl", "gmtl"), tasks=ODD, folds=1, tuned=True)
        Mirror(store, uri, "mtlv").mirror(study)
        seen, plain = Seen(uri), label_names(ODD)
        parent = seen.named("fake")
        assert parent.info.status == "FINISHED"
        assert parent.info.start_time == milliseconds(STARTED)
        assert parent.data.params["encoder.name"] == "tiny"
        assert parent.data.metrics["gmtl/train_seconds"] == 87
        assert parent.data.tags["mlflow.note.content"].startswith("| plan | f1_macro |")
        assert "plans:\n- mtl\n- gmtl\n" in seen.file(parent, "config.yaml")
        cell = seen.named("gmtl/fold 1/seed 0", parent)
        assert cell.data.params["grouping.elbow"] == "2"
        assert cell.data.metrics["cost/tuning_seconds"] == 40
        scores = json.loads(seen.file(cell, "scores.json"))
        assert cell.data.metrics["f1_macro"] == pytest.approx(scores["metrics"]["f1_macro"])
        for task in ODD:
            value = cell.data.metrics[f"f1/{plain[task]}"]
            assert value == pytest.approx(scores["per_task"][task]["f1"])
        model = seen.named(", ".join(ODD[:2]), cell)
        assert model.data.tags["mtlv.job"] == study.cells[1].jobs[0]
        name = f"validation/label/{plain[ODD[0]]}/f1"
        history = seen.client.get_metric_history(model.info.run_id, name)
        assert [(m.step, m.value) for m in history] == [(1, 0.25), (2, 0.5), (3, 0.75)]
        assert model.info.end_time - model.info.start_time == 20_000

    def test_the_artifacts_lie_beside_the_database(
        self, store: Store, uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(tmp_path / "a b")
        mirror = Mirror(store, "sqlite:///mlflow.db", "mtlv")
        monkeypatch.chdir(elsewhere)
        mirror.mirror(fake_study(store, plans=("mtl",), folds=1))
        assert len(list((tmp_path / "a b" / "mlartifacts").glob("*/artifacts"))) == 2
        assert list(elsewhere.iterdir()) == []
        assert len(Seen(uri).runs) == 3

    def test_more_than_one_call_can_take(self, store: Store, uri: str) -> None:
        """30 tasks over 20 epochs give 1400 numbers; 150 settings are more than 100."""
        tasks = [f"task {i}" for i in range(30)]
        many = {f"setting {i}": i for i in range(150)} | {"long": "x" * 10_000}
        study = fake_study(
            store, plans=("mtl",), tasks=tasks, folds=1, epochs=20, config={"data": many}
        )
        Mirror(store, uri, "mtlv").mirror(study)
        seen = Seen(uri)
        parent = seen.named("fake")
        assert parent.data.params["data.setting 149"] == "149"
        assert parent.data.params["data.long"] == "x" * 6_000
        (model,) = (run for run in seen.runs if run.data.tags["mtlv.kind"] == "model")
        history = seen.client.get_metric_history(model.info.run_id, "validation/label/task 29/f1")
        assert [m.step for m in history] == list(range(1, 21))

    def test_another_process_goes_on_where_the_first_stopped(self, store: Store, uri: str) -> None:
        study = fake_study(
            store,
            plans=("gmtl",),
            folds=1,
            status="running",
            trained=lambda cell, model: model == 0,
        )
        Mirror(store, uri, "mtlv").sync(study)
        before = Seen(uri)
        assert before.named("fake").info.status == "RUNNING"
        assert len(before.runs) == 3
        write_fake_job(store, [list(TASKS[2:])])
        finished = study.model_copy(update={"status": "finished"})
        for _ in range(2):
            Mirror(store, uri, "mtlv").sync(finished)
        after = Seen(uri)
        assert {run.info.status for run in after.runs} == {"FINISHED"}
        assert len(after.runs) == 4
        assert {run.info.run_id for run in before.runs} < {run.info.run_id for run in after.runs}

    def test_a_failed_study_is_opened_again(self, store: Store, uri: str) -> None:
        study = fake_study(store, plans=("mtl",), folds=1, status="failed")
        mirror = Mirror(store, uri, "mtlv")
        mirror.sync(study)
        assert Seen(uri).named("fake").info.status == "FAILED"
        mirror.sync(study.model_copy(update={"status": "running"}))
        assert Seen(uri).named("fake").info.status == "RUNNING"

    def test_another_configuration_is_another_run(self, store: Store, uri: str) -> None:
        mirror = Mirror(store, uri, "mtlv")
        mirror.mirror(fake_study(store, plans=("mtl",), folds=1))
        mirror.mirror(fake_study(store, plans=("mtl",), folds=1, config={"train": {"epochs": 9}}))
        epochs = [run.data.params.get("train.epochs") for run in Seen(uri).runs]
        kinds = [run.data.tags["mtlv.kind"] for run in Seen(uri).runs]
        assert kinds.count("study") == 2
        assert "9" in epochs

    def test_a_database_that_was_removed_is_filled_anew(
        self, store: Store, uri: str, empty_database: Path, tmp_path: Path
    ) -> None:
        study = fake_study(store, plans=("mtl",), folds=1)
        Mirror(store, uri, "mtlv").mirror(study)
        (tmp_path / "a b" / "mlflow.db").unlink()
        shutil.copyfile(empty_database, tmp_path / "a b" / "mlflow.db")
        Mirror(store, uri, "mtlv").mirror(study)
        assert len(Seen(uri).runs) == 3

    def test_a_run_that_was_deleted_is_mirrored_anew(self, store: Store, uri: str) -> None:
        study = fake_study(store, plans=("mtl",), folds=1)
        mirror = Mirror(store, uri, "mtlv")
        mirror.mirror(study)
        seen = Seen(uri)
        seen.client.delete_run(seen.named("fake").info.run_id)
        Mirror(store, uri, "mtlv").mirror(study)
        assert [run.info.run_name for run in Seen(uri).runs].count("fake") == 1

    def test_a_deleted_experiment_is_restored(self, store: Store, uri: str) -> None:
        study = fake_study(store, plans=("mtl",), folds=1)
        Mirror(store, uri, "mtlv").mirror(study)
        seen = Seen(uri)
        seen.client.delete_experiment(seen.experiment.experiment_id)
        Mirror(store, uri, "mtlv").mirror(study)
        assert Seen(uri).experiment.lifecycle_stage == "active"
        assert Seen(uri).named("fake").info.status == "FINISHED"

    def test_a_failure_in_the_middle_is_made_up_for(
        self, store: Store, uri: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        study = fake_study(store, plans=("mtl", "gmtl"), folds=1)
        mirror = Mirror(store, uri, "mtlv")
        with monkeypatch.context() as patch:
            patch.setattr("mlflow.MlflowClient.log_artifacts", locked)
            mirror.sync(study)
            mirror.sync(study)
        mirror.sync(study)
        seen = Seen(uri)
        assert {run.info.status for run in seen.runs} == {"FINISHED"}
        assert len(seen.runs) == 1 + 2 + 3

    def test_it_is_quiet(
        self, store: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        Mirror(store, f"sqlite:///{tmp_path}/new.db", "mtlv").sync(fake_study(store, folds=1))
        assert capfd.readouterr() == ("", "")
        assert logging.getLogger("mlflow").isEnabledFor(logging.WARNING)


class TestDown:
    def test_a_tracker_that_is_down_costs_one_warning_and_no_time(
        self, store: Store, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        study = fake_study(store, plans=("mtl",), folds=1)
        mirror = Mirror(store, "http://ann:secret@127.0.0.1:9", "mtlv")
        started = time.perf_counter()
        with caplog.at_level(logging.WARNING):
            for _ in range(20):
                mirror.sync(study)
        assert time.perf_counter() - started < 30
        assert len(caplog.records) == 1
        assert caplog.messages[0].startswith("MLflow at http://ann:***@127.0.0.1:9 does not take")
        assert caplog.messages[0].endswith("Training goes on; run `mtlv track fake` later.")
        assert "Connection refused" in caplog.text
        assert "secret" not in caplog.text
        assert capfd.readouterr().out == ""

    def test_it_is_not_tried_for_ever(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        study, tried = fake_study(store, plans=("mtl",), folds=1), []

        def refuse(*args: object) -> None:
            tried.append(args)
            raise ConnectionRefusedError

        monkeypatch.setattr("mtlv.store.tracking._MlflowTracker", refuse)
        mirror = Mirror(store, "http://127.0.0.1:9", "mtlv")
        for _ in range(20):
            mirror.sync(study)
        assert len(tried) == 3

    def test_a_server_that_never_answers(
        self, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            mirror = Mirror(store, f"http://127.0.0.1:{silent.getsockname()[1]}", "mtlv")
            started = time.perf_counter()
            mirror.sync(fake_study(store, plans=("mtl",), folds=1))
            assert time.perf_counter() - started < 10
        assert "(timed out). Training goes on" in caplog.text

    @pytest.mark.parametrize(
        "uri",
        [
            "foo://bar",
            "http://127.0.0.1:9",
            "postgresql+nodriver://ann:secret@127.0.0.1/db",
            "sqlite:////proc/no/mlflow.db",
            "sqlite:///{tmp_path}/garbage.db",
            "{tmp_path}/mlruns",
        ],
    )
    def test_whatever_it_throws_is_a_store_error_for_who_asks(
        self, store: Store, tmp_path: Path, uri: str
    ) -> None:
        (tmp_path / "garbage.db").write_bytes(b"this is no database" * 1000)
        study = fake_study(store, plans=("mtl",), folds=1)
        mirror = Mirror(store, uri.replace("{tmp_path}", str(tmp_path)), "mtlv")
        started = time.perf_counter()
        with pytest.raises(StoreError, match="cannot be mirrored") as caught:
            mirror.mirror(study)
        assert time.perf_counter() - started < 30
        assert "mtlv track fake" in str(caught.value)
        assert "secret" not in str(caught.value)
        mirror.sync(study)

    def test_an_interrupt_is_no_failure_of_the_tracker(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(*args: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("mtlv.store.tracking._MlflowTracker", interrupt)
        with pytest.raises(KeyboardInterrupt):
            Mirror(store, "http://127.0.0.1:9", "mtlv").sync(fake_study(store, plans=(), folds=1))

    def test_a_damaged_job_is_named_as_it_is(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from store.trackers import FakeTracker

        monkeypatch.setattr("mtlv.store.tracking._MlflowTracker", lambda *_: FakeTracker())
        study: StudyRecord = fake_study(store, plans=("mtl",), folds=1)
        (store.job_folder(study.cells[0].jobs[0]) / "curves.parquet").write_bytes(b"")
        with pytest.raises(StoreError, match=study.cells[0].jobs[0]):
            Mirror(store, "http://127.0.0.1:9", "mtlv").mirror(study)


class TestPages:
    def test_they_are_for_this_machine_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        command = ui_command("sqlite:///mlflow.db")
        assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
        assert command[command.index("--host") + 1] == "127.0.0.1"
        assert (
            command[command.index("--backend-store-uri") + 1] == f"sqlite:///{tmp_path}/mlflow.db"
        )
        assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"

    def test_a_server_has_its_own(self) -> None:
        with pytest.raises(StoreError, match="pages of its own") as caught:
            ui_command("https://ann:secret@mlflow.example.org")
        assert "https://ann:***@mlflow.example.org" in str(caught.value)

    def test_what_the_user_has_set_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
        ui_command("sqlite:///mlflow.db")
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"


def test_whoever_reads_the_store_waits_neither_for_mlflow_nor_for_torch() -> None:
    code = "import sys, mtlv.store.tracking; print({'mlflow', 'torch'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def locked(*_: object, **__: object) -> None:
    raise OSError("database is locked")


def test_two_processes_may_begin_a_database_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from mtlv.store import Store\n"
        "from mtlv.store.tracking import Mirror; from store.fakes import fake_study\n"
        "store = Store(Path(sys.argv[1]))\n"
        "Mirror(store, 'sqlite:///mlflow.db', 'mtlv').mirror(fake_study(store, plans=(), folds=1))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    processes = [
        subprocess.Popen([sys.executable, "-c", code, name], cwd=tmp_path, env=environment)
        for name in ("one", "two")
    ]
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    assert len(Seen(f"sqlite:///{tmp_path}/mlflow.db").runs) == 2


def test_a_database_that_was_half_made_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / ".mlflow.db-begun").write_text("half a database")
    store = Store(tmp_path / "runs")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    Mirror(store, uri, "mtlv").mirror(fake_study(store, plans=(), folds=1))
    assert len(Seen(uri).runs) == 1
    assert not (tmp_path / ".mlflow.db-begun").exists()
