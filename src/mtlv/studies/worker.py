"""The worker: turns a job into a trained model and its stored record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mtlv.data import Corpus
from mtlv.data.relations import noted_tokens
from mtlv.data.splits import Split
from mtlv.errors import DataError
from mtlv.evaluation.curves import curves_table
from mtlv.fingerprint import fingerprint
from mtlv.model.bow import check_pretraining
from mtlv.model.bow_words import bow_source
from mtlv.model.embed import embed_rows, embed_texts
from mtlv.model.encoders import load_tokenizer, locate
from mtlv.model.network import Network, build_network, with_own_encoders
from mtlv.model.scratch import scratch_source
from mtlv.model.settings import EncoderSettings
from mtlv.model.source import EncoderSource
from mtlv.model.tokens import table_key, tokenise
from mtlv.plans import ModelPlan
from mtlv.store import JobRecord, Store
from mtlv.store.record import JobCost
from mtlv.studies.environment import environment, now
from mtlv.studies.inputs import Inputs, read_corpora
from mtlv.studies.jobs import AnyJob, Job, Lineage, PretrainJob
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.pretraining import all_texts, run_pretraining
from mtlv.studies.resuming import saves_of
from mtlv.training import checkpoint
from mtlv.training.data import CorpusData, TrainingData
from mtlv.training.observing import Observer
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.probes import ProbeSettings, make_probe
from mtlv.training.processes import is_main_process, own_device, wait_for_all
from mtlv.training.restoring import load_network, start_from
from mtlv.training.run import Hooks, Outcome, run
from mtlv.training.scoring import corpus_scores

__all__ = ["Worker"]

TEXT_VECTOR_LENGTH = 128
"""Tokens of a text that its vector is made of, as a task feature."""


class Worker:
    """Makes and runs jobs on the inputs of one study.

    Args:
        inputs: corpora, tasks and splits.
        store: where records go.
        keep_checkpoints: whether weights are stored.
    """

    def __init__(self, inputs: Inputs, store: Store, *, keep_checkpoints: bool = True) -> None:
        self.inputs, self.store, self.keep_checkpoints = inputs, store, keep_checkpoints
        self._sources: dict[tuple[str, int], EncoderSource] = {}
        self._corpora_read: dict[str, dict[str, Corpus]] = {}

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
            {name: self._prints(name, fold) for name in self._corpora(model)},
            self._named(settings.encoder),
            self.source(settings.encoder, fold).fingerprint,
            settings.head,
            train,
            lineage or Lineage(),
            probe,
            tuple(t for t in model.tasks if self.inputs.tasks[t].role == "auxiliary"),
        )

    def pretrain_job(
        self, settings: PretrainSettings, encoder: EncoderSettings, fold: int, seed: int
    ) -> PretrainJob:
        """Return the job that goes on with an encoder's own training."""
        check_pretraining(encoder)
        if settings.texts is None:
            prints = {name: self._prints(name, fold) for name in self.inputs.corpora}
            texts: dict[str, tuple[str, ...]] = dict(prints)
        else:
            _, left_out = self._other_texts(settings, fold)
            splits = [self._prints(name, fold) for name in self.inputs.corpora if left_out]
            decided = tuple(print_ for pair in splits for print_ in pair)
            corpora = self._texts_of(settings)
            texts = {name: (own.fingerprint, *decided) for name, own in corpora.items()}
        source = self.source(encoder, fold)
        named = self._named(encoder)
        return PretrainJob(settings, texts, named, source.fingerprint, fold, seed)

    def source(self, settings: EncoderSettings, fold: int) -> EncoderSource:
        """Return where an encoder comes from; `scratch` and `bow` are made of the fold's
        training texts.

        Raises:
            EncoderError: it is not to be had.
        """
        settings = self._named(settings)
        key = (settings.model_dump_json(), fold if settings.name in ("scratch", "bow") else -1)
        if key not in self._sources:
            source = self._made(settings, fold)
            load_tokenizer(source)  # a hub name says only now that there is no network
            self._sources[key] = source
        return self._sources[key]

    def embed(
        self,
        texts: Sequence[str],
        settings: EncoderSettings,
        fold: int,
        pooling: Literal["mean", "content", "cls"] = "mean",
    ) -> np.ndarray[Any, Any]:
        """Return a vector for each of some short texts, (N, H)."""
        return embed_texts(texts, self.source(settings, fold), settings, pooling)

    def text_vectors(
        self, corpus: str, settings: EncoderSettings, fold: int
    ) -> np.ndarray[Any, Any]:
        """Return the mean token states of a corpus' training texts, (N, H)."""
        source = self.source(settings, fold)
        table = tokenise(self.inputs.corpora[corpus], source, TEXT_VECTOR_LENGTH)
        return embed_rows(table, self.inputs.splits[corpus][fold].train, source, settings)

    def run(self, job: AnyJob, observer: Observer | None = None) -> JobRecord:
        """Run a job, or return the record of one that was run before."""
        if self.is_done(job):
            return self.store.job(job.id)
        if isinstance(job, PretrainJob):
            texts = self._pretraining_texts(job)
            source = self.source(job.encoder, job.fold)
            return run_pretraining(job, texts, source, self.store, observer)
        self._check_data(job)
        network = self.network(job)
        outcome = run(
            network,
            self._data(job),
            self.frozen_source(job),
            job.train,
            seed=job.seed,
            hooks=Hooks(
                observer,
                None if job.probe is None else make_probe(job.probe),
                saves_of(job, self.store),
            ),
        )
        record = self._record(job, network, outcome)
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
        source, start = self.source(job.encoder, job.fold), job.lineage.starts_from
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
            self.source(job.encoder, job.fold),
            job.encoder,
            job.head,
            seed=job.seed,
            freeze_layers=job.train.freeze_layers,
        )
        if job.train.soft_sharing is not None:
            network = with_own_encoders(network, job.train.soft_sharing)
        if job.lineage.starts_from is not None:
            start_from(network, self.store, job.lineage.starts_from)
            if job.lineage.keep_heads:
                before = self.store.job(job.lineage.starts_from).model
                checkpoint.restore_heads(
                    network, self.store.job_folder(job.lineage.starts_from), before
                )
        return network

    def _save(self, job: Job, network: Network, folder: Path) -> None:
        checkpoint.save(network, folder)
        source = self.source(job.encoder, job.fold)
        if source.random:
            checkpoint.save_scratch(Path(source.address), folder)

    def _data(self, job: Job) -> TrainingData:
        source = self.source(job.encoder, job.fold)
        corpora = {}
        for name in self._corpora(job.model):
            corpus, split = self.inputs.corpora[name], self.inputs.splits[name][job.fold]
            own = [t for t in job.model.tasks if self.inputs.tasks[t].corpus == name]
            corpora[name] = _corpus_data(corpus, split, own, source, job.train.max_length)
        return self._taught(TrainingData(corpora), job)

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

    def _made(self, settings: EncoderSettings, fold: int) -> EncoderSource:
        match settings.name:
            case "scratch":
                return scratch_source(settings, self._training_texts(fold))
            case "bow":
                return bow_source(settings, self._texts_by_corpus(fold))
            case _:
                return locate(settings, self.inputs.base)

    def _encoder_name(self, job: Job) -> str:
        """Return the name by which the encoder is found again from any folder."""
        address = Path(self.source(job.encoder, job.fold).address)
        own = (self.inputs.base / job.encoder.name, Path(job.encoder.name))
        return str(address.resolve()) if address in own else job.encoder.name

    def _named(self, settings: EncoderSettings) -> EncoderSettings:
        """Return the settings of an encoder with the special tokens that the corpora note."""
        corpora = self.inputs.corpora.values()
        return settings.naming(t for corpus in corpora for t in noted_tokens(corpus.notes))

    def _check_data(self, job: Job) -> None:
        """Make sure that a job, which may come from another process, is of this worker's data.

        Raises:
            DataError: a file changed since the study began.
        """
        for name, prints in job.data.items():
            if tuple(prints) != self._prints(name, job.fold):
                raise DataError(
                    "The data changed while the study ran.",
                    where=name,
                    hint="run the same command again: finished jobs on the earlier data are kept",
                )

    def _corpora(self, model: ModelPlan) -> list[str]:
        return list(dict.fromkeys(self.inputs.tasks[task].corpus for task in model.tasks))

    def _prints(self, corpus: str, fold: int) -> tuple[str, str]:
        split = self.inputs.splits[corpus][fold]
        return self.inputs.corpora[corpus].fingerprint, split.fingerprint

    def _texts_of(self, settings: PretrainSettings) -> dict[str, Corpus]:
        key = str(settings.texts)
        if key not in self._corpora_read:
            self._corpora_read[key] = read_corpora(settings.texts or {}, self.inputs.base)
        return self._corpora_read[key]

    def _pretraining_texts(self, job: PretrainJob) -> list[str]:
        if job.settings.texts is None:
            return self._training_texts(job.fold)
        return self._other_texts(job.settings, job.fold)[0]

    def _other_texts(self, settings: PretrainSettings, fold: int) -> tuple[list[str], bool]:
        """Return the texts of a stage's own corpora, and whether some were left out.

        Those that the study validates or tests on are: no model may have seen them.
        """
        scored = {
            text
            for name, corpus in self.inputs.corpora.items()
            for part in ("validation", "test")
            for text in all_texts(corpus, getattr(self.inputs.splits[name][fold], part))
        }
        every = [t for own in self._texts_of(settings).values() for t in all_texts(own)]
        kept = [text for text in every if text not in scored]
        return kept, len(kept) < len(every)

    def _training_texts(self, fold: int) -> list[str]:
        return [text for own in self._texts_by_corpus(fold).values() for text in own]

    def _texts_by_corpus(self, fold: int) -> dict[str, list[str]]:
        return {
            name: all_texts(corpus, self.inputs.splits[name][fold].train)
            for name, corpus in self.inputs.corpora.items()
        }

    def _record(self, job: Job, network: Network, outcome: Outcome) -> JobRecord:
        parameters = list(network.parameters())
        trainable = [p for p in parameters if p.requires_grad]
        cost = JobCost(
            **asdict(outcome.cost),
            preparation_seconds=sum(outcome.preparations.values()),
            preparations=outcome.preparations,
            measuring_seconds=outcome.measuring_seconds,
            parameters=sum(p.numel() for p in parameters),
            trainable_parameters=sum(p.numel() for p in trainable),
            texts_seen=outcome.trained.examples,
            encoders=len(network.encoders),
        )
        return JobRecord(
            id=job.id,
            spec=job.spec | {"encoder_name": self._encoder_name(job)},
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
