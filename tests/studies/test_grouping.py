"""Groupings inside studies: found on the training side of a fold, run once, paid for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mtlv.errors import GroupingError, MtlvError
from mtlv.grouping import AFFINITIES
from mtlv.store import Store
from mtlv.store.outcome import load_outcome
from mtlv.studies.config import StudyConfig, parse_config
from mtlv.studies.forecast import forecast
from mtlv.studies.group import group
from mtlv.studies.inputs import Inputs, read_inputs
from mtlv.studies.study import Study
from small import LABELS, Counter, small_config

MEASURED = {"lookahead", "pooled", "gradient_cosine", "gradient_dot", "subset"}
PREDICTING = {"subset", "surrogate", "pairs", "exhaustive"}


def study_of(folder: Path, *plans: Any, counter: Counter | None = None, **changes: Any) -> Study:
    config = small_config(folder, plans=list(plans), **changes)
    return Study(parse_config(config), Store(folder / "runs"), watcher=counter or Counter())


def searched(method: str, **settings: Any) -> dict[str, Any]:
    return {"gmtl": {"grouping": {"method": method, "budget": 2, "every": 1} | settings}}


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(AFFINITIES))
def test_every_affinity_groups_the_tasks_of_a_study(method: str, tmp_path: Path) -> None:
    counter = Counter()
    study = study_of(tmp_path, "mtl", searched(method), counter=counter)
    record = study.run()
    (cell,) = [cell for cell in record.cells if cell.plan.startswith("gmtl")]
    grouping = cell.grouping
    assert grouping is not None
    assert sorted(task for group in grouping.groups for task in group) == sorted(LABELS)
    assert grouping.affinity is not None
    assert grouping.affinity.tasks == list(LABELS)
    assert grouping.recommendation is not None
    assert grouping.recommendation.words
    assert set(grouping.jobs) <= set(counter.jobs)
    assert bool(grouping.jobs) == (method not in ("phi", "pmi", "jaccard"))
    assert grouping.affinity.predicts_gain == (method in PREDICTING)
    assert not (method == "lookahead" and grouping.affinity.predicts_gain)
    if method in MEASURED:
        assert len(grouping.jobs) == 1
        assert grouping.affinity.runs is not None
        assert grouping.affinity.runs > 1
        measured = study.store.job(grouping.jobs[0]).cost.wall_seconds
        assert grouping.affinity.seconds == pytest.approx(measured)


@pytest.mark.slow
def test_what_it_took_to_find_the_groups_is_paid_by_the_plan(tmp_path: Path) -> None:
    study = study_of(tmp_path, "mtl", searched("lookahead"))
    record = study.run()
    cells = {cell.plan.partition("-")[0]: cell for cell in record.cells}
    outcome = load_outcome(study.store, record.name)
    costs = {plan.name.partition("-")[0]: plan.cost for plan in outcome.plans}
    grouping = cells["gmtl"].grouping
    assert grouping is not None
    measured = study.store.job(grouping.jobs[0]).cost
    assert costs["mtl"].grouping_seconds == 0
    assert grouping.cpu_seconds > 0
    expected = measured.wall_seconds + grouping.seconds
    assert costs["gmtl"].grouping_seconds == pytest.approx(expected)
    own = sum(study.store.job(job).cost.wall_seconds for job in cells["gmtl"].jobs)
    assert costs["gmtl"].train_seconds == pytest.approx(own + expected)
    assert 0 < measured.measuring_seconds < measured.wall_seconds


@pytest.mark.slow
def test_a_finished_study_measures_nothing_again(tmp_path: Path) -> None:
    study_of(tmp_path, searched("pairs")).run()
    again = Counter()
    study_of(tmp_path, searched("pairs"), counter=again).run()
    assert again.jobs == []


@pytest.mark.slow
def test_pairs_share_their_jobs_with_the_plans(tmp_path: Path) -> None:
    counter = Counter()
    study_of(tmp_path, "stl", searched("pairs"), counter=counter).run()
    assert len(counter.jobs) == len(set(counter.jobs)) <= 3 + 3 + 1, "alone, pairs, at most all"


@pytest.mark.slow
def test_every_fold_is_grouped_by_itself(tmp_path: Path) -> None:
    study = study_of(tmp_path, searched("lookahead"), evaluation={"folds": 2})
    record = study.run()
    assert [cell.fold for cell in record.cells] == [0, 1]
    jobs = [cell.grouping.jobs[0] for cell in record.cells if cell.grouping is not None]
    assert len(set(jobs)) == 2


def test_before_training_only_what_needs_none_is_planned(tmp_path: Path) -> None:
    study = study_of(tmp_path, "mtl", searched("lookahead"), searched("phi"))
    (arm,) = study.plan()
    assert [cell.title for cell in arm.cells] == ["mtl", "gmtl-2-phi"]
    assert arm.cell_count == 3
    plans = {plan.plan: plan for plan in forecast([arm]).plans}
    assert plans["gmtl-2-lookahead"].models is None
    assert plans["gmtl-2-phi"].models is not None


def test_random_groupings_are_as_many_plans(tmp_path: Path) -> None:
    (arm,) = study_of(tmp_path, {"random": {"groups": 2, "draws": 3}}).plan()
    assert [cell.title for cell in arm.cells] == ["random-2-0", "random-2-1", "random-2-2"]
    assert all(len(cell.plan.models) == 2 for cell in arm.cells)


def test_a_grouping_file_is_found_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("[[edema, effusion], [fracture]]")
    config = parse_config(small_config(tmp_path, plans=[{"gmtl": {"grouping": "mine.yaml"}}]))
    (arm,) = Study(config, Store(tmp_path / "runs"), base=tmp_path).plan()
    assert arm.cells[0].title == "gmtl-mine"
    assert arm.cells[0].plan.to_json()["models"] == [[["edema", "effusion"]], [["fracture"]]]


def test_an_affinity_file_can_be_searched(tmp_path: Path) -> None:
    table = "task,edema,effusion,fracture\nedema,,3,-1\neffusion,3,,-1\nfracture,-1,-1,\n"
    (tmp_path / "known.csv").write_text(table)
    plan = {"gmtl": {"grouping": {"method": "search", "affinity_file": "known.csv", "budget": 2}}}
    config = parse_config(small_config(tmp_path, plans=[plan]))
    (arm,) = Study(config, Store(tmp_path / "runs"), base=tmp_path).plan()
    assert arm.cells[0].plan.to_json()["models"] == [[["edema", "effusion"]], [["fracture"]]]


@pytest.mark.parametrize(
    ("grouping", "words"),
    [
        ({"method": "lookahed", "budget": 2}, ["no grouping method 'lookahed'", "'lookahead'"]),
        ({"method": "kmedoids", "groups": 2, "features": "lable"}, ["no features 'lable'"]),
        ({"method": "spectral", "affinity": "pares", "groups": 2}, ["no affinity 'pares'"]),
        ({"method": "search", "budget": 2}, ["needs an affinity", "lookahead"]),
        ({"method": "lookahead"}, ["needs a budget", "budget: 3"]),
        ({"method": "kmedoids", "groups": 9, "features": "counts"}, ["9 groups for 3 tasks"]),
        ({"method": "kmedoids", "features": "counts"}, ["must be told the number of groups"]),
        (
            {"method": "hdbscan", "groups": 2, "features": "counts"},
            ["finds the number of groups itself"],
        ),
        ({"method": "kmedoids", "groups": 2, "features": "label_description"}, ["no description"]),
        (
            {"method": "lookahead", "budget": 2, "every": 999},
            ["ends before it is measured", "every 999 steps"],
        ),
        (
            {"method": "spectral", "groups": 2, "budget": 2},
            ["does not use `budget`", "method: search"],
        ),
        ({"method": "random"}, ["Random groups need their number"]),
        ({"file": "nothing.yaml"}, ["grouping file cannot be read", "mtlv group"]),
    ],
)
def test_what_cannot_group_is_explained(
    grouping: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    study = study_of(tmp_path, {"gmtl": {"grouping": grouping}})
    with pytest.raises(MtlvError) as caught:
        study.run()
    for word in [*words, "plan 'gmtl"]:
        assert word in str(caught.value)


class Started(Counter):
    """Stops at the first stage that has jobs."""

    def on_stage(self, stage: str, jobs: int) -> None:
        if jobs:
            raise InterruptedError(stage)


@pytest.fixture
def without_held_out_fractures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read corpora as ever, and validate on texts without a fracture."""

    def read(config: StudyConfig, base: Path) -> Inputs:
        inputs = read_inputs(config, base)
        values = inputs.corpora["reports"].values("fracture")
        splits = [
            replace(split, validation=split.validation[values[split.validation] == 0])
            for split in inputs.splits["reports"]
        ]
        return replace(inputs, splits={"reports": splits})

    monkeypatch.setattr("mtlv.studies.group.read_inputs", read)


