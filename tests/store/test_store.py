"""The contract of the store: what is there is whole; what cannot be read or written is named."""

import errno
import json
import logging
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import mtlv.files
from mtlv.errors import StoreError
from mtlv.evaluation.curves import CURVES_SCHEMA, curves_table
from mtlv.evaluation.predictions import Predictions
from mtlv.store import Store
from store.fakes import fake_job, fake_study, write_fake_job

MODEL = [["edema", "nodule"]]


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestOpening:
    def test_a_new_store_is_made(self, tmp_path: Path) -> None:
        Store(tmp_path / "a" / "b")
        assert files_in(tmp_path) == ["a/b/store.json"]

    def test_looking_makes_none(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="There is no run store") as caught:
            Store(tmp_path / "typo", create=False)
        assert "mtlv run CONFIG" in str(caught.value)
        assert not (tmp_path / "typo").exists()

    def test_what_was_written_is_found_again(self, store: Store) -> None:
        fake_study(store)
        assert Store(store.root, create=False).study_names() == ["fake"]

    def test_a_store_of_a_newer_version_is_refused(self, store: Store) -> None:
        (store.root / "store.json").write_text('{"version": 99}')
        with pytest.raises(StoreError, match="newer version") as caught:
            Store(store.root)
        assert "record version 99" in str(caught.value)

    @pytest.mark.parametrize("text", ["", "[1]", "{}", '{"version": "one"}', "\0\0\0"])
    def test_a_damaged_marker_never_costs_the_store(self, store: Store, text: str) -> None:
        (store.root / "store.json").write_text(text)
        with pytest.raises(StoreError, match="damaged") as caught:
            Store(store.root)
        assert "removing this file alone" in str(caught.value)

    def test_a_place_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="Cannot write to disk") as caught:
            Store(tmp_path / "file" / "runs")
        assert str(tmp_path / "file") in str(caught.value)

    def test_old_scraps_are_swept_and_young_ones_left(self, store: Store) -> None:
        old, young = (store.root / "jobs" / f".partial-{name}-1" for name in ("old", "young"))
        for scrap in (old, young):
            scrap.mkdir(parents=True)
            (scrap / "predictions.parquet").write_text("half")
        yesterday = time.time() - 25 * 3600
        os.utime(old, (yesterday, yesterday))
        Store(store.root, create=False)
        assert old.exists()  # whoever only looks removes nothing
        Store(store.root)
        assert (old.exists(), young.exists()) == (False, True)

    def test_a_scrap_that_vanishes_while_it_is_swept(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mtlv.store.store.sweep_scraps", full_disk)
        Store(store.root)


class TestNames:
    """An id may come from an address, and must not lead out of the store."""

    @pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc", "..\\x", "C:x", "a\0b"])
    def test_a_path_is_no_name(self, store: Store, name: str) -> None:
        places = (store.job_folder, store.partial_folder, store.study_folder)
        read = (store.has_job, store.curves, store.study, store.has_study)
        shelves = (store.groupings, store.explanations, store.transfers)
        for look in (*places, *read, *(shelf.__getitem__ for shelf in shelves)):
            with pytest.raises(StoreError, match="no name of anything"):
                look(name)

    def test_names_of_files_are_names(self, store: Store) -> None:
        for name in ("0a1b", "my study", "..a", "a.b-c_d", "Ödem"):
            assert store.job_folder(name) == store.root / "jobs" / name


class TestJobs:
    def test_a_job_comes_back_as_it_was_written(self, store: Store) -> None:
        record = write_fake_job(store, MODEL, fold=1, seed=3)
        assert store.has_job(record.id)
        assert store.job(record.id) == record
        parts = store.predictions(record.id)
        assert list(parts) == ["validation", "test"]
        assert list(parts["test"].tasks) == ["edema", "nodule"]
        assert store.curves(record.id).schema == CURVES_SCHEMA

    def test_scores_come_back_to_the_last_bit_of_float32(self, store: Store) -> None:
        given = np.random.default_rng(0).random(40)
        record = write_fake_job(store, MODEL, scores=lambda task, part: given)
        found = store.predictions(record.id)["test"].tasks["edema"].scores
        np.testing.assert_array_equal(found, given.astype(np.float32))

    def test_names_of_all_alphabets(self, store: Store) -> None:
        record = write_fake_job(store, [["Lungenödem / 肺水腫"]])
        assert store.job(record.id).model == [["Lungenödem / 肺水腫"]]
        assert list(store.predictions(record.id)["test"].tasks) == ["Lungenödem / 肺水腫"]

    def test_the_checkpoint_is_part_of_the_one_step(self, store: Store) -> None:
        record = fake_job(MODEL)

        def save(folder: Path) -> None:
            assert not store.has_job(record.id)
            (folder / "model.safetensors").write_bytes(b"weights")

        write(store, save)
        assert files_in(store.job_folder(record.id)) == [
            "curves.parquet",
            "model.safetensors",
            "predictions.parquet",
            "record.json",
        ]

    def test_the_first_of_two_equal_jobs_stays(self, store: Store) -> None:
        first = write_fake_job(store, MODEL)
        write_fake_job(store, MODEL, scores=lambda task, part: np.zeros(40))
        assert store.predictions(first.id)["test"].tasks["edema"].scores.any()
        assert len(files_in(store.root / "jobs")) == 3

    @pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), ValueError("bug")])
    def test_nothing_is_left_of_a_job_that_could_not_be_written(
        self, store: Store, error: Exception
    ) -> None:
        def save(folder: Path) -> None:
            (folder / "model.safetensors").write_bytes(b"half of the wei")
            raise error

        expected = StoreError if isinstance(error, OSError) else ValueError
        with pytest.raises(expected):
            write(store, save)
        assert files_in(store.root) == ["store.json"]
        assert not store.has_job(fake_job(MODEL).id)

    def test_a_full_disk_is_explained(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pq, "write_table", full_disk)
        with pytest.raises(StoreError, match="Cannot write to disk") as caught:
            write_fake_job(store, MODEL)
        assert "No space left on device" in str(caught.value)
        assert "free some space" in str(caught.value)
        assert files_in(store.root) == ["store.json"]

    def test_a_disk_that_fills_up_while_it_is_synced(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mtlv.files.os, "fsync", full_disk)
        with pytest.raises(StoreError, match="Cannot write to disk"):
            write_fake_job(store, MODEL)
        assert files_in(store.root) == ["store.json"]

    def test_scraps_are_never_read(self, store: Store) -> None:
        record = write_fake_job(store, MODEL)
        store.job_folder(record.id).rename(store.root / "jobs" / f".partial-{record.id}-0a1b2c3d")
        assert not store.has_job(record.id)
        with pytest.raises(StoreError, match="There is no record of the job"):
            store.job(record.id)

    def test_a_damaged_file_is_named_with_what_to_do(self, store: Store) -> None:
        record = write_fake_job(store, MODEL)
        path = store.job_folder(record.id) / "predictions.parquet"
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(StoreError, match="cannot be read") as caught:
            store.predictions(record.id)
        assert str(path) in str(caught.value)
        assert "only this job is trained" in str(caught.value)

    @pytest.mark.parametrize(
        ("change", "found"),
        [
            ({"seed": "many"}, "seed: Input should be a valid integer"),
            ({"colour": "red"}, "colour: Extra inputs are not permitted"),
            ({"version": None}, "no version in it"),
        ],
    )
    def test_a_damaged_record_says_where(
        self, store: Store, change: dict[str, Any], found: str
    ) -> None:
        record = write_fake_job(store, MODEL)
        path = store.job_folder(record.id) / "record.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        with pytest.raises(StoreError, match="damaged") as caught:
            store.job(record.id)
        assert found in str(caught.value)
        assert str(path) in str(caught.value)

    def test_a_record_of_a_newer_version_is_refused(self, store: Store) -> None:
        record = write_fake_job(store, MODEL)
        path = store.job_folder(record.id) / "record.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99, "new": True}))
        with pytest.raises(StoreError, match="newer version") as caught:
            store.job(record.id)
        assert "pip install -U mtlv" in str(caught.value)


