"""Sections of a study's configuration that belong to no other part: protocol, store, executor."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from mtlv.data.splits import SplitSettings
from mtlv.settings import Settings

__all__ = [
    "EvaluationSettings",
    "ExecutorSettings",
    "PublishedSettings",
    "StoreSettings",
    "TrackingSettings",
]


class EvaluationSettings(SplitSettings):
    """The protocol: how the data are divided, how often, and where thresholds come from."""

    seeds: tuple[int, ...] = Field((0,), min_length=1)
    """Every plan is trained once per fold and seed."""
    thresholds: Literal["fixed", "global", "per_label"] = "per_label"
    """0.5 for all, or fitted on validation scores: one for all, or one per label."""
    shrinkage: float = Field(20.0, ge=0)
    """A rare label's threshold moves towards the global one as if by so many more positives."""

    @field_validator("seeds")
    @classmethod
    def _seeds_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError("every seed once")
        return value


class StoreSettings(Settings):
    """What the run store keeps."""

    checkpoints: bool = True
    """Keep the weights of the served models, for `mtlv predict`."""


class ExecutorSettings(Settings):
    """Where jobs run. Equal jobs are equal wherever they run; but the number of threads decides the
    order of sums, which in training is like another seed.
    """

    workers: int = Field(1, ge=1)
    """So many jobs at once, each in a process that gets its share of the threads: small models do
    more per hour so, and take the memory of each. Fewer where the machine has fewer threads."""


class TrackingSettings(Settings):
    """The MLflow mirror of the run store."""

    mlflow: bool = True
    """Whether to mirror at all."""
    uri: str = "sqlite:///mlflow.db"
    """Any MLflow tracking URI."""
    experiment: str = "mtlv"
    """MLflow experiment of all studies."""


class PublishedSettings(Settings):
    """Figures that others published, shown beside ours."""

    source: str
    """Where they stand, and what must be known to compare them."""
    metrics: tuple[str, ...] = ("f1_macro", "f1_micro", "subset_accuracy")
    """Whose mean and sd stand in each row."""
    rows: dict[str, list[float]]
    """Plan to mean, or mean and sd, of each metric, in percent."""

    @model_validator(mode="after")
    def _mean_and_sd(self) -> PublishedSettings:
        for plan, figures in self.rows.items():
            if len(figures) not in (len(self.metrics), 2 * len(self.metrics)):
                raise ValueError(f"'{plan}' needs a mean, or a mean and an sd, for each metric")
        return self
