"""Inputs of a study: its corpora, tasks and splits, read and checked before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import ValidationError

from mtlv.data import Corpus
from mtlv.data.catalog import DATASETS, read_known
from mtlv.data.common_splits import make_common_splits
from mtlv.data.conll import ConllSource, read_conll
from mtlv.data.file_source import FileSource
from mtlv.data.relation_source import RelationSource, read_relations
from mtlv.data.sources import read_source
from mtlv.data.splits import Scheme, Split
from mtlv.errors import ConfigError, DataError, nearest
from mtlv.evaluation.metrics import metrics_of
from mtlv.settings import Settings, explained
from mtlv.store.record import CorpusRecord, InputForm, TaskRecord
from mtlv.studies.config import StudyConfig
from mtlv.studies.roles import auxiliary_corpora, without_role
from mtlv.tasks import Task, TaskSet
from mtlv.words import counted

__all__ = ["GENERIC", "Inputs", "read_corpora", "read_inputs"]

S = TypeVar("S", bound=Settings)
GENERIC: dict[str, tuple[type[Any], Callable[[str, Any, Path], Corpus]]] = {
    "conll": (ConllSource, read_conll),
    "relations": (RelationSource, read_relations),
}
"""Generic forms that are not tables of texts, by `format`."""
MEND_DRAWN = "give more of its examples a value, or draw again with another `split_seed`"
MEND = "set `scheme: holdout` under `evaluation`, which divides all examples anew"
"""What to do where a task has no target in a part that was drawn, and in an official one."""


@dataclass(frozen=True)
class Inputs:
    """What a study learns from.

    Args:
        corpora: by name.
        tasks: of all corpora.
        splits: by corpus, one per fold.
        base: folder that the config's paths are relative to.
    """

    corpora: Mapping[str, Corpus]
    tasks: TaskSet
    splits: Mapping[str, list[Split]]
    base: Path = Path()

    @property
    def folds(self) -> int:
        """Number of folds, the same for every corpus."""
        return min(len(splits) for splits in self.splits.values())

    @property
    def warnings(self) -> list[str]:
        """What the splits want people to know, by corpus and fold."""
        return [
            f"{name}, fold {split.fold + 1}: {warning}"
            for name, splits in self.splits.items()
            for split in splits
            for warning in split.warnings
        ]

    def prints(self, corpus: str, fold: int) -> tuple[str, str]:
        """Return the fingerprints of a corpus and of its split on a fold."""
        return self.corpora[corpus].fingerprint, self.splits[corpus][fold].fingerprint

    def training_positives(self, task: str, fold: int) -> int:
        """Return how many positives a binary task has in the training part of a fold."""
        corpus = self.tasks[task].corpus
        values = self.corpora[corpus].values(task)[self.splits[corpus][fold].train]
        return int(np.nansum(values))

    def task_records(self) -> list[TaskRecord]:
        """Return the tasks as the store keeps them."""
        return [
            TaskRecord(
                name=task.name,
                kind=task.kind,
                corpus=task.corpus,
                labels=list(task.labels),
                description=task.description,
                positives=self._positives(task.name) if task.kind == "binary" else None,
                metric=task.metric,
                negative=task.negative,
                range=task.range,
                role=task.role,
            )
            for task in self.tasks
        ]

    def corpus_records(self) -> list[CorpusRecord]:
        """Return the corpora as the store keeps them."""
        return [
            CorpusRecord(
                name=name,
                fingerprint=corpus.fingerprint,
                examples=len(corpus),
                notes=list(corpus.notes),
                input=_input_form(corpus),
            )
            for name, corpus in self.corpora.items()
        ]

    def _positives(self, task: str) -> int:
        return int(np.nansum(self.corpora[self.tasks[task].corpus].values(task)))


def read_inputs(config: StudyConfig, base: Path) -> Inputs:
    """Read the corpora of a study and divide them.

    Args:
        config: of the study.
        base: folder that relative paths are relative to.

    Raises:
        DataError: the data cannot be read or learned from.
        ConfigError: a dataset or one of its settings is not known.
    """
    auxiliary = auxiliary_corpora(config.data)
    corpora = read_corpora(config.data, base)
    tasks = TaskSet.of(corpora.values(), auxiliary)
    if config.tasks is not None:
        tasks = tasks.only(config.tasks)
        corpora = {task.corpus: corpora[task.corpus] for task in tasks}
    _check_samples(config, corpora)
    _check_metrics(tasks)
    splits = make_common_splits(corpora, config.evaluation, auxiliary)
    for task in tasks:
        _check_targets(task, corpora[task.corpus], splits[task.corpus], config.evaluation.scheme)
    return Inputs(corpora, tasks, splits, base)


def read_corpora(data: Mapping[str, Mapping[str, Any]], base: Path) -> dict[str, Corpus]:
    """Read the corpora that a config's `data` section names."""
    return {name: _read(name, without_role(own), base) for name, own in data.items()}


