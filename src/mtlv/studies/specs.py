"""Plan specifications: what a config writes under `plans`, before tasks and groupings are known.

plans:
  - stl
  - mtl
  - gmhl: {groups: [3, 4, 5], features: [label, label_description]}    # six plans
  - gmtl: {groups: [[a, b], [c]]}                                      # a given grouping
  - gmtl: {grouping: groups.yaml}                                      # one that `mtlv group` wrote
  - gmtl: {grouping: {method: lookahead, budget: 3}}                   # measured in every fold
  - gmhl: {groups: [[a], [b]], train: {soft_sharing: 1.0e-3}}          # an encoder per head, tied
  - random: {groups: 3, draws: 20}                                     # the null: twenty plans
  - plan: {name: mine, models: [[[a, b], [c]], [[d]]]}                 # models of heads of tasks
  - plan: {models: [[[a, b], {tasks: [c], layers: 2}]]}                # a head's own settings
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from mtlv.errors import ConfigError, nearest
from mtlv.grouping.settings import GroupingSettings
from mtlv.model.settings import HeadSettings
from mtlv.settings import Settings, explained

__all__ = ["PRETRAIN", "HeadSpec", "PlanSpec", "expand_specs", "levels"]

KINDS = ("stl", "mtl", "gmhl", "gmtl", "random", "plan")
GROUPED = ("gmhl", "gmtl", "random")
PRETRAIN = "pretrain"
"""What `starts_from` calls the stage of masked language modelling."""
MANY = ("groups", "features", "draw")
"""Settings of which a list stands for several plans."""
Overrides = dict[str, Any]


class HeadSpec(HeadSettings):
    """One head of an explicit plan: a list of task names, or these with settings of its own.

    Settings that it does not write are those of the plan.
    """

    tasks: tuple[str, ...]
    """Names of the tasks that the head serves."""

    @model_validator(mode="before")
    @classmethod
    def _tasks_alone(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {"tasks": value}
        if not isinstance(value, Mapping | HeadSpec):
            raise ValueError("a list of task names, or {tasks: [cough, fever], layers: 1}")
        return value

    @property
    def own(self) -> Overrides:
        """The settings that it writes."""
        return {key: getattr(self, key) for key in sorted(self.model_fields_set - {"tasks"})}


class PlanSpec(Settings):
    """One plan of a study."""

    kind: Literal["stl", "mtl", "gmhl", "gmtl", "random", "plan"]
    """Architecture; `random` is GMTL with random groups, `plan` an explicit one."""
    name: str = ""
    """Short and unique in the study; the kind is put before it. Absent: made from the settings."""
    groups: int | Literal["elbow", "silhouette", "gap"] | tuple[tuple[str, ...], ...] | None = None
    """How many groups, how their number is chosen, or the groups themselves (lists of task
    names)."""
    method: str = "kmedoids"
    """Grouping method; ignored for given groups."""
    features: str = "label"
    """Task features that are clustered: `label`, `label_description`, …"""
    draw: int = 0
    """Seed of the grouping; another draw gives another random grouping."""
    draws: int | None = Field(None, ge=1)
    """For `random`: so many plans, with draws from 0 on."""
    grouping: GroupingSettings | str | None = None
    """All settings of the grouping, in place of `groups`, `method`, `features` and `draw`; or the
    file of a grouping that `mtlv group` wrote."""
    tasks: tuple[str, ...] | None = Field(None, min_length=1)
    """For `stl` and `mtl`: learn only these tasks, where all would cost too much."""
    models: tuple[tuple[HeadSpec, ...], ...] | None = None
    """For `plan`: models of heads. A head is a list of task names; or, with settings of its own in
    place of the plan's, `{tasks: [cough, fever], layers: 1, learning_rate_factor: 5}`."""
    serves: dict[str, int] | None = None
    """For `plan`: index of the model that serves a task that several models learn."""
    train: Overrides = Field(default_factory=dict)
    """Training settings that differ from the study's."""
    head: Overrides = Field(default_factory=dict)
    """Head settings that differ from the study's."""
    tune: bool = True
    """Whether the study's `tune` section applies to this plan."""
    starts_from: str | None = None
    """Name of another plan, whose trained encoders this one starts from (the one that learned the
    task, in the same fold and seed); or `pretrain`, the study's stage of that name."""
    keep_heads: bool = False
    """With `starts_from`: go on with that plan's heads too. A binary head takes the outputs of its
    own tasks and the hidden layers below, where the layers of both heads are equal."""
    teachers: str | None = None
    """Name of another plan, whose models' scores are learned beside the targets (distillation)."""

    @field_validator("groups", mode="before")
    @classmethod
    def _number_or_lists(cls, value: Any) -> Any:
        if value in ("elbow", "silhouette", "gap"):
            return value
        given = value if isinstance(value, list | tuple) else [()]
        whole = isinstance(value, int | None) and not isinstance(value, bool)
        if not (whole or isinstance(value, list | tuple)) or any(isinstance(g, str) for g in given):
            raise ValueError("a number, or lists of task names such as [[cough, fever], [rash]]")
        return value

    @model_validator(mode="after")
    def _whole(self) -> PlanSpec:
        grouped = self.kind in GROUPED
        if grouped and self.groups is None and self.grouping is None:
            raise ValueError(f"{self.kind} needs `groups`: a number, or lists of task names")
        if not grouped and (self.groups, self.grouping) != (None, None):
            raise ValueError(f"{self.kind} has no groups")
        if self.groups is not None and self.grouping is not None:
            raise ValueError(
                "`groups` or `grouping`, not both: a number of groups stands in either"
            )
        if self.kind == "random" and not isinstance(self.groups, int):
            raise ValueError("random needs `groups`: a number")
        if self.tasks is not None and self.kind not in ("stl", "mtl"):
            raise ValueError("`tasks` belongs to `stl` and `mtl`")
        if (self.kind == "plan") != (self.models is not None):
            raise ValueError("`models` belongs to `plan`, and `plan` needs it")
        if self.keep_heads and self.starts_from in (None, PRETRAIN):
            raise ValueError("`keep_heads` needs `starts_from` with the name of a plan")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the plans that must be trained before."""
        named = (self.starts_from, self.teachers)
        return tuple(name for name in named if name not in (None, PRETRAIN))

    @property
    def title(self) -> str:
        """The kind, and behind it the given name or what sets the plan apart."""
        if self.name:
            return self.name if self.name.startswith(self.kind) else f"{self.kind}-{self.name}"
        if self.tasks is not None:
            return f"{self.kind}-{len(self.tasks)}-tasks"
        if self.kind == "random":
            return f"random-{self.groups}-{self.draw}"
        if self.given is not None:
            return f"{self.kind}-given-{len(self.given)}"
        how = self.how
        return self.kind if how is None else f"{self.kind}-{how.title}"

    @property
    def given(self) -> tuple[tuple[str, ...], ...] | None:
        """The groups, where the config names them."""
        return self.groups if isinstance(self.groups, tuple) else None

    @property
    def nested(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """The task names of an explicit plan's heads, by model; none for another plan."""
        return tuple(tuple(head.tasks for head in model) for model in self.models or ())

    @property
    def how(self) -> GroupingSettings | None:
        """How groups are found; None where there are none, or they are given."""
        if isinstance(self.grouping, GroupingSettings):
            return self.grouping
        if self.grouping is not None:
            return GroupingSettings(file=self.grouping)
        if self.groups is None or isinstance(self.groups, tuple):
            return None
        return GroupingSettings(
            method="random" if self.kind == "random" else self.method,
            groups=self.groups,
            features=self.features,
            seed=self.draw,
        )


