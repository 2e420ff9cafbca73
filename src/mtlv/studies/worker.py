"""The worker: turns a job into a trained model and its stored record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mtlv.data import Corpus
from mtlv.data.splits import Split
from mtlv.errors import DataError
from mtlv.evaluation.curves import curves_table
from mtlv.fingerprint import fingerprint
from mtlv.model.bow import check_pretraining
from mtlv.model.network import Network, build_network, with_own_encoders
from mtlv.model.settings import EncoderSettings
from mtlv.model.source import EncoderSource
from mtlv.model.tokens import table_key, tokenise
from mtlv.plans import ModelPlan
from mtlv.store import JobRecord, Store
from mtlv.store.record import JobCost
from mtlv.studies.environment import environment, now
from mtlv.studies.inputs import Inputs
from mtlv.studies.jobs import AnyJob, Job, Lineage, PretrainJob
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.pretraining import run_pretraining
from mtlv.studies.resuming import saves_of
from mtlv.studies.sources import EncoderSources
from mtlv.studies.texts import StudyTexts
from mtlv.training import checkpoint
from mtlv.training.cost import Cost, Meter
from mtlv.training.data import CorpusData, TrainingData
from mtlv.training.kept_heads import keep_heads
from mtlv.training.observing import Observer
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.probes import ProbeSettings, make_probe
from mtlv.training.processes import is_main_process, own_device, wait_for_all
from mtlv.training.restoring import load_network, start_from
from mtlv.training.run import Hooks, Outcome, run
from mtlv.training.scoring import corpus_scores

__all__ = ["Worker"]


class Worker:
    """Makes and runs jobs on the inputs of one study.

    Args:
        inputs: corpora, tasks and splits.
        store: where records go.
        keep_checkpoints: whether weights are stored.

    Its `texts` and `sources` are what encoders are made of, and where they come from.
    """

    def __init__(self, inputs: Inputs, store: Store, *, keep_checkpoints: bool = True) -> None:
        self.inputs, self.store, self.keep_checkpoints = inputs, store, keep_checkpoints
        self.texts = StudyTexts(inputs)
        self.sources = EncoderSources(self.texts)

    def job(
        self,
        model: ModelPlan,
        fold: int,
        seed: int,
        settings: ModelSettings,
        *,
        probe: ProbeSettings | None = None,
        lineage: Lineage | None = None,
    ) -> Job:
        """Return the job that trains a model of a plan.

        A model of one head has no encoders to tie, and a probe measures what tasks are to each
        other in one encoder: without soft sharing, such jobs equal those of other studies.
        """
        train = settings.train
        if len(model.heads) == 1 or probe is not None:
            train = train.model_copy(update={"soft_sharing": None})
        return Job(
            model,
            fold,
            seed,
            {name: self.inputs.prints(name, fold) for name in self._corpora(model)},
            self.sources.named(settings.encoder),
            self.sources.source(settings.encoder, fold),
            settings.head,
            train,
            lineage or Lineage(),
            probe,
            tuple(t for t in model.tasks if self.inputs.tasks[t].role == "auxiliary"),
            settings.heads,
        )

    def pretrain_job(
        self, settings: PretrainSettings, encoder: EncoderSettings, fold: int, seed: int
    ) -> PretrainJob:
        """Return the job that goes on with an encoder's own training."""
        check_pretraining(encoder)
        texts = self.texts.prints(settings, fold)
        source = self.sources.source(encoder, fold)
        named = self.sources.named(encoder)
        return PretrainJob(settings, texts, named, source, fold, seed)

    def run(self, job: AnyJob, observer: Observer | None = None) -> JobRecord:
        """Run a job, or return the record of one that was run before."""
        if self.is_done(job):
            return self.store.job(job.id)
        if isinstance(job, PretrainJob):
            texts = self.texts.pretraining(job.settings, job.fold)
            source = self.sources.source(job.encoder, job.fold)
            return run_pretraining(job, texts, source, self.store, observer)
        self._check_data(job)
        network = self.network(job)
        data = self._data(job)
        meter = Meter()
        data = self._taught(data, job)
        teaching = meter.stop()
        outcome = run(
            network,
            data,
            self.frozen_source(job),
            job.train,
            seed=job.seed,
            hooks=Hooks(
                observer,
                None if job.probe is None else make_probe(job.probe),
                saves_of(job, self.store),
            ),
        )
        record = self._record(job, network, outcome, teaching + outcome.cost)
        if is_main_process():
            self.store.write_job(
                record,
                [outcome.validation, outcome.test],
                curves_table(outcome.trained.curves),
                partial(self._save, job, network) if self.keep_checkpoints else None,
                outcome.measured,
            )
        wait_for_all()
        return record

    def frozen_source(self, job: Job) -> EncoderSource:
        """Return the source of a job's frozen layers.

        It is another one where the job starts from an encoder whose lower layers have learned.
        """
        source, start = self.sources.source(job.encoder, job.fold), job.lineage.starts_from
        if start is None or self._kept_frozen(start, job.train.freeze_layers):
            return source
        soft = self.store.job(start).spec.get("train", {}).get("soft_sharing") is not None
        own = [job.model.to_json()] if soft else []
        return replace(source, fingerprint=fingerprint([source.fingerprint, start, *own]))

    def _kept_frozen(self, start: str, layers: int | Literal["all"]) -> bool:
        """Tell whether a job, and all that it started from, froze as many layers at least."""
        spec = self.store.job(start).spec
        before = spec.get("train", {}).get("freeze_layers", 0)
        if layers == "all" or before == 0 or (before != "all" and before < layers):
            return False
        return spec["starts_from"] is None or self._kept_frozen(spec["starts_from"], layers)

    def is_done(self, job: AnyJob) -> bool:
        """Tell whether a job is finished, with its weights if they are wanted."""
        if not self.store.has_job(job.id):
            return False
        return self.store.job(job.id).checkpoint or not self.keep_checkpoints

    def network(self, job: Job) -> Network:
        """Build a job's network, untrained; it may start from another job's weights."""
        network = build_network(
            job.model,
            self.inputs.tasks,
            self.sources.source(job.encoder, job.fold),
            job.encoder,
            job.heads or job.head,
            seed=job.seed,
            freeze_layers=job.train.freeze_layers,
        )
        if job.train.soft_sharing is not None:
            network = with_own_encoders(network, job.train.soft_sharing)
        if job.lineage.starts_from is not None:
            start_from(network, self.store, job.lineage.starts_from)
            if job.lineage.keep_heads:
                before = self.store.job(job.lineage.starts_from)
                keep_heads(network, self.store.job_folder(before.id), before.model)
        return network

    def _save(self, job: Job, network: Network, folder: Path) -> None:
        checkpoint.save(network, folder)
        source = self.sources.source(job.encoder, job.fold)
        if source.random:
            checkpoint.save_scratch(Path(source.address), folder)

    def _data(self, job: Job) -> TrainingData:
        source = self.sources.source(job.encoder, job.fold)
        corpora = {}
        for name in self._corpora(job.model):
            corpus, split = self.inputs.corpora[name], self.inputs.splits[name][job.fold]
            own = [t for t in job.model.tasks if self.inputs.tasks[t].corpus == name]
            corpora[name] = _corpus_data(corpus, split, own, source, job.train.max_length)
        return TrainingData(corpora)

    def _taught(self, data: TrainingData, job: Job) -> TrainingData:
        """Add the scores that a job's teachers give to its training texts."""
        soft: dict[str, dict[str, np.ndarray[Any, Any]]] = {name: {} for name in data.corpora}
        for teacher in job.lineage.teachers:
            network, _ = load_network(self.store, self.store.job(teacher), self.inputs.tasks)
            network.to(own_device())
            for corpus in data:
                if corpus.name in network.corpora:
                    scores = corpus_scores(network, data, corpus, "train")
                    for task in [task for task in scores if task in corpus.targets]:
                        soft[corpus.name][task] = _spread(scores[task], corpus)
        corpora = {c.name: replace(c, soft=soft[c.name]) for c in data}
        return TrainingData(corpora) if job.lineage.teachers else data

    def _check_data(self, job: Job) -> None:
        """Make sure that a job, which may come from another process, is of this worker's data.

        Raises:
            DataError: a file changed since the study began.
        """
        for name, prints in job.data.items():
            if tuple(prints) != self.inputs.prints(name, job.fold):
                raise DataError(
                    "The data changed while the study ran.",
                    where=name,
                    hint="run the same command again: finished jobs on the earlier data are kept",
                )

    def _corpora(self, model: ModelPlan) -> list[str]:
        return list(dict.fromkeys(self.inputs.tasks[task].corpus for task in model.tasks))

    def _record(self, job: Job, network: Network, outcome: Outcome, took: Cost) -> JobRecord:
        parameters = list(network.parameters())
        trainable = [p for p in parameters if p.requires_grad]
        cost = JobCost(
            **asdict(took),
            preparation_seconds=sum(outcome.preparations.values()),
            preparations=outcome.preparations,
            cpu_preparations=outcome.cpu_preparations,
            measuring_seconds=outcome.measuring_seconds,
            parameters=sum(p.numel() for p in parameters),
            trainable_parameters=sum(p.numel() for p in trainable),
            texts_seen=outcome.trained.examples,
            encoders=len(network.encoders),
        )
        return JobRecord(
            id=job.id,
            spec=job.spec | {"encoder_name": self.sources.findable_name(job.encoder, job.fold)},
            model=job.model.to_json(),
            fold=job.fold,
            seed=job.seed,
            epoch=outcome.trained.epoch,
            epochs=outcome.trained.epochs,
            precision=outcome.trained.precision,
            checkpoint=self.keep_checkpoints,
            cost=cost,
            finished=now(),
            environment=environment(),
        )


def _corpus_data(
    corpus: Corpus, split: Split, tasks: Sequence[str], source: EncoderSource, max_length: int
) -> CorpusData:
    return CorpusData(
        corpus.name,
        corpus.ids,
        tokenise(corpus, source, max_length),
        {task: _values(corpus, task) for task in tasks},
        {"train": split.train, "validation": split.validation, "test": split.test},
        table_key(corpus, source, max_length),
    )


def _values(corpus: Corpus, task: str) -> np.ndarray[Any, Any]:
    return corpus.tags(task) if corpus.target(task).kind == "tagging" else corpus.values(task)


def _spread(scores: np.ndarray[Any, Any], corpus: CorpusData) -> np.ndarray[Any, Any]:
    """Return the scores of the training texts as those of all texts, the others being missing."""
    if scores.dtype == object:
        whole = np.empty(len(corpus.ids), object)
    else:
        whole = np.full((len(corpus.ids), *scores.shape[1:]), np.nan)
    whole[corpus.rows["train"]] = scores
    return whole
