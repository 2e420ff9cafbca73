"""Arms: one point of a study's sweep, with its inputs, its cells and its worker.

A study without a sweep has one arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mtlv.errors import EncoderError, MtlvError
from mtlv.evaluation.metrics import METRICS
from mtlv.evaluation.predictions import Predictions
from mtlv.evaluation.thresholds import fit_thresholds
from mtlv.store import CellRecord, JobRecord, Store
from mtlv.studies.cells import Cell, plan_cell, waits_for_training
from mtlv.studies.config import StudyConfig
from mtlv.studies.executors import Executor
from mtlv.studies.grouping import RunJobs
from mtlv.studies.inputs import Inputs
from mtlv.studies.jobs import Job
from mtlv.studies.specs import PlanSpec
from mtlv.studies.tuning import (
    Search,
    Trial,
    TuneSettings,
    best_trial,
    make_search,
    models_to_tune,
)
from mtlv.studies.watching import StudyWatcher
from mtlv.studies.worker import Worker

__all__ = ["Arm"]


class Arm:
    """One point of the sweep.

    Args:
        config: of this point.
        variant: what the point sets.
        inputs: corpora, tasks, splits.
        store: the run store.
        executor: runs jobs.
        watcher: is told of progress.
    """

    def __init__(
        self,
        config: StudyConfig,
        variant: Mapping[str, Any],
        inputs: Inputs,
        store: Store,
        executor: Executor,
        watcher: StudyWatcher,
    ) -> None:
        self.config, self.variant, self.inputs = config, variant, inputs
        self.store, self.executor, self.watcher = store, executor, watcher
        self.worker = Worker(inputs, store, keep_checkpoints=config.store.checkpoints)
        self._cells: dict[tuple[int, int], Cell] = {}

    @property
    def cells(self) -> list[Cell]:
        """The cells whose groups are found, by fold, in the order of the config's plans."""
        return [self._cells[place] for place in sorted(self._cells)]

    def plan(self) -> None:
        """Expand every plan on every fold, all but those whose groups training has to find.

        Raises:
            MtlvError: a plan does not fit the tasks, or an encoder is not to be had.
        """
        for fold in range(self.inputs.folds):
            for index, spec in enumerate(self.config.specs()):
                self._check_encoder(spec, fold)
                if not waits_for_training(spec):
                    self._cells[fold, index] = self._cell(spec, fold, self._run_nothing)

    def group(self, after_job: Callable[[], None]) -> None:
        """Expand the other plans; what they need is trained or measured here, fold by fold.

        Raises:
            MtlvError: an affinity cannot be measured.
        """

        def run_jobs(stage: str, jobs: Sequence[Job]) -> None:
            self._run(stage, jobs, after_job)

        for fold, index, spec in self.waiting():
            self._cells[fold, index] = self._cell(spec, fold, run_jobs)

    def waiting(self) -> list[tuple[int, int, PlanSpec]]:
        """Return fold, number and spec of the plans whose groups are not found yet."""
        return [
            (fold, index, spec)
            for fold in range(self.inputs.folds)
            for index, spec in enumerate(self.config.specs())
            if (fold, index) not in self._cells
        ]

    def tune(self) -> None:
        """Choose the settings of all cells that are tuned, trial by trial, all cells at once."""
        cells = [cell for cell in self.cells if cell.tune is not None]
        leaders = [cell for cell in cells if self.leads(cell)]
        searches = [make_search(self._tuning(cell), cell.fold) for cell in leaders]
        while self._one_trial_each(leaders, searches):
            pass
        for cell in leaders:
            cell.chosen = best_trial(cell.trials)
        for cell in cells:
            leader = next(c for c in leaders if self._follows(cell, c))
            cell.trials, cell.chosen = leader.trials, leader.chosen

    def train(self, after_job: Callable[[], None]) -> None:
        """Train every model of every cell with every seed."""
        seeds = self.config.evaluation.seeds
        jobs = [
            job for seed in seeds for cell in self.cells for job in cell.jobs(self.worker, seed)
        ]
        self._run("training", jobs, after_job)

    def records(self) -> list[CellRecord]:
        """Return the records of all cells whose settings are chosen."""
        return [
            cell.record(self.worker, seed)
            for seed in self.config.evaluation.seeds
            for cell in self.cells
            if cell.tune is None or cell.chosen is not None
        ]

    @property
    def cell_count(self) -> int:
        """How many cell records there will be."""
        return self.inputs.folds * len(self.config.specs()) * len(self.config.evaluation.seeds)

    def leads(self, cell: Cell) -> bool:
        """Tell whether a tuned cell makes its own trials, or takes over those of the first fold."""
        return self._tuning(cell).scope == "fold" or cell.fold == 0

    def tuned_models(self, cell: Cell) -> list[int]:
        """Return the indices of the models that a cell is tuned on; none if it is not tuned."""
        if cell.tune is None:
            return []
        return models_to_tune(
            cell.plan.models,
            cell.tune.models,
            lambda task: self.inputs.training_positives(task, cell.fold),
        )

    def _cell(self, spec: PlanSpec, fold: int, run_jobs: RunJobs) -> Cell:
        return plan_cell(spec, self.config, self.variant, fold, self.worker, run_jobs)

    def run_jobs(self, stage: str, jobs: Sequence[Job]) -> None:
        """Run jobs that are not finished."""
        self._run(stage, jobs, lambda: None)

    def _run_nothing(self, stage: str, jobs: Sequence[Job]) -> None:
        raise MtlvError(f"'{stage}' has to wait until the study runs.")

    def _check_encoder(self, spec: PlanSpec, fold: int) -> None:
        try:
            self.worker.source(self.config.settings_of(spec).encoder, fold)
        except EncoderError as error:
            raise error.inside("encoder") from error

    def _one_trial_each(self, cells: Sequence[Cell], searches: Sequence[Search]) -> bool:
        proposed: list[tuple[Cell, Search, list[Job]]] = []
        for cell, search in zip(cells, searches, strict=True):
            changes = search.propose()
            if changes is not None:
                jobs = self._tuning_jobs(cell, changes)
                cell.trials.append(Trial(changes, [job.id for job in jobs]))
                proposed.append((cell, search, jobs))
        if proposed:
            trial = max(len(cell.trials) for cell, _, _ in proposed)
            jobs = [job for _, _, own in proposed for job in own]
            self._run(f"tuning, trial {trial}", jobs, lambda: None)
        for cell, search, jobs in proposed:
            value = self._value(cell, jobs)
            cell.trials[-1].value = value
            search.tell(value)
        return bool(proposed)

    def _tuning_jobs(self, cell: Cell, changes: Mapping[str, Any]) -> list[Job]:
        first_seed = self.config.evaluation.seeds[0]
        return cell.jobs(self.worker, first_seed, changes, self.tuned_models(cell))

    def _value(self, cell: Cell, jobs: Sequence[Job]) -> float:
        parts = [self.store.predictions(job.id)["validation"] for job in jobs]
        served = [
            part.only([t for t in part.tasks if self._serves(cell, t, job)])
            for part, job in zip(parts, jobs, strict=True)
        ]
        return self._metric(served[0].merged(served[1:]), self._tuning(cell).metric)

    def _metric(self, validation: Predictions, name: str) -> float:
        """Return a metric of validation predictions, turned so that larger is better."""
        matrix, metric = validation.labels(), METRICS[name]
        values = matrix.scores
        if metric.needs == "decisions":
            evaluation = self.config.evaluation
            values = fit_thresholds(matrix, evaluation.thresholds, evaluation.shrinkage).decide(
                matrix
            )
        value = metric(values, matrix.targets)
        return value if metric.higher_is_better else -value

    def _run(self, stage: str, jobs: Sequence[Job], after_job: Callable[[], None]) -> None:
        missing = {job.id: job for job in jobs if not self.worker.is_done(job)}
        self.watcher.on_stage(stage, len(missing))

        def run_job(job: Job) -> JobRecord:
            self.watcher.on_job(job)
            record = self.worker.run(job, self.watcher)
            self.watcher.on_job_end(job, record)
            after_job()
            return record

        self.executor.run(list(missing.values()), run_job)

    def _tuning(self, cell: Cell) -> TuneSettings:
        if cell.tune is None:
            raise MtlvError(f"The plan '{cell.title}' is not tuned.")
        return cell.tune

    def _follows(self, cell: Cell, leader: Cell) -> bool:
        same_plan = cell.title == leader.title
        return same_plan and (cell.fold == leader.fold or self._tuning(cell).scope == "study")

    def _serves(self, cell: Cell, task: str, job: Job) -> bool:
        return cell.plan.models[cell.plan.serves[task]] == job.model
