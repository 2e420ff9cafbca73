"""Commands about the MLflow mirror: what they start, and what they tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.shell import Shell
from mtlv.errors import StoreError
from mtlv.store import Store, StudyRecord, tracking
from store.fakes import fake_study


class Recorder:
    """Stands in for the mirror."""

    seen: list[tuple[str, str, str]]

    def __init__(self, store: Store, uri: str, experiment: str) -> None:
        self.place = uri, experiment

    def mirror(self, study: StudyRecord) -> None:
        if "down" in self.place[0]:
            raise StoreError("The tracker is down.")
        Recorder.seen.append((study.name, *self.place))


@pytest.fixture
def mtlv(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    fake_study(Store(tmp_path / "runs"))
    Recorder.seen = []
    monkeypatch.setattr(tracking, "Mirror", Recorder)
    return Shell(tmp_path, capsys)


@pytest.mark.parametrize(
    ("arguments", "uri", "told"),
    [
        ([], "sqlite:///mlflow.db", "`mtlv ui --mlflow`"),
        (["--uri", "http://me:secret@host:5000"], "http://me:secret@host:5000", "@host:5000`"),
    ],
)
def test_a_study_is_mirrored(arguments: list[str], uri: str, told: str, mtlv: Shell) -> None:
    assert mtlv("track", "fake", *arguments) == ""
    assert Recorder.seen == [("fake", uri, "mtlv")]
    assert told in mtlv.err
    assert "secret" not in mtlv.err


def test_a_tracker_that_is_down_is_an_error(mtlv: Shell) -> None:
    assert mtlv.failing("track", "fake", "--uri", "http://down") == 2
    assert mtlv.err.startswith("error: The tracker is down.")
