"""A forecast: what a run of a study would train, without training it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mtlv.studies.arms import Arm
from mtlv.studies.cell_plans import title_of
from mtlv.studies.cells import Cell
from mtlv.studies.tuning import grid
from mtlv.training.mixing import Mixer

__all__ = ["Forecast", "PlanForecast", "forecast"]


@dataclass(frozen=True)
class PlanForecast:
    """One plan: models and heads on its first fold, and its jobs over all folds and seeds.

    They are None for a plan whose groups training has to find first.

    Args:
        plan: its name.
        models: of it.
        heads: of all its models.
        training_jobs: without those of tuning.
        tuning_jobs: at most so many.
        epoch: batches of each corpus in the first epoch of its widest model, and in the last one,
            where that learns from several corpora.
    """

    plan: str
    models: int | None = None
    heads: int | None = None
    training_jobs: int | None = None
    tuning_jobs: int | None = None
    epoch: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Forecast:
    """A study: its plans, its jobs, what the splits warn of, and what the readers noted.

    Args:
        study: its name.
        plans: one by one.
        different_jobs: at most so many are trained; equal jobs of several plans are one, and those
            of plans whose groups are not known yet are not counted.
        finished_jobs: how many of them the store has.
        warnings: of the splits.
        notes: of every corpus's reader: found beside published counts, repaired tags, and the like.
    """

    study: str
    plans: tuple[PlanForecast, ...]
    different_jobs: int
    finished_jobs: int
    warnings: tuple[str, ...]
    notes: Mapping[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        """Return the forecast as JSON-like data."""
        return asdict(self)


def forecast(arms: Sequence[Arm]) -> Forecast:
    """Count the jobs of planned arms.

    Where a grid tunes, its first point stands for the one that will be chosen; where Optuna does,
    its first trial stands for all, and the others are added as if all were different.
    """
    cells = [(arm, cell) for arm in arms for cell in arm.cells]
    titles = dict.fromkeys(cell.title for _, cell in cells)
    plans = tuple(_plan([(a, c) for a, c in cells if c.title == title]) for title in titles)
    waiting = [title_of(spec, arm.variant) for arm in arms for _, _, spec in arm.waiting()]
    plans += tuple(PlanForecast(title) for title in dict.fromkeys(waiting))
    different = {job: done for arm, cell in cells for job, done in _jobs(arm, cell)}
    unknown = sum(_unknown_trials(arm, cell) for arm, cell in cells)
    warnings = dict.fromkeys(text for arm in arms for text in arm.inputs.warnings)
    return Forecast(
        arms[0].config.study,
        plans,
        different_jobs=len(different) + unknown,
        finished_jobs=sum(different.values()),
        warnings=tuple(warnings),
        notes={name: corpus.notes for arm in arms for name, corpus in arm.inputs.corpora.items()},
    )


def _plan(cells: Sequence[tuple[Arm, Cell]]) -> PlanForecast:
    arm, first = cells[0]
    seeds = len(arm.config.evaluation.seeds)
    return PlanForecast(
        first.title,
        len(first.plan.models),
        sum(len(model.heads) for model in first.plan.models),
        sum(len(cell.plan.models) * seeds for _, cell in cells),
        sum(_trials(arm, cell) * len(arm.tuned_models(cell)) for arm, cell in cells),
        _epoch(arm, first),
    )


def _epoch(arm: Arm, cell: Cell) -> dict[str, tuple[int, int]]:
    """Return the batches of each corpus in the first and the last epoch of a cell's widest model.

    A curriculum may leave texts out of the first epochs; it is not looked at.
    """
    tasks, train = arm.inputs.tasks, cell.settings.train
    learned = [
        dict.fromkeys(tasks[task].corpus for task in model.tasks) for model in cell.plan.models
    ]
    corpora = max(learned, key=len)
    if len(corpora) < 2:
        return {}
    sizes = {name: len(arm.inputs.splits[name][cell.fold].train) for name in corpora}
    mixer = Mixer(train.mixing, train.batch_size, train.epochs, seed=0)
    first, last = (mixer.counts(sizes, epoch) for epoch in (1, train.epochs))
    return {name: (first[name], last[name]) for name in corpora}


def _jobs(arm: Arm, cell: Cell) -> Iterator[tuple[str, bool]]:
    """Yield the id of every job of a cell, and whether it is finished (with whatever is chosen)."""
    settings = [{}] if cell.tune is None or cell.tune.method == "optuna" else grid(cell.tune.space)
    for seed in arm.config.evaluation.seeds:
        choices = [cell.jobs(arm.worker, seed, changes) for changes in settings]
        for of_model in zip(*choices, strict=True):
            yield of_model[0].id, any(arm.worker.is_done(job) for job in of_model)
    for changes in settings if _trials(arm, cell) else ():
        first = arm.config.evaluation.seeds[0]
        for job in cell.jobs(arm.worker, first, changes, arm.tuned_models(cell)):
            yield job.id, arm.worker.is_done(job)


def _trials(arm: Arm, cell: Cell) -> int:
    if cell.tune is None or not arm.leads(cell):
        return 0
    return cell.tune.trials if cell.tune.method == "optuna" else len(grid(cell.tune.space))


def _unknown_trials(arm: Arm, cell: Cell) -> int:
    if cell.tune is None or cell.tune.method == "grid":
        return 0
    return (_trials(arm, cell) - 1) * len(arm.tuned_models(cell))
