"""Stages: pretrain, refine, fine-tune (Peng et al. 2020), as a short way to write plans.

    stages:
      pretrain: {epochs: 1}                        # masked language modelling on the training texts
      refine: {plan: mtl, train: {epochs: 10}}     # multi-task, from the pretrained encoder
      finetune: {train: {learning_rate: 1e-5}}     # every task by itself, from the refined encoder

stands for the plans `mtl-refine` (starting from `pretrain`, if there is that stage) and
`stl-finetune` (starting from `mtl-refine`), which are compared with whatever else the study has.
Each stage starts from the last one before it that is there.

Stages have the paper's training settings below what the user writes: a key that stands under the
stage, its plan, `train`, `tune.space` or `sweep` is the user's. The paper's dropout, 0.1, is that
of every head anyway, and of the paper's encoders, whose checkpoints say so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import Field, model_validator

from mtlv.errors import ConfigError
from mtlv.settings import Settings
from mtlv.studies.specs import PRETRAIN, PlanSpec, expand_specs
from mtlv.training.pretrain_settings import PretrainSettings

__all__ = ["FinetuneStage", "RefineStage", "StageSettings", "stage_specs", "with_defaults"]

REFINE: Mapping[str, Any] = {
    "optimizer": "adamax",
    "learning_rate": 5e-5,
    "batch_size": 32,
    "schedule": "linear",
    "warmup": 0.1,
    "weight_decay": 0.01,
    "clip": 1.0,
    "max_length": 128,
}
"""Training settings of Peng et al. 2020, section 4.2; their epochs were as many as it took."""
FINETUNE: Mapping[str, Any] = {**REFINE, "epochs": 10, "learning_rate": 1e-5}
"""Of their fine-tuning."""


class RefineStage(Settings):
    """Multi-task learning on all tasks, as in the paper where nothing else is written."""

    plan: Any = "mtl"
    """Any plan, as under `plans`."""
    name: str = "refine"
    """What the plan is called; its kind is put before it."""
    train: dict[str, Any] = Field(default_factory=dict)
    """Training settings that differ from the study's; Adamax, 5e-5 and batches of 32 where neither
    says otherwise."""


class FinetuneStage(Settings):
    """Every task by itself, from the refined encoder; from the pretrained one without `refine`.

    `finetune: heads_only` is short for `{heads_only: true}`. Tasks that need settings of their own
    are plans: `stl: {tasks: [a], starts_from: mtl-refine}`.
    """

    train: dict[str, Any] = Field(default_factory=dict)
    """Training settings that differ from the study's; 10 epochs of Adamax, 1e-5 and batches of 32
    where neither says otherwise."""
    keep_heads: bool = False
    """Go on with the refined heads: of a head of several tasks, each takes its output and the
    hidden layers below. Otherwise heads are fresh."""
    heads_only: bool = False
    """Leave the encoder as it was refined and learn the heads alone."""
    name: str = "finetune"
    """What the plan is called."""

    @model_validator(mode="before")
    @classmethod
    def _heads_only_alone(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "heads_only":
            raise ValueError("`heads_only`, or settings such as {train: {epochs: 10}}")
        return {"heads_only": True} if value == "heads_only" else value


class StageSettings(Settings):
    """The stages of a study; each may be left out."""

    pretrain: PretrainSettings | None = None
    """Masked language modelling; plans start from it with `starts_from: pretrain`."""
    refine: RefineStage | None = None
    """Multi-task learning."""
    finetune: FinetuneStage | None = None
    """Single-task learning from the refined encoder, or the pretrained one."""


def stage_specs(stages: StageSettings | None) -> list[PlanSpec]:
    """Return the plans that stages stand for.

    Raises:
        ConfigError: a stage starts from one that does not exist.
    """
    if stages is None:
        return []
    before = None if stages.pretrain is None else PRETRAIN
    specs = [] if stages.refine is None else _one(stages.refine, before)
    if stages.finetune is not None:
        before = specs[0].title if specs else before
        specs.append(_finetune(stages.finetune, before, refined=bool(specs)))
    return specs


def with_defaults(stages: StageSettings, written: Collection[str]) -> StageSettings:
    """Return stages with the paper's training settings wherever the user wrote none.

    Args:
        stages: as they were written.
        written: training settings that the study sets outside of its stages.

    Raises:
        ConfigError: the plan of `refine` is not one.
    """
    changes: dict[str, Settings] = {}
    if stages.refine is not None:
        of_plan = {key for spec in expand_specs([stages.refine.plan]) for key in spec.train}
        own = _below(REFINE, stages.refine.train, {*written, *of_plan})
        changes["refine"] = stages.refine.model_copy(update={"train": own})
    if stages.finetune is not None:
        own = _below(FINETUNE, stages.finetune.train, written)
        changes["finetune"] = stages.finetune.model_copy(update={"train": own})
    return stages.model_copy(update=changes)


def _below(
    defaults: Mapping[str, Any], train: Mapping[str, Any], written: Collection[str]
) -> dict[str, Any]:
    return {key: value for key, value in defaults.items() if key not in written} | dict(train)


def _one(stage: RefineStage, start: str | None) -> list[PlanSpec]:
    specs = expand_specs([stage.plan])
    if len(specs) != 1:
        raise ConfigError(
            "The stage `refine` has one plan.",
            where="stages.refine.plan",
            found=f"{len(specs)} plans",
        )
    if specs[0].starts_from is not None:
        raise ConfigError(
            "The plan of the stage `refine` starts from the stage before it.",
            where="stages.refine.plan, key 'starts_from'",
            found=specs[0].starts_from,
            hint="leave `starts_from` out; or write the plan under `plans`, and no stage",
        )
    changes = {"name": stage.name, "starts_from": start, "train": specs[0].train | stage.train}
    return [specs[0].model_copy(update=changes)]


def _finetune(stage: FinetuneStage, before: str | None, *, refined: bool) -> PlanSpec:
    if before is None:
        raise ConfigError(
            "The stage `finetune` starts from the stage `refine` or `pretrain`, and there is "
            "neither.",
            where="stages",
            hint="add `refine: {plan: mtl}`, or write a plan with `starts_from`",
        )
    if stage.keep_heads and not refined:
        raise ConfigError(
            "There are no heads to go on with: pretraining has none.",
            where="stages.finetune, key 'keep_heads'",
            hint="leave it out, or add `refine: {plan: mtl}`",
        )
    frozen: dict[str, Any] = {"freeze_layers": "all"} if stage.heads_only else {}
    return PlanSpec(
        kind="stl",
        name=stage.name,
        starts_from=before,
        keep_heads=stage.keep_heads,
        train=stage.train | frozen,
    )
