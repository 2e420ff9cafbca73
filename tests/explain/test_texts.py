"""Which test texts are looked at: the same for all tasks, or half of them with the label."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlv.explain.texts import StudyTexts
from mtlv.store import Store
from mtlv.store.outcome import PlanOutcome, cell_predictions, load_outcome
from mtlv.studies.config import parse_config
from mtlv.studies.study import Study
from small import LABELS, Counter, small_config


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("texts")
    made = Store(folder / "runs")
    encoder = {"name": "bow", "bow": {"hidden_size": 4}}
    config = small_config(folder, plans=["mtl"], encoder=encoder)
    Study(parse_config(config), made, folder, watcher=Counter()).run()
    return made


@pytest.fixture(scope="module")
def plan(store: Store) -> PlanOutcome:
    return load_outcome(store, "small").plans[0]


@pytest.fixture(scope="module")
def texts(store: Store) -> StudyTexts:
    return StudyTexts(store, store.study("small"), Path())


def positives(store: Store, plan: PlanOutcome, task: str) -> set[str]:
    test = cell_predictions(store, plan.cells[0].cell)["test"].tasks[task]
    return {str(own) for own, target in zip(test.ids, test.targets, strict=True) if target == 1}


@pytest.mark.parametrize("count", [2, 6, 1000])
def test_half_of_them_have_the_label(
    store: Store, plan: PlanOutcome, texts: StudyTexts, count: int
) -> None:
    for task in LABELS:
        there = positives(store, plan, task)
        found = [own.id for own in texts.tested(plan, task, 0, count, balanced=True)]
        assert len(found) == len(set(found)) <= count
        if count < 1000:
            assert len(found) == count
            assert len(there & set(found)) >= min(count // 2, len(there))
        else:
            assert there <= set(found)
        assert found == [own.id for own in texts.tested(plan, task, 0, count, balanced=True)]


def test_without_it_all_tasks_have_the_same(plan: PlanOutcome, texts: StudyTexts) -> None:
    found = [[own.id for own in texts.tested(plan, task, 0, 6)] for task in LABELS]
    assert all(own == found[0] for own in found)
