"""Stages: pretrain, refine, fine-tune (Peng et al. 2020), as a short way to write plans.

    stages:
      pretrain: {epochs: 1}                        # masked language modelling on the training texts
      refine: {plan: mtl, train: {epochs: 10}}     # multi-task, from the pretrained encoder
      finetune: {train: {learning_rate: 1e-5}}     # every task by itself, from the refined encoder

stands for the plans `mtl-refine` (starting from `pretrain`, if there is that stage) and
`stl-finetune` (starting from `mtl-refine`), which are compared with whatever else the study has.
Each stage starts from the last one before it that is there.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mtlv.errors import ConfigError
from mtlv.settings import Settings
from mtlv.studies.specs import PRETRAIN, PlanSpec, expand_specs
from mtlv.training.pretrain_settings import PretrainSettings

__all__ = ["FinetuneStage", "RefineStage", "StageSettings", "stage_specs"]


class RefineStage(Settings):
    """Multi-task learning on all tasks."""

    plan: Any = "mtl"
    """Any plan, as under `plans`."""
    name: str = "refine"
    """What the plan is called; its kind is put before it."""
    train: dict[str, Any] = Field(default_factory=dict)
    """Training settings that differ from the study's."""


class FinetuneStage(Settings):
    """Every task by itself, from the refined encoder; from the pretrained one without `refine`.

    Tasks that need settings of their own are plans: `stl: {tasks: [a], starts_from: mtl-refine}`.
    """

    train: dict[str, Any] = Field(default_factory=dict)
    """Training settings that differ from the study's; usually a smaller learning rate."""
    keep_heads: bool = False
    """Go on with the refined heads; otherwise heads are fresh."""
    heads_only: bool = False
    """Leave the encoder as it was refined and learn the heads alone."""
    name: str = "finetune"
    """What the plan is called."""


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
