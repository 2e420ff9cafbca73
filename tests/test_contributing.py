"""The examples of CONTRIBUTING do what it says: each registers its thing from outside."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECK = """
from mtlv.data.catalog import DATASETS
from mtlv.evaluation.metrics import METRICS
from mtlv.grouping import GROUPINGS
from mtlv.training.weighting import WEIGHTINGS
assert "mine" in DATASETS and "labels_per_text" in METRICS
assert "alphabetical" in GROUPINGS and "largest" in WEIGHTINGS
"""


@pytest.mark.slow
def test_every_example_registers_its_thing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 4
    code = "\n".join(examples) + CHECK
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
