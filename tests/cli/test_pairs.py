"""The command `pairs`: its table, its files, and a machine without a browser."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.shell import Shell
from mtlv.errors import FigureError
from small import LABELS, small_config

pytestmark = pytest.mark.slow


def no_browser(figure: Any, path: Path) -> None:
    raise FigureError("Pictures need a browser.", where=str(path), hint="install one")


def a_picture(figure: Any, path: Path) -> None:
    path.write_bytes(b"png of " + figure.layout.title.text.encode())


@pytest.mark.parametrize("write", [no_browser, a_picture])
def test_matrix_and_graph(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    write: Any,
) -> None:
    monkeypatch.setattr("mtlv.report.figures.output.write_image", write)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(small_config(tmp_path)))
    shell = Shell(tmp_path, capsys)
    told = json.loads(shell("pairs", "study.yaml", "-o", "drawn", "--json"))
    rows = list(csv.reader(io.StringIO((tmp_path / "drawn/small-transfer.csv").read_text())))
    assert rows[0] == ["task", *LABELS]
    for i, row in enumerate(told["matrix"]):
        assert row[i] is None
        assert rows[i + 1][i + 1] == ""
        found = [float(cell) for cell in rows[i + 1][1:] if cell]
        assert found == pytest.approx([value for value in row if value is not None], abs=1e-6)
    assert "<svg" in (tmp_path / "drawn/small-transfer.svg").read_text()
    picture = tmp_path / "drawn/small-transfer.png"
    assert picture.exists() == (write is a_picture)
    assert ("no PNG: Pictures need a browser. install one" in shell.err) == (write is no_browser)
