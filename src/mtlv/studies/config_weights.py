"""Weights by place: whose they are must be seen in the config.

`weighting: [1, 2]` gives a weight to each head, or task, of a model in turn. Plans keep heads and
tasks in the order of the study's tasks, so a config has to write them in that order; and heads of
groups that are found have no order that anybody could have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mtlv.errors import ConfigError, PlanError
from mtlv.plans import ModelPlan, Plan
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.specs import PlanSpec
from mtlv.studies.tuning import Range, TuneSettings

__all__ = ["check_order", "check_written", "tried"]


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


def _written(spec: PlanSpec, plan: Plan) -> list[tuple[tuple[str, ...], ModelPlan]]:
    """Return each model, and before it its tasks in the order in which the config writes them."""
    if spec.models is not None:
        return [(_flat(own), model) for own, model in zip(spec.models, plan.models, strict=True)]
    groups = [_flat(spec.given or ())] if spec.kind == "gmhl" else spec.given or ()
    by_tasks = {frozenset(model.tasks): model for model in plan.models}
    return [(group, by_tasks[frozenset(group)]) for group in groups]


def _flat(heads: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(task for head in heads for task in head)


def _has_weights(settings: ModelSettings, tune: TuneSettings | None) -> bool:
    return any(own.train.weighting.weights for own in (settings, *tried(settings, tune)))
