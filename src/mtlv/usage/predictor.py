"""The predictor: a study's stored models on new examples, decided as its test examples were.

Examples go the way of the test part: the same scoring in the precision of the job, thresholds that
validation gave, the same reading of tags. A task is served if its corpus is given what it takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from mtlv.data.corpus import Kind
from mtlv.errors import DataError
from mtlv.evaluation.about import About
from mtlv.evaluation.judging import decided
from mtlv.evaluation.predictions import TaskPredictions
from mtlv.evaluation.sentences import joined
from mtlv.evaluation.thresholds import DEFAULT_THRESHOLD, Thresholds
from mtlv.store import JobRecord, Store
from mtlv.store.outcome import CellOutcome
from mtlv.store.record import StudyRecord, TaskRecord
from mtlv.tasks import PRIMARY_METRIC, Task, TaskSet
from mtlv.training.data import TrainingData
from mtlv.training.precision import computing_in
from mtlv.training.processes import own_device
from mtlv.training.restoring import load_network
from mtlv.training.scoring import predict_part
from mtlv.usage.columns import OPTIONS, Reading, Slot, study_readings
from mtlv.usage.decided import Decided, DecidedTask
from mtlv.usage.new_data import new_data
from mtlv.usage.texts import Given, given_lists

__all__ = ["Predictor"]


class Predictor:
    """The models of one cell of a plan, loaded one after another as they are needed.

    Args:
        store: where the weights are.
        study: whose tasks they serve.
        outcome: the cell.
        tasks: names of those that are asked for; None means all that the plan serves.
    """

    def __init__(
        self,
        store: Store,
        study: StudyRecord,
        outcome: CellOutcome,
        tasks: Sequence[str] | None = None,
    ) -> None:
        self._store, self._study, self._cell = store, study, outcome.cell
        self._asked = tasks is not None
        self.plan = outcome.cell.plan
        self.thresholds: Thresholds = outcome.scores.thresholds
        judged = outcome.scores.judged
        self._every = TaskSet(
            tuple(
                _task(record, judged[record.name].about if record.name in judged else About())
                for record in study.tasks
            )
        )
        serves = outcome.cell.as_plan().serves
        self.tasks = self._every.only(serves if tasks is None else tasks)
        self._serves = {name: serves[name] for name in self.tasks.names}

    def readings(self, named: Mapping[Slot, str] | None = None) -> dict[str, Reading]:
        """Return where a file has what the corpora of the tasks take, by corpus.

        Args:
            named: columns that are not called as in the study's own data.

        Raises:
            DataError: a column is named for something that no task takes.
        """
        corpora = [task.corpus for task in self.tasks]
        found = study_readings(self._study, corpora, named)
        taken = {slot for reading in found.values() for slot in reading.slots}
        for slot in (slot for slot in named or {} if slot not in taken):
            raise DataError(
                f"No task takes what {OPTIONS[slot]} names.",
                found=(named or {})[slot],
                expected=", ".join(OPTIONS[own] for own in OPTIONS if own in taken),
            )
        return found

    def __call__(
        self,
        texts: Sequence[str] | None = None,
        pairs: Sequence[str] | None = None,
        tokens: Sequence[Sequence[str]] | None = None,
    ) -> Decided:
        """Predict for N examples that are given as lists.

        Args:
            texts: single texts, or the first of pairs.
            pairs: the second of pairs.
            tokens: lists of words.

        Raises:
            DataError: there is no text, or something else is given than the tasks take.
        """
        inputs = {name: reading.input for name, reading in self.readings().items()}
        return self.predict(given_lists(inputs, texts, pairs, tokens))

    def predict(self, given: Given) -> Decided:
        """Predict with every model that serves a task whose corpus is given what it takes.

        Raises:
            DataError: a task that was asked for cannot be served.
            StoreError: the weights were not kept.
        """
        unserved = {
            task.name: given.missing[task.corpus]
            for task in self.tasks
            if task.corpus in given.missing
        }
        if unserved and self._asked:
            name, why = next(iter(unserved.items()))
            raise DataError(f"The task '{name}' cannot be served.", found=why)
        wanted = {name: i for name, i in self._serves.items() if name not in unserved}
        found: dict[str, DecidedTask] = {}
        for index in sorted(set(wanted.values())):
            own = [name for name in wanted if wanted[name] == index]
            found |= self._decided(self._store.job(self._cell.jobs[index]), own, given)
        return Decided({name: found[name] for name in wanted}, unserved)

    def _decided(
        self, job: JobRecord, tasks: Sequence[str], given: Given
    ) -> dict[str, DecidedTask]:
        """Return what one model says about some of its tasks."""
        network, source = load_network(self._store, job, self._every)
        device = own_device()
        network.to(device)
        corpora = dict.fromkeys(self._every[name].corpus for name in tasks)
        data = {
            name: new_data(
                name,
                given.examples[name],
                [self._every[task] for task in network.tasks if self._every[task].corpus == name],
                source,
                job.spec["train"]["max_length"],
            )
            for name in corpora
        }
        with computing_in(job.precision, device):
            scored = predict_part(network, TrainingData(data), "test").only(tasks)
        return {name: self._decided_task(own, given) for name, own in scored.tasks.items()}

    def _decided_task(self, scored: TaskPredictions, given: Given) -> DecidedTask:
        task = self._every[scored.task]
        if task.kind == "tagging":
            scored = joined(scored)
        limit = self.thresholds.values.get(task.name, DEFAULT_THRESHOLD)
        words = [example.tokens or () for example in given.examples[task.corpus]]
        tokens = words if task.kind == "tagging" else ()
        return DecidedTask(task, scored.scores, decided(scored, limit), tokens)


def _task(record: TaskRecord, about: About) -> Task:
    """Return a task; what its record does not say yet stands beside its predictions."""
    kind = cast(Kind, record.kind)
    return Task(
        record.name,
        kind,
        record.corpus,
        tuple(record.labels) or about.labels,
        record.metric or about.metric or PRIMARY_METRIC[kind],
        record.description,
        record.negative or about.negative,
        record.range or about.range,
    )
