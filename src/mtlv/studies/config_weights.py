"""Weights by place: whose they are must be seen in the config.

`weighting: [1, 2]` gives a weight to each head, or task, of a model in turn. Whatever the config
writes, plans keep the tasks of a head in the order of the study's tasks (that of the data), and the
heads in the order of their first tasks. So a config has to write them in that order; and heads of
groups that are found have no order that anybody could have written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from mtlv.errors import ConfigError, PlanError
from mtlv.plans import ModelPlan, Plan
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.specs import PlanSpec
from mtlv.studies.tuning import Range, TuneSettings
from mtlv.tasks import TaskSet
from mtlv.training.weighting_settings import NEEDS_SEVERAL, WeightingSettings

__all__ = ["check_order", "check_steps", "check_written", "tried"]


def tried(settings: ModelSettings, tune: TuneSettings | None) -> Iterator[ModelSettings]:
    """Yield the settings with each value that tuning may try; of a range, with its ends.

    Raises:
        ConfigError: there is no such setting, or it cannot have that value.
    """
    for key, values in (tune.space if tune else {}).items():
        for value in [values.low, values.high] if isinstance(values, Range) else values:
            yield settings.changed({key: value}, f"tune.space.{key}")


def check_written(spec: PlanSpec, settings: ModelSettings, tune: TuneSettings | None) -> None:
    """Refuse weights by place for groups that the config does not write.

    Raises:
        ConfigError: the plan finds its groups, and its weighting has such weights.
    """
    if spec.how is not None and _has_weights(settings, tune):
        raise ConfigError(
            "Weights go by place, and groups that are found have none.",
            where=f"plan '{spec.title}', key 'train.weighting'",
            expected="groups that the config names, such as [[a, b], [c]]",
            hint="name them, or give the plan `train: {weighting: sum}`",
        )


def check_order(
    spec: PlanSpec, plan: Plan, settings: ModelSettings, tune: TuneSettings | None
) -> None:
    """Refuse weights by place where a plan keeps another order than the config writes.

    Args:
        spec: that the config writes.
        plan: made of it.
        settings: of its models.
        tune: how it is tuned.

    Raises:
        PlanError: it does, and the weighting has such weights.
    """
    if not _has_weights(settings, tune):
        return
    for tasks, model in _written(spec, plan):
        if tasks != model.tasks:
            raise PlanError(
                "Weights go by place, and heads are kept in the order of the tasks.",
                where="train.weighting",
                found=f"tasks in the order {', '.join(tasks)}",
                expected=", ".join(f"[{', '.join(head.tasks)}]" for head in model.heads),
                hint="write the heads in this order, and the weights with them",
            )


def check_steps(
    plan: Plan, tasks: TaskSet, settings: ModelSettings, tune: TuneSettings | None
) -> None:
    """Refuse a weighting of the losses of a step where no step ever has two of them.

    A batch is of one corpus, so a model with a head for each corpus has one loss in every step.

    Raises:
        ConfigError: the weighting would do nothing.
    """
    for weighting in (own.train.weighting for own in (settings, *tried(settings, tune))):
        if weighting.name in NEEDS_SEVERAL:
            for model in plan.models:
                _check_several(model, tasks, weighting, plan.name)


def _check_several(
    model: ModelPlan, tasks: TaskSet, weighting: WeightingSettings, plan: str
) -> None:
    over = weighting.units(len(model.heads))
    by_task = Counter(tasks[task].corpus for task in model.tasks)
    by_head = Counter(tasks[head.tasks[0]].corpus for head in model.heads)
    if len(by_task) == 1 or max((by_task if over == "tasks" else by_head).values()) > 1:
        return
    finer = over == "heads" and max(by_task.values()) > 1
    others = "`uncertainty`, `dwa` or another weighting that remembers losses"
    raise ConfigError(
        f"The weighting '{weighting.name}' needs several losses in a step, and here each has one: "
        "a batch is of one corpus.",
        where=f"plan '{plan}', key 'train.weighting'",
        found=f"{len(by_task)} corpora, and at most one loss over {over} for each",
        hint=f"use {others}" + ("; or set `over: tasks`" if finer else ""),
    )


def _written(spec: PlanSpec, plan: Plan) -> list[tuple[tuple[str, ...], ModelPlan]]:
    """Return each model, and before it its tasks in the order in which the config writes them."""
    if spec.models is not None:
        return [(_flat(own), model) for own, model in zip(spec.nested, plan.models, strict=True)]
    groups = [_flat(spec.given or ())] if spec.kind == "gmhl" else spec.given or ()
    by_tasks = {frozenset(model.tasks): model for model in plan.models}
    return [(group, by_tasks[frozenset(group)]) for group in groups]


def _flat(heads: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(task for head in heads for task in head)


def _has_weights(settings: ModelSettings, tune: TuneSettings | None) -> bool:
    return any(own.train.weighting.weights for own in (settings, *tried(settings, tune)))
