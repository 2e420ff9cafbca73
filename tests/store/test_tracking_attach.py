"""Files that are added to the run of a study that was mirrored before."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from pathlib import Path

import pytest

from mtlv.store import Store, tracking
from mtlv.store.tracking import Mirror
from store.fakes import fake_study
from store.trackers import FakeTracker

FILES = {"report.html": "<!DOCTYPE html>"}


@pytest.fixture
def tracker(monkeypatch: pytest.MonkeyPatch) -> FakeTracker:
    """A tracker in memory, in MLflow's place."""
    made = FakeTracker()
    monkeypatch.setattr(tracking, "_MlflowTracker", lambda uri, experiment: made)
    monkeypatch.setattr(tracking, "_quiet", nullcontext)
    return made


def mirror(store: Store) -> Mirror:
    return Mirror(store, "https://mlflow.example.org", "mtlv")


def test_a_file_goes_to_the_run_of_the_study(store: Store, tracker: FakeTracker) -> None:
    study = fake_study(store, plans=("mtl",), folds=1)
    mirror(store).mirror(study)
    before = set(tracker.named("fake").files)
    assert mirror(store).attach(study, FILES)
    run = tracker.named("fake")
    assert run.files["report.html"] == "<!DOCTYPE html>"
    assert set(run.files) == before | set(FILES)


def test_a_study_that_was_never_mirrored_is_left_alone(
    store: Store, tracker: FakeTracker, tmp_path: Path
) -> None:
    study = fake_study(store, plans=("mtl",), folds=1)
    assert not mirror(store).attach(study, FILES)
    assert tracker.calls == 0
    assert not Mirror(store, f"sqlite:///{tmp_path}/mlflow.db", "mtlv").attach(study, FILES)
    assert not (tmp_path / "mlflow.db").exists()


def test_a_tracker_that_is_down_costs_a_warning(
    store: Store, tracker: FakeTracker, caplog: pytest.LogCaptureFixture
) -> None:
    study = fake_study(store, plans=("mtl",), folds=1)
    mirror(store).mirror(study)
    tracker.calls_left = 0
    with caplog.at_level(logging.WARNING):
        assert not mirror(store).attach(study, FILES)
    assert "does not take report.html: down." in caplog.text