class TestGroup:
    """What `mtlv group` does."""

    def test_the_plans_groupings_are_found_and_kept(self, tmp_path: Path) -> None:
        grouped = {"groups": 2, "features": "counts"}
        plans = [{"gmtl": grouped}, {"gmhl": grouped}, searched("phi")]
        config = parse_config(small_config(tmp_path, plans=plans))
        store = Store(tmp_path / "runs")
        found = group(config, store, tmp_path)
        assert len(found) == 2, "equal groupings of two plans are one"
        assert store.groupings[found[0].id] == found[0]
        assert found[0].grouping.numbers[0].method == "elbow"

    @pytest.mark.slow
    def test_the_second_time_nothing_is_run(self, tmp_path: Path) -> None:
        config = parse_config(small_config(tmp_path, plans=[searched("lookahead")]))
        store = Store(tmp_path / "runs")
        first = group(config, store, tmp_path)
        again = Counter()
        assert group(config, store, tmp_path, watcher=again) == first
        assert again.jobs == []

    def test_groups_that_hang_on_texts_say_how_stable_they_are(self, tmp_path: Path) -> None:
        plans = [{"gmtl": {"groups": 2, "features": f}} for f in ("phi", "counts")]
        config = parse_config(small_config(tmp_path, plans=plans))
        found = group(config, Store(tmp_path / "runs"), tmp_path)
        assert all(each.stability is not None for each in found)
        assert all(-1 <= each.stability["mean"] <= 1 for each in found if each.stability)

    def test_what_is_wrong_with_the_fold_is_kept(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def warned(config: StudyConfig, base: Path) -> Inputs:
            inputs = read_inputs(config, base)
            splits = [replace(s, warnings=(f"rare in {s.fold}",)) for s in inputs.splits["reports"]]
            return replace(inputs, splits={"reports": splits})

        monkeypatch.setattr("mtlv.studies.group.read_inputs", warned)
        plans = [{"gmtl": {"groups": 2, "features": "counts"}}]
        config = parse_config(small_config(tmp_path, plans=plans, evaluation={"folds": 2}))
        store = Store(tmp_path / "runs")
        (found,) = group(config, store, tmp_path, fold=1)
        assert found.warnings == store.groupings[found.id].warnings == ["reports: rare in 1"]

    @pytest.mark.parametrize("method", ["lookahead", "subset", "pairs", "surrogate"])
    def test_nothing_is_run_for_a_task_that_validation_cannot_judge(
        self, method: str, tmp_path: Path, without_held_out_fractures: None
    ) -> None:
        config = parse_config(small_config(tmp_path, plans=[searched(method)]))
        with pytest.raises(GroupingError, match="no positive example in the valid") as caught:
            group(config, Store(tmp_path / "runs"), tmp_path, watcher=Started())
        assert "'fracture'" in str(caught.value)
        assert "evaluation.validation" in (caught.value.hint or "")

    def test_what_does_not_look_at_validation_is_measured_all_the_same(
        self, tmp_path: Path, without_held_out_fractures: None
    ) -> None:
        config = parse_config(small_config(tmp_path, plans=[searched("pooled")]))
        with pytest.raises(InterruptedError, match="measuring pooled"):
            group(config, Store(tmp_path / "runs"), tmp_path, watcher=Started())

    def test_no_such_fold(self, tmp_path: Path) -> None:
        config = parse_config(small_config(tmp_path, plans=[{"gmtl": {"groups": 2}}]))
        with pytest.raises(MtlvError, match="no such fold"):
            group(config, Store(tmp_path / "runs"), tmp_path, fold=3)

    def test_nothing_to_group_by(self, tmp_path: Path) -> None:
        config = parse_config(small_config(tmp_path, plans=["mtl"]))
        with pytest.raises(MtlvError, match="No plan of the config groups"):
            group(config, Store(tmp_path / "runs"), tmp_path)

    def test_one_task_cannot_be_searched(self, tmp_path: Path) -> None:
        config = small_config(tmp_path, plans=[searched("phi")], tasks=["edema"])
        with pytest.raises(GroupingError, match="One task cannot be grouped"):
            group(parse_config(config), Store(tmp_path / "runs"), tmp_path)
