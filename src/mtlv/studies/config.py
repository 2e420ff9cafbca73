"""The configuration of a study: strict, composed of the settings of its parts.

`load_config` reads YAML, applies `--set` overrides, and explains what is wrong with a key: its
place, what was found, what is expected, and the nearest known key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from mtlv.data.splits import SplitSettings
from mtlv.errors import ConfigError
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.settings import Settings, explained
from mtlv.studies.overrides import ModelSettings
from mtlv.studies.specs import PlanSpec, expand_specs
from mtlv.training.settings import TrainSettings

__all__ = [
    "EvaluationSettings",
    "StoreSettings",
    "StudyConfig",
    "TrackingSettings",
    "TuneSettings",
    "json_schema",
    "load_config",
    "parse_config",
]


class EvaluationSettings(SplitSettings):
    """The protocol: how the data are divided, how often, and where thresholds come from."""

    seeds: tuple[int, ...] = Field((0,), min_length=1)
    """Every plan is trained once per fold and seed."""
    thresholds: Literal["fixed", "global", "per_label"] = "per_label"
    """0.5 for all, or fitted on validation scores: one for all, or one per label."""
    shrinkage: float = Field(20.0, ge=0)
    """A rare label's threshold moves towards the global one as if by so many more positives."""

    @field_validator("seeds")
    @classmethod
    def _seeds_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) < len(value):
            raise ValueError("every seed once")
        return value


class TuneSettings(Settings):
    """Choose settings of every plan on validation data; what it costs counts for the plan.

    A plan that was not tuned is not fairly compared with one that was.
    """

    space: dict[str, Any] = Field(min_length=1)
    """Setting to the values to try, as in {learning_rate: [1e-4, 2e-4]}; keys are of `train`, or
    dotted (`train.freeze_layers`, `head.layers`). Optuna also takes {low, high, log}."""
    method: Literal["grid", "optuna"] = "grid"
    """Try all combinations, or let Optuna's TPE sampler choose."""
    trials: int = Field(10, ge=1)
    """How many settings Optuna tries."""
    metric: Literal["average_precision_macro", "f1_macro", "f1_micro", "log_loss"] = (
        "average_precision_macro"
    )
    """Validation metric of the whole plan that decides."""
    models: int | None = Field(None, ge=1)
    """Tune on at most so many of a plan's models, evenly spread over their frequency; all of them
    then use what was chosen. None tunes on all."""
    scope: Literal["fold", "study"] = "fold"
    """Choose anew in every fold (nested), or once on the first fold for all folds."""


class StoreSettings(Settings):
    """What the run store keeps."""

    checkpoints: bool = True
    """Keep the weights of the served models, for `mtlv predict`."""


class TrackingSettings(Settings):
    """The MLflow mirror of the run store."""

    mlflow: bool = True
    """Whether to mirror at all."""
    uri: str = "sqlite:///mlflow.db"
    """Any MLflow tracking URI."""
    experiment: str = "mtlv"
    """MLflow experiment of all studies."""


class PublishedSettings(Settings):
    """Figures that others published, shown beside ours."""

    source: str
    """Where they stand, and what must be known to compare them."""
    metrics: tuple[str, ...] = ("f1_macro", "f1_micro", "subset_accuracy")
    """Whose mean and sd stand in each row."""
    rows: dict[str, list[float]]
    """Plan to mean and sd of each metric, in percent."""

    @model_validator(mode="after")
    def _mean_and_sd(self) -> PublishedSettings:
        for plan, figures in self.rows.items():
            if len(figures) != 2 * len(self.metrics):
                raise ValueError(f"'{plan}' needs a mean and an sd for each metric")
        return self