class TestStudies:
    def test_a_study_comes_back_as_it_was_written(self, store: Store) -> None:
        record = fake_study(store, seeds=(0, 1), tuned=True)
        assert store.study("fake") == record
        assert store.has_study("fake")
        assert not store.has_study("other")

    def test_a_name_that_is_not_there(self, store: Store) -> None:
        with pytest.raises(StoreError, match="the store is empty"):
            store.study("fake")
        fake_study(store)
        with pytest.raises(StoreError, match="did you mean 'fake'"):
            store.study("fakes")

    def test_the_same_study_again_replaces_its_record(self, store: Store) -> None:
        record = fake_study(store)
        store.write_study(record.model_copy(update={"status": "failed", "failure": "why"}))
        assert store.study("fake").status == "failed"
        assert files_in(store.root / "studies") == ["fake/record.json"]

    def test_a_study_under_another_configuration_is_kept_in_earlier(self, store: Store) -> None:
        first = fake_study(store)
        fake_study(store, config={"plans": ["stl"]})
        folder = store.root / "studies" / "fake"
        assert store.study("fake").config["plans"] == ["stl"]
        (kept,) = (folder / "earlier").iterdir()
        assert json.loads(kept.read_text(encoding="utf-8"))["config"] == first.config
        assert ":" not in kept.name
        assert store.study_names() == ["fake"]

    def test_a_damaged_record_is_kept_in_earlier_too(self, store: Store) -> None:
        record = fake_study(store)
        folder = store.root / "studies" / "fake"
        (folder / "record.json").write_bytes(b'{"version": 1, \xff\xfe')
        store.write_study(record)
        assert store.study("fake") == record
        (kept,) = (folder / "earlier").iterdir()
        assert kept.read_text(encoding="utf-8").startswith('{"version": 1, ')

    def test_a_damaged_study_is_named_and_passed_over(
        self, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        for name in ("a", "b", "c", "d"):
            fake_study(store, name, plans=("mtl",), folds=1)
        (store.root / "studies" / "b" / "record.json").write_text('{"version": 1')
        (store.root / "studies" / "c" / "record.json").write_text('{"version": 99}')
        with caplog.at_level(logging.WARNING):
            assert [study.name for study in store.studies()] == ["a", "d"]
        assert len(caplog.records) == 2
        assert "The record of the study 'b' is damaged" in caplog.messages[0]
        assert "run the study again" in caplog.messages[0]
        assert "'c' was written by a newer version" in caplog.messages[1]

    def test_a_full_disk_leaves_the_old_record(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = fake_study(store)
        monkeypatch.setattr(mtlv.files.os, "fsync", full_disk)
        with pytest.raises(StoreError, match="Cannot write to disk"):
            store.write_study(record.model_copy(update={"status": "failed"}))
        assert store.study("fake") == record
        assert files_in(store.root / "studies") == ["fake/record.json"]


def write(store: Store, save: Any) -> None:
    """Write a fake job whose checkpoint is saved by a function."""
    empty = [Predictions("validation", {}), Predictions("test", {})]
    store.write_job(fake_job(MODEL), empty, curves_table([]), save)
