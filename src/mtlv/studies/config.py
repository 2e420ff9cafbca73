"""The configuration of a study: strict, composed of the settings of its parts.

`load_config` reads YAML, applies `--set` overrides, and explains what is wrong with a key: its
place, what was found, what is expected, and the nearest known key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from mtlv.errors import ConfigError
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.settings import Settings, explained
from mtlv.studies.config_sections import (
    EvaluationSettings,
    ExecutorSettings,
    PublishedSettings,
    StoreSettings,
    TrackingSettings,
)
from mtlv.studies.config_weights import check_written, tried
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.specs import PRETRAIN, PlanSpec, expand_specs, levels
from mtlv.studies.stages import StageSettings, stage_specs, with_defaults
from mtlv.studies.sweeps import sweep_points
from mtlv.studies.tuning import TuneSettings
from mtlv.studies.written import Written, overridden, read_yaml
from mtlv.training.settings import TrainSettings
from mtlv.training.weighting_settings import WEIGHTING_NAMES

__all__ = ["StudyConfig", "load_config", "parse_config"]

STUDY_NAME = "^[A-Za-z0-9][A-Za-z0-9._-]*$"


class StudyConfig(Settings):
    """A study: data, encoder, plans, training, evaluation."""

    study: str = Field(json_schema_extra={"pattern": STUDY_NAME})
    """Name of the study in the run store."""
    data: dict[str, dict[str, Any]] = Field(min_length=1)
    """Known datasets with their settings, or any name with `path`, `text` and `labels`. With
    `role: auxiliary` the tasks of one are trained on, but not chosen for and not reported."""
    tasks: list[str] | None = Field(None, min_length=1)
    """Names of the tasks to learn; None means all that the data have."""
    encoder: EncoderSettings = EncoderSettings()
    """The shared text model."""
    head: HeadSettings = HeadSettings()
    """Layers and loss of every head."""
    plans: list[Any] = Field(min_length=1)
    """Architectures to train and compare; see `specs`."""
    train: TrainSettings = TrainSettings()
    """How every model is trained."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """The protocol, the same for every plan."""
    tune: TuneSettings | None = None
    """Settings to choose per plan on validation data."""
    sweep: dict[str, list[Any]] = Field(default_factory=dict)
    """Dotted keys to lists of values: the whole study at every point of the grid."""
    stages: StageSettings | None = None  # below `train`, `tune` and `sweep`: it looks at them
    """Pretrain, refine, fine-tune, as more plans; see `stages`."""
    executor: ExecutorSettings = ExecutorSettings()
    """Where jobs run."""
    store: StoreSettings = StoreSettings()
    """What is kept."""
    tracking: TrackingSettings = TrackingSettings()
    """MLflow."""
    published: PublishedSettings | None = None
    """Published figures by plan, shown beside ours."""

    @field_validator("study")
    @classmethod
    def _file_name(cls, value: str) -> str:
        if re.fullmatch(STUDY_NAME, value) is None:
            raise ValueError("letters, digits, '.', '_' and '-'; it becomes the name of a folder")
        return value

    @field_validator("data", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        """Let `data: demo` and `data: [demo]` stand for `{demo: {}}`."""
        if isinstance(value, str):
            return {value: {}}
        if isinstance(value, list):
            _check_names(value)
            return {name: {} for name in value}
        if isinstance(value, dict):
            return {name: {} if own is None else own for name, own in value.items()}
        return value

    @field_validator("stages")
    @classmethod
    def _stages_have_defaults(
        cls, value: StageSettings | None, info: ValidationInfo
    ) -> StageSettings | None:
        """Write the paper's settings out, so that a saved config says all that a stage does."""
        return None if value is None else with_defaults(value, set(_written_training(info.data)))

    @model_validator(mode="after")
    def _plans_and_tuning_are_known(self) -> StudyConfig:
        for spec in self.specs():
            settings = self.settings_of(spec)
            for own in (settings, *tried(settings, self.tune)):
                _check_weighting(own.train)
            check_written(spec, settings, self.tuning_of(spec))
        return self

    @model_validator(mode="after")
    def _starts_are_known(self) -> StudyConfig:
        specs = self.specs()
        levels(specs)
        wanted = [spec for spec in specs if spec.starts_from == PRETRAIN]
        if wanted and (self.stages is None or self.stages.pretrain is None):
            raise ConfigError(
                "There is no stage `pretrain` to start from.",
                where=f"plan '{wanted[0].title}', key 'starts_from'",
                hint="add `stages: {pretrain: {epochs: 1}}`",
            )
        if not wanted and self.stages is not None and self.stages.pretrain is not None:
            raise ConfigError(
                "Nothing starts from the stage `pretrain`.",
                where="stages.pretrain",
                hint="add `refine: {}`, or a plan such as `mtl: {starts_from: pretrain}`",
            )
        return self

    @model_validator(mode="after")
    def _sweep_is_known(self) -> StudyConfig:
        self.variants()
        return self

    def specs(self) -> list[PlanSpec]:
        """Return the plans, one by one, those of the stages last."""
        return expand_specs([*self.plans, *stage_specs(self.stages)])

    def settings_of(self, spec: PlanSpec) -> ModelSettings:
        """Return the settings of a plan's models: the study's, with the plan's own.

        Raises:
            ConfigError: the plan sets what does not exist.
        """
        own = {f"train.{key}": value for key, value in spec.train.items()}
        own |= {f"head.{key}": value for key, value in spec.head.items()}
        common = ModelSettings(self.encoder, self.head, self.train)
        return common.changed(own, f"plan '{spec.title}'")

    def tuning_of(self, spec: PlanSpec) -> TuneSettings | None:
        """Return how a plan is tuned: what it sets itself stays; None where nothing is left."""
        if self.tune is None or not spec.tune:
            return None
        own = {f"train.{key}" for key in spec.train} | {f"head.{key}" for key in spec.head}
        space = self.tune.space.items()
        left = {k: v for k, v in space if (k if "." in k else f"train.{k}") not in own}
        return self.tune.model_copy(update={"space": left}) if left else None

    def variants(self) -> list[tuple[dict[str, Any], StudyConfig]]:
        """Return the points of the sweep, each with the config that it stands for.

        Raises:
            ConfigError: a swept key or value is not valid, or two points have one name.
        """
        if not self.sweep:
            return [({}, self)]
        whole = self.model_dump(mode="json", exclude={"sweep"}, exclude_unset=True)
        return [
            (point, parse_config(Written(overridden(whole, point), "sweep")))
            for point in sweep_points(self.sweep)
        ]


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> StudyConfig:
    """Read a config file.

    Args:
        path: of the YAML file.
        overrides: settings as `a.b=c`, the value in YAML.

    Raises:
        ConfigError: the file is not there, is not YAML, or says what a study does not know.
    """
    return parse_config(read_yaml(Path(path)).changed(overrides))


