"""The article's three views of a study, from its stored models over all folds and seeds.

    outcome = load_outcome(store, "sentiment")
    found = three_views(store, outcome, StudyTexts(store, outcome.study, Path()))
    print(found.held_out[0].difference.mean)

Quality on held-out texts and the cross-task matrix are there for any encoder; the importance of
words from weights is that of a bag of words, and other encoders have `attribution` in its place.
One plan alone has its words, what two seeds of it agree on, and its cross-task matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtlv.errors import StoreError
from mtlv.evaluation.significance import overlap_of
from mtlv.explain.bow_models import bow_bags, bow_weights, is_plain_bow
from mtlv.explain.cross_task import SHOWN, CrossMatrix, Layers, best_guess, cross_matrix
from mtlv.explain.held_out import Pairing, held_out, paired_difference
from mtlv.explain.importance import input_sums, integrated_gradients, output_weights
from mtlv.explain.models import Models
from mtlv.explain.texts import StudyTexts
from mtlv.explain.view_results import CrossTask, HeldOut, Lift, ThreeViews, WordView
from mtlv.explain.word_view import WordModel, word_view
from mtlv.model.tokens import tokenise
from mtlv.store import CellRecord, Store
from mtlv.store.outcome import CellOutcome, PlanOutcome, StudyOutcome, cell_predictions
from mtlv.tasks import Task

__all__ = ["three_views"]

Array = np.ndarray[Any, Any]
Run = Sequence[CellOutcome]
"""A cell of each plan, of equal fold and seed."""


def three_views(
    store: Store,
    outcome: StudyOutcome,
    texts: StudyTexts,
    *,
    single: str | None = "stl",
    multi: str | None = "mtl",
    wanted: Collection[str] = (),
    say: Callable[[str], None] = lambda _: None,
) -> ThreeViews:
    """Return the three views of two plans of a study, or what one of them shows alone.

    Args:
        store: has its models.
        outcome: of the study.
        texts: of the study.
        single: name of the plan with a model per task; None for the other one alone.
        multi: name of the plan with one model for all tasks; None for the other one alone.
        wanted: names of tasks; all that the plans serve if empty.
        say: is told what is going on.

    Raises:
        StoreError: there is no such plan, they have no run or task in common, or their weights
            were not kept.
        DataError: its corpora are not there any more, or are others now.
    """
    plans = [outcome[name] for name in (single, multi) if name is not None]
    look = _Look(store, Models(store, outcome.study), texts)
    runs, tasks = _runs(plans), look.tasks(plans, wanted)
    looked = []
    for number, run in enumerate(runs, start=1):
        say(f"  fold and seed {number} of {len(runs)}")
        looked.append([look.at(p.name, own, tasks) for p, own in zip(plans, run, strict=True)])
    paired = single is not None and multi is not None
    pairings = {task.name: look.pairing(runs, task) for task in tasks} if paired else {}
    return ThreeViews(
        outcome.study.name,
        single,
        multi,
        tuple(_held_out(task, runs, pairings[task.name]) for task in tasks if paired),
        _word_view([own for run in looked for own in run], single, multi),
        tuple(
            _cross_task(plan.name, metric, tasks, [run[side] for run in looked])
            for side, plan in enumerate(plans)
            for metric in SHOWN
        ),
        _lifts(tasks, looked, pairings) if paired else (),
    )


@dataclass(frozen=True)
class _Looked:
    """What is seen in the models of one cell.

    Args:
        matrix: view 3.
        guess: what the best constant answers score.
        words: of each task, for view 2; None where the models are no plain bags of words.
    """

    matrix: CrossMatrix
    guess: CrossMatrix
    words: list[WordModel] | None


class _Look:
    """What is read of a study, once."""

    def __init__(self, store: Store, models: Models, texts: StudyTexts) -> None:
        self._store, self._models, self._texts = store, models, texts

    def tasks(self, plans: Sequence[PlanOutcome], wanted: Collection[str]) -> list[Task]:
        """Return the tasks that all plans serve, or those of them that are wanted."""
        served = [set(plan.cells[0].cell.as_plan().serves) for plan in plans]
        if wanted:
            served.append(set(wanted))
        tasks = [task for task in self._models.tasks if all(task.name in own for own in served)]
        if not tasks:
            raise StoreError(
                "The plans have no task in common.", found=" and ".join(p.name for p in plans)
            )
        return tasks

    def pairing(self, runs: Sequence[Run], task: Task) -> Pairing:
        """Return how the runs are paired for a task: by its test parts."""
        splits = self._texts.inputs.splits[task.corpus]
        tests = [splits[own.cell.fold].test.tobytes() for own, *_ in runs]
        parts = {test: index for index, test in enumerate(dict.fromkeys(tests))}
        protocol = self._texts.config.evaluation
        overlap = overlap_of(protocol.scheme, protocol.folds, protocol.test)
        return Pairing([parts[test] for test in tests], overlap)

    def at(self, plan: str, outcome: CellOutcome, tasks: Sequence[Task]) -> _Looked:
        """Look at the models of one cell."""
        cell, serves = outcome.cell, outcome.cell.as_plan().serves
        layers = []
        for index in sorted({serves[task.name] for task in tasks}):
            job = cell.jobs[index]
            own = tuple(task.name for task in tasks if serves[task.name] == index)
            layers.append(Layers(*self._models.network(job), self._models.max_length(job), own))
        test = cell_predictions(self._store, cell)["test"]
        corpora = self._texts.inputs.corpora
        matrix = cross_matrix(layers, test, corpora, tasks, outcome.scores.thresholds)
        guess = best_guess(test, tasks)
        if not all(is_plain_bow(own.network, task) for own in layers for task in own.tasks):
            return _Looked(matrix, guess, None)
        words = [self._words(plan, cell, own, task) for own in layers for task in own.tasks]
        return _Looked(matrix, guess, words)

    def _words(self, plan: str, cell: CellRecord, model: Layers, task: str) -> WordModel:
        weights = bow_weights(model.network, model.source, task)
        name = self._models.tasks[task].corpus
        table = tokenise(self._texts.inputs.corpora[name], model.source, model.max_length)
        bags = bow_bags(model.network, table, self._texts.inputs.splits[name][cell.fold].train)
        importance = {
            "input_sum": input_sums(weights),
            "output_weights": output_weights(weights),
            "integrated_gradients": integrated_gradients(weights, bags),
        }
        return WordModel(plan, task, cell.fold, cell.seed, weights.words, importance)


def _runs(plans: Sequence[PlanOutcome]) -> list[Run]:
    """Return a cell of each plan for every fold and seed that all of them have."""
    cells = [{(own.cell.fold, own.cell.seed): own for own in plan.cells} for plan in plans]
    shared = sorted(set(cells[0]).intersection(*cells))
    if not shared:
        raise StoreError(
            "The plans have no run of equal fold and seed.",
            found=" and ".join(plan.name for plan in plans),
            hint="run the study to its end",
        )
    return [[own[place] for own in cells] for place in shared]


def _held_out(task: Task, runs: Sequence[Run], pairing: Pairing) -> HeldOut:
    metric = "f1" if task.kind == "binary" else task.metric
    return held_out(task.name, metric, runs, pairing)


def _word_view(looked: Sequence[_Looked], single: str | None, multi: str | None) -> WordView | None:
    if any(own.words is None for own in looked):
        return None
    return word_view([model for own in looked for model in own.words or ()], single, multi)


def _cross_task(
    plan: str, metric: str, tasks: Sequence[Task], looked: Sequence[_Looked]
) -> CrossTask:
    runs = np.stack([own.matrix[metric] for own in looked])  # (R, T, T)
    guess = np.mean([own.guess[metric] for own in looked], axis=0)  # (T,)
    several = len(runs) > 1
    spread = runs.std(axis=0, ddof=1) if several else np.full(runs.shape[1:], np.nan)
    return CrossTask(
        plan,
        metric,
        tuple(task.name for task in tasks),
        _rows(runs.mean(axis=0)),
        _rows(spread),
        tuple(map(_rows, runs)),
        tuple(map(float, guess)),
    )


def _lifts(
    tasks: Sequence[Task],
    looked: Sequence[Sequence[_Looked]],
    pairings: Mapping[str, Pairing],
) -> tuple[Lift, ...]:
    """Return what sharing does to accuracy, for every texts and layer that fit each other."""
    lifts = np.stack([m.matrix["accuracy"] - s.matrix["accuracy"] for s, m in looked])  # (R, T, T)
    return tuple(
        Lift(texts.name, layer.name, paired_difference(lifts[:, i, j], pairings[texts.name]))
        for i, texts in enumerate(tasks)
        for j, layer in enumerate(tasks)
        if np.isfinite(lifts[:, i, j]).all()
    )


def _rows(matrix: Array) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in matrix)
