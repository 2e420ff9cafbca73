"""The settings of one model, and how a plan, a sweep or a tuning changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from mtlv.errors import ConfigError, nearest
from mtlv.model.settings import EncoderSettings, HeadSettings
from mtlv.settings import Settings, explained
from mtlv.training.settings import TrainSettings

__all__ = ["ModelSettings"]


@dataclass(frozen=True)
class ModelSettings:
    """Everything but data and plan that decides how a model turns out.

    Args:
        encoder: of the model.
        head: of all its heads; where they differ, of the first.
        train: of the training.
        heads: of each head, in the order of the model; empty where all have the same.
    """

    encoder: EncoderSettings
    head: HeadSettings
    train: TrainSettings
    heads: tuple[HeadSettings, ...] = ()

    def changed(self, changes: Mapping[str, Any], where: str) -> ModelSettings:
        """Return the settings with some changed.

        Args:
            changes: value by key; a key is `SECTION.FIELD`, or a field of `train` alone.
            where: what errors call the place that the changes come from.

        Raises:
            ConfigError: there is no such setting, or it cannot have that value.
        """
        result = self
        for key, value in changes.items():
            section, _, field = key.rpartition(".")
            section = section or "train"
            if section not in ("encoder", "head", "train"):
                raise ConfigError(
                    f"There is no setting '{key}'.",
                    where=where,
                    hint=nearest(section, ("encoder", "head", "train")),
                )
            changed: Any = _changed(getattr(result, section), field, value, where)
            result = replace(result, **{section: changed})
        return result

    def with_heads(self, own: Sequence[Mapping[str, Any]]) -> ModelSettings:
        """Return the settings of a model whose heads have settings of their own.

        Heads that come out alike are written alike, so that equal models are equal jobs.

        Args:
            own: what each head sets itself, over `head`.
        """
        heads = tuple(
            HeadSettings.model_validate(self.head.model_dump() | dict(each)) for each in own
        )
        alike = all(each == heads[0] for each in heads)
        return replace(self, head=heads[0], heads=() if alike else heads)


def _changed(settings: Settings, field: str, value: Any, where: str) -> Settings:
    try:
        return type(settings).model_validate(settings.model_dump() | {field: value})
    except ValidationError as error:
        raise explained(error, type(settings), where) from error
