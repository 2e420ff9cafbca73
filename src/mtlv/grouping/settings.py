"""Settings of a grouping, as a plan writes them under `grouping`."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from pydantic import Field, model_validator

from mtlv.grouping.context import Pooling
from mtlv.settings import Settings

__all__ = ["GroupingSettings"]


class GroupingSettings(Settings):
    """How the tasks of a plan are grouped.

    Either features (or an affinity) are clustered, or groups are searched for that an affinity
    predicts to do best under a budget.
    """

    method: str = "kmedoids"
    """A clustering (`kmedoids`, `kmeans`, `agglomerative`, `spectral`, `mean_shift`, `hdbscan`,
    `kde`, `communities`), `random`, or `search`; the name of an affinity alone stands for a search
    with it."""
    groups: int | Literal["elbow", "silhouette", "gap"] | None = None
    """How many groups, or how their number is chosen; None where the method finds it."""
    features: str = "label"
    """Task features to cluster, where no affinity is named."""
    affinity: str | None = None
    """Affinity to cluster or to search with."""
    file: str | None = None
    """Of a grouping that `mtlv group` wrote; everything else is then ignored."""
    affinity_file: str | None = None
    """Table of an affinity (CSV, tasks by tasks), in place of `affinity`."""
    budget: int | None = Field(None, ge=1)
    """Search: at most so many models, that is encoder passes per text."""
    overlap: bool = False
    """Search: whether a task may be learned by several models."""
    pooling: Pooling = "mean"
    """How token states of label names and descriptions become one vector."""
    scaling: Literal["none", "minmax", "standard", "unit"] = "none"
    """Of features: none, each dimension to 0…1 or to mean 0 and sd 1, or rows to length 1."""
    seed: int = 0
    """Of random choices."""
    every: int = Field(20, ge=1)
    """Measuring runs: steps between two measurements."""
    layers: int = Field(1, ge=1)
    """Measuring runs: how many of the last encoder layers gradients are taken of."""
    texts: int = Field(64, ge=1)
    """`lookahead`: how many held-out texts of each corpus its effects are judged on. They are drawn
    once, a few positives of every task among them where there are any."""
    seeds: tuple[int, ...] = Field((0,), min_length=1)
    """Trained affinities (`pairs`, `exhaustive`, `surrogate`): seeds of every training."""
    trainings: int | None = Field(None, ge=1)
    """`surrogate`: how many groups are trained first; None means twice the number of tasks."""
    epochs: int | None = Field(None, ge=1)
    """Trained affinities: epochs of the short trainings; None means the study's for `pairs` and
    `exhaustive`, a third of them for `surrogate`."""

    encoder: str | None = None
    """Encoder that embeds names, descriptions and texts; None means the study's."""

    @property
    def searches(self) -> bool:
        """Whether there are an affinity and a budget, which nothing but a search needs."""
        return self.budget is not None and bool(self.affinity or self.affinity_file)

    @property
    def title(self) -> str:
        """What sets the grouping apart, in short."""
        if self.file is not None:
            return PurePath(self.file).stem
        if self.method == "random":
            return f"{self.groups}-random-{self.seed}"
        looked_at = self.affinity or (PurePath(self.affinity_file or "").stem or self.features)
        searched = self.budget is not None
        method = {"kmedoids": "", "search": ""}.get(self.method, self.method)
        source = "" if searched and method and self.affinity is None else looked_at
        number = self.budget if searched else self.groups
        return "-".join(str(part) for part in (number, method, source) if part not in (None, ""))

    @model_validator(mode="after")
    def _one_source(self) -> GroupingSettings:
        if self.affinity is not None and self.affinity_file is not None:
            raise ValueError("`affinity` or `affinity_file`, not both")
        return self
