"""The watcher that mirrors: told of every record, and of nothing else."""

from pathlib import Path

from mtlv.store import Store, StudyRecord
from mtlv.store.tracking import Mirror
from mtlv.studies.mirroring import MirrorWatcher
from mtlv.studies.watching import Watchers
from store.fakes import fake_study


class FakeMirror(Mirror):
    def __init__(self) -> None:
        self.synced: list[str] = []

    def sync(self, study: StudyRecord) -> None:
        self.synced.append(study.status)


def test_every_published_record_is_mirrored(tmp_path: Path) -> None:
    study = fake_study(Store(tmp_path), plans=("mtl",), folds=1)
    mirror = FakeMirror()
    watcher = Watchers([MirrorWatcher(mirror)])
    watcher.on_study(study.model_copy(update={"status": "running"}))
    watcher.on_stage("training", 1)
    watcher.on_study(study)
    assert mirror.synced == ["running", "finished"]


def test_a_tracker_that_is_down_does_not_stop_the_study(tmp_path: Path) -> None:
    store = Store(tmp_path)
    study = fake_study(store, plans=("mtl",), folds=1)
    MirrorWatcher(Mirror(store, "foo://nowhere", "mtlv")).on_study(study)
