"""Settings of a weighting; importable without torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mtlv.settings import Settings

__all__ = ["NEEDS_SEVERAL", "WEIGHTING_NAMES", "WeightingSettings"]

WEIGHTING_NAMES = (
    "equal",
    *("sum", "mean", "fixed", "rarity", "uncertainty", "imtl_l", "dwa", "random", "geometric"),
    *("stch", "famo", "pcgrad", "gradvac", "mgda", "cagrad", "nash_mtl", "aligned_mtl", "imtl_g"),
    *("upgrad", "dualproj"),
)
"""Weightings that come with `mtlv`; plug-ins may bring others."""

NEEDS_SEVERAL = (
    *("random", "geometric", "stch", "famo"),
    *("pcgrad", "gradvac", "mgda", "cagrad", "nash_mtl", "aligned_mtl", "imtl_g"),
    *("upgrad", "dualproj"),
)
"""Those that weigh the losses of one step against each other: a step of one loss has no weights."""

_OPTIONS = {
    "weights": ("fixed",),
    "power": ("rarity",),
    "learning_rate": ("uncertainty", "imtl_l", "famo"),
    "temperature": ("dwa",),
    "mu": ("stch",),
    "warmup": ("stch",),
    "gamma": ("famo",),
    "beta": ("gradvac",),
    "radius": ("cagrad",),
}


class WeightingSettings(Settings):
    """How the losses of a step become one update.

    With `equal` every task of a corpus weighs alike, however the heads of an encoder divide them:
    plans that differ in their heads differ in nothing else. `sum` adds up the losses of heads,
    which are means over their tasks, as the thesis does (section 3.5.3): a task that has a head for
    itself then weighs as much as all of another head. In a config, `weighting: mean` is short for
    `{name: mean}`, and `weighting: [1, 2]` for `{name: fixed, weights: [1, 2]}`.
    """

    name: str = "equal"
    """Of the losses (`equal`, `sum`, `mean`, `fixed`, `rarity`, `uncertainty`, `imtl_l`, `dwa`,
    `random`, `geometric`, `stch`, `famo`) or of their gradients (`pcgrad`, `gradvac`, `mgda`,
    `cagrad`, `nash_mtl`, `aligned_mtl`, `imtl_g`, `upgrad`, `dualproj`)."""
    over: Literal["auto", "heads", "tasks"] = "auto"
    """What has a weight: the loss of each head, or the loss of each task. `auto` means heads; and
    tasks where a model has one head, whose loss would have nothing to be weighed against, unless
    the weighting is `equal`, `sum` or `fixed`."""
    weights: tuple[Annotated[float, Field(ge=0)], ...] = ()
    """`fixed`: one for each head of a model, the head whose first task is first in the data being
    first; or, over tasks, one for each task, head by head. The order of the data is that of the
    corpora under `data`, and of each corpus's labels."""
    power: float = Field(0.5, ge=0)
    """`rarity`: weights are (training positives)^-power; 0 weighs all alike."""
    learning_rate: float | None = Field(None, gt=0)
    """`uncertainty`, `imtl_l`, `famo`: of the weights; None means 0.01, for `famo` 0.025."""
    temperature: float = Field(2.0, gt=0)
    """`dwa`: larger is more even."""
    mu: float = Field(0.1, gt=0)
    """`stch`: smoothness; smaller is nearer to the worst loss alone."""
    warmup: int = Field(1, ge=1)
    """`stch`: epochs on the sum of log losses; mean losses of the last one are then the scale."""
    gamma: float = Field(1e-3, ge=0)
    """`famo`: decay of the logits of the weights."""
    beta: float = Field(0.01, ge=0, le=1)
    """`gradvac`: how fast the wanted cosines follow those that are seen."""
    radius: float = Field(0.4, ge=0)
    """`cagrad`: how far from the mean gradient, as a share of its length (c in the paper)."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if isinstance(value, list | tuple):
            return {"name": "fixed", "weights": value}
        return value

    def units(self, heads: int) -> Literal["heads", "tasks"]:
        """Return what has a weight in a model of so many heads."""
        if self.over != "auto":
            return self.over
        return "tasks" if heads == 1 and self.name not in ("equal", "sum", "fixed") else "heads"

    @model_validator(mode="after")
    def _own_options(self) -> WeightingSettings:
        if self.name == "fixed" and not self.weights:
            raise ValueError("`fixed` needs `weights`: a number for each head or task")
        if self.weights and not any(self.weights):
            raise ValueError("`weights` are all 0, so nothing would be learned")
        for option, owners in _OPTIONS.items():
            default = type(self).model_fields[option].default
            foreign = self.name in WEIGHTING_NAMES and self.name not in owners
            if foreign and getattr(self, option) != default:
                raise ValueError(f"`{option}` belongs to {', '.join(owners)}, not to {self.name}")
        return self
