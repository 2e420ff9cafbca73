"""Settings of one training run; importable without torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mtlv.settings import Settings
from mtlv.training.curriculum_settings import CurriculumSettings
from mtlv.training.distill_settings import DistillSettings
from mtlv.training.mixing_settings import MixingSettings
from mtlv.training.weighting_settings import WeightingSettings

__all__ = ["TrainSettings"]


class TrainSettings(Settings):
    """How one model is trained. The same for every plan unless a plan or `tune` says otherwise."""

    epochs: int = Field(10, ge=1)
    """Passes over the training part."""
    batch_size: int = Field(16, ge=1)
    """Examples per step."""
    learning_rate: float = Field(2e-5, gt=0)
    """Peak learning rate of the encoder; heads multiply it by their factor."""
    max_length: int = Field(128, ge=4)
    """Longest input in tokens, special tokens included; the rest is cut."""
    optimizer: Literal["adamw", "adamax", "sgd"] = "adamw"
    """Update rule."""
    momentum: float = Field(0.9, ge=0, lt=1)
    """Of SGD."""
    weight_decay: float = Field(0.01, ge=0)
    """Decoupled weight decay; biases and norms have none."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """How the learning rate falls after the warm-up."""
    warmup: float = Field(0.1, ge=0, lt=1)
    """Share of all steps in which the learning rate rises from 0."""
    clip: float | None = Field(1.0, gt=0)
    """Largest gradient norm; None clips nothing."""
    accumulation: int = Field(1, ge=1)
    """Batches whose gradients make one update."""
    freeze_layers: Annotated[int, Field(ge=0)] | Literal["all"] = 0
    """Lowest encoder layers that stay as they are; from 1 on, the embeddings stay too. With `all`
    only heads learn."""
    soft_sharing: float | None = Field(
        None, ge=0, allow_inf_nan=False, exclude_if=lambda own: own is None
    )
    """None: the heads of a model share one encoder. A number: each has its own, and a penalty of
    this strength ties them (soft parameter sharing); as costly as a model per head."""
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    """Of matrix products; `auto` is bf16 where a probe finds it faster."""
    checkpoint: Literal["best", "last"] = "last"
    """Which epoch's weights are kept."""
    select_by: Literal["average_precision", "f1", "loss"] = "average_precision"
    """Validation metric that `best` and early stopping go by; mean over the model's tasks."""
    patience: int | None = Field(None, ge=1)
    """Stop after this many epochs without a better validation metric; None never stops early."""
    weighting: WeightingSettings = WeightingSettings()
    """How the losses of a model's heads or tasks become one; a name stands for its settings."""
    mixing: MixingSettings = MixingSettings()
    """Which corpus the next batch comes from, where a model learns from several."""
    distill: DistillSettings = DistillSettings()
    """How teachers' scores count, for a plan that has `teachers`."""
    curriculum: CurriculumSettings | None = None
    """Easy texts or labels first; None learns from all of them in every epoch."""
    bucketing: bool = True
    """Batch texts of like length together; order and batches are drawn anew every epoch."""
    save_every: float | None = Field(10.0, gt=0)
    """Minutes between saves of a running job, which goes on from the last one when it was killed.
    A save takes three or four times the space of what learns, until the job is finished. None
    saves nothing: the job then starts over."""
