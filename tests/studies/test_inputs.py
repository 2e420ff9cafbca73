"""Inputs: known datasets and flat files by name, several of them side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mtlv.errors import ConfigError, DataError
from mtlv.studies.config import parse_config
from mtlv.studies.inputs import Inputs, read_corpora, read_inputs
from small import LABELS, small_config, small_source, write_csv


def inputs(folder: Path, **changes: Any) -> Inputs:
    return read_inputs(parse_config(small_config(folder, **changes)), folder)


def test_a_file_and_a_known_dataset_stand_side_by_side(tmp_path: Path) -> None:
    source = small_source(write_csv(tmp_path / "a.csv"))
    found = read_corpora({"reports": source, "demo": {"size": 60}}, tmp_path)
    assert {name: len(corpus) for name, corpus in found.items()} == {"reports": 40, "demo": 60}


def test_tasks_of_several_corpora_are_told_apart(tmp_path: Path) -> None:
    first = small_source(write_csv(tmp_path / "a.csv"))
    second = first | {"path": str(write_csv(tmp_path / "b.csv", rows=60))}
    with pytest.raises(DataError, match="Two tasks are called 'edema'"):
        inputs(tmp_path, data={"a": first, "b": second})
    renamed = {f"{label} (b)": label for label in LABELS}
    found = inputs(tmp_path, data={"a": first, "b": second | {"labels": renamed}})
    assert [task.corpus for task in found.tasks] == ["a"] * 3 + ["b"] * 3


def test_records_say_what_was_read(tmp_path: Path) -> None:
    found = inputs(tmp_path)
    assert [(t.name, t.positives) for t in found.task_records()] == [
        ("edema", 20),
        ("effusion", 14),
        ("fracture", 10),
    ]
    (corpus,) = found.corpus_records()
    assert (corpus.name, corpus.examples) == ("reports", 40)
    assert corpus.fingerprint == found.corpora["reports"].fingerprint


def test_positives_are_counted_in_the_training_part(tmp_path: Path) -> None:
    found = inputs(tmp_path, evaluation={"folds": 2})
    rows = found.splits["reports"][1].train
    expected = int(found.corpora["reports"].values("edema")[rows].sum())
    assert found.training_positives("edema", 1) == expected < 20


def test_folds_and_repeats_are_counted(tmp_path: Path) -> None:
    assert inputs(tmp_path, evaluation={"folds": 2, "repeats": 2}).folds == 4


def test_what_splits_warn_of_names_corpus_and_fold(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "reports.csv")
    lines = path.read_text().splitlines()
    rare = [line.rsplit(",", 1)[0] + f",{int(i == 0)}" for i, line in enumerate(lines[1:])]
    path.write_text("\n".join([lines[0], *rare]) + "\n")
    config = small_config(tmp_path) | {"data": {"reports": small_source(path)}}
    path.write_text("\n".join([lines[0], *rare]) + "\n")
    found = read_inputs(parse_config(config), tmp_path)
    assert any(
        text.startswith("reports, fold 1: label 'fracture' has no positive")
        for text in found.warnings
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"dmeo": {}}, ["no dataset named 'dmeo'", "did you mean 'demo'"]),
        ({"demo": {"sise": 3}}, ["'sise'", "did you mean 'size'"]),
        ({"mine": {"path": "a.csv"}}, ["data 'mine'", "key 'text'"]),
        ({"mine": {"path": "a.csv", "txt": "t", "labels": ["a"]}}, ["did you mean 'text'"]),
        ({"mine": {"path": "a.csv", "text": "t", "lables": ["a"]}}, ["did you mean 'labels'"]),
        (
            {"mine": {"path": "a.csv", "text": "t", "labels": {"column": "c", "nams": ["a"]}}},
            ["key 'labels.nams'", "did you mean 'names'"],
        ),
    ],
)
def test_what_is_not_known_is_explained(
    tmp_path: Path, data: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_corpora(data, tmp_path)
    for word in words:
        assert word in str(caught.value)


def test_a_sample_of_a_corpus_that_is_not_there(tmp_path: Path) -> None:
    config = small_config(tmp_path, evaluation={"sample": {"report": 0.5}})
    with pytest.raises(ConfigError, match="no corpus 'report'") as caught:
        read_inputs(parse_config(config), Path())
    assert "did you mean 'reports'?" in str(caught.value)
