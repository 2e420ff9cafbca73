"""A study of all kinds of tasks, trained once for the tests of this folder."""

from __future__ import annotations

import pytest

from mtlv.store import Store
from studies.test_mixed import study_of

SPLIT = {"groups": [["parts", "edema"], ["similarity", "same", "acts", "effusion", "fracture"]]}


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Return a store with the study `mixed`: plan `mtl`, and `gmtl` of two models."""
    folder = tmp_path_factory.mktemp("mixed")
    study_of(folder, plans=["mtl", {"gmtl": SPLIT | {"name": "two"}}]).run()
    return Store(folder / "runs")
