"""Records of jobs: what one training is, and what it took."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mtlv.store.record_base import RECORD_VERSION, Record

__all__ = ["JobCost", "JobRecord"]


class JobCost(Record):
    """What a job took.

    `preparation_seconds` is what its shared preparation (the frozen layers' output) took when it
    was made; jobs that found it made name the same figure, and a plan counts it once. It is the sum
    of `preparations`, by name; `cpu_preparations` are the same in processor seconds, of which older
    records say nothing. `wall_seconds` and `cpu_seconds` do not contain it.
    `measuring_seconds` is the part of `wall_seconds` that a probe took.
    `encoders` is how many encoders the model runs: with soft sharing, one for each head.
    """

    wall_seconds: float
    cpu_seconds: float
    preparation_seconds: float = 0.0
    preparations: dict[str, float] = Field(default_factory=dict)
    cpu_preparations: dict[str, float] = Field(default_factory=dict)
    measuring_seconds: float = 0.0
    peak_memory_mb: float
    peak_device_mb: float
    parameters: int
    trainable_parameters: int
    texts_seen: int
    encoders: int = 1


class JobRecord(Record):
    """One trained model.

    Args:
        id: fingerprint of `spec`.
        spec: everything that decides the result.
        model: heads as lists of task names.
        fold: of its split, for people.
        epoch: whose weights were kept.
        epochs: that were run.
        precision: that was computed in.
        checkpoint: whether its weights are stored.
        environment: versions and machine.
    """

    version: int = RECORD_VERSION
    id: str
    spec: dict[str, Any]
    model: list[list[str]]
    fold: int
    seed: int
    epoch: int
    epochs: int
    precision: str
    checkpoint: bool
    cost: JobCost
    finished: str
    environment: dict[str, str]
