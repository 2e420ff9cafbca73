"""Records: one version in one place, and what older ones lack has a default."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mtlv.store import record
from mtlv.store.record import RECORD_VERSION, AffinityRecord, CorpusRecord, StudyRecord, TaskRecord


def test_the_records_of_every_module_are_found_in_one_place() -> None:
    versioned = [
        own
        for name in record.__all__
        if "version" in getattr(own := getattr(record, name), "model_fields", {})
    ]
    assert {own.__name__ for own in versioned} == {
        "ExplanationRecord",
        "FoundGrouping",
        "JobRecord",
        "StudyRecord",
        "TransferRecord",
    }
    assert {own.model_fields["version"].default for own in versioned} == {RECORD_VERSION}


def test_a_task_from_before_metrics_were_written_is_read() -> None:
    old = {"name": "a", "kind": "regression", "corpus": "c", "labels": [], "positives": None}
    task = TaskRecord.model_validate(old | {"description": None})
    assert (task.metric, task.negative, task.range) == (None, None, None)
    corpus = {"name": "c", "fingerprint": "f", "examples": 3, "notes": []}
    assert CorpusRecord.model_validate(corpus).input is None


def test_an_affinity_from_before_its_subsets_were_kept_is_read() -> None:
    old = {"name": "exhaustive", "unit": "points", "tasks": ["a", "b"]}
    affinity = AffinityRecord.model_validate(old | {"matrix": [[None, 1.0], [2.0, None]]})
    assert affinity.subsets is None
    known = affinity.model_copy(update={"subsets": [{"a": 2.0, "b": 1.0}]})
    assert AffinityRecord.model_validate_json(known.model_dump_json()) == known


def test_a_study_is_what_was_written() -> None:
    study = StudyRecord(
        name="s",
        config={},
        status="finished",
        started="",
        updated="",
        tasks=[
            TaskRecord(name="a", kind="regression", corpus="c", metric="pearson", range=(0, 5)),
            TaskRecord(name="b", kind="multiclass", corpus="c", labels=["n", "y"], negative="n"),
        ],
        corpora=[CorpusRecord(name="c", fingerprint="f", examples=3, input="pair")],
    )
    assert StudyRecord.model_validate_json(study.model_dump_json()) == study


def test_records_neither_change_nor_take_unknown_keys() -> None:
    task = TaskRecord(name="a", kind="binary", corpus="c")
    with pytest.raises(ValidationError, match="frozen"):
        task.name = "b"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="extra"):
        TaskRecord(name="a", kind="binary", corpus="c", wrong=1)  # type: ignore[call-arg]