class StudyConfig(Settings):
    """A study: data, encoder, plans, training, evaluation."""

    study: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """Name of the study in the run store."""
    data: dict[str, dict[str, Any]] = Field(min_length=1)
    """Known datasets with their settings, or any name with `path`, `text` and `labels`."""
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
    store: StoreSettings = StoreSettings()
    """What is kept."""
    tracking: TrackingSettings = TrackingSettings()
    """MLflow."""
    published: PublishedSettings | None = None
    """Published figures by plan, shown beside ours."""

    @field_validator("data", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        """Let `data: demo` and `data: [demo]` stand for `{demo: {}}`."""
        if isinstance(value, str):
            return {value: {}}
        if isinstance(value, list):
            return {name: {} for name in value}
        if isinstance(value, dict):
            return {name: {} if own is None else own for name, own in value.items()}
        return value

    @model_validator(mode="after")
    def _plans_and_tuning_are_known(self) -> StudyConfig:
        for spec in self.specs():
            settings = self.settings_of(spec)
            for key, values in (self.tune.space if self.tune else {}).items():
                settings.changed({key: _example(values)}, f"tune.space.{key}")
        return self

    def specs(self) -> list[PlanSpec]:
        """Return the plans, one by one."""
        return expand_specs(self.plans)

    def settings_of(self, spec: PlanSpec) -> ModelSettings:
        """Return the settings of a plan's models: the study's, with the plan's own.

        Raises:
            ConfigError: the plan sets what does not exist.
        """
        own = {f"train.{key}": value for key, value in spec.train.items()}
        own |= {f"head.{key}": value for key, value in spec.head.items()}
        common = ModelSettings(self.encoder, self.head, self.train)
        return common.changed(own, f"plan '{spec.title}'")

    def variants(self) -> list[tuple[dict[str, Any], StudyConfig]]:
        """Return the points of the sweep, each with the config that it stands for.

        Raises:
            ConfigError: a swept key or value is not valid.
        """
        if not self.sweep:
            return [({}, self)]
        written = self.model_dump(mode="json", exclude={"sweep"})
        points = [dict(zip(self.sweep, v, strict=True)) for v in product(*self.sweep.values())]
        return [(p, parse_config(_overridden(written, p), where="sweep")) for p in points]


def load_config(path: Path | str, overrides: Sequence[str] = ()) -> StudyConfig:
    """Read a config file.

    Args:
        path: of the YAML file.
        overrides: settings as `a.b=c`, the value in YAML.

    Raises:
        ConfigError: the file is not there, is not YAML, or says what a study does not know.
    """
    path = Path(path)
    try:
        written = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError as error:
        raise ConfigError("There is no such config file.", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "The config file cannot be read.", where=str(path), found=str(error)
        ) from error
    except yaml.YAMLError as error:
        raise ConfigError(
            "The config file is not valid YAML.", where=_yaml_place(path, error), found=str(error)
        ) from error
    if not isinstance(written, dict):
        raise ConfigError(
            "The config file is not a mapping.",
            where=str(path),
            found=type(written).__name__,
            expected="keys such as study, data, plans",
        )
    changes = dict(_override(text) for text in overrides)
    return parse_config(_overridden(written, changes), where=str(path))


def parse_config(written: Mapping[str, Any], where: str = "config") -> StudyConfig:
    """Validate a config given as a mapping.

    Raises:
        ConfigError: what is wrong first.
    """
    try:
        return StudyConfig.model_validate(written)
    except ValidationError as error:
        raise explained(error, StudyConfig, where) from error


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a config, for editors."""
    return StudyConfig.model_json_schema()


class _Loader(yaml.SafeLoader):
    """Safe YAML that reads `2e-5` as a number and refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", node.start_mark
                )
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(  # YAML 1.1 wants a dot in 2.0e-5; people leave it out
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def _example(values: Any) -> Any:
    """Return one of the values that a tuned setting may take, to see whether it is possible."""
    if isinstance(values, list) and values:
        return values[0]
    return values["low"] if isinstance(values, dict) and "low" in values else values


def _yaml_place(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}, line {mark.line + 1}" if mark is not None else str(path)


def _override(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise ConfigError(
            "An override is not understood.", found=text, expected="--set train.epochs=3"
        )
    try:
        return key.strip(), yaml.load(value, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ConfigError("An override is not valid YAML.", found=text) from error


def _overridden(written: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = _deep_copy(written)
    for key, value in changes.items():
        *parents, last = key.split(".")
        place = result
        for parent in parents:
            inner = place.get(parent)
            if isinstance(inner, str) and parent in ("encoder", "data"):
                inner = {"name": inner} if parent == "encoder" else {inner: {}}
            place[parent] = inner if isinstance(inner, dict) else {}
            place = place[parent]
        place[last] = value
    return result


def _deep_copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _deep_copy(own) for key, own in value.items()}
    return [_deep_copy(own) for own in value] if isinstance(value, list | tuple) else value
