"""Running a pretraining job: texts, masks, training, and the encoder that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch

from mtlv.errors import DataError, EncoderError
from mtlv.evaluation.curves import curves_table
from mtlv.model.encoders import EncoderSource, load_encoder, load_tokenizer
from mtlv.model.mlm import MaskedLanguageModel
from mtlv.model.tokens import tokenise_texts
from mtlv.randomness import derive_seed
from mtlv.store import JobRecord, Store
from mtlv.store.record import JobCost
from mtlv.studies.environment import environment, now
from mtlv.studies.jobs import PretrainJob
from mtlv.studies.resuming import saves_of
from mtlv.training import checkpoint
from mtlv.training.cost import Meter
from mtlv.training.observing import Observer
from mtlv.training.pretraining import Pretrained, Vocabulary, pretrain
from mtlv.training.processes import is_main_process, own_device, wait_for_all

__all__ = ["run_pretraining"]


def run_pretraining(
    job: PretrainJob,
    texts: Sequence[str],
    source: EncoderSource,
    store: Store,
    observer: Observer | None = None,
) -> JobRecord:
    """Run a pretraining job and store its encoder and curves.

    Raises:
        DataError: there are too few texts.
        EncoderError: the tokenizer has no mask token.
    """
    if len(texts) < 2:
        raise DataError("There are too few texts to pretrain on.", found=f"{len(texts)}")
    settings = job.settings
    vocabulary = _vocabulary(source)
    table = tokenise_texts(
        list(texts), source, settings.max_length, with_words=settings.whole_words
    )
    torch.manual_seed(derive_seed(job.seed, "pretraining head"))
    model = MaskedLanguageModel(load_encoder(source, job.encoder)).to(own_device())
    meter = Meter()
    saves = saves_of(job, store)
    if saves is not None:
        saves.keep(cost=meter)
    found = pretrain(
        model, table, vocabulary, settings, seed=job.seed, observer=observer, saves=saves
    )
    record = _record(job, model, found, meter)
    if is_main_process():
        save = partial(_save, model, source)
        store.write_job(record, [], curves_table(found.curves), save)
    wait_for_all()
    return record


def _vocabulary(source: EncoderSource) -> Vocabulary:
    tokenizer = load_tokenizer(source)
    if tokenizer.mask_token_id is None:
        raise EncoderError(
            "The tokenizer has no mask token, so nothing can be hidden.",
            where=source.address,
            hint="leave the stage `pretrain` out, or use an encoder with a mask token",
        )
    special = frozenset(tokenizer.all_special_ids)
    return Vocabulary(tokenizer.mask_token_id, len(tokenizer), special)


def _save(model: MaskedLanguageModel, source: EncoderSource, folder: Path) -> None:
    checkpoint.save_encoder(model.encoder, folder)
    if source.random:
        checkpoint.save_scratch(Path(source.address), folder)


def _record(
    job: PretrainJob, model: MaskedLanguageModel, found: Pretrained, meter: Meter
) -> JobRecord:
    count = sum(p.numel() for p in model.parameters())
    cost = JobCost(
        **asdict(meter.stop()),
        parameters=count,
        trainable_parameters=count,
        texts_seen=found.texts_seen,
    )
    return JobRecord(
        id=job.id,
        spec=job.spec | {"encoder_name": job.encoder.name},
        model=[],
        fold=job.fold,
        seed=job.seed,
        epoch=job.settings.epochs,
        epochs=job.settings.epochs,
        precision=found.precision,
        checkpoint=True,
        cost=cost,
        finished=now(),
        environment=environment(),
    )
