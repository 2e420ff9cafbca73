"""The examples of CONTRIBUTING do what it says: each registers its thing from outside."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECK = """
from pathlib import Path
from mtlv.data.catalog import DATASETS, read_known
from mtlv.evaluation.metrics import METRICS
from mtlv.grouping import GROUPINGS
from mtlv.training.weighting import WEIGHTINGS
assert METRICS["labels_per_text"].unit == "count"
Path("mine.tsv").write_text("1\\tcall me\\n0\\tthank you\\n")
assert read_known("mine", {"path": "mine.tsv"}).values("urgent").tolist() == [1, 0]
assert "mine" in DATASETS and "labels_per_text" in METRICS
assert "alphabetical" in GROUPINGS and "largest" in WEIGHTINGS
"""


@pytest.mark.slow
def test_every_example_registers_its_thing(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(examples) == 4
    code = "\n".join(examples) + CHECK
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
