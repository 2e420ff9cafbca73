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


def scored(folder: Path, parts: str, missing: set[int], role: str | None = None) -> dict[str, Any]:
    """Return a config of reports in parts (by letters), of which some have no `score`."""
    names = {"t": "train", "v": "validation", "T": "test"}
    rows = [
        f"text {i},{names[part]},{i % 2},{'' if i in missing else i}"
        for i, part in enumerate(parts)
    ]
    path = folder / "scored.csv"
    path.write_text("\n".join(["text,part,seen,score", *rows]) + "\n")
    source: dict[str, Any] = {"path": str(path), "text": "text", "part": "part", "labels": ["seen"]}
    source["tasks"] = {"score": {"column": "score", "kind": "regression"}}
    return small_config(folder, data={"reports": source | ({"role": role} if role else {})})


@pytest.mark.parametrize(
    ("missing", "part", "verb"),
    [(range(50, 100), "test", "scored"), (range(40), "train", "learned")],
)
def test_a_task_without_a_target_in_a_part_is_refused(
    missing: range, part: str, verb: str, tmp_path: Path
) -> None:
    config = scored(tmp_path, "t" * 40 + "v" * 10 + "T" * 50, set(missing))
    with pytest.raises(DataError, match=f"'score' cannot be {verb}") as caught:
        read_inputs(parse_config(config), tmp_path)
    assert caught.value.where == "corpus 'reports', fold 1"
    count = {"test": "50 examples of test", "train": "40 examples of train"}[part]
    assert caught.value.found == (
        f"{100 - len(missing)} targets in all of the corpus, none of them in the {count}"
    )
    assert "`tasks`" in str(caught.value.hint)
    assert "`scheme: holdout`" in str(caught.value.hint)
    read_inputs(parse_config(config | {"tasks": ["seen"]}), tmp_path)
    read_inputs(parse_config(config | {"evaluation": {"scheme": "holdout"}}), tmp_path)


def test_every_drawn_fold_is_looked_at(tmp_path: Path) -> None:
    config = scored(tmp_path, "t" * 40, set(range(1, 40)))
    config["evaluation"] = {"folds": 2}
    with pytest.raises(DataError, match="'score' cannot be") as caught:
        read_inputs(parse_config(config), tmp_path)
    assert "`split_seed`" in str(caught.value.hint)


def test_parts_without_a_test_part_are_not_divided_anew_unasked(tmp_path: Path) -> None:
    config = scored(tmp_path, "t" * 20 + "v" * 10, set())
    with pytest.raises(DataError, match="no official test part") as caught:
        read_inputs(parse_config(config), tmp_path)
    assert caught.value.where == "corpus 'reports'"
    found = read_inputs(parse_config(config | {"evaluation": {"scheme": "holdout"}}), tmp_path)
    assert "official parts are not used" in " ".join(found.warnings)


def test_what_is_only_learned_from_needs_no_test_part_and_no_test_targets(tmp_path: Path) -> None:
    config = scored(tmp_path, "t" * 20 + "v" * 10, set(), role="auxiliary")
    config["data"]["main"] = small_source(write_csv(tmp_path / "main.csv"))
    assert "score" in read_inputs(parse_config(config), tmp_path).tasks
    own = scored(tmp_path, "t" * 20 + "T" * 10, set(range(20, 30)), role="auxiliary")
    config["data"]["reports"] = own["data"]["reports"]
    assert "score" in read_inputs(parse_config(config), tmp_path).tasks


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
