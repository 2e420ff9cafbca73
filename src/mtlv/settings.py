"""Settings: small frozen pydantic models that stand beside the components they configure.

An unknown key is an error that names the nearest known one; `studies.config` composes them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from mtlv.errors import ConfigError, nearest

__all__ = ["Settings", "explained"]


class Settings(BaseModel):
    """Base of all settings: immutable, strict about keys, documented by attribute docstrings.

    Numbers are finite: what is not can neither be trained with nor kept in a record.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        validate_default=True,
    )


def explained(
    error: ValidationError, model: type[Settings], where: str | Callable[[Sequence[str]], str]
) -> ConfigError:
    """Turn one of pydantic's complaints into one of ours: the first, or the first unknown key.

    A key that is misspelt is often missing too, and its own name says more.

    Args:
        error: of pydantic.
        model: that was to be made.
        where: what to call the place of the settings; or a function of the keys that lead to one.
    """
    found = [(_without_tags(model, each["loc"]), each) for each in error.errors()]
    found.sort(key=lambda pair: pair[1]["type"] != "extra_forbidden")
    steps, first = found[0]
    around = where if isinstance(where, str) else where(steps)
    place = f"{around}, key '{'.'.join(steps)}'" if steps else around
    if first["type"] == "extra_forbidden":
        known = _known_keys(model, steps[:-1])
        return ConfigError(
            f"There is no setting '{steps[-1]}'.", where=place, hint=nearest(steps[-1], known)
        )
    if first["type"] == "missing":
        return ConfigError("A setting is missing.", where=place)
    said = [each["msg"].removeprefix("Value error, ") for own, each in found if own == steps]
    value, expected = repr(first["input"])[:200], ", or: ".join(dict.fromkeys(said))
    return ConfigError("A setting is not valid.", where=place, found=value, expected=expected)


def _without_tags(model: type[Settings], location: Sequence[str | int]) -> list[str]:
    """Return the keys that lead to a complaint, without the names that pydantic gives choices."""
    steps: list[str] = []
    annotation: Any = model
    for step in location:
        if _is_choice(annotation):
            annotation = next(iter(_models_in(annotation)), None)
            continue
        steps.append(str(step))
        annotation = _inside(annotation, str(step))
    return steps


def _inside(annotation: Any, key: str) -> Any:
    """Return what stands at a key; None where that is not known."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    fields = [own.model_fields.get(key) for own in _models_in(annotation)]
    return fields[0].annotation if fields and fields[0] is not None else None


def _is_choice(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_choice(get_args(annotation)[0])
    if get_origin(annotation) not in (Union, UnionType):
        return False
    return len([inner for inner in get_args(annotation) if inner is not NoneType]) > 1


def _known_keys(model: type[Settings], steps: Sequence[str]) -> list[str]:
    left = list(steps)
    while left:
        field = model.model_fields.get(left.pop(0))
        options = [] if field is None else _models_in(field.annotation)
        if field is None or not options:
            return []
        if _is_mapping(field.annotation):
            left = left[1:]  # a name of the user's own
        while left and left[0].isdigit():
            left = left[1:]  # a place in a list
        model = options[0]
    return list(model.model_fields)


def _is_mapping(annotation: Any) -> bool:
    """Tell whether an annotation is a mapping from names, or may be one."""
    return get_origin(annotation) is dict or any(map(_is_mapping, get_args(annotation)))


def _models_in(annotation: Any) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models_in(inner)]
