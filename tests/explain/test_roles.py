"""Which plans the article compares, and what is named where one of them is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtlv.errors import DataError
from mtlv.explain.models import chosen
from mtlv.explain.roles import COMPARED, Roles, left_out, roles_of
from mtlv.store import Store
from mtlv.store.outcome import StudyOutcome, load_outcome
from store.fakes import fake_study


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> StudyOutcome:
    store = Store(tmp_path_factory.mktemp("roles"))
    fake_study(store, plans=("gmtl", "gmhl", "mtl", "stl"))
    return load_outcome(store, "fake")


def test_a_plan_has_the_part_that_its_models_say(outcome: StudyOutcome) -> None:
    assert roles_of(outcome.plans) == Roles("stl", "gmhl"), "the first with one model for all"
    assert roles_of([outcome["mtl"], outcome["gmhl"]]) == Roles(None, "mtl")
    assert roles_of([outcome["gmtl"]]) == Roles(None, None)


def test_one_task_and_an_auxiliary_one_have_both_parts(tmp_path: Path) -> None:
    """What decides is how many tasks a model has, not how many models there are."""
    store = Store(tmp_path)
    fake_study(store, plans=("stl", "mtl"), tasks=("edema",))
    alone = load_outcome(store, "fake")
    assert roles_of(alone.plans) == Roles("stl", None), "one task has nothing to share"


def test_what_is_left_out_names_the_plan_that_would_help(outcome: StudyOutcome) -> None:
    assert left_out([outcome["stl"], outcome["mtl"]], outcome.plans) == []
    missing = left_out([outcome["mtl"]], outcome.plans)
    assert [own.view for own in missing] == list(COMPARED)
    assert {own.setting for own in missing} == {"name `stl` too, with --plan"}
    bare = left_out([outcome["stl"]], [outcome["stl"], outcome["gmtl"]])
    assert {own.setting for own in bare} == {"add `mtl` to the plans"}


def test_neither_plan_is_an_error(outcome: StudyOutcome) -> None:
    with pytest.raises(DataError, match="a model for every task, or one with one") as caught:
        left_out([outcome["gmtl"]], outcome.plans)
    assert caught.value.hint == "name `stl` too, with --plan"


def test_plans_are_looked_at_on_the_first_fold_that_all_have(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fake_study(
        store,
        plans=("stl", "mtl"),
        trained=lambda cell, _: cell.plan == "stl" or cell.fold == 1,
        status="running",
    )
    found = load_outcome(store, "fake")
    both = chosen(found, [], [])
    assert (both.names, both.fold) == (["stl", "mtl"], 1)
    assert chosen(found, ["stl", "stl"], []).fold == 0
    assert {own.fold for own in both.served(both.plans[0], "edema")} == {1}
