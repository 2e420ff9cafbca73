"""Weights by place: each goes to the head that the config writes in that place, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mtlv.errors import ConfigError, PlanError
from mtlv.groups import Grouping
from mtlv.plans import Plan, explicit, gmhl, gmtl, mtl
from mtlv.studies.config import StudyConfig, parse_config
from mtlv.studies.config_weights import check_order, check_steps
from mtlv.tasks import Task, TaskSet
from mtlv.training.weighting_settings import NEEDS_SEVERAL
from small import LABELS, small_config

TASKS = TaskSet(tuple(Task(name, "binary", "reports", (name,), "f1") for name in LABELS))
TURNED = [["fracture"], ["edema", "effusion"]]
IN_ORDER = [["edema", "effusion"], ["fracture"]]
BY_TASK = {"name": "fixed", "over": "tasks", "weights": [2, 1, 1]}


def _check(folder: Path, plan: Any, **changes: Any) -> None:
    config = parse_config(small_config(folder, plans=[plan], **changes))
    (spec,) = config.specs()
    check_order(spec, _plan(config), config.settings_of(spec), config.tuning_of(spec))


def _plan(config: StudyConfig) -> Plan:
    (spec,) = config.specs()
    if spec.models is not None:
        return explicit(TASKS, spec.nested, "plan", serves=spec.serves)
    if spec.given is None:
        return mtl(TASKS)
    return {"gmhl": gmhl, "gmtl": gmtl}[spec.kind](TASKS, Grouping.of(spec.given, TASKS))


@pytest.mark.parametrize(
    "plan",
    [
        {"gmhl": {"groups": TURNED, "train": {"weighting": [2, 1]}}},
        {"plan": {"models": [TURNED], "train": {"weighting": [2, 1]}}},
        {"plan": {"models": [[["edema"]], TURNED], "serves": {"edema": 1}}},
        {"gmhl": {"groups": [["effusion", "edema"], ["fracture"]]}},
        {"gmtl": {"groups": [["effusion", "edema"], ["fracture"]]}},
    ],
)
def test_another_order_than_that_of_the_tasks_is_refused_and_the_order_shown(
    tmp_path: Path, plan: Any
) -> None:
    with pytest.raises(PlanError, match="Weights go by place") as caught:
        _check(tmp_path, plan, train={"weighting": BY_TASK})
    assert "[edema, effusion]" in str(caught.value)


@pytest.mark.parametrize(
    "plan",
    [
        {"gmhl": {"groups": IN_ORDER, "train": {"weighting": [2, 1]}}},
        {"plan": {"models": [IN_ORDER], "train": {"weighting": [2, 1]}}},
        {"gmtl": {"groups": TURNED}},
        "mtl",
    ],
)
def test_the_order_of_the_tasks_is_allowed_and_models_have_none(tmp_path: Path, plan: Any) -> None:
    _check(tmp_path, plan, train={"weighting": BY_TASK})


@pytest.mark.parametrize("weighting", ["sum", "uncertainty"])
def test_without_weights_the_order_does_not_matter(tmp_path: Path, weighting: str) -> None:
    _check(tmp_path, {"gmhl": {"groups": TURNED}}, train={"weighting": weighting})


def test_weights_that_tuning_tries_count(tmp_path: Path) -> None:
    tune = {"space": {"weighting": [[1, 2], [2, 1]]}}
    with pytest.raises(PlanError, match="Weights go by place"):
        _check(tmp_path, {"gmhl": {"groups": TURNED}}, tune=tune)
    _check(tmp_path, {"gmhl": {"groups": TURNED, "tune": False}}, tune=tune)


class TestFoundGroups:
    @pytest.mark.parametrize(
        "plan",
        [{"gmhl": {"groups": 2}}, {"random": {"groups": 2}}, {"gmtl": {"grouping": "found.yaml"}}],
    )
    def test_they_take_no_weights_by_place(self, tmp_path: Path, plan: Any) -> None:
        for more in (
            {"train": {"weighting": [2, 1]}},
            {"tune": {"space": {"weighting": [[2, 1]]}}},
        ):
            with pytest.raises(ConfigError, match="groups that are found") as caught:
                parse_config(small_config(tmp_path, plans=["mtl", plan], **more))
            assert "key 'train.weighting'" in str(caught.value)

    def test_a_weighting_of_their_own_is_allowed(self, tmp_path: Path) -> None:
        plan = {"gmhl": {"groups": 2, "train": {"weighting": "sum"}}}
        parse_config(small_config(tmp_path, plans=["mtl", plan], train={"weighting": [1]}))


def test_an_unknown_weighting_to_try_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no weighting"):
        parse_config(small_config(tmp_path, tune={"space": {"weighting": ["sun"]}}))


TWO = TaskSet(
    (*TASKS, Task("cough", "binary", "notes", ("cough",), "f1")),
)


def _check_steps(folder: Path, weighting: Any, *heads: list[str]) -> None:
    config = parse_config(small_config(folder, plans=["mtl"], train={"weighting": weighting}))
    (spec,) = config.specs()
    tasks = TWO.only([task for head in heads for task in head])
    plan = explicit(tasks, [heads], "mine")
    check_steps(plan, tasks, config.settings_of(spec), config.tuning_of(spec))


@pytest.mark.parametrize("name", sorted(NEEDS_SEVERAL))
def test_a_weighting_within_steps_is_refused_where_each_step_has_one_loss(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match="several losses in a step") as caught:
        _check_steps(tmp_path, name, list(LABELS), ["cough"])
    assert "'mine'" in str(caught.value.where)
    assert "uncertainty" in str(caught.value.hint)
    assert "over: tasks" in str(caught.value.hint)


def test_over_tasks_does_not_help_where_each_corpus_has_one_task(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="several losses in a step") as caught:
        _check_steps(tmp_path, {"name": "pcgrad", "over": "tasks"}, ["edema"], ["cough"])
    assert "over: tasks" not in str(caught.value.hint)


@pytest.mark.parametrize(
    ("weighting", "heads"),
    [
        ("sum", (list(LABELS), ["cough"])),
        ("uncertainty", (list(LABELS), ["cough"])),
        ("dwa", (list(LABELS), ["cough"])),
        ({"name": "pcgrad", "over": "tasks"}, (list(LABELS), ["cough"])),
        ("pcgrad", (["edema"], ["effusion", "fracture"], ["cough"])),
        ("pcgrad", (list(LABELS),)),
        ("pcgrad", (["edema"],)),
    ],
)
def test_weightings_that_have_something_to_weigh_are_taken(
    tmp_path: Path, weighting: Any, heads: tuple[list[str], ...]
) -> None:
    _check_steps(tmp_path, weighting, *heads)
