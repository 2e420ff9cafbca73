"""Roles: whether a corpus' tasks are what a study is after, or only help.

data:
  new: {path: new.csv, text: text, labels: [violence, hate]}
  old: {path: old.csv, text: text, labels: [unsafe], role: auxiliary}

An auxiliary task, such as a label of an earlier scheme, is trained on like any other. But no plan
serves it: it has no model of its own under STL, no epoch or setting is chosen for it, and no score
of it is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from mtlv.errors import ConfigError, nearest
from mtlv.tasks import Role

__all__ = ["ROLE", "ROLES", "auxiliary_corpora", "without_role"]

KEY = "role"
ROLES: tuple[Role, ...] = get_args(Role)
ROLE = "Auxiliary tasks are trained on, but not chosen for and not reported."
"""What the setting means, for the schema."""


def without_role(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a corpus for its reader."""
    return {key: value for key, value in settings.items() if key != KEY}


def auxiliary_corpora(data: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the names of the corpora whose tasks only help.

    Args:
        data: of a config.

    Raises:
        ConfigError: there is no such role, or every corpus is auxiliary.
    """
    for name, settings in data.items():
        role = settings.get(KEY, ROLES[0])
        if role not in ROLES:
            raise ConfigError(
                f"There is no role '{role}'.",
                where=f"data '{name}', key '{KEY}'",
                expected=" or ".join(ROLES),
                hint=nearest(str(role), ROLES),
            )
    found = {name for name, settings in data.items() if settings.get(KEY) == "auxiliary"}
    if len(found) == len(data):
        raise ConfigError(
            "Every corpus is auxiliary, so there is no task to report on.",
            where="data",
            found=", ".join(found),
            expected="at least one corpus with the role `target`",
        )
    return found
