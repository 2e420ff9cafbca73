"""A small study that every view can be made of: two seeds, both probes, weights kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtlv.store import Store
from mtlv.studies.config import parse_config
from mtlv.studies.study import Study
from small import small_config

__all__ = ["PLANS", "explained_study"]

MEASURED = {"method": "kmedoids", "groups": 2, "affinity": "gradient_cosine", "every": 1}
PLANS: list[Any] = [
    "stl",
    "mtl",
    {"gmtl": {"name": "angles", "grouping": MEASURED}},
    {"gmtl": {"name": "maps", "groups": 2, "features": "data_map"}},
]


def explained_study(folder: Path, **changes: Any) -> Store:
    """Train the study in a folder and return its store; changes replace parts of the config."""
    config = small_config(folder, plans=PLANS, evaluation={"seeds": [0, 1]}) | changes
    store = Store(folder / "runs")
    Study(parse_config(config), store, folder).run()
    return store