def parse_config(written: Written | Mapping[str, Any]) -> StudyConfig:
    """Check a config that is given as a mapping, or as `read_yaml` read it.

    Raises:
        ConfigError: what is wrong first.
    """
    if not isinstance(written, Written):
        written = Written(written)
    try:
        _check_plans_one_by_one(written)
        return StudyConfig.model_validate(written.values)
    except ValidationError as error:
        raise explained(error, StudyConfig, written.origin) from error
    except ConfigError as error:
        if error.where is None or error.where.startswith(written.where):
            raise
        raise error.inside(written.origin(error.where.split("."))) from error


def _check_names(names: Sequence[Any]) -> None:
    """Check a list of datasets; a corpus goes by its name, so one cannot be there twice."""
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise ValueError(
                f"names alone in a list, not {name!r}; with settings, `data` is a mapping: "
                "`{one: {}, other: {…}}`"
            )
        if name in names[:place]:
            raise ValueError(f"every corpus once; '{name}' stands twice")


def _check_plans_one_by_one(written: Written) -> None:
    """Let an error in a plan name the line of that plan."""
    plans = written.values.get("plans")
    for number, entry in enumerate(plans if isinstance(plans, list) else ()):
        try:
            expand_specs([entry])
        except ConfigError as error:
            raise error.inside(written.origin(("plans", number))) from error


def _written_training(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the training settings that a study sets outside of its stages."""
    train, tune, sweep = (data.get(section) for section in ("train", "tune", "sweep"))
    yield from () if train is None else train.model_fields_set
    for key in () if tune is None else tune.space:
        yield key.removeprefix("train.")
    for key, values in (sweep or {}).items():
        if key.startswith("train."):
            yield key.removeprefix("train.").partition(".")[0]
        if key == "train":
            yield from (name for value in values if isinstance(value, Mapping) for name in value)


def _check_weighting(settings: TrainSettings) -> None:
    """Let an unknown weighting be told before anything is read; only odd names cost an import."""
    if settings.weighting.name not in WEIGHTING_NAMES:
        from mtlv.training.weighting import WEIGHTINGS

        try:
            WEIGHTINGS[settings.weighting.name]
        except ConfigError as error:
            raise error.inside("train.weighting") from error