def expand_specs(written: Sequence[Any]) -> list[PlanSpec]:
    """Return the plans that a config writes; lists of numbers or of names stand for several plans.

    What is a `PlanSpec` already stays as it is.

    Raises:
        ConfigError: a kind is unknown, or two plans have one name.
    """
    specs = [
        spec
        for entry in written
        for spec in ([entry] if isinstance(entry, PlanSpec) else _expand(entry))
    ]
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


def levels(specs: Sequence[PlanSpec]) -> list[list[int]]:
    """Return the plans level by level: each starts from plans of earlier levels only.

    Returns:
        Indices of the specs, in their order within a level.

    Raises:
        ConfigError: a plan starts from one that does not exist, or from itself in a circle.
    """
    titles = [spec.title for spec in specs]
    depth: dict[str, int] = {}
    for _ in specs:
        for spec in specs:
            if all(name in depth for name in spec.needs):
                depth[spec.title] = max((depth[name] + 1 for name in spec.needs), default=0)
    for spec in specs:
        unknown = [name for name in spec.needs if name not in titles]
        if unknown:
            key = "starts_from" if unknown[0] == spec.starts_from else "teachers"
            raise ConfigError(
                f"There is no plan '{unknown[0]}' to start from or to learn from.",
                where=f"plan '{spec.title}', key '{key}'",
                hint=nearest(unknown[0], [*titles, PRETRAIN]),
            )
        if spec.title not in depth:
            raise ConfigError(
                "Plans start from, or learn from, each other in a circle.",
                where=f"plan '{spec.title}'",
                found=", ".join(spec.needs),
            )
    most = max(depth[title] for title in titles)
    return [[i for i, t in enumerate(titles) if depth[t] == level] for level in range(most + 1)]


def _expand(entry: Any) -> list[PlanSpec]:
    kind, fields = _kind_and_fields(entry)
    fields = dict(fields)
    if kind == "random" and isinstance(fields.get("draws"), int) and "draw" not in fields:
        fields["draw"] = list(range(fields["draws"]))
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
