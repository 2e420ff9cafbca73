"""The memory of a mirror: written whole, only when it changes, and never more than a help."""

import logging

import pytest

from mtlv.errors import StoreError
from mtlv.store import Store
from mtlv.store.tracking_memory import CellMemory, Memory, RunMemory, StudyMemory, memory_key
from store.fakes import fake_study

KNOWN = StudyMemory(
    id="s1",
    cells={"mtl/fold 1/seed 0": CellMemory(id="c1", jobs=["j1"], models={0: RunMemory(id="m1")})},
)


def test_what_is_remembered_is_known_again(store: Store) -> None:
    Memory(store, "fake", "key").save(KNOWN)
    assert Memory(store, "fake", "key").load() == KNOWN


def test_nothing_is_known_at_first(store: Store) -> None:
    assert Memory(store, "fake", "key").load() is None


def test_mirrors_do_not_forget_each_other(store: Store) -> None:
    one, other = Memory(store, "fake", "one"), Memory(store, "fake", "other")
    one.save(KNOWN)
    other.save(StudyMemory(id="s2"))
    one.save(KNOWN.model_copy(update={"status": "FINISHED"}))
    again = Memory(store, "fake", "other").load()
    assert again is not None
    assert again.id == "s2"


def test_what_is_remembered_already_is_not_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = Memory(store, "fake", "key")
    memory.save(KNOWN)
    monkeypatch.setattr("mtlv.store.tracking_memory.write_text", None)
    memory.save(KNOWN)


@pytest.mark.parametrize("text", ["", "{", '{"mirrors": 3}', '{"version": 1, "more": 1}'])
def test_a_damaged_memory_is_no_memory(
    store: Store, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    Memory(store, "fake", "key").save(KNOWN)
    (store.root / "studies" / "fake" / "tracking.json").write_text(text)
    with caplog.at_level(logging.WARNING):
        assert Memory(store, "fake", "key").load() is None
    assert "tracking.json cannot be read" in caplog.text
    Memory(store, "fake", "key").save(KNOWN)
    assert Memory(store, "fake", "key").load() == KNOWN


def test_a_store_that_cannot_be_written(store: Store) -> None:
    (store.root / "studies").write_text("")
    with pytest.raises(StoreError, match="Cannot write to disk"):
        Memory(store, "fake", "key").save(KNOWN)


def test_memory_is_no_study(store: Store) -> None:
    Memory(store, "fake", "key").save(KNOWN)
    assert store.study_names() == []


def test_another_tracker_experiment_configuration_or_corpus_is_another_mirror(
    store: Store,
) -> None:
    study = fake_study(store, plans=("mtl",), folds=1)
    corpus = study.corpora[0].model_copy(update={"fingerprint": "0ther"})
    keys = {
        memory_key(study, "a", "x"),
        memory_key(study, "b", "x"),
        memory_key(study, "a", "y"),
        memory_key(study.model_copy(update={"config": {}}), "a", "x"),
        memory_key(study.model_copy(update={"corpora": [corpus]}), "a", "x"),
    }
    assert len(keys) == 5
    later = study.model_copy(update={"status": "failed", "updated": "2027-01-01T00:00:00+00:00"})
    assert memory_key(later, "a", "x") == memory_key(store.study("fake"), "a", "x")
