"""Tests that need a browser are collected only where there is one, with what drives it."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any(map(shutil.which, BROWSERS)) and find_spec("kaleido") is not None:
        return
    needing = [item for item in items if item.get_closest_marker("browser")]
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=needing)
