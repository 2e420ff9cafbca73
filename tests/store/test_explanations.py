"""Shelves of the store: written whole, read again by id and study, damage named."""

from __future__ import annotations

import logging
from pathlib import Path

import pyarrow as pa
import pytest

from mtlv.errors import StoreError
from mtlv.store import Store
from mtlv.store.record import (
    ExplanationRecord,
    FoundGrouping,
    GroupingRecord,
    MissingView,
)


def record(name: str = "e1", study: str = "fake", created: str = "2026-01-01") -> ExplanationRecord:
    return ExplanationRecord(
        id=name,
        study=study,
        plans=["stl", "mtl"],
        tasks=["edema"],
        settings={"texts": 4, "baseline": "mask"},
        frames={"words": 2},
        missing=[MissingView(view="data map", reason="none", setting="a probe")],
        seconds=1.5,
        created=created,
    )


TABLE = pa.Table.from_pylist([{"word": "no", "mean": 0.1}, {"word": "edema", "mean": -0.2}])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "runs")
    store.explanations.write(record(), {"words": TABLE})
    return store


def test_a_record_and_its_tables_come_back(store: Store) -> None:
    assert "e1" in store.explanations
    assert store.explanations["e1"] == record()
    assert store.explanations.frame("e1", "words").equals(TABLE)


def test_explanations_of_a_study_are_in_order_of_time(store: Store) -> None:
    store.explanations.write(record("e0", created="2026-02-01"), {})
    store.explanations.write(record("e2", "other"), {})
    assert [own.id for own in store.explanations.of("fake")] == ["e1", "e0"]
    assert store.explanations.of("none") == []


def test_what_is_not_there_is_named(store: Store) -> None:
    assert "e9" not in store.explanations
    with pytest.raises(StoreError, match="no record of the explanation 'e9'"):
        store.explanations["e9"]
    with pytest.raises(StoreError, match="no table 'texts'") as caught:
        store.explanations.frame("e1", "texts")
    assert "mtlv explain" in str(caught.value.hint)


def test_a_newer_record_is_refused(store: Store) -> None:
    newer = record("e3").model_copy(update={"version": 99})
    store.explanations.write(newer, {})
    with pytest.raises(StoreError, match="newer version"):
        store.explanations["e3"]


def test_a_damaged_record_costs_no_other(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.explanations.write(record("e2", "other"), {})
    (store.root / "explanations" / "e2" / "record.json").write_text("{")
    found = store.explanations.contents()
    assert found.records == [record()]
    assert "'e2' is damaged" in found.damaged["e2"].what
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert store.explanations.of("fake") == [record()]
    assert len(caplog.messages) == 1, "it is named once"
    assert "'e2' is damaged" in caplog.messages[0]
    assert "mtlv explain" in caplog.messages[0]


def test_groupings_of_a_study_without_damaged_ones(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    grouping = GroupingRecord(origin="given", groups=[["edema"]])
    for name, study in (("g1", "fake"), ("g2", "other"), ("g3", "other")):
        own = FoundGrouping(id=name, study=study, fold=0, settings={}, grouping=grouping)
        store.groupings.write(own)
    (store.root / "groupings" / "g3" / "record.json").write_text("[]")
    assert [own.id for own in store.groupings.of("fake")] == ["g1"]
    assert [own.id for own in store.groupings.of("other")] == ["g2"]
    assert "'g3' is damaged" in caplog.text
