"""Plan specifications: what a config writes under `plans`, before tasks and groupings are known.

plans:
  - stl
  - mtl
  - gmhl: {groups: [3, 4, 5], features: [label, label_description]}    # six plans
  - gmtl: {groups: [[a, b], [c]]}                                      # a given grouping
  - plan: {name: mine, models: [[[a, b], [c]], [[d]]]}                 # models of heads of tasks
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from mtlv.errors import ConfigError, nearest
from mtlv.settings import Settings, explained

__all__ = ["PlanSpec", "expand_specs"]

KINDS = ("stl", "mtl", "gmhl", "gmtl", "plan")
MANY = ("groups", "features", "draw")
"""Settings of which a list stands for several plans."""
Overrides = dict[str, Any]


class PlanSpec(Settings):
    """One plan of a study."""

    kind: Literal["stl", "mtl", "gmhl", "gmtl", "plan"]
    """Architecture; `plan` is an explicit one."""
    name: str = ""
    """Short and unique in the study; the kind is put before it. Absent: made from the settings."""
    groups: int | tuple[tuple[str, ...], ...] | None = None
    """How many groups, or the groups themselves (lists of task names)."""
    method: str = "kmedoids"
    """Grouping method: `kmedoids` or `random`; ignored for given groups."""
    features: str = "label"
    """Task features that are clustered: `label` or `label_description`."""
    draw: int = 0
    """Seed of the grouping; another draw gives another random grouping."""
    models: tuple[tuple[tuple[str, ...], ...], ...] | None = None
    """For `plan`: models of heads of task names."""
    serves: dict[str, int] | None = None
    """For `plan`: index of the model that serves a task that several models learn."""
    train: Overrides = Field(default_factory=dict)
    """Training settings that differ from the study's."""
    head: Overrides = Field(default_factory=dict)
    """Head settings that differ from the study's."""
    tune: bool = True
    """Whether the study's `tune` section applies to this plan."""

    @field_validator("groups", mode="before")
    @classmethod
    def _number_or_lists(cls, value: Any) -> Any:
        given = value if isinstance(value, list | tuple) else [()]
        whole = isinstance(value, int | None) and not isinstance(value, bool)
        if not (whole or isinstance(value, list | tuple)) or any(isinstance(g, str) for g in given):
            raise ValueError("a number, or lists of task names such as [[cough, fever], [rash]]")
        return value

    @model_validator(mode="after")
    def _whole(self) -> PlanSpec:
        grouped = self.kind in ("gmhl", "gmtl")
        if grouped and self.groups is None:
            raise ValueError(f"{self.kind} needs `groups`: a number, or lists of task names")
        if not grouped and self.groups is not None:
            raise ValueError(f"{self.kind} has no groups")
        if (self.kind == "plan") != (self.models is not None):
            raise ValueError("`models` belongs to `plan`, and `plan` needs it")
        return self

    @property
    def title(self) -> str:
        """The kind, and behind it the given name or what sets the plan apart."""
        if self.name:
            return self.name if self.name.startswith(self.kind) else f"{self.kind}-{self.name}"
        if self.groups is None:
            return self.kind
        if not isinstance(self.groups, int):
            return f"{self.kind}-given-{len(self.groups)}"
        how = self.features if self.method == "kmedoids" else f"{self.method}-{self.draw}"
        return f"{self.kind}-{self.groups}-{how}"


def expand_specs(written: list[Any]) -> list[PlanSpec]:
    """Return the plans that a config writes; lists of numbers or of names stand for several plans.

    Raises:
        ConfigError: a kind is unknown, or two plans have one name.
    """
    specs = [spec for entry in written for spec in _expand(entry)]
    if not specs:
        raise ConfigError("The study has no plan.", where="plans", expected=", ".join(KINDS))
    titles = [spec.title for spec in specs]
    for title in titles:
        if titles.count(title) > 1:
            raise ConfigError(
                f"Two plans are called '{title}'.",
                where="plans",
                hint="give one of them a `name`",
            )
    return specs


def _expand(entry: Any) -> list[PlanSpec]:
    kind, fields = _kind_and_fields(entry)
    fields = dict(fields)
    many: dict[str, list[Any]] = {}
    for key in MANY:
        value = fields.get(key)
        wanted = str if key == "features" else int
        if isinstance(value, list | tuple) and value and isinstance(value[0], wanted):
            many[key] = list(fields.pop(key))
    combinations = [dict(zip(many, values, strict=True)) for values in product(*many.values())]
    return [_spec({"kind": kind} | fields | combination) for combination in combinations]


def _spec(fields: dict[str, Any]) -> PlanSpec:
    try:
        return PlanSpec.model_validate(fields)
    except ValidationError as error:
        raise explained(error, PlanSpec, f"plan '{fields['kind']}'") from error


def _kind_and_fields(entry: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(entry, str):
        return _known_kind(entry), {}
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise ConfigError(
            "A plan is a name, or one name with its settings.",
            where="plans",
            found=repr(entry),
            expected="mtl, or {gmtl: {groups: 3}}",
        )
    kind, fields = next(iter(entry.items()))
    if fields is not None and not isinstance(fields, Mapping):
        raise ConfigError(
            "The settings of a plan are a mapping.",
            where=f"plan '{kind}'",
            found=repr(fields),
            expected="for example {groups: 3}",
        )
    return _known_kind(kind), fields or {}


def _known_kind(kind: Any) -> str:
    if kind not in KINDS:
        raise ConfigError(
            f"There is no plan '{kind}'.", where="plans", hint=nearest(str(kind), KINDS)
        )
    return str(kind)