def _read(name: str, settings: Mapping[str, Any], base: Path) -> Corpus:
    named = settings.get("format")
    if isinstance(named, str) and named in GENERIC:
        form, read = GENERIC[named]
        own = {key: value for key, value in settings.items() if key != "format"}
        return read(name, _checked(form, name, own), base)
    if "text" in settings or (settings and name not in DATASETS):
        return read_source(name, _checked(FileSource, name, settings), base)
    if name not in DATASETS:
        raise ConfigError(
            f"There is no dataset named '{name}', and it says no `path`, `text` and `labels`.",
            where="data",
            expected="a known name; a flat file with `labels` or `tasks`; or `format: conll` or "
            "`format: relations`",
            hint=nearest(name, DATASETS),
        )
    return read_known(name, settings, base=base)


def _input_form(corpus: Corpus) -> InputForm:
    if corpus.is_tokenised:
        return "tokens"
    return "pair" if corpus.is_pair else "text"


def _checked(form: type[S], name: str, settings: Mapping[str, Any]) -> S:
    try:
        return form.model_validate(dict(settings))
    except ValidationError as error:
        raise explained(error, form, f"data '{name}'") from error


def _check_metrics(tasks: TaskSet) -> None:
    for task in tasks:
        known = [metric.name for metric in metrics_of("task", task.kind)]
        if task.metric not in known:
            raise ConfigError(
                f"A {task.kind} task cannot be judged by '{task.metric}'.",
                where=f"task '{task.name}' of corpus '{task.corpus}', key 'metric'",
                expected=", ".join(known),
            )


def _check_targets(task: Task, corpus: Corpus, splits: Sequence[Split], scheme: Scheme) -> None:
    """Check that a task can be learned, and scored unless it only helps, in every fold.

    Raises:
        DataError: it has no target in the training or test part of one.
    """
    known = np.asarray(corpus.table[f"target:{task.name}"].is_valid())  # (N,)
    drawn = scheme not in ("auto", "official") or corpus.parts is None or "test" not in corpus.parts
    for split in splits:
        parts = {"train": split.train, "test": split.test}
        for part in ("train",) if task.role == "auxiliary" else ("train", "test"):
            if not known[parts[part]].any():
                raise DataError(
                    f"The task '{task.name}' cannot be {'learned' if part == 'train' else 'scored'}"
                    f": it has no target in the {part} part.",
                    where=f"corpus '{corpus.name}', fold {split.fold + 1}",
                    found=f"{counted(int(known.sum()), 'target')} in all of the corpus, none of "
                    f"them in the {counted(len(parts[part]), 'example')} of {part}",
                    expected="one example with a value at least",
                    hint="leave the task out with `tasks`; or " + (MEND_DRAWN if drawn else MEND),
                )


def _check_samples(config: StudyConfig, corpora: Mapping[str, Corpus]) -> None:
    sample = config.evaluation.sample
    for name in sample if isinstance(sample, dict) else ():
        if name not in corpora:
            raise ConfigError(
                f"There is no corpus '{name}' to take a sample of.",
                where="evaluation.sample",
                hint=nearest(name, corpora),
            )
