"""A page: a title, a template, and the data that both the template and the JSON twin show."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from mtlv.errors import MtlvError
from mtlv.explorer.asking import study_address
from mtlv.explorer.grids import Grid
from mtlv.explorer.library import Damage

__all__ = ["Choice", "Drawing", "Page", "drawings", "plain"]


@dataclass(frozen=True)
class Page:
    """A page.

    Args:
        title: of its own.
        template: name of its template.
        data: what it shows.
        study: that it belongs to.
        status: of HTTP.
        redirect: address of the page that stands for this one.
    """

    title: str
    template: str
    data: Mapping[str, Any]
    study: str | None = None
    status: int = 200
    redirect: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON twin."""
        content: dict[str, Any] = plain(self.data)
        return {"title": self.title, "study": self.study, **content}


@dataclass(frozen=True)
class Drawing:
    """A place where a figure is drawn.

    Args:
        name: of the figure.
        title: that stands there until it is drawn.
        href: of the figure's page; its JSON twin is what is drawn.
    """

    name: str
    title: str
    href: str

    @property
    def wide(self) -> bool:
        """Whether half of a page is too narrow for it."""
        return self.name in WIDE


@dataclass(frozen=True)
class Choice:
    """A field of a form in which one or several values are chosen.

    Args:
        key: in the query.
        label: in words.
        options: values and their texts.
        chosen: values that are chosen.
    """

    key: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def of(cls, key: str, label: str, options: Sequence[str], chosen: str = "") -> Choice:
        """Return a field whose values are their own texts."""
        return cls(key, label, [(option, option) for option in options], [chosen])


WIDE = (
    *("affinity", "alluvial", "cross-task", "curves-head", "curves-model", "curves-task"),
    *("decisions", "label-correlation", "transfer", "transfer-matrix", "what-if", "word-ranks"),
)
TITLES = {
    "affinity": "Affinity of tasks",
    "alluvial": "Two groupings side by side",
    "attributions": "What each word adds",
    "cost": "Quality and cost",
    "cross-task": "Tasks through each other's layers",
    "curves-head": "Learning curves of heads",
    "curves-model": "Learning curves of models",
    "curves-task": "Learning curves of tasks",
    "data-map": "Map of the training texts",
    "decisions": "Precision and recall, threshold, calibration",
    "discordant": "Examples that only one plan gets right",
    "encoder-similarity": "Similarity of encoders",
    "feature-map": "Map of task features",
    "forest": "Difference to the baseline by task",
    "gradient-conflict": "Gradient conflict",
    "group-numbers": "Number of groups",
    "job-times": "Training time of jobs",
    "label-correlation": "Correlation of labels",
    "label-frequency": "Frequency of labels",
    "predicted-gain": "Predicted and measured gain",
    "transfer": "Transfer between tasks",
    "transfer-matrix": "Transfer between tasks, in numbers",
    "word-ranks": "Ranks of words",
}


def drawings(study: str, names: Sequence[str], **query: object) -> list[Drawing]:
    """Return places for some figures of a study."""
    return [
        Drawing(name, TITLES.get(name, name), study_address(study, "figures", name, **query))
        for name in names
    ]


def plain(value: Any) -> Any:
    """Return a value as JSON-like data: records as objects, what is no finite number as null."""
    if isinstance(value, Grid):
        return value.to_json()
    if isinstance(value, Damage):
        return {"name": value.name, **plain(value.error)}
    if isinstance(value, MtlvError):
        names = ("what", "where", "found", "expected", "hint")
        return {name: None if (own := getattr(value, name)) is None else str(own) for name in names}
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {own.name: plain(getattr(value, own.name)) for own in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(own) for own in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
