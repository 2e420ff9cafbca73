"""Configs that come with the package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["shipped_config"]


def shipped_config(name: str) -> Path:
    """Return the path of a config that the package carries; today that is `demo`."""
    return Path(__file__).with_name(f"{name}.yaml")
