"""Arms: one point of a study's sweep, with its inputs, its cells and its worker.

A study without a sweep has one arm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mtlv.errors import EncoderError, MtlvError
from mtlv.evaluation.judging import plan_value
from mtlv.model.bow import check_bow
from mtlv.model.limits import check_limits
from mtlv.store import CellRecord, Store
from mtlv.studies.cell_plans import plan_cell, waits_for_training
from mtlv.studies.cells import Cell
from mtlv.studies.config import StudyConfig
from mtlv.studies.executors import Executor, Recipe, Work
from mtlv.studies.grouping import RunJobs
from mtlv.studies.inputs import Inputs
from mtlv.studies.jobs import AnyJob, Job, PretrainJob
from mtlv.studies.specs import PRETRAIN, PlanSpec, levels
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
        self.specs = config.specs()
        started = any(spec.starts_from or spec.teachers for spec in self.specs)
        self.worker = Worker(inputs, store, keep_checkpoints=config.store.checkpoints or started)
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
            for index, spec in enumerate(self.specs):
                self._check_encoder(spec, fold)
                if not waits_for_training(spec):
                    self._cells[fold, index] = self._cell(spec, fold, self._run_nothing)
        self._link()

    def levels(self) -> list[list[int]]:
        """Return numbers of the plans, level by level: each starts from earlier ones only."""
        return levels(self.specs)

    def pretraining(self) -> list[PretrainJob]:
        """Return the jobs of the stage `pretrain`: one per seed and fold, or one for all folds."""
        if not any(spec.starts_from == PRETRAIN for spec in self.specs):
            return []
        seeds, folds = self.config.evaluation.seeds, range(self.inputs.folds)
        return [self._pretrain_job(fold, seed) for seed in seeds for fold in folds]

    def pretrain(self, after_job: Callable[[], None]) -> None:
        """Run the stage `pretrain`, where a plan starts from it."""
        self._run("pretraining", self.pretraining(), after_job)

    def group(self, level: Sequence[int], after_job: Callable[[], None]) -> None:
        """Expand the other plans of a level; what they need is trained or measured here.

        Raises:
            MtlvError: an affinity cannot be measured.
        """

        def run_jobs(stage: str, jobs: Sequence[Job]) -> None:
            self._run(stage, jobs, after_job)

        for fold, index, spec in self.waiting():
            if index in level:
                self._cells[fold, index] = self._cell(spec, fold, run_jobs)
        self._link()

    def waiting(self) -> list[tuple[int, int, PlanSpec]]:
        """Return fold, number and spec of the plans whose groups are not found yet."""
        return [
            (fold, index, spec)
            for fold in range(self.inputs.folds)
            for index, spec in enumerate(self.specs)
            if (fold, index) not in self._cells
        ]

    def tune(self, level: Sequence[int]) -> None:
        """Choose the settings of a level's cells, round by round, all cells at once."""
        cells = [cell for cell in self._of(level) if cell.tune is not None]
        leaders = [cell for cell in cells if self.leads(cell)]
        searches = [make_search(self._tuning(cell), cell.fold) for cell in leaders]
        while self._one_round(leaders, searches):
            pass
        for cell in leaders:
            cell.chosen = best_trial(cell.trials)
        for cell in cells:
            leader = next(c for c in leaders if self._follows(cell, c))
            cell.trials, cell.chosen = leader.trials, leader.chosen

    def train(self, level: Sequence[int], after_job: Callable[[], None]) -> None:
        """Train every model of every cell of a level with every seed."""
        seeds = self.config.evaluation.seeds
        cells = self._of(level)
        jobs = [job for seed in seeds for cell in cells for job in cell.jobs(self.worker, seed)]
        self._run("training", jobs, after_job)

    def records(self) -> list[CellRecord]:
        """Return the records of all cells whose settings are chosen."""
        return [
            cell.record(self.worker, seed)
            for seed in self.config.evaluation.seeds
            for cell in self.cells
            if cell.is_chosen
        ]

    @property
    def cell_count(self) -> int:
        """How many cell records there will be."""
        return self.inputs.folds * len(self.specs) * len(self.config.evaluation.seeds)

    def leads(self, cell: Cell) -> bool:
        """Tell whether a tuned cell makes its own trials, or takes over those of the first fold."""
        return self._tuning(cell).scope == "fold" or cell.fold == 0

    def tuned_models(self, cell: Cell) -> list[int]:
        """Return the indices of the models that a cell is tuned on; none if it is not tuned.

        A model that serves no task, as it learns auxiliary ones alone, has nothing to go by.
        """
        if cell.tune is None:
            return []
        serving = sorted(set(cell.plan.serves.values()))
        chosen = models_to_tune(
            [cell.plan.models[index] for index in serving],
            cell.tune.models,
            lambda task: self.inputs.training_positives(task, cell.fold),
        )
        return [serving[place] for place in chosen]

    def _of(self, level: Sequence[int]) -> list[Cell]:
        places = [place for place in sorted(self._cells) if place[1] in level]
        return [self._cells[place] for place in places]

    def _link(self) -> None:
        """Tell cells what they start from, as far as that is known."""
        numbers = {spec.title: index for index, spec in enumerate(self.specs)}
        for (fold, index), cell in self._cells.items():
            wanted = self.specs[index].starts_from
            if wanted == PRETRAIN:
                seeds = self.config.evaluation.seeds
                cell.start = {seed: self._pretrain_job(fold, seed).id for seed in seeds}
            elif wanted is not None:
                cell.start = self._cells.get((fold, numbers[wanted]))
                cell.check_kept_heads()
            teachers = self.specs[index].teachers
            if teachers is not None:
                cell.teacher = self._cells.get((fold, numbers[teachers]))
                cell.check_teacher()

    def _pretrain_job(self, fold: int, seed: int) -> PretrainJob:
        stages = self.config.stages
        if stages is None or stages.pretrain is None:
            raise MtlvError("There is no stage `pretrain`.")
        return self.worker.pretrain_job(stages.pretrain, self.config.encoder, fold, seed)

    def _cell(self, spec: PlanSpec, fold: int, run_jobs: RunJobs) -> Cell:
        return plan_cell(spec, self.config, self.variant, fold, self.worker, run_jobs)

    def run_jobs(self, stage: str, jobs: Sequence[Job]) -> None:
        """Run jobs that are not finished."""
        self._run(stage, jobs, lambda: None)

    def _run_nothing(self, stage: str, jobs: Sequence[Job]) -> None:
        raise MtlvError(f"'{stage}' has to wait until the study runs.")

    def _check_encoder(self, spec: PlanSpec, fold: int) -> None:
        settings = self.config.settings_of(spec)
        try:
            check_bow(settings.encoder, settings.train.freeze_layers, self.inputs.tasks)
            source = self.worker.sources.source(settings.encoder, fold)
        except EncoderError as error:
            raise error.inside("encoder") from error
        check_limits(source, settings.train.max_length, settings.train.freeze_layers)

    def _one_round(self, cells: Sequence[Cell], searches: Sequence[Search]) -> bool:
        """Try what each search proposes next, all at once; tell whether one proposed something."""
        rounds = [
            [(changes, self._tuning_jobs(cell, changes)) for changes in search.propose()]
            for cell, search in zip(cells, searches, strict=True)
        ]
        jobs = [job for tried in rounds for _, own in tried for job in own]
        if jobs:
            self._run("tuning", jobs, lambda: None)
        for cell, search, tried in zip(cells, searches, rounds, strict=True):
            if tried:
                values = [self._value(cell, own) for _, own in tried]
                cell.trials += [
                    Trial(changes, [job.id for job in own], value)
                    for (changes, own), value in zip(tried, values, strict=True)
                ]
                search.tell(values)
        return any(rounds)

    def _tuning_jobs(self, cell: Cell, changes: Mapping[str, Any]) -> list[Job]:
        first_seed = self.config.evaluation.seeds[0]
        return cell.jobs(self.worker, first_seed, changes, self.tuned_models(cell))

    def _value(self, cell: Cell, jobs: Sequence[Job]) -> float:
        parts = [self.store.predictions(job.id)["validation"] for job in jobs]
        served = [
            part.only([t for t in part.tasks if self._serves(cell, t, job)])
            for part, job in zip(parts, jobs, strict=True)
        ]
        validation = served[0].merged(served[1:])
        return plan_value(validation, self._tuning(cell).metric, self.config.evaluation)

    def _run(self, stage: str, jobs: Sequence[AnyJob], after_job: Callable[[], None]) -> None:
        missing = {job.id: job for job in jobs if not self.worker.is_done(job)}
        self.watcher.on_stage(stage, len(missing))
        recipe = Recipe(
            self.config, self.inputs.base, self.store.root, self.worker.keep_checkpoints
        )
        work = Work(list(missing.values()), self.worker, recipe, self.watcher, after_job)
        self.executor.run(work)

    def _tuning(self, cell: Cell) -> TuneSettings:
        if cell.tune is None:
            raise MtlvError(f"The plan '{cell.title}' is not tuned.")
        return cell.tune

    def _follows(self, cell: Cell, leader: Cell) -> bool:
        same_plan = cell.title == leader.title
        return same_plan and (cell.fold == leader.fold or self._tuning(cell).scope == "study")

    def _serves(self, cell: Cell, task: str, job: Job) -> bool:
        serves = cell.plan.serves
        return task in serves and cell.plan.models[serves[task]] == job.model
