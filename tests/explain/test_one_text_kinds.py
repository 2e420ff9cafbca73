"""One text in a study of all kinds of tasks: what it is not explained for is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.shell import Shell
from mtlv.errors import DataError
from mtlv.explain.asked import Asked
from mtlv.explain.explaining import explain_study
from mtlv.explain.one_text import explain_text
from mtlv.store import Store
from studies.test_mixed import study_of

pytestmark = pytest.mark.slow
TEXT = "report 3: edema seen"
REASONS = {
    "task similarity": "The task 'similarity' is left out: it takes pairs of texts, and one text "
    "was given.",
    "task same": "The task 'same' is left out: it takes pairs of texts, and one text was given.",
    "task parts": "The task 'parts' is left out: it has a score for every word, and no single one "
    "to explain.",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    study_of(folder, plans=["mtl"]).run()
    return folder


def test_tasks_of_other_inputs_are_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(folder / "runs")
    for _ in range(2):  # the second time, the answer is kept
        caplog.clear()
        found = explain_text(store, "mixed", TEXT, Asked())
        assert found.tasks == ["acts", "edema", "effusion", "fracture"]
        assert {own.view: own.reason for own in found.missing} == REASONS
        assert caplog.messages == list(REASONS.values())
    assert "leave --text out" in found.missing[0].setting


def test_only_what_was_asked_for_is_named(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(folder / "runs")
    found = explain_text(store, "mixed", TEXT, Asked(tasks=("parts", "edema")))
    assert (found.tasks, [own.view for own in found.missing]) == (["edema"], ["task parts"])
    assert not explain_text(store, "mixed", TEXT, Asked(tasks=("edema",))).missing
    with pytest.raises(DataError, match="No task takes a single text"):
        explain_text(store, "mixed", TEXT, Asked(tasks=("parts", "same")))


def test_the_command_names_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ("explain", "mixed", "--text", TEXT, "--task", "edema", "--task", "parts", "--json")
    document = json.loads(Shell(folder, capsys)(*command))
    assert [own["reason"] for own in document["missing"]] == [REASONS["task parts"]]


def test_a_study_names_the_tags_whose_words_it_does_not_weigh(folder: Path) -> None:
    store = Store(folder / "runs")
    for tasks, named in ((("parts", "edema"), True), (("edema",), False)):
        found = explain_study(store, "mixed", Asked(tasks=tasks, texts=2, base=folder))
        assert ("task parts" in {own.view for own in found.missing}) == named
