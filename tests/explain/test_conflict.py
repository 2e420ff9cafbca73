"""Gradient conflict from what probes stored: cosines by hand, and what a study must set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mtlv.errors import StoreError
from mtlv.explain.conflict import conflict_rows, cosines
from mtlv.explain.data_maps import data_map_rows, regions
from mtlv.store import JobRecord, Store
from store.fakes import fake_job

TASKS = ("edema", "nodule", "opacity")
GRADIENTS = np.array([[3.0, 4.0], [4.0, 3.0], [-1.0, 0.0]])  # cosines .96, -.6, -.8
PRODUCTS = GRADIENTS @ GRADIENTS.T


def probed(store: Store, probe: dict[str, object], **arrays: np.ndarray) -> JobRecord:
    bare = fake_job([TASKS])
    job = bare.model_copy(update={"spec": bare.spec | {"probe": probe}})
    store.write_job(job, [], pa.table({"epoch": [1]}), measured=arrays)
    return job


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_cosines_are_those_of_the_gradients() -> None:
    found = cosines(PRODUCTS)
    assert found[0, 1] == pytest.approx(24 / 25)
    assert found[0, 2] == pytest.approx(-3 / 5)
    assert np.diag(found) == pytest.approx(1)
    assert np.isnan(cosines(np.zeros((2, 2)))).all()


def test_a_row_for_every_epoch_layer_and_pair(store: Store) -> None:
    products = np.stack([np.stack([PRODUCTS, 2 * PRODUCTS]), np.stack([-PRODUCTS + 60, PRODUCTS])])
    job = probed(store, {"name": "gradient", "every": 5}, products=products)
    rows = conflict_rows(store, [job])
    assert len(rows) == 2 * 2 * 3
    assert {(row["time"], row["clock"]) for row in rows} == {(1, "epoch"), (2, "epoch")}
    assert [row["layer"] for row in rows[:4]] == ["last - 1"] * 3 + ["last"]
    assert [row["cosine"] for row in rows[:3]] == pytest.approx([0.96, -0.6, -0.8])
    assert [(row["first"], row["second"]) for row in rows[:3]] == [
        ("edema", "nodule"), ("edema", "opacity"), ("nodule", "opacity"),
    ]  # fmt: skip


def test_probes_of_steps_tell_their_steps(store: Store) -> None:
    three = np.stack([PRODUCTS] * 3)
    job = probed(store, {"name": "pooled", "every": 20}, products=three)
    assert sorted({row["time"] for row in conflict_rows(store, [job])}) == [20, 40, 60]


def test_a_study_without_the_probe_is_told_the_setting(store: Store) -> None:
    job = probed(store, {"name": "data_map"}, mean=np.ones((2, 3)))
    with pytest.raises(StoreError, match="recorded gradients") as caught:
        conflict_rows(store, [job, fake_job([TASKS])])
    assert "gradient_cosine" in str(caught.value.hint)


class TestDataMaps:
    def test_thirds_are_named(self) -> None:
        confidence = np.array([0.1, 0.2, 0.5, 0.6, 0.9, 0.95])
        variability = np.array([0.0, 0.4, 0.3, 0.1, 0.0, 0.0])
        found = regions(confidence, variability)
        assert found == ["hard", "ambiguous", "ambiguous", "", "easy", "easy"]

    def test_rows_name_texts_in_the_order_of_the_split(self, store: Store) -> None:
        mean = np.array([[0.9, 0.5, np.nan], [0.1, 0.6, 0.7]])
        job = probed(store, {"name": "data_map"}, mean=mean, spread=np.full((2, 3), 0.2))
        rows = data_map_rows(store, [job], lambda _: [("r1", "clear"), ("r2", "edema")])
        found = [(row["task"], row["text"], row["confidence"]) for row in rows]
        assert found == [
            ("edema", "r1", 0.9), ("edema", "r2", 0.1),
            ("nodule", "r1", 0.5), ("nodule", "r2", 0.6),
            ("opacity", "r2", 0.7),
        ]  # fmt: skip
        assert rows[1]["words"] == "edema"

    def test_other_texts_than_those_of_the_run_are_refused(self, store: Store) -> None:
        arrays = {"mean": np.ones((2, 3)), "spread": np.ones((2, 3))}
        job = probed(store, {"name": "data_map"}, **arrays)
        with pytest.raises(StoreError, match="training texts"):
            data_map_rows(store, [job], lambda _: [("r1", "clear")])

    def test_a_study_without_the_probe_is_told_the_setting(self, store: Store) -> None:
        with pytest.raises(StoreError, match="data map") as caught:
            data_map_rows(store, [fake_job([TASKS])], lambda _: [])
        assert "features: data_map" in str(caught.value.hint)
