"""Tuning: choose settings of a plan by its validation predictions, and say what that cost.

Grid search tries every combination; Optuna's TPE sampler chooses its trials. Both see validation
values only. A plan with many models may be tuned on a few of them (`tune.models`): those are taken
evenly from its models in the order of their training positives, so that rare and frequent tasks are
both heard.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Annotated, Any, Literal, Protocol

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from mtlv.errors import ConfigError
from mtlv.plans import ModelPlan
from mtlv.settings import Settings

__all__ = [
    "Range",
    "Search",
    "Trial",
    "TuneSettings",
    "best_trial",
    "grid",
    "make_search",
    "models_to_tune",
]


class Range(Settings):
    """Numbers that Optuna chooses from: whole ones where both ends are whole."""

    low: int | float
    """The least."""
    high: int | float
    """The largest."""
    log: bool = False
    """Choose evenly by order of magnitude."""

    @model_validator(mode="after")
    def _not_empty(self) -> Range:
        if self.low >= self.high:
            raise ValueError("`low` below `high`")
        if self.log and self.low <= 0:
            raise ValueError("`low` above 0, as `log` needs it")
        return self


def _form(values: Any) -> str:
    return "range" if isinstance(values, dict | Range) else "list"


Values = Annotated[
    Annotated[list[Any], Field(min_length=1), Tag("list")] | Annotated[Range, Tag("range")],
    Discriminator(_form),
]
"""What is tried of one setting."""


class TuneSettings(Settings):
    """Choose settings of every plan on validation data; what it costs counts for the plan.

    A plan that was not tuned is not fairly compared with one that was.
    """

    space: dict[str, Values] = Field(min_length=1)
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
    """Choose anew in every fold (nested), or once on the first fold for all: cheaper, but what is
    validation there is test elsewhere, so the other folds' texts are not quite unseen."""

    @model_validator(mode="after")
    def _grids_are_of_lists(self) -> TuneSettings:
        ranges = [key for key, values in self.space.items() if isinstance(values, Range)]
        if self.method == "grid" and ranges:
            raise ValueError(f"a list of values for '{ranges[0]}'; ranges need `method: optuna`")
        return self


@dataclass
class Trial:
    """Settings that were tried.

    Args:
        changes: setting to value.
        jobs: ids of the jobs that tried them.
        value: of the validation metric; NaN where it is undefined.
    """

    changes: dict[str, Any]
    jobs: list[str] = field(default_factory=list)
    value: float = float("nan")


class Search(Protocol):
    """Proposes settings, round by round, and hears how they did."""

    def propose(self) -> list[dict[str, Any]]:
        """Return the settings of the next round, which may be tried at once; none at the end."""

    def tell(self, values: Sequence[float]) -> None:
        """Hear the validation values of the last round, larger being better."""


def best_trial(trials: Sequence[Trial]) -> int:
    """Return the index of the best trial, the first of equals; an undefined value is the worst."""
    return max(range(len(trials)), key=lambda i: _known(trials[i].value))


def make_search(settings: TuneSettings, seed: int) -> Search:
    """Return the search that the settings name."""
    return _Grid(settings) if settings.method == "grid" else _Optuna(settings, seed)


def grid(space: Mapping[str, Values]) -> list[dict[str, Any]]:
    """Return all combinations of the values of each setting."""
    return [dict(zip(space, values, strict=True)) for values in product(*space.values())]


def models_to_tune(
    models: Sequence[ModelPlan], wanted: int | None, positives: Callable[[str], int]
) -> list[int]:
    """Return the indices of the models that a plan is tuned on, in the plan's order."""
    if wanted is None or wanted >= len(models):
        return list(range(len(models)))
    counts = [sum(positives(task) for task in model.tasks) for model in models]
    order = np.argsort(counts, kind="stable")
    middle = (np.arange(wanted) + 0.5) / wanted * len(models)
    return sorted(int(order[int(place)]) for place in middle)


def _known(value: float) -> float:
    return -math.inf if math.isnan(value) else value


class _Grid:
    def __init__(self, settings: TuneSettings) -> None:
        self._left = grid(settings.space)

    def propose(self) -> list[dict[str, Any]]:
        proposed, self._left = self._left, []
        return proposed

    def tell(self, values: Sequence[float]) -> None:
        """A grid does not learn."""


class _Optuna:
    def __init__(self, settings: TuneSettings, seed: int) -> None:
        try:
            import optuna
        except ImportError as error:
            raise ConfigError(
                "This way of tuning needs the package optuna.", hint="pip install 'mtlv[tune]'"
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        self._space, self._left = settings.space, settings.trials
        self._trial: Any = None

    def propose(self) -> list[dict[str, Any]]:
        if self._left == 0:
            return []
        self._left -= 1
        self._trial = self._study.ask()
        return [{key: self._suggest(key, values) for key, values in self._space.items()}]

    def tell(self, values: Sequence[float]) -> None:
        (value,) = values
        self._study.tell(self._trial, _known(value))

    def _suggest(self, key: str, values: Values) -> Any:
        if isinstance(values, list):
            return self._trial.suggest_categorical(key, values)
        whole = isinstance(values.low, int) and isinstance(values.high, int)
        suggest = self._trial.suggest_int if whole else self._trial.suggest_float
        return suggest(key, values.low, values.high, log=values.log)
