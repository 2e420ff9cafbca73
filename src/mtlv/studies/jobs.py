"""Jobs: training one model of one plan on one fold with one seed.

A job's id is the fingerprint of everything that decides its result. Equal jobs of different plans
are one job; a finished job is never run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from mtlv.fingerprint import fingerprint
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.model.source import EncoderSource
from mtlv.plans import ModelPlan
from mtlv.training.pretrain_settings import PretrainSettings
from mtlv.training.probe_settings import ProbeSettings
from mtlv.training.settings import TrainSettings

__all__ = ["JOB_VERSION", "AnyJob", "Job", "Lineage", "PretrainJob"]

JOB_VERSION = 4
"""Raised when the training code changes what the same settings give; old jobs then stay unused."""
DISTILLATION_VERSION = 2
"""The same for jobs with teachers; since 2, both losses are mixed before they are weighted."""
PROBE_VERSIONS = {"lookahead": 2, "subset": 2}
"""The same for jobs with some probes; since 2, losses are relative to their mean so far, and those
that are trained."""
KEEPING_VERSION = 2
"""The same for jobs that keep heads; since 2, a head of some tasks takes these of a larger one."""


@dataclass(frozen=True)
class Lineage:
    """What a job has from earlier jobs.

    Args:
        starts_from: id of the job whose encoder it starts from.
        keep_heads: whether it goes on with what fits of that job's heads too.
        teachers: ids of the jobs whose scores are learned beside the targets.
    """

    starts_from: str | None = None
    keep_heads: bool = False
    teachers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One model to train.

    Args:
        model: its heads and tasks.
        fold: number of the split, from 0.
        seed: of initialisation, batches and dropout.
        data: corpus name to fingerprints of the corpus and of its split.
        encoder: settings of the encoder.
        source: where it comes from, which says what `auto` pooling is.
        head: settings of the heads.
        train: settings of the training.
        lineage: what it has from earlier jobs.
        probe: what is measured on the way.
        auxiliary: those of its tasks that no epoch is chosen for.
        heads: settings of each head, where they differ.
    """

    model: ModelPlan
    fold: int
    seed: int
    data: Mapping[str, tuple[str, str]]
    encoder: EncoderSettings
    source: EncoderSource
    head: HeadSettings
    train: TrainSettings
    lineage: Lineage = field(default_factory=Lineage)
    probe: ProbeSettings | None = None
    auxiliary: tuple[str, ...] = ()
    heads: tuple[HeadSettings, ...] = ()

    @property
    def spec(self) -> dict[str, Any]:
        """Everything that decides the result, as JSON-like data."""
        more: dict[str, Any] = {}
        if self.probe is not None:
            more["probe"] = self.probe.model_dump(mode="json")
            if version := PROBE_VERSIONS.get(self.probe.name):
                more["probe_version"] = version
        if self.lineage.teachers:
            more["teachers"] = list(self.lineage.teachers)
            more["distillation"] = DISTILLATION_VERSION
        if self.auxiliary:
            more["auxiliary"] = list(self.auxiliary)
        if self.heads:
            more["heads"] = [own.model_dump(mode="json") for own in self.heads]
        if self.lineage.keep_heads:
            more["keep_heads"] = KEEPING_VERSION
        return more | {
            "version": JOB_VERSION,
            "model": self.model.to_json(),
            "seed": self.seed,
            "data": {name: list(prints) for name, prints in self.data.items()},
            "encoder": _encoder_spec(self.encoder, self.source),
            "head": self.head.model_dump(mode="json"),
            "train": self._train,
            "starts_from": self.lineage.starts_from,
        }

    @property
    def _train(self) -> dict[str, Any]:
        """Settings of the training; where no head shares corpus and encoder, equal is the sum."""
        given = self.train.model_dump(mode="json", exclude={"save_every"})
        own, heads = self.train.weighting, len(self.model.heads)
        alone = heads == len(self.data) or self.train.soft_sharing is not None
        if own.name == "equal" and own.units(heads) == "heads" and alone:
            given["weighting"]["name"] = "sum"
        return given

    @cached_property
    def id(self) -> str:
        """Fingerprint of the spec."""
        return fingerprint(self.spec)

    @property
    def title(self) -> str:
        """What people see: the tasks, the fold and the seed."""
        tasks = self.model.tasks
        more = f" and {len(tasks) - 2} more" if len(tasks) > 2 else ""
        return f"{', '.join(tasks[:2])}{more}; fold {self.fold + 1}, seed {self.seed}"


@dataclass(frozen=True)
class PretrainJob:
    """Masked language modelling that goes on with an encoder.

    Args:
        settings: of the stage.
        texts: name to fingerprint of the corpora, or of the splits whose training part is learned.
        encoder: settings of the encoder.
        source: where it comes from, which says what `auto` pooling is.
        fold: number of the split, from 0.
        seed: of batches, masks and dropout.
    """

    settings: PretrainSettings
    texts: Mapping[str, tuple[str, ...]]
    encoder: EncoderSettings
    source: EncoderSource
    fold: int
    seed: int

    @property
    def spec(self) -> dict[str, Any]:
        """Everything that decides the result, as JSON-like data."""
        return {
            "version": JOB_VERSION,
            "pretrain": self.settings.model_dump(mode="json", exclude={"texts", "save_every"}),
            "texts": {name: list(prints) for name, prints in self.texts.items()},
            "head": "fitted alone from token frequencies until held-out perplexity no longer falls",
            "seed": self.seed,
            "encoder": _encoder_spec(self.encoder, self.source),
            "starts_from": None,
        }

    @cached_property
    def id(self) -> str:
        """Fingerprint of the spec."""
        return fingerprint(self.spec)

    @property
    def title(self) -> str:
        """What people see."""
        return f"masked language modelling on {', '.join(self.texts)}; fold {self.fold + 1}"


AnyJob = Job | PretrainJob


def _encoder_spec(settings: EncoderSettings, source: EncoderSource) -> dict[str, Any]:
    """Return what an encoder is, whatever it is called."""
    known = {"pooling": source.pooling, "fingerprint": source.fingerprint}
    return settings.model_dump(mode="json", exclude={"name", "pooling"}) | known
