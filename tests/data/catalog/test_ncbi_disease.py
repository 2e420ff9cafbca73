"""NCBI disease: why one count is not the published one; the rest is in `test_bc5cdr.py`."""

from pathlib import Path

import pytest
from official_files import DISEASE, three, write_files

from mtlv.data.catalog import read_known


@pytest.mark.parametrize(("mentions", "explained"), [(5134, True), (5133, False)])
def test_known_difference_is_explained(mentions: int, explained: bool, tmp_path: Path) -> None:
    files = {**three(DISEASE), "train.tsv": "Fever\tB-Disease\n\n" * mentions}
    write_files(tmp_path / "NCBI-disease-IOB", files)
    notes = read_known("ncbi-disease", {"path": str(tmp_path)}).notes
    assert f"train mentions: {mentions:,} (published 5,145)" in notes
    assert any("one abstract stands twice" in note for note in notes) is explained
