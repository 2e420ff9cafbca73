"""What is looked at: a plan that lacks a task is named, or refused where it is asked for."""

from __future__ import annotations

import logging

import pytest

from mtlv.errors import StoreError
from mtlv.explain.models import chosen
from mtlv.store import Store
from mtlv.store.outcome import StudyOutcome, load_outcome
from store.fakes import fake_study

TASKS = ("edema", "nodule", "opacity")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> StudyOutcome:
    """A study whose plan `stl` has one task of the three that `mtl` has."""
    store = Store(tmp_path_factory.mktemp("models"))
    alone = fake_study(store, plans=("stl",), tasks=TASKS[:1])
    whole = fake_study(store, plans=("mtl",), tasks=TASKS)
    store.write_study(whole.model_copy(update={"cells": [*alone.cells, *whole.cells]}))
    return load_outcome(store, "fake")


def test_a_named_plan_that_lacks_tasks_is_missing_there_with_a_warning(
    outcome: StudyOutcome, caplog: pytest.LogCaptureFixture
) -> None:
    found = chosen(outcome, ["stl", "mtl"], ["edema", "opacity"])
    assert found.names == ["stl", "mtl"]
    (gap,) = found.missing
    assert gap.view == "plan stl"
    assert gap.reason == "The plan 'stl' has no model for opacity."
    assert "--task" in gap.setting
    assert [(own.levelno, own.message) for own in caplog.records] == [(logging.WARNING, gap.reason)]


def test_the_tasks_of_the_plans_are_asked_for_where_none_is_named(outcome: StudyOutcome) -> None:
    (gap,) = chosen(outcome, ["stl", "mtl"], []).missing
    assert gap.reason == "The plan 'stl' has no model for nodule and opacity."
    assert chosen(outcome, ["stl"], []).missing == ()


@pytest.mark.parametrize("plans", [["mtl", "stl"], ["stl", "mtl"]])
def test_a_named_plan_without_any_of_the_tasks_is_refused(
    outcome: StudyOutcome, plans: list[str]
) -> None:
    with pytest.raises(StoreError, match="'stl' has no model for nodule and opacity") as caught:
        chosen(outcome, plans, ["nodule", "opacity"])
    assert caught.value.found == "models for edema"
    assert "--plan" in str(caught.value.hint)


def test_plans_that_nobody_named_need_not_have_a_task(
    outcome: StudyOutcome, caplog: pytest.LogCaptureFixture
) -> None:
    found = chosen(outcome, [], ["nodule"])
    assert (found.tasks, found.missing) == (("nodule",), ())
    assert caplog.records == []
