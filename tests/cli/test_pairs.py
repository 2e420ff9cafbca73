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


def no_browser(figures: dict[Path, Any]) -> None:
    raise FigureError("Pictures need a browser.", hint="install one")


def a_picture(figures: dict[Path, Any]) -> None:
    for path, figure in figures.items():
        path.write_text(f"a picture of {figure.layout.title.text}")


@pytest.mark.parametrize("write", [no_browser, a_picture])
def test_matrix_and_graph(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    write: Any,
) -> None:
    monkeypatch.setattr("mtlv.report.figures.output.write_images", write)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(small_config(tmp_path)))
    shell = Shell(tmp_path, capsys)
    told = json.loads(shell("pairs", "study.yaml", "-o", "drawn", "--json"))
    assert told["interval"].startswith("95 % interval over test examples (paired bootstrap); a ")
    assert told["rule"] == "interval without 0 and p < .05 after Holm's correction over 6 effects"
    assert {effect["test"] for effect in told["effects"]} == {"bootstrap"}
    rows = list(csv.reader(io.StringIO((tmp_path / "drawn/small-transfer.csv").read_text())))
    assert rows[0] == ["task", *LABELS]
    for i, row in enumerate(told["matrix"]):
        assert row[i] is None
        assert rows[i + 1][i + 1] == ""
        found = [float(cell) for cell in rows[i + 1][1:] if cell]
        assert found == pytest.approx([value for value in row if value is not None], abs=1e-6)
    endings = (".svg", ".png") if write is a_picture else (".html",)
    written = {path.name for path in (tmp_path / "drawn").iterdir()}
    names = {f"small-transfer{part}{end}" for part in ("", "-matrix") for end in endings}
    assert written == {"small-transfer.csv"} | names
    assert "`mtlv run study.yaml` adds the study itself" in shell.err
    assert ("Pictures need a browser. install one" in shell.err) == (write is no_browser)
