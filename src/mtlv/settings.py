"""Settings: small frozen pydantic models that stand beside the components they configure.

An unknown key is an error that names the nearest known one; `studies.config` composes them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from mtlv.errors import ConfigError, nearest

__all__ = ["Settings", "explained"]


class Settings(BaseModel):
    """Base of all settings: immutable, strict about keys, documented by attribute docstrings."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


def explained(error: ValidationError, model: type[Settings], where: str) -> ConfigError:
    """Turn pydantic's first complaint into one of ours."""
    first = error.errors()[0]
    steps = [str(step) for step in first["loc"]]
    place = f"{where}, key '{'.'.join(steps)}'" if steps else where
    if first["type"] == "extra_forbidden":
        known = _known_keys(model, steps[:-1])
        return ConfigError(
            f"There is no setting '{steps[-1]}'.", where=place, hint=nearest(steps[-1], known)
        )
    message = first["msg"].removeprefix("Value error, ")
    found = None if first["type"] == "missing" else repr(first["input"])[:200]
    return ConfigError("A setting is not valid.", where=place, found=found, expected=message)


def _known_keys(model: type[Settings], steps: Sequence[str]) -> list[str]:
    for step in steps:
        field = model.model_fields.get(step)
        options = [] if field is None else _models_in(field.annotation)
        if not options:
            return []
        model = options[0]
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models_in(inner)]
