"""Gaps of a comparison: what runs still, what is not there, and what has no partner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from mtlv.errors import StoreError
from mtlv.report.baseline import usual_baseline
from mtlv.report.gaps import check_finished, gaps, missing
from mtlv.store import CellRecord, Store
from mtlv.store.comparison import CompareSettings, compare
from mtlv.store.outcome import StudyOutcome, load_outcome
from store.fakes import fake_study

QUICK = CompareSettings(draws=200)


def outcome_of(
    folder: Path,
    name: str = "fake",
    *,
    lacking: Mapping[str, set[int]],
    plans: Sequence[str] = ("gmtl", "mtl"),
    status: str = "finished",
) -> StudyOutcome:
    """Return a study of three folds whose plans lack some folds."""

    def trained(cell: CellRecord, model: int) -> bool:
        return cell.fold not in lacking.get(cell.plan, set())

    store = Store(folder)
    fake_study(store, name, plans=plans, folds=3, trained=trained, status=status)
    return load_outcome(store, name)


def told(folder: Path, *outcomes: StudyOutcome, baseline: str = "mtl") -> list[str]:
    return gaps(compare(Store(folder), outcomes, baseline, None, QUICK), outcomes)


def test_a_whole_study_has_none(tmp_path: Path) -> None:
    assert told(tmp_path, outcome_of(tmp_path, lacking={})) == []


def test_runs_that_are_not_there_and_their_partners(tmp_path: Path) -> None:
    assert told(tmp_path, outcome_of(tmp_path, lacking={"gmtl": {0, 2}})) == [
        "`gmtl` lacks 2 runs of 3: fold 1, seed 0 and fold 3, seed 0.",
        "`gmtl` against `mtl`: 2 runs are left out, without a partner: fold 1, seed 0 and "
        "fold 3, seed 0.",
    ]


def test_no_partner_at_all(tmp_path: Path) -> None:
    found = told(tmp_path, outcome_of(tmp_path, lacking={"gmtl": {0, 2}, "mtl": {1}}))
    assert found[-1] == "`gmtl` and `mtl` have no runs of equal fold and seed to compare."


def test_a_running_study_with_one_plan(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, lacking={"gmtl": {0, 1, 2}}, status="running")
    assert told(tmp_path, outcome) == [
        "`fake` is still running: this is what was finished so far.",
        "No run of `gmtl` is finished.",
        "`mtl` is the only finished plan of `fake`: there is nothing to compare it with.",
    ]
    comparison = compare(Store(tmp_path), outcome, "mtl", None, QUICK)
    assert len(missing(comparison, [outcome])) == 2  # a page shows progress by itself


def test_plans_of_several_studies_have_its_name(tmp_path: Path) -> None:
    first = outcome_of(tmp_path, "one", plans=["mtl"], lacking={})
    second = outcome_of(tmp_path, "two", lacking={"gmtl": {0}}, status="failed")
    found = told(tmp_path, first, second, baseline="one:mtl")
    assert "The last run of `two` stopped: KeyboardInterrupt; run it again to go on." in found
    assert "`two:gmtl` lacks 1 run of 3: fold 1, seed 0." in found


def test_a_study_without_a_finished_plan_is_refused(tmp_path: Path) -> None:
    check_finished(outcome_of(tmp_path / "whole", lacking={}))
    nothing = outcome_of(tmp_path / "empty", lacking={"gmtl": {0, 1, 2}, "mtl": {0, 1, 2}})
    with pytest.raises(StoreError, match="No plan of the study 'fake' is finished") as caught:
        check_finished(nothing, ["1 cell of mtl left out: damaged"])
    assert caught.value.found == "0 of 6 runs can be scored; 1 cell of mtl left out: damaged"


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        (["stl", "mtl"], "mtl"),
        (["stl", "gmtl"], "stl"),
        (["stl", "mtl@large"], "mtl@large"),
        (["one:stl", "two:mtl"], "two:mtl"),
    ],
)
def test_the_usual_baseline_is_mtl_or_the_first(plans: list[str], expected: str) -> None:
    assert usual_baseline(plans) == expected
